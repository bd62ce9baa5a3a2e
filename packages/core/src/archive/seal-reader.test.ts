// The seal is the last entry, exactly as the writer makes it; anything else is no seal.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assembleArchive, verdictOn, withParts } from '../../test/assemble-archive.ts';
import type { Assembly } from '../../test/assemble-archive.ts';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { ArchiveReader } from './reader.ts';
import { encodeHead } from './tar-entry.ts';

const codecs = ['zstd', 'gzip', 'none'] as const;

function open(assembly: Assembly): ArchiveReader {
  return new ArchiveReader(assembleArchive(scratchDirectory(), assembly));
}

const refusal = (assembly: Assembly) => caught(() => open(assembly).close());

/** An uncompressed archive in which bytes of the seal's head are others. */
async function verdictWithHead(change: (head: Buffer) => void): Promise<string> {
  const directory = scratchDirectory();
  const bytes = readFileSync(assembleArchive(directory, { codec: 'none' }));
  change(bytes.subarray(bytes.lastIndexOf('seal.json')));
  writeFileSync(join(directory, 'changed'), bytes);
  return await verdictOn(join(directory, 'changed'));
}

test.each(codecs)('a whole archive with codec %s is accepted', async (codec) => {
  const path = assembleArchive(scratchDirectory(), { codec });
  expect(await verdictOn(path)).toBe('accepted');
});

describe.each(codecs)('with codec %s', (codec) => {
  test.each([
    ['no JSON', '{"formatVersion":1'],
    ['null', 'null'],
    ['a number', '1'],
    ['empty', ''],
    ['an empty object', '{}'],
    ['nested without end', '['.repeat(200_000)],
  ])('a seal that is %s is damaged', (_, sealText) => {
    const error = refusal({ codec, sealText });
    expect([error.code, error.message]).toEqual([
      'archive-damaged',
      'cannot understand the seal of the archive',
    ]);
  });

  test.each([2, 3, 1e9])(
    'a seal of format version %i is of the future, whatever else it says',
    (formatVersion) => {
      const error = refusal({
        codec,
        sealText: JSON.stringify({ formatVersion, everything: 'else' }),
      });
      expect(error.code).toBe('format-unsupported');
      expect(error.message).toBe(
        `the archive has format version ${formatVersion}, this program knows 1`,
      );
    },
  );

  test.each([0, -1, 0.5, '2', null])(
    'a seal of format version %j is no other version, but damage',
    (formatVersion) => {
      const refused = refusal({ codec, seal: (seal) => ({ ...seal, formatVersion }) });
      expect(refused.code).toBe(formatVersion === 1.5 ? 'format-unsupported' : 'archive-damaged');
    },
  );

  test.each([
    ['without zero blocks behind it', Buffer.alloc(0)],
    ['with one zero block behind it', Buffer.alloc(512)],
    ['with three zero blocks behind it', Buffer.alloc(1536)],
    ['with other bytes behind it', Buffer.concat([Buffer.alloc(1023), Buffer.from('x')])],
    ['with an entry behind it', Buffer.concat([head('README.txt'), Buffer.alloc(1024)])],
  ])('a seal %s is damaged', (_, end) => {
    expect(refusal({ codec, end }).code).toBe('archive-damaged');
  });

  test('a huge seal is damaged, and read in bounded memory', () => {
    expect(refusal({ codec, sealText: ' '.repeat(20 * 1024 * 1024) }).code).toBe('archive-damaged');
  });

  test('a seal of some MiB is read', () => {
    const warnings = Array.from({ length: 20_000 }, (_, number) => `warning ${number} `.repeat(10));
    const reader = open({ codec, seal: (seal) => ({ ...seal, warnings }) });
    expect(reader.seal.warnings).toHaveLength(20_000);
    reader.close();
  });

  test('text that looks like a head of a seal is none', async () => {
    const content = Buffer.concat([head('seal.json'), Buffer.alloc(1024)]);
    const path = assembleArchive(scratchDirectory(), {
      codec,
      parts: withParts({ path: 'media/files/a', content }),
    });
    expect(await verdictOn(path)).toBe('accepted');
  });
});

function head(path: string): Buffer {
  return encodeHead({
    path: Buffer.from(path),
    type: 'file',
    size: 0,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
  });
}

test.each(['zstd', 'gzip'] as const)('with codec %s the last frame must be the seal', (codec) => {
  const path = assembleArchive(scratchDirectory(), { codec, end: Buffer.alloc(0) });
  const whole = readFileSync(path);
  const cut =
    codec === 'gzip' ? whole.subarray(0, whole.lastIndexOf(Buffer.from('1f8b0804', 'hex'))) : whole;
  writeFileSync(path, cut);
  expect(caught(() => new ArchiveReader(path)).code).toBe('archive-damaged');
});

describe('the head of a seal', () => {
  test.each([
    ['size', 124, '00000000001 '],
    ['size that is no number', 124, 'xxxxxxxxxxx '],
    ['size that is negative', 124, '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
    ['size in a form that is none', 124, '\x81\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'],
    ['size beyond exact numbers', 124, '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
    ['time', 136, '00000000001 '],
    ['time that is no number', 136, 'xxxxxxxxxxx '],
    ['time beyond all dates', 136, '\x80\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00'],
    ['time beyond exact numbers', 136, '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
    ['time in a form that is none', 136, '\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'],
    ['owner', 108, '0000001\0'],
    ['owner in a form that is none', 108, '\xc0\x00\x00\x00\x00\x00\x00\x00'],
    ['mode', 100, '0000600\0'],
    ['mode in a form that is none', 100, '\x90\x00\x00\x00\x00\x00\x00\x00'],
    ['type', 156, '5'],
    ['link', 157, 'elsewhere'],
    ['checksum', 148, '777777'],
    ['user name', 265, 'root'],
    ['device in a form that is none', 329, '\xa0\x00\x00\x00\x00\x00\x00\x00'],
    ['prefix', 345, 'media/files'],
    ['magic', 257, 'usta '],
    ['name', 0, 'Seal.json'],
  ])('with another %s is damaged', async (_, place, bytes) => {
    expect(await verdictWithHead((found) => void found.write(bytes, place, 'latin1'))).toMatch(
      /^archive-damaged: /,
    );
  });
});

test('an archive without any seal is damaged', async () => {
  const directory = scratchDirectory();
  const bytes = readFileSync(assembleArchive(directory, { codec: 'none' }));
  const cut = bytes.subarray(0, bytes.lastIndexOf('seal.json'));
  writeFileSync(join(directory, 'cut'), cut);
  expect(await verdictOn(join(directory, 'cut'))).toBe(
    'archive-damaged: the archive has no seal: it was cut or never finished',
  );
});
