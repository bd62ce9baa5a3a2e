// The lines of one large entry (a catalogue), streamed and proved: head and hash are compared when the last line has passed.

import { createHash } from 'node:crypto';
import { DmsBackupError } from '../errors.ts';
import { headFacts } from './index-entry.ts';
import type { ArchiveReader, PlacedEntry } from './reader.ts';
import { takeLines } from './take-lines.ts';
import { encodeHead } from './tar-entry.ts';

/** A document with thousands of versions is far below. */
const lineLimitBytes = 64 << 20;

/** Throws `archive-damaged`, at the latest after the last line. */
export function* entryLines(reader: ArchiveReader, entry: PlacedEntry): Generator<string> {
  const damaged = (what: string): DmsBackupError =>
    new DmsBackupError('archive-damaged', `the entry '${entry.pathBytes.toString()}' ${what}`);
  const cursor = reader.cursor(entry.position, entry.end);
  const head = encodeHead(headFacts(entry));
  if (!cursor.takeExactly(head.length).equals(head)) throw damaged('is not as indexed');
  const digest = createHash('sha256');
  const rest = yield* takeLines(cursor, entry.size, {
    digest,
    limitBytes: lineLimitBytes,
    endless: () => damaged('has an endless line'),
  });
  if (rest > 0) throw damaged('ends in the middle of a line');
  if (digest.digest('hex') !== entry.sha256) throw damaged('has another hash than the index says');
}
