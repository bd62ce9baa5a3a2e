// Opening an archive: seal, index and manifest checked against each other, and damage in any of them told as damage.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  archiveId,
  assembleArchive,
  manifest,
  manifestPart,
  readme,
  root,
  verdictOn,
  withParts,
} from '../../test/assemble-archive.ts';
import type { Assembly } from '../../test/assemble-archive.ts';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { ArchiveReader } from './reader.ts';

const codecs = ['zstd', 'gzip', 'none'] as const;
const file = { path: 'media/files/a', content: 'content of a' };

function withReader<Result>(assembly: Assembly, use: (reader: ArchiveReader) => Result): Result {
  const reader = new ArchiveReader(assembleArchive(scratchDirectory(), assembly));
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}

/** What reading all entries, or opening, throws. */
const refusal = (assembly: Assembly) =>
  caught(() => withReader(assembly, (reader) => [...reader.entries()]));

describe.each(codecs)('an archive with codec %s', (codec) => {
  test('gives its manifest, its seal and its entries in order', () => {
    withReader({ codec, parts: withParts(file) }, (reader) => {
      expect(reader.codec).toBe(codec);
      expect(reader.manifest()).toEqual(manifest);
      expect(reader.seal.archiveId).toBe(archiveId);
      const entries = [...reader.entries()];
      expect(entries.map(({ pathBytes }) => pathBytes.toString())).toEqual([
        'README.txt',
        'manifest.json',
        'media/files',
        'media/files/a',
      ]);
      for (const [number, { position, end }] of entries.entries()) {
        expect(position).toBe(entries[number - 1]?.end ?? 0);
        expect(end % 512).toBe(0);
      }
      expect(reader.content(entries.at(-1)!).toString()).toBe('content of a');
    });
  });

  test('with an index of whole blocks is read like any other', async () => {
    // once in 512 archives the index ends without padding, exactly with its frame
    const lines = (given: string[]) => {
      const bytes = Buffer.byteLength(given.join('\n')) + 1;
      return [...given.slice(0, -1), given.at(-1)! + ' '.repeat(512 - (bytes % 512))];
    };
    const path = assembleArchive(scratchDirectory(), { codec, lines });
    const reader = new ArchiveReader(path);
    expect(reader.seal.index.size % 512).toBe(0);
    reader.close();
    expect(await verdictOn(path)).toBe('accepted');
  });

  test('without any entry but README and manifest is read', async () => {
    const path = assembleArchive(scratchDirectory(), { codec, parts: [readme, manifestPart] });
    expect(await verdictOn(path)).toBe('accepted');
  });

  test.each([
    [
      'without a line',
      { lines: (lines: string[]) => lines.slice(0, -1) },
      'does not list all entries',
    ],
    [
      'without its first line',
      { lines: (lines: string[]) => lines.slice(1) },
      'leaves a gap before',
    ],
    [
      'without a line in the middle',
      { lines: (lines: string[]) => lines.toSpliced(2, 1) },
      'leaves a gap before',
    ],
    [
      'with a line twice',
      { lines: (lines: string[]) => [...lines, lines.at(-1)!] },
      'leaves a gap before',
    ],
    [
      'with lines exchanged',
      { lines: (lines: string[]) => lines.toReversed() },
      'leaves a gap before',
    ],
    ['with no line', { lines: () => [] }, 'does not list all entries'],
    [
      'with an empty line',
      { lines: (lines: string[]) => [...lines, ''] },
      'cannot understand a line',
    ],
    [
      'with a broken line',
      { lines: (lines: string[]) => [...lines, '{'] },
      'cannot understand a line',
    ],
    ['that does not end with LF', { index: Buffer.from('{"path"') }, 'not the one that was sealed'],
    ['that is no text', { index: Buffer.from([0xff, 0xfe, 0x0a]) }, 'cannot understand a line'],
  ])('and an index %s is damaged', (_, change, why) => {
    const error = refusal({ codec, parts: withParts(file), ...change });
    expect(error.code).toBe('archive-damaged');
    expect(error.message).toContain(why);
  });

  test('and an endless line in the index is damaged, before all of it is read', () => {
    const endless = Buffer.alloc(8 << 20, 'x');
    expect(refusal({ codec, index: endless }).message).toBe('the index has an endless line');
  });

  test.each([
    ['another number of entries', { entries: 5 }, 'does not list all entries'],
    ['another hash', { sha256: '0'.repeat(64) }, 'not the one that was sealed'],
    ['another size', { size: 1 }, 'damaged|where the seal says|side by side'],
    ['a size without end', { size: Number.MAX_SAFE_INTEGER }, 'side by side'],
    ['another frame', { frame: 99 }, 'has no (frame|place) 99'],
    ['another offset', { offset: 512 }, 'has no place|where the seal says|side by side'],
    ['an offset without end', { offset: Number.MAX_SAFE_INTEGER }, 'has no place'],
  ])('and a seal that says %s for the index is damaged', (_, change, why) => {
    const error = refusal({
      codec,
      parts: withParts(file),
      seal: (seal) => ({ ...seal, index: { ...seal.index, ...change } }),
    });
    expect(error.code).toBe('archive-damaged');
    expect(error.message).toMatch(new RegExp(why));
  });

  test.each([
    ['before the index', { beforeIndex: Buffer.alloc(512) }, 'does not list all entries'],
    ['between index and seal', { beforeSeal: Buffer.alloc(512) }, 'do not lie side by side'],
  ])('and unlisted bytes %s is damaged', (_, change, why) => {
    const error = refusal({ codec, parts: withParts(file), ...change });
    expect([error.code, error.message.includes(why)]).toEqual(['archive-damaged', true]);
  });

  test('and an entry that is not listed is damaged', () => {
    const hidden = { path: 'media/files/hidden', content: 'x', line: null };
    expect(refusal({ codec, parts: withParts(hidden) }).message).toContain(
      'does not list all entries',
    );
    expect(refusal({ codec, parts: withParts(hidden, file) }).message).toContain(
      "leaves a gap before 'media/files/a'",
    );
  });

  test.each([
    ['larger than it is', { size: 5000 }, 'reaches into the index'],
    ['larger than any archive', { size: Number.MAX_SAFE_INTEGER }, 'reaches into the index'],
    ['smaller than it is', { size: 0 }, 'does not list all entries'],
  ])('and an entry said to be %s is damaged', (_, line, why) => {
    const error = refusal({ codec, parts: withParts({ ...file, content: 'x'.repeat(600), line }) });
    expect([error.code, error.message.includes(why)]).toEqual(['archive-damaged', true]);
  });

  test('and an entry at another place is damaged', () => {
    for (const offset of [0, 512, 1 << 30]) {
      expect(refusal({ codec, parts: withParts({ ...file, line: { offset } }) }).code).toBe(
        'archive-damaged',
      );
    }
    expect(refusal({ codec, parts: withParts({ ...file, line: { frame: 7 } }) }).code).toBe(
      'archive-damaged',
    );
  });

  test('and bytes behind the index that are not zero is damaged', () => {
    // they belong to no entry: found when the index has been read
    const index = Buffer.from('\n'.padStart(100));
    const error = refusal({ codec, index, indexPadding: Buffer.alloc(412, 1) });
    expect(error.code).toBe('archive-damaged');
    const lines = refusalOfPadding(codec);
    expect([lines.code, lines.message]).toEqual([
      'archive-damaged',
      'the index is followed by bytes that should be zero',
    ]);
  });

  test('and a seal that takes the last entry for the index is damaged', () => {
    const parts = withParts({ path: 'media/files/a', content: 'x'.repeat(512), newFrame: true });
    const error = refusal({
      codec,
      parts,
      seal: (seal) => {
        const { index } = seal;
        const size = Math.ceil(index.size / 512) * 512 + 1024;
        const place =
          codec === 'none'
            ? { offset: index.offset - 1024 }
            : { frame: index.frame - 1, offset: 0 };
        return { ...seal, index: { ...index, ...place, size } };
      },
    });
    expect([error.code, error.message]).toEqual([
      'archive-damaged',
      'the index is not where the seal says',
    ]);
  });

  test('and the manifest of another archive is damaged', () => {
    const error = caught(() =>
      withReader(
        { codec, seal: (seal) => ({ ...seal, archiveId: 'c3a1e7e0-0000-4000-8000-000000000000' }) },
        (reader) => reader.manifest(),
      ),
    );
    expect(error.message).toBe('manifest and seal belong to different archives');
  });

  test.each([
    ['there is none', [readme, root], 'the archive has no manifest'],
    [
      'it is no JSON',
      [readme, { path: 'manifest.json', content: '{' }],
      'cannot understand the manifest of the archive',
    ],
    [
      'it says too little',
      [readme, { path: 'manifest.json', content: '{}' }],
      'cannot understand the manifest of the archive',
    ],
    [
      'it is a directory',
      [readme, { path: 'manifest.json', type: 'directory' as const }],
      "the entry 'manifest.json' is not as indexed",
    ],
    [
      'its hash is wrong',
      [readme, { ...manifestPart, line: { sha256: '0'.repeat(64) } }],
      "the entry 'manifest.json' is not as indexed",
    ],
    [
      'its head is wrong',
      [readme, { ...manifestPart, line: { mode: 0o600 } }],
      "the entry 'manifest.json' is not as indexed",
    ],
  ])('is damaged when the manifest is asked for and %s', (_, parts, message) => {
    const error = caught(() => withReader({ codec, parts }, (reader) => reader.manifest()));
    expect([error.code, error.message]).toEqual(['archive-damaged', message]);
  });

  test('is damaged when the seal is that of another manifest', () => {
    const error = caught(() =>
      withReader(
        { codec, seal: (seal) => ({ ...seal, manifestSha256: '1'.repeat(64) }) },
        (reader) => reader.manifest(),
      ),
    );
    expect(error.message).toBe('the manifest is not the one that was sealed');
  });
});

describe('content of an entry', () => {
  test('is empty for an empty file', () => {
    withReader({ parts: withParts({ path: 'media/files/a' }) }, (reader) => {
      const [entry] = [...reader.entries()].slice(-1);
      expect(reader.content(entry!).length).toBe(0);
    });
  });

  test('is refused beyond the limit', () => {
    withReader({ parts: withParts(file) }, (reader) => {
      const [entry] = [...reader.entries()].slice(-1);
      expect(caught(() => reader.content(entry!, 5)).message).toBe("'media/files/a' is too large");
    });
  });
});

describe('a path', () => {
  test('at which nothing is has no archive', () => {
    const directory = scratchDirectory();
    for (const path of [join(directory, 'missing'), join(directory, 'missing', 'deep')]) {
      const error = caught(() => new ArchiveReader(path));
      expect([error.code, error.message]).toEqual([
        'archive-not-found',
        `there is no archive '${path}'`,
      ]);
    }
  });

  test('below a file has no archive', () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(caught(() => new ArchiveReader(join(directory, 'file', 'x'))).code).toBe(
      'archive-not-found',
    );
  });

  test('of a directory has no archive', () => {
    const directory = scratchDirectory();
    expect(caught(() => new ArchiveReader(directory)).message).toBe(`'${directory}' is no file`);
  });

  test('of a name that is too long cannot be opened', () => {
    const error = caught(() => new ArchiveReader(join(scratchDirectory(), 'x'.repeat(300))));
    expect(error.code).toBe('source-unreadable');
    expect(error.message).toContain('(ENAMETOOLONG)');
  });

  test('of a file that this user may not read cannot be opened', () => {
    const directory = scratchDirectory();
    mkdirSync(join(directory, 'closed'));
    const path = assembleArchive(join(directory, 'closed'));
    chmodSync(path, 0);
    const uid = process.getuid!();
    if (uid === 0) {
      chmodSync(directory, 0o755);
      process.seteuid!(65_534);
    }
    let error: unknown;
    try {
      error = caught(() => new ArchiveReader(path));
    } finally {
      if (uid === 0) process.seteuid!(0);
    }
    expect((error as { code: string }).code).toBe('source-unreadable');
  });
});

/** An archive whose index is right, and its padding is not. */
function refusalOfPadding(codec: (typeof codecs)[number]): ReturnType<typeof caught> {
  let padding = 0;
  withReader({ codec }, ({ seal }) => (padding = (512 - (seal.index.size % 512)) % 512));
  return refusal({ codec, indexPadding: Buffer.alloc(padding, 1) });
}
