// Index lines: what was written as JSON, and back as the facts of a tar head.

import { DmsBackupError } from '../errors.ts';
import { assertEntryPath, entryLink, entryPath, linkFields, pathFields } from './entry-path.ts';
import { mtimeSeconds } from './entry-time.ts';
import { IndexEntrySchema } from './schema.ts';
import type { IndexEntry } from './schema.ts';
import type { EntryFacts } from './tar-entry.ts';
import type { WrittenEntry } from './writer.ts';

/** The index line of an entry that was written. */
export function toIndexEntry(entry: WrittenEntry): IndexEntry {
  return {
    ...pathFields(entry.path),
    type: entry.type,
    size: entry.size,
    ...(entry.type === 'file' && { sha256: entry.sha256 }),
    ...(entry.link && linkFields(entry.link)),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: entry.mtime,
    frame: entry.frame,
    offset: entry.offset,
  };
}

/** A parsed index line with its path as bytes. Everything in it has been checked. */
export interface IndexedEntry extends Omit<
  IndexEntry,
  'path' | 'pathBase64' | 'link' | 'linkBase64'
> {
  readonly pathBytes: Buffer;
  readonly linkBytes?: Buffer;
}

/** Parses one line of a hostile index. Throws `archive-damaged`. */
export function parseIndexLine(line: string): IndexedEntry {
  let parsed: IndexEntry;
  try {
    parsed = IndexEntrySchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new DmsBackupError('archive-damaged', 'cannot understand a line of the index', { cause });
  }
  const { path, pathBase64, link, linkBase64, ...facts } = parsed;
  const pathBytes = entryPath({
    ...(path !== undefined && { path }),
    ...(pathBase64 !== undefined && { pathBase64 }),
  });
  assertEntryPath(pathBytes);
  const isLink = facts.type === 'link';
  const hasLink = link !== undefined || linkBase64 !== undefined;
  const isFile = facts.type === 'file';
  if (
    isLink !== hasLink ||
    isFile !== (facts.sha256 !== undefined) ||
    (!isFile && facts.size !== 0)
  ) {
    throw new DmsBackupError(
      'archive-damaged',
      `the index line of '${pathBytes.toString()}' contradicts itself`,
    );
  }
  const linkBytes = isLink
    ? entryLink({
        ...(link !== undefined && { link }),
        ...(linkBase64 !== undefined && { linkBase64 }),
      })
    : undefined;
  if (linkBytes && (linkBytes.length === 0 || linkBytes.length > 4095 || linkBytes.includes(0))) {
    throw new DmsBackupError(
      'archive-damaged',
      `the link '${pathBytes.toString()}' has an impossible target`,
    );
  }
  return { ...facts, pathBytes, ...(linkBytes && { linkBytes }) };
}

/** The facts of the tar head that must stand in the archive for this line. */
export function headFacts(entry: IndexedEntry): EntryFacts {
  return {
    path: entry.pathBytes,
    type: entry.type,
    size: entry.size,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtimeSeconds: mtimeSeconds(entry.mtime),
    ...(entry.linkBytes && { link: entry.linkBytes }),
  };
}
