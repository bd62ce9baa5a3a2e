// Splits a part of the tar stream into lines, with flat memory: the index of an archive, and its catalogues.

import type { Hash } from 'node:crypto';
import { freeMemory } from '../io/free-memory.ts';
import type { FrameCursor } from './frame-cursor.ts';

const readBytes = 1 << 20;
const lineFeed = 0x0a;

export interface LineOptions {
  /** Takes every byte; absent: not asked a second time. */
  readonly digest?: Hash;
  readonly limitBytes: number;
  /** The error for a line that is longer. */
  readonly endless: () => Error;
}

/** The next `size` bytes of the cursor, line by line without the LF. Returns how many bytes stand behind the last LF. */
export function* takeLines(
  cursor: FrameCursor,
  size: number,
  { digest, limitBytes, endless }: LineOptions,
): Generator<string, number> {
  let rest = Buffer.alloc(0);
  for (let left = size; left > 0;) {
    const view = cursor.take(Math.min(left, readBytes));
    left -= view.length;
    digest?.update(view);
    const bytes = rest.length === 0 ? view : Buffer.concat([rest, view]);
    let start = 0;
    for (let stop = bytes.indexOf(lineFeed); stop >= 0; stop = bytes.indexOf(lineFeed, start)) {
      yield bytes.toString('utf8', start, stop);
      start = stop + 1;
    }
    rest = Buffer.from(bytes.subarray(start));
    // else up to 64 MiB of them wait for the garbage collector, as many as it pleases
    if (bytes !== view) freeMemory(bytes);
    if (rest.length > limitBytes) throw endless();
  }
  return rest.length;
}
