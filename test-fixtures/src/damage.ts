// Damages files in place, one defect per call, for tests that must notice it. Times change as with any write.

import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readSync,
  truncateSync,
  writeSync,
} from 'node:fs';

/** Cuts the file to `lengthBytes`; a negative number cuts that many bytes off the end. */
export function truncate(file: string, lengthBytes: number): void {
  truncateSync(file, lengthBytes < 0 ? sizeOf(file) + lengthBytes : lengthBytes);
}

/** Turns one bit around. `offset` counts bytes, a negative one from the end; `bit` 0 is the lowest. */
export function flipBit(file: string, offset: number, bit = 0): void {
  const descriptor = openSync(file, 'r+');
  try {
    const at = offset < 0 ? fstatSync(descriptor).size + offset : offset;
    const byte = Buffer.alloc(1);
    if (readSync(descriptor, byte, 0, 1, at) !== 1) {
      throw new RangeError(`cannot flip a bit at ${offset} of '${file}': there is no such byte`);
    }
    byte.writeUInt8(byte.readUInt8() ^ (1 << bit));
    writeSync(descriptor, byte, 0, 1, at);
  } finally {
    closeSync(descriptor);
  }
}

/** Adds bytes at the end. */
export function append(file: string, bytes: Uint8Array | string): void {
  appendFileSync(file, bytes);
}

function sizeOf(file: string): number {
  const descriptor = openSync(file, 'r');
  try {
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}
