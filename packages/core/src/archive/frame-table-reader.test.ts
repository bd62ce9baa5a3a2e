// What kind of file it is and where its frames lie: only what the writer makes is taken.

import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { FileSource } from '../source/file-source.ts';
import { compressFrame, frameTargetBytes, gzipHeadBytes } from './frame-codec.ts';
import { FrameTable } from './frame-table.ts';
import { readFrameTable } from './frame-table-reader.ts';
import { encodeHead } from './tar-entry.ts';

function tableOf(content: Buffer | number): ReturnType<typeof readFrameTable> {
  const path = join(scratchDirectory(), 'archive');
  if (typeof content === 'number') {
    writeFileSync(path, tarStart);
    truncateSync(path, content);
  } else writeFileSync(path, content);
  const source = new FileSource(path);
  try {
    return readFrameTable(source);
  } finally {
    source.close();
  }
}

const refusal = (content: Buffer | number) => caught(() => tableOf(content));
const tarStart = encodeHead({
  path: Buffer.from('README.txt'),
  type: 'file',
  size: 0,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeSeconds: 0,
});
const frames = (codec: 'zstd' | 'gzip') =>
  ['one', 'two two'].map((text) => compressFrame(Buffer.from(text), codec, 1));

function seekTable(...parts: readonly Buffer[]): Buffer {
  const table = new FrameTable();
  for (const [number, part] of parts.entries()) table.add(part.length, number === 0 ? 3 : 7);
  return table.encodeSeekTable();
}

describe('no archive', () => {
  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['two bytes of zstd', Buffer.from([0x28, 0xb5])],
    ['a text', Buffer.from('This is no archive at all. '.repeat(100))],
    ['zeros', Buffer.alloc(10_240)],
    ['a zip file', Buffer.from('PK\x03\x04'.padEnd(600))],
    ['a tar of before POSIX', Buffer.alloc(1024, 'a')],
    ['a tar that is cut in its first block', tarStart.subarray(0, 511)],
  ])('is %s', (_, content) => {
    const error = refusal(content);
    expect(error.code).toBe('not-an-archive');
    expect(error.message).toMatch(/^'.*archive' is no archive of dms-backup$/);
    expect(error.hint).toBe('The file is something else, or it was cut. Take another copy.');
  });

  test('is a file that age has encrypted, and the hint says so', () => {
    const error = refusal(Buffer.from('age-encryption.org/v1\n-> X25519 abc\n'));
    expect([error.code, error.hint]).toEqual(['not-an-archive', 'The file is encrypted with age.']);
  });
});

describe('zstd', () => {
  test('has its frames in the seek table', () => {
    const [one, two] = frames('zstd') as [Buffer, Buffer];
    const found = tableOf(Buffer.concat([one, two, seekTable(one, two)]));
    expect(found.codec).toBe('zstd');
    expect(found.frames.length).toBe(2);
    expect(found.frames.frame(1)).toEqual({
      fileOffset: one.length,
      compressedSize: two.length,
      position: 3,
      size: 7,
    });
  });

  const [one, two] = frames('zstd') as [Buffer, Buffer];
  test.each([
    ['without seek table', Buffer.concat([one, two])],
    ['of another program', zstdCompressSync(Buffer.alloc(5000))],
    ['of four bytes', Buffer.from('28b52ffd', 'hex')],
    [
      'with a table that is longer than the file',
      Buffer.concat([one, seekTable(one, two).subarray(-20)]),
    ],
    ['with a table for other frames', Buffer.concat([one, seekTable(one, two)])],
    [
      'with bytes between frames and table',
      Buffer.concat([one, two, Buffer.alloc(5), seekTable(one, two)]),
    ],
    [
      'with bytes behind the table',
      Buffer.concat([one, two, seekTable(one, two), Buffer.alloc(1)]),
    ],
    ['with two tables', Buffer.concat([one, two, seekTable(one, two), seekTable(one, two)])],
    ['that is cut in its table', Buffer.concat([one, two, seekTable(one, two)]).subarray(0, -1)],
  ])('%s is damaged', (_, content) => {
    expect(refusal(content).code).toBe('archive-damaged');
  });

  test('with a table of four billion frames is damaged, at once', () => {
    const path = join(scratchDirectory(), 'sparse');
    const table = seekTable(one);
    table.writeUInt32LE(0xffffffff, table.length - 9);
    writeFileSync(path, one);
    truncateSync(path, 2 ** 36);
    writeFileSync(path, table.subarray(-9), { flag: 'a' });
    const source = new FileSource(path);
    onTestFinished(() => source.close());
    expect(caught(() => readFrameTable(source)).message).toContain(
      'does not end with its seek table',
    );
  });
});

describe('gzip', () => {
  const [one, two] = frames('gzip') as [Buffer, Buffer];
  const changed = (place: number, value: number) => {
    const copy = Buffer.from(two);
    copy.writeUInt32LE(value, place);
    return Buffer.concat([one, copy]);
  };

  test('says in each member where the next one is', () => {
    const found = tableOf(Buffer.concat([one, two]));
    expect(found.codec).toBe('gzip');
    expect(found.frames.frame(1)).toEqual({
      fileOffset: one.length,
      compressedSize: two.length,
      position: 3,
      size: 7,
    });
    expect(found.frames.length).toBe(2);
  });

  test.each([
    ['of another program', gzipSync('some text')],
    ['of two bytes', Buffer.from([0x1f, 0x8b])],
    ['followed by zeros', Buffer.concat([one, two, Buffer.alloc(100)])],
    ['followed by one byte', Buffer.concat([one, two, Buffer.alloc(1)])],
    ['followed by a member of another program', Buffer.concat([one, gzipSync('more')])],
    ['that is cut', Buffer.concat([one, two.subarray(0, -1)])],
    ['that is cut in a head', Buffer.concat([one, two.subarray(0, 10)])],
    ['with a member that goes beyond the end', changed(16, two.length + 1)],
    ['with a member shorter than its own head', changed(16, gzipHeadBytes - 1)],
    ['with a member of no length', changed(16, 0)],
    ['with a member of no content', changed(20, 0)],
    ['with a bomb', changed(20, 0xffffffff)],
  ])('%s is damaged', (_, content) => {
    expect(refusal(content).code).toBe('archive-damaged');
  });
});

describe('an uncompressed tar', () => {
  test.each([
    [1024, [1024]],
    [frameTargetBytes, [frameTargetBytes]],
    [frameTargetBytes + 512, [frameTargetBytes, 512]],
    [3 * frameTargetBytes, [frameTargetBytes, frameTargetBytes, frameTargetBytes]],
  ])('of %i bytes is read in slices', (length, sizes) => {
    const { codec, frames: slices } = tableOf(length);
    expect(codec).toBe('none');
    expect(sizes.map((_, number) => slices.frame(number).size)).toEqual(sizes);
    expect([slices.length, slices.compressedBytes, slices.contentBytes]).toEqual([
      sizes.length,
      length,
      length,
    ]);
  });

  test.each([512, 513, 1023, 1025, 10_000, frameTargetBytes - 1])(
    'of %i bytes is damaged',
    (length) => {
      const error = refusal(length);
      expect([error.code, error.message]).toEqual([
        'archive-damaged',
        'the archive is no whole number of tar blocks: it was cut',
      ]);
    },
  );
});
