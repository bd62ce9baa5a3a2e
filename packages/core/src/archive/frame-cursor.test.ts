// The cursor gives the bytes of the tar stream in order, however they were cut into frames, and ends in an error of ours.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { FileSource } from '../source/file-source.ts';
import { compressFrame } from './frame-codec.ts';
import { FrameCursor } from './frame-cursor.ts';
import { FrameTable } from './frame-table.ts';

const content = Buffer.from(Array.from({ length: 3000 }, (_, number) => (number * 7) % 251));

function framesOf(...lengths: readonly number[]): { source: FileSource; table: FrameTable } {
  const table = new FrameTable();
  const frames = lengths.map((length) => {
    const frame = compressFrame(
      content.subarray(table.contentBytes, table.contentBytes + length),
      'zstd',
      1,
    );
    table.add(frame.length, length);
    return frame;
  });
  const path = join(scratchDirectory(), 'frames');
  writeFileSync(path, Buffer.concat(frames));
  const source = new FileSource(path);
  onTestFinished(() => source.close());
  return { source, table };
}

const cursorAt = ({ source, table }: ReturnType<typeof framesOf>, start: number, end = 3000) =>
  new FrameCursor(source, 'zstd', [...table.covering(start, end)], start);

describe('a cursor', () => {
  test('takes at most to the end of a frame, exactly across frames', () => {
    const frames = framesOf(1000, 500, 1500);
    const cursor = cursorAt(frames, 900);
    expect(cursor.take(50).equals(content.subarray(900, 950))).toBe(true);
    expect(cursor.take(500).equals(content.subarray(950, 1000))).toBe(true);
    expect(cursor.takeExactly(700).equals(content.subarray(1000, 1700))).toBe(true);
    cursor.skip(100);
    expect(cursor.takeExactly(1200).equals(content.subarray(1800, 3000))).toBe(true);
  });

  test('takes nothing when nothing is asked for, at the end of the last frame too', () => {
    const cursor = cursorAt(framesOf(1000), 0, 1000);
    expect(cursor.takeExactly(0).length).toBe(0);
    expect(cursor.takeExactly(1000).length).toBe(1000);
    expect(cursor.takeExactly(0).length).toBe(0);
    expect(cursor.take(0).length).toBe(0);
  });

  test('gives the same bytes however they are taken', () => {
    const frames = framesOf(1, 999, 3, 997, 1000);
    fc.assert(
      fc.property(
        fc.nat(2999),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 1500 })), { maxLength: 20 }),
        (start, steps) => {
          const cursor = cursorAt(frames, start);
          let at = start;
          for (const [exactly, length] of steps) {
            if (at + length > 3000) break;
            const taken = exactly ? cursor.takeExactly(length) : cursor.take(length);
            expect(taken.equals(content.subarray(at, at + taken.length))).toBe(true);
            if (exactly) expect(taken.length).toBe(length);
            at += taken.length;
          }
        },
      ),
    );
  });

  test('ends in an error when the frames do', () => {
    const cursor = cursorAt(framesOf(1000), 0, 1000);
    cursor.skip(1000);
    expect(caught(() => cursor.take(1)).message).toBe('the archive ends in the middle of an entry');
    const other = cursorAt(framesOf(1000), 990, 1000);
    expect(caught(() => other.takeExactly(20)).code).toBe('archive-damaged');
  });

  test('over no frames ends at once', () => {
    const cursor = new FrameCursor(framesOf(1).source, 'zstd', [], 17);
    expect(caught(() => cursor.take(1)).code).toBe('archive-damaged');
  });

  test('meets frames that are cut or changed', () => {
    const { source, table } = framesOf(1000);
    const frame = table.frame(0);
    const cut = new FrameCursor(source, 'zstd', [{ ...frame, fileOffset: 1 }], 0);
    expect(caught(() => cut.take(1)).message).toBe('the archive ends in the middle of a frame');
    const wrong = new FrameCursor(source, 'zstd', [{ ...frame, size: 999 }], 0);
    expect(caught(() => wrong.take(1)).code).toBe('archive-damaged');
  });
});
