// Writer and reader together: what goes in comes out proved, with every codec; every cut and flip is refused.

import { sealText } from './seal-text.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealFor } from '../../test/assemble-archive.ts';
import { isDmsBackupError } from '../errors.ts';
import { createFileSink } from '../io/sink.ts';
import { Spool } from '../io/spool.ts';
import { toIndexEntry } from './index-entry.ts';
import { ArchiveReader } from './reader.ts';
import { walkArchive } from './walk.ts';
import { ArchiveWriter } from './writer.ts';
import type { WrittenEntry } from './writer.ts';
import type { Codec } from './frame-codec.ts';

const large = Buffer.alloc(9 * 1024 * 1024 + 17, 'large file ');
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dms-archive-test-'));
  mkdirSync(join(directory, 'source'));
  writeFileSync(join(directory, 'source', 'small'), 'small content');
  writeFileSync(join(directory, 'source', 'empty'), '');
  writeFileSync(join(directory, 'source', 'large'), large);
  writeFileSync(
    Buffer.concat([Buffer.from(`${directory}/source/latin-`), Buffer.from([0xe4, 0xf6])]),
    'odd name',
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A small archive with one of everything. Returns its path. */
async function makeArchive(codec: Codec, name: string): Promise<string> {
  const path = join(directory, name);
  const writer = new ArchiveWriter({ sink: createFileSink(path), codec, level: 1, threads: 2 });
  const entries: WrittenEntry[] = [];
  const note = (entry: WrittenEntry) => void entries.push(entry);
  const manifest = Buffer.from('{"manifest":true}');
  await writer.addMade({ path: 'README.txt', content: Buffer.from('read me') }, note);
  await writer.addMade({ path: 'manifest.json', content: manifest }, note);
  await writer.addMade({ path: 'media/files', type: 'directory' }, note);
  for (const file of [
    Buffer.from('small'),
    Buffer.from('empty'),
    Buffer.from('large'),
    Buffer.from('latin-\xe4\xf6', 'latin1'),
  ]) {
    await writer.addDisk(
      {
        source: Buffer.concat([Buffer.from(`${directory}/source/`), file]),
        path: Buffer.concat([Buffer.from('media/files/'), file]),
        expectedSize: file.toString() === 'large' ? large.length : 10,
        md5: true,
      },
      note,
    );
  }
  await writer.addMade(
    { path: 'media/files/link', type: 'link', link: Buffer.from('small') },
    note,
  );
  await writer.addMade(
    { path: `tree/${'long '.repeat(40)}/x.pdf`, type: 'link', link: Buffer.from('../'.repeat(60)) },
    note,
  );
  await writer.drain();
  const index = new Spool();
  for (const entry of entries) index.append(`${JSON.stringify(toIndexEntry(entry))}\n`);
  let written: WrittenEntry | undefined;
  await writer.addSpool('index.jsonl', index, (entry) => {
    written = entry;
  });
  await writer.drain();
  index.close();
  const { frame, offset, size, sha256 } = written!;
  const empty = sealFor(createHash('sha256').update(manifest).digest('hex'), {
    frame,
    offset,
    size,
    sha256,
    entries: entries.length,
  });
  const seal = {
    ...empty,
    archiveId: '6f1c3ac0-6a2c-4f6d-9f39-3c6f4c2f7d11',
    counts: { ...empty.counts, files: 4, directories: 1, links: 1 },
  };
  await writer.finish({ path: 'seal.json', content: Buffer.from(sealText(seal)) });
  return path;
}

async function prove(path: string): Promise<string> {
  try {
    const reader = new ArchiveReader(path);
    try {
      await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 1 });
    } finally {
      reader.close();
    }
    return 'accepted';
  } catch (error) {
    return isDmsBackupError(error) ? error.code : `not ours: ${String(error)}`;
  }
}

/** The whole tar stream. */
function contentOf(path: string): Buffer {
  const reader = new ArchiveReader(path);
  try {
    const { contentBytes } = reader.frames;
    return Buffer.from(reader.cursor(0, contentBytes).takeExactly(contentBytes));
  } finally {
    reader.close();
  }
}

describe.each(['zstd', 'gzip', 'none'] as const)('archive with codec %s', (codec) => {
  test('is read back with every file', async () => {
    const path = await makeArchive(codec, `whole-${codec}`);
    const target = join(directory, `out-${codec}`);
    mkdirSync(target);
    const reader = new ArchiveReader(path);
    const found = await walkArchive(reader, {
      threads: 2,
      wish: (entry) =>
        entry.type === 'file' && entry.pathBytes.toString('latin1').startsWith('media/')
          ? {
              do: 'write',
              to: Buffer.concat([
                Buffer.from(`${target}/`),
                entry.pathBytes.subarray('media/files/'.length),
              ]),
            }
          : { do: 'prove' },
    });
    reader.close();
    expect(found.media).toEqual({
      files: 4,
      directories: 1,
      links: 1,
      bytes: large.length + 13 + 8,
    });
    expect(readFileSync(join(target, 'large')).equals(large)).toBe(true);
    expect(
      readFileSync(
        Buffer.concat([Buffer.from(`${target}/latin-`), Buffer.from([0xe4, 0xf6])]),
        'utf8',
      ),
    ).toBe('odd name');
  });

  test('is refused after any cut', async () => {
    const data = readFileSync(await makeArchive(codec, `cut-${codec}`));
    const cuts = [
      0,
      1,
      3,
      100,
      data.length >> 1,
      data.length - 512,
      data.length - 20,
      data.length - 9,
      data.length - 1,
    ];
    const verdicts = new Set<string>();
    for (const cut of cuts) {
      writeFileSync(join(directory, 'damaged'), data.subarray(0, cut));
      verdicts.add(await prove(join(directory, 'damaged')));
    }
    expect(
      [...verdicts].filter((each) => each !== 'archive-damaged' && each !== 'not-an-archive'),
    ).toEqual([]);
  });

  test('is refused after any flipped bit', async () => {
    const data = readFileSync(await makeArchive(codec, `flip-${codec}`));
    const content = contentOf(join(directory, `flip-${codec}`));
    const places = [
      ...Array(24).keys(),
      ...Array.from({ length: 60 }, (_, step) => Math.floor((data.length * step) / 60)),
      ...Array.from({ length: 24 }, (_, step) => data.length - 1 - step),
    ];
    const accepted: string[] = [];
    for (const place of places) {
      const copy = Buffer.from(data);
      copy[place]! ^= 1 << (place % 8);
      writeFileSync(join(directory, 'damaged'), copy);
      const verdict = await prove(join(directory, 'damaged'));
      if (verdict === 'archive-damaged' || verdict === 'not-an-archive') continue;
      // a few bits of compressed data mean nothing, and one text has several spellings: then every byte must be the same
      const isSame =
        codec !== 'none' &&
        verdict === 'accepted' &&
        content.equals(contentOf(join(directory, 'damaged')));
      if (!isSame) accepted.push(`byte ${place}: ${verdict}`);
    }
    expect(accepted).toEqual([]);
  });

  test('is refused with bytes behind its end', async () => {
    const data = readFileSync(await makeArchive(codec, `behind-${codec}`));
    for (const more of [Buffer.from('x'), Buffer.alloc(512), data]) {
      writeFileSync(join(directory, 'damaged'), Buffer.concat([data, more]));
      expect(await prove(join(directory, 'damaged'))).not.toBe('accepted');
    }
  });
});
