// The seek table: written and read back, and refused when anything in it is not right.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { frameLimitBytes } from './frame-codec.ts';
import {
  FrameTable,
  assertFrameSizes,
  decodeSeekTable,
  seekTableFootBytes,
  seekTableLength,
} from './frame-table.ts';

function tableOf(
  ...frames: readonly (readonly [compressedSize: number, size: number])[]
): FrameTable {
  const table = new FrameTable();
  for (const [compressedSize, size] of frames) table.add(compressedSize, size);
  return table;
}

const foot = (bytes: Buffer) => bytes.subarray(-seekTableFootBytes);
const sizes = fc.tuple(
  fc.integer({ min: 1, max: 2 * frameLimitBytes }),
  fc.integer({ min: 1, max: frameLimitBytes }),
);

describe('a frame table', () => {
  test('knows where each frame lies', () => {
    const table = tableOf([10, 100], [20, 200], [30, 300]);
    expect([table.length, table.compressedBytes, table.contentBytes]).toEqual([3, 60, 600]);
    expect(table.frame(0)).toEqual({ fileOffset: 0, compressedSize: 10, position: 0, size: 100 });
    expect(table.frame(1)).toEqual({
      fileOffset: 10,
      compressedSize: 20,
      position: 100,
      size: 200,
    });
    expect(table.frame(2)).toEqual({
      fileOffset: 30,
      compressedSize: 30,
      position: 300,
      size: 300,
    });
  });

  test('is empty at first', () => {
    const table = new FrameTable();
    expect([table.length, table.compressedBytes, table.contentBytes]).toEqual([0, 0, 0]);
    expect([...table.covering(0, 10)]).toEqual([]);
  });

  test.each([3, -1, 0.5, Number.NaN, 2 ** 53])('has no frame %d', (number) => {
    expect(caught(() => tableOf([10, 100], [20, 200], [30, 300]).frame(number)).code).toBe(
      'archive-damaged',
    );
  });

  test.each([
    ['the first byte', 0, 1, [0]],
    ['one frame', 0, 100, [0]],
    ['one byte beyond a frame', 0, 101, [0, 1]],
    ['the last byte of a frame', 99, 100, [0]],
    ['the first byte of a frame', 100, 101, [1]],
    ['across a border', 99, 101, [0, 1]],
    ['exactly the middle one', 100, 300, [1]],
    ['everything', 0, 600, [0, 1, 2]],
    ['beyond the end', 599, 10_000, [2]],
    ['behind the end', 600, 700, []],
    ['nothing at a border', 100, 100, []],
  ])('covers %s', (_, start, end, numbers) => {
    const table = tableOf([10, 100], [20, 200], [30, 300]);
    expect([...table.covering(start, end)]).toEqual(numbers.map((number) => table.frame(number)));
  });

  test('covers a stretch with the frames that touch it, and no others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 }),
        fc.nat(400),
        fc.integer({ min: 1, max: 100 }),
        (lengths, start, length) => {
          const table = tableOf(...lengths.map((size) => [1, size] as const));
          const end = start + length;
          const touching = lengths
            .map((_, number) => table.frame(number))
            .filter(({ position, size }) => position < end && position + size > start);
          expect([...table.covering(start, end)]).toEqual(touching);
        },
      ),
    );
  });
});

describe('a seek table', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 50 }), (frames) => {
        const table = tableOf(...frames);
        const bytes = table.encodeSeekTable();
        expect(seekTableLength(foot(bytes))).toBe(bytes.length);
        const read = decodeSeekTable(bytes, table.compressedBytes);
        expect(read.length).toBe(frames.length);
        expect(frames.map((_, number) => read.frame(number))).toEqual(
          frames.map((_, number) => table.frame(number)),
        );
      }),
    );
  });

  test('has the layout of the zstd seekable format', () => {
    // facebook/zstd, contrib/seekable_format/zstd_seekable_compression_format.md
    expect(tableOf([5, 7], [6, 9]).encodeSeekTable().toString('hex')).toBe(
      [
        '5e2a4d18',
        '19000000',
        '05000000',
        '07000000',
        '06000000',
        '09000000',
        '02000000',
        '00',
        'b1ea928f',
      ].join(''),
    );
  });

  test('of no frames is read, and holds nothing', () => {
    const bytes = new FrameTable().encodeSeekTable();
    expect(bytes.length).toBe(17);
    expect(decodeSeekTable(bytes, 0).length).toBe(0);
  });

  test.each([
    ['another magic number', 5, 0xb0],
    ['a checksum for each frame', 4, 0x80],
    ['reserved bits', 4, 0x04],
    ['unused bits', 4, 0x01],
  ])('with %s is none', (_, place, byte) => {
    const bytes = Buffer.from(foot(tableOf([5, 7]).encodeSeekTable()));
    bytes[place] = byte;
    expect(seekTableLength(bytes)).toBeUndefined();
  });

  test.each([0, 8, 10])('of which %i bytes are there is none', (length) => {
    expect(seekTableLength(Buffer.alloc(length))).toBeUndefined();
  });

  test('that claims more frames than any archive has is none', () => {
    const bytes = Buffer.from(foot(tableOf([5, 7]).encodeSeekTable()));
    bytes.writeUInt32LE(0xffffffff, 0);
    expect(seekTableLength(bytes)).toBeUndefined();
  });

  test.each([
    ['another magic number', (bytes: Buffer) => bytes.writeUInt32LE(0x184d2a5f, 0), 'wrong head'],
    ['another length', (bytes: Buffer) => bytes.writeUInt32LE(24, 4), 'wrong head'],
    ['a sum that is too small', (bytes: Buffer) => bytes.writeUInt32LE(4, 8), 'does not add up'],
    ['a sum that is too large', (bytes: Buffer) => bytes.writeUInt32LE(6, 8), 'does not add up'],
    ['an empty frame', (bytes: Buffer) => bytes.writeUInt32LE(0, 12), 'claims 0 bytes in 5'],
    ['a frame of no bytes', (bytes: Buffer) => bytes.writeUInt32LE(0, 8), 'claims 7 bytes in 0'],
    ['a bomb', (bytes: Buffer) => bytes.writeUInt32LE(1 << 30, 12), `claims ${1 << 30} bytes in 5`],
  ])('with %s is refused', (_, change, why) => {
    const bytes = tableOf([5, 7], [6, 9]).encodeSeekTable();
    change(bytes);
    const error = caught(() => decodeSeekTable(bytes, 11));
    expect(error.code).toBe('archive-damaged');
    expect(error.message).toContain(why);
  });

  test('that is too short for its own head is refused', () => {
    expect(caught(() => decodeSeekTable(Buffer.alloc(16), 0)).message).toContain('is too short');
  });
});

describe('sizes of a frame', () => {
  test.each([
    [1, 1],
    [2 * frameLimitBytes, frameLimitBytes],
  ])('%i and %i are possible', (compressedSize, size) => {
    expect(() => assertFrameSizes(compressedSize, size)).not.toThrow();
  });

  test.each([
    [0, 1],
    [1, 0],
    [-1, 1],
    [2 * frameLimitBytes + 1, frameLimitBytes],
    [1, frameLimitBytes + 1],
  ])('%i and %i are refused', (compressedSize, size) => {
    expect(caught(() => assertFrameSizes(compressedSize, size)).code).toBe('archive-damaged');
  });
});
