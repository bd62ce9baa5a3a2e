// A temporary file without a name: for entries whose size must be known before their head is written (catalogue, index).
// It is unlinked right after it is opened, so that neither kill -9 nor a crash leaves document titles on disk.

import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAll, writeError } from './sink.ts';

const bufferBytes = 256 * 1024;

export class Spool {
  readonly fd: number;
  #size = 0;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;

  /** Throws `no-space` or `destination-unwritable`. */
  constructor() {
    let directory: string | undefined;
    try {
      directory = mkdtempSync(join(tmpdir(), 'dms-backup-'));
      this.fd = openSync(join(directory, 'spool'), 'wx+', 0o600);
    } catch (cause) {
      throw writeError(cause, tmpdir());
    } finally {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  append(text: string | Buffer): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.#buffered.push(bytes);
    this.#bufferedBytes += bytes.length;
    this.#size += bytes.length;
    if (this.#bufferedBytes >= bufferBytes) this.flush();
  }

  /** Must be called before the file is read through `fd`. */
  flush(): void {
    try {
      writeAll(this.fd, Buffer.concat(this.#buffered));
    } catch (cause) {
      throw writeError(cause, tmpdir());
    }
    this.#buffered = [];
    this.#bufferedBytes = 0;
  }

  /** Bytes from `position`; shorter at the end. */
  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.fd, bytes, done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  close(): void {
    closeSync(this.fd);
  }
}
