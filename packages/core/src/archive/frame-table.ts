// Where every frame lies. zstd archives end with the seek table of the "zstd seekable format" (facebook/zstd,
// contrib/seekable_format/zstd_seekable_compression_format.md, 0.1.0): a skippable frame that every zstd ignores.

import { DmsBackupError } from '../errors.ts';
import { frameLimitBytes } from './frame-codec.ts';

export interface Frame {
  /** Of the compressed bytes in the file. */
  readonly fileOffset: number;
  readonly compressedSize: number;
  /** Of the content in the tar stream. */
  readonly position: number;
  readonly size: number;
}

const skippableMagic = 0x184d2a5e;
const seekableMagic = 0x8f92eab1;
const headBytes = 8;
const entryBytes = 8;
export const seekTableFootBytes = 9;
/** More than any archive has (48 TiB in frames of 3 MiB): a bound for the memory that a hostile file can ask for. */
const frameCountLimit = 2 ** 24;

/** Grows while an archive is written or read; two numbers per frame, so 10 TB take about 40 MB. */
export class FrameTable {
  readonly #compressedEnds: number[] = [];
  readonly #ends: number[] = [];

  get length(): number {
    return this.#ends.length;
  }

  /** Bytes of all frames in the file. */
  get compressedBytes(): number {
    return this.#compressedEnds.at(-1) ?? 0;
  }

  /** Bytes of the tar stream. */
  get contentBytes(): number {
    return this.#ends.at(-1) ?? 0;
  }

  add(compressedSize: number, size: number): void {
    this.#compressedEnds.push(this.compressedBytes + compressedSize);
    this.#ends.push(this.contentBytes + size);
  }

  /** Throws `archive-damaged` when there is no such frame. */
  frame(number: number): Frame {
    const end = this.#ends[number];
    const compressedEnd = this.#compressedEnds[number];
    if (end === undefined || compressedEnd === undefined) {
      throw new DmsBackupError('archive-damaged', `the archive has no frame ${number}`);
    }
    const position = this.#ends[number - 1] ?? 0;
    const fileOffset = this.#compressedEnds[number - 1] ?? 0;
    return {
      fileOffset,
      compressedSize: compressedEnd - fileOffset,
      position,
      size: end - position,
    };
  }

  /** The frames that hold the bytes from `start` to before `end`. */
  *covering(start: number, end: number): Generator<Frame> {
    for (let number = this.#indexAt(start); number < this.length; number++) {
      const frame = this.frame(number);
      if (frame.position >= end) return;
      yield frame;
    }
  }

  /** Number of the first frame that ends behind `position` (binary search). */
  #indexAt(position: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The seek table as a skippable frame. */
  encodeSeekTable(): Buffer {
    const table = Buffer.alloc(headBytes + this.length * entryBytes + seekTableFootBytes);
    table.writeUInt32LE(skippableMagic, 0);
    table.writeUInt32LE(table.length - headBytes, 4);
    for (let number = 0; number < this.length; number++) {
      const { compressedSize, size } = this.frame(number);
      table.writeUInt32LE(compressedSize, headBytes + number * entryBytes);
      table.writeUInt32LE(size, headBytes + number * entryBytes + 4);
    }
    table.writeUInt32LE(this.length, table.length - 9);
    table[table.length - 5] = 0; // no checksums: every frame has its own
    table.writeUInt32LE(seekableMagic, table.length - 4);
    return table;
  }
}

/** Length of the whole seek table, from its last nine bytes; undefined when they are something else. */
export function seekTableLength(foot: Buffer): number | undefined {
  if (foot.length !== seekTableFootBytes) return undefined;
  const count = foot.readUInt32LE(0);
  if (foot.readUInt32LE(5) !== seekableMagic || foot[4] !== 0 || count > frameCountLimit)
    return undefined;
  return headBytes + count * entryBytes + seekTableFootBytes;
}

/** Reads a seek table; `framesBytes` is what must lie before it. Throws `archive-damaged`. */
export function decodeSeekTable(bytes: Buffer, framesBytes: number): FrameTable {
  const damaged = (what: string) =>
    new DmsBackupError('archive-damaged', `the seek table of the archive ${what}`);
  if (bytes.length < headBytes + seekTableFootBytes) throw damaged('is too short');
  if (
    bytes.readUInt32LE(0) !== skippableMagic ||
    bytes.readUInt32LE(4) !== bytes.length - headBytes
  ) {
    throw damaged('has a wrong head');
  }
  const table = new FrameTable();
  for (let at = headBytes; at < bytes.length - seekTableFootBytes; at += entryBytes) {
    const compressedSize = bytes.readUInt32LE(at);
    const size = bytes.readUInt32LE(at + 4);
    assertFrameSizes(compressedSize, size);
    table.add(compressedSize, size);
  }
  if (table.compressedBytes !== framesBytes)
    throw damaged('does not add up to the length of the file');
  return table;
}

/** Refuses frames that no writer makes: empty ones and bombs. */
export function assertFrameSizes(compressedSize: number, size: number): void {
  if (
    size < 1 ||
    size > frameLimitBytes ||
    compressedSize < 1 ||
    compressedSize > 2 * frameLimitBytes
  ) {
    throw new DmsBackupError(
      'archive-damaged',
      `a frame of the archive claims ${size} bytes in ${compressedSize}`,
    );
  }
}
