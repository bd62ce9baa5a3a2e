// Most paths of an index are not wanted. This tells so in no time, with 128 KiB for any number of wanted ones: it may say yes
// to one that is not wanted, and never no to one that is.

import { crc32 } from 'node:zlib';

const bits = 1 << 20;

export class PathFilter {
  readonly #marks = new Uint8Array(bits / 8);
  #isEmpty = true;

  /** Nothing was added. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** `path`: as text, see `showPath`. */
  add(path: string): void {
    const bit = crc32(path) % bits;
    this.#marks[bit >> 3] = (this.#marks[bit >> 3] ?? 0) | (1 << (bit & 7));
    this.#isEmpty = false;
  }

  mayHave(path: string): boolean {
    const bit = crc32(path) % bits;
    return ((this.#marks[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }
}
