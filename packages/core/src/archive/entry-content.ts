// The content of one file of an archive, streamed with flat memory on the main thread, also from far away: for pipes. Files
// are written by threads, see `take-out.ts`.

import { createHash } from 'node:crypto';
import { DmsBackupError } from '../errors.ts';
import { headFacts } from './index-entry.ts';
import type { ArchiveReader, PlacedEntry } from './reader.ts';
import { encodeHead } from './tar-entry.ts';

/**
 * Piece by piece, each valid until the next one is taken. Head, hash and padding are proved when the last has passed. Throws
 * `archive-damaged`.
 */
export async function* entryContent(
  reader: ArchiveReader,
  entry: PlacedEntry,
): AsyncGenerator<Buffer> {
  const damaged = (what: string): DmsBackupError =>
    new DmsBackupError('archive-damaged', `the entry '${entry.pathBytes.toString()}' ${what}`);
  const head = encodeHead(headFacts(entry));
  let at = entry.position + head.length;
  await reader.load(entry.position, at);
  const cursor = reader.cursor(entry.position, entry.end);
  try {
    if (!cursor.takeExactly(head.length).equals(head))
      throw damaged('has another head than the index says');
    const digest = createHash('sha256');
    for (const contentEnd = at + entry.size; at < contentEnd;) {
      await reader.load(at, at + 1);
      const view = cursor.take(contentEnd - at);
      digest.update(view);
      at += view.length;
      yield view;
    }
    if (digest.digest('hex') !== entry.sha256)
      throw damaged('has another SHA-256 than the index says');
    await reader.load(at, entry.end);
    if (cursor.takeExactly(entry.end - at).some((byte) => byte !== 0))
      throw damaged('is followed by bytes that should be zero');
  } finally {
    cursor.close();
  }
}
