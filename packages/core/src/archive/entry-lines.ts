// The lines of one large entry (a catalogue), streamed and proved: head and hash are compared when the last line has passed.

import { createHash } from 'node:crypto';
import { DmsBackupError } from '../errors.ts';
import { headFacts } from './index-entry.ts';
import type { ArchiveReader, PlacedEntry } from './reader.ts';
import { encodeHead } from './tar-entry.ts';

/** A document with thousands of versions is far below. */
const lineLimitBytes = 64 << 20;
const readBytes = 1 << 20;
const lineFeed = 0x0a;

/** Throws `archive-damaged`, at the latest after the last line. */
export function* entryLines(reader: ArchiveReader, entry: PlacedEntry): Generator<string> {
  const damaged = (what: string): DmsBackupError =>
    new DmsBackupError('archive-damaged', `the entry '${entry.pathBytes.toString()}' ${what}`);
  const cursor = reader.cursor(entry.position, entry.end);
  const head = encodeHead(headFacts(entry));
  if (!cursor.takeExactly(head.length).equals(head)) throw damaged('is not as indexed');
  const digest = createHash('sha256');
  let rest = Buffer.alloc(0);
  for (let left = entry.size; left > 0;) {
    const view = cursor.take(Math.min(left, readBytes));
    left -= view.length;
    digest.update(view);
    const bytes = rest.length === 0 ? view : Buffer.concat([rest, view]);
    let start = 0;
    for (let stop = bytes.indexOf(lineFeed); stop >= 0; stop = bytes.indexOf(lineFeed, start)) {
      yield bytes.toString('utf8', start, stop);
      start = stop + 1;
    }
    rest = Buffer.from(bytes.subarray(start));
    if (rest.length > lineLimitBytes) throw damaged('has an endless line');
  }
  if (rest.length > 0) throw damaged('ends in the middle of a line');
  if (digest.digest('hex') !== entry.sha256) throw damaged('has another hash than the index says');
}
