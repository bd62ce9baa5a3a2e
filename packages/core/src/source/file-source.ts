// An archive in a file of this machine.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DmsBackupError, systemErrorCode } from '../errors.ts';
import type { ArchiveSource, ThreadSource } from './byte-source.ts';

/** Reads exactly `length` bytes of a file. Throws `archive-damaged` when it ends before, `source-unreadable` on I/O errors. */
export function readExactly(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    let count: number;
    try {
      count = readSync(fd, bytes, done, length - done, position + done);
    } catch (cause) {
      throw new DmsBackupError('source-unreadable', 'cannot read the archive', { cause });
    }
    if (count === 0)
      throw new DmsBackupError('archive-damaged', 'the archive ends in the middle of a frame');
    done += count;
  }
  return bytes;
}

export class FileSource implements ArchiveSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #fd: number;

  /** `file`: a path, or an open file that is closed with the source. Throws `archive-not-found` or `source-unreadable`. */
  constructor(file: string | { readonly fd: number; readonly name: string }) {
    this.name = typeof file === 'string' ? file : file.name;
    this.#fd = typeof file === 'string' ? openArchiveFile(file) : file.fd;
    this.sizeBytes = fstatSync(this.#fd).size;
  }

  read(position: number, lengthBytes: number): Buffer {
    return readExactly(this.#fd, position, lengthBytes);
  }

  load(): Promise<void> {
    return Promise.resolve();
  }

  forThread(): ThreadSource {
    return { data: { kind: 'file', fd: this.#fd, sizeBytes: this.sizeBytes }, transfer: [] };
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function openArchiveFile(path: string): number {
  try {
    const fd = openSync(path, 'r');
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new DmsBackupError('archive-not-found', `there is no archive '${path}'`, { cause });
    }
    throw new DmsBackupError(
      'source-unreadable',
      `cannot open the archive '${path}' (${code ?? 'unknown'})`,
      { cause },
    );
  }
  throw new DmsBackupError('archive-not-found', `'${path}' is no file`);
}
