// The verb `verify`: proves an archive against itself. Reads every frame in threads; nothing is written anywhere.

import { archivedSchema } from './archive/archived-schema.ts';
import type { ArchiveReader, PlacedEntry } from './archive/reader.ts';
import { walkArchive } from './archive/walk.ts';
import type { WalkResult } from './archive/walk.ts';
import { databaseSchemaPath } from './archive/database-part.ts';
import type { ArchivedSchema } from './archive/database-part.ts';
import type { Seal } from './archive/schema.ts';
import { qualifiedName } from './database/schema.ts';
import { DmsBackupError } from './errors.ts';
import { throttledProgress } from './events.ts';
import { openNamedArchive } from './named-archive.ts';
import type { VerifyOptions, VerifyResult } from './verb.ts';

/**
 * Proves frames, heads, hashes, names, order, index, manifest, seal, row counts. With `quick` only seal, index, manifest and
 * frame table. Throws `archive-not-found`, `not-an-archive`, `archive-damaged`, `format-unsupported`, `interrupted`.
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { reader, name, close } = await openNamedArchive(options);
  try {
    const found = options.quick ? quickWalk(reader) : await fullWalk(reader, options);
    return {
      archive: name,
      archiveId: reader.seal.archiveId,
      quick: options.quick,
      entries: found.entries,
      bytes: found.bytes,
      proof: reader.seal.proof,
      exitCode: 0,
    };
  } finally {
    await close();
  }
}

function quickWalk(reader: ArchiveReader): { entries: number; bytes: number } {
  let [entries, bytes] = [0, 0];
  for (const entry of reader.entries()) {
    entries++;
    bytes += entry.size;
  }
  return { entries, bytes };
}

async function fullWalk(reader: ArchiveReader, options: VerifyOptions): Promise<WalkResult> {
  const progress = throttledProgress(options.onEvent ?? (() => undefined));
  const totalItems = reader.seal.index.entries;
  const totalBytes = reader.seal.counts.mediaBytes + reader.seal.counts.databaseBytes;
  let [doneItems, doneBytes] = [0, 0];
  let schema: ArchivedSchema | undefined;
  const found = await walkArchive(reader, {
    wish: (entry: PlacedEntry) =>
      entry.pathBytes.toString() === databaseSchemaPath
        ? { do: 'content', take: (content) => void (schema = archivedSchema(content)) }
        : { do: 'prove' },
    onDone: (entries, bytes) => {
      doneItems += entries;
      doneBytes += bytes;
      progress({ phase: 'verify', doneBytes, totalBytes, doneItems, totalItems, items: 'entries' });
    },
    ...(options.signal && { signal: options.signal }),
  });
  progress(
    { phase: 'verify', doneBytes, totalBytes, doneItems, totalItems, items: 'entries' },
    true,
  );
  assertCounts(reader.seal, found, schema);
  return found;
}

/** The seal's counts against what is there. Throws `archive-damaged`. */
export function assertCounts(
  seal: Seal,
  found: WalkResult,
  schema: ArchivedSchema | undefined,
): void {
  const { counts } = seal;
  const same =
    counts.files === found.media.files &&
    counts.directories === found.media.directories &&
    counts.links === found.media.links &&
    counts.mediaBytes === found.media.bytes &&
    counts.databaseBytes === found.databaseBytes &&
    counts.tables === seal.tables.length &&
    counts.rows === seal.tables.reduce((sum, { rows }) => sum + rows, 0);
  if (!same)
    throw new DmsBackupError(
      'archive-damaged',
      'the archive holds another number of files than its seal says',
    );
  const folders = new Map(schema?.tables.map((table) => [qualifiedName(table), table.folder]));
  for (const { table, rows } of seal.tables) {
    const folder = folders.get(table);
    if (folder === undefined || (found.rows.get(folder) ?? 0) !== rows) {
      throw new DmsBackupError(
        'archive-damaged',
        `the archive does not hold the ${rows} rows of table '${table}'`,
      );
    }
  }
}
