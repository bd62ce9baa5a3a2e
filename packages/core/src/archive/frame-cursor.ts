// Reads the tar stream of a run of frames from front to back, one decompressed frame at a time.

import { DmsBackupError } from '../errors.ts';
import { freeMemory } from '../io/free-memory.ts';
import type { ByteSource } from '../source/byte-source.ts';
import { decompressFrame } from './frame-codec.ts';
import type { Codec } from './frame-codec.ts';
import type { Frame } from './frame-table.ts';

export class FrameCursor {
  readonly #source: ByteSource;
  readonly #codec: Codec;
  readonly #frames: readonly Frame[];
  #next = 0;
  #content: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(source: ByteSource, codec: Codec, frames: readonly Frame[], start: number) {
    this.#source = source;
    this.#codec = codec;
    this.#frames = frames;
    this.skip(start - (frames[0]?.position ?? start));
  }

  /** Some bytes, at least one (unless `limit` is 0) and at most `limit`: a view that is valid until the next call. */
  take(limit: number): Buffer {
    if (limit > 0 && this.#at === this.#content.length) this.#load();
    const end = Math.min(this.#content.length, this.#at + limit);
    const view = this.#content.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** Exactly `length` bytes (small): a view where possible, else a copy. */
  takeExactly(length: number): Buffer {
    const first = this.take(length);
    if (first.length === length) return first;
    const parts = [Buffer.from(first)];
    for (let done = first.length; done < length;) {
      const more = this.take(length - done);
      parts.push(Buffer.from(more));
      done += more.length;
    }
    return Buffer.concat(parts);
  }

  skip(bytes: number): void {
    for (let left = bytes; left > 0;) left -= this.take(left).length;
  }

  /** Gives the memory of the current frame back; views become invalid. */
  close(): void {
    freeMemory(this.#content);
  }

  #load(): void {
    const frame = this.#frames[this.#next++];
    if (!frame)
      throw new DmsBackupError('archive-damaged', 'the archive ends in the middle of an entry');
    freeMemory(this.#content);
    const bytes = this.#source.read(frame.fileOffset, frame.compressedSize);
    this.#content = decompressFrame(bytes, this.#codec, frame.size);
    if (this.#content.buffer !== bytes.buffer) freeMemory(bytes);
    this.#at = 0;
  }
}
