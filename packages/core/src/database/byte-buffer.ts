// The bytes of a chunk while it grows.

/** A row of 200 MB says nothing about the rows after it. */
const maximumGuess = 8 << 20;

/** A growing buffer that is handed out whole and then starts anew. */
export class ByteBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  /** The last size is the best guess for the next. */
  #capacity = 64 << 10;

  get length(): number {
    return this.#length;
  }

  addText(text: string): void {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  addBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Makes room for so many more bytes; call it before a huge value, which would else grow the buffer step by step. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, this.#capacity));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  /** The bytes so far. The receiver may keep them: the next ones go into another buffer. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#capacity = Math.max(this.#capacity, Math.min(this.#bytes.length, maximumGuess));
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}
