// Reads what the references of one snapshot need and the archive has not, or not in that state.

import { lstatSync } from 'node:fs';
import type { Root } from '../adapter.ts';
import { parentPath } from '../archive/entry-path.ts';
import { formatMtime } from '../archive/entry-time.ts';
import type { ArchiveWriter, WrittenEntry } from '../archive/writer.ts';
import { joinBytes } from '../media/scan.ts';
import { archiveOne, unreadEntry } from './archive-one.ts';
import { behindLinkFailure, excludedFailure } from './ledger.ts';
import type { BackupLedger, FoundFile } from './ledger.ts';
import type { MediaSource } from './media-source.ts';

/** Reads again what the references of a snapshot need, or what changed while it was read, and is not archived in that state. */
export async function catchUp(
  source: MediaSource,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<void> {
  const wanted = new Map<string, { root: string; path: Buffer; md5: boolean }>();
  const want = (each: { root: string; path: Buffer; md5: boolean }) =>
    wanted.set(`${each.root}/${each.path.toString('latin1')}`, each);
  for (const each of ledger.neededAndArchived()) if (isChangedSince(source, each)) want(each);
  for (const each of ledger.changedWhileRead()) want(each);
  for (const each of ledger.unsatisfied()) if (each.failure !== excludedFailure) want(each);
  const present: PresentFile[] = [];
  for (const { root: name, path, md5 } of wanted.values()) {
    const root = source.roots.find((each) => each.name === name);
    const found = root && findAgain(root, path);
    if (root && found) present.push({ root, found, md5 });
  }
  await readNow(present, ledger, writer);
}

/** A file as it was found a moment ago. */
export interface PresentFile {
  readonly root: Root;
  readonly found: FoundFile;
  readonly md5: boolean;
}

/** Reads files, with the directories above them where those are new, and waits until all of it is in the archive. */
export async function readNow(
  files: readonly PresentFile[],
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<void> {
  const parents = new Map<string, Parent>();
  for (const { root, found, md5 } of files) {
    const note = (entry: WrittenEntry) => ledger.addArchived(root.name, found.path, entry);
    const parent = await archiveParents(root, found.path, parents, ledger, writer);
    if (parent === 'there') {
      ledger.addFound(found);
      await archiveOne(root, found, md5, writer, note);
    } else note(unreadEntry(found, parent === 'gone' ? 'ENOENT' : behindLinkFailure));
  }
  await writer.drain();
}

/** What is above a file: a directory of the archive, nothing any more, or something else, such as a link. */
type Parent = 'there' | 'gone' | 'other';

/**
 * Directories made since the walk: every file of an archive lies in a directory of the archive. A link above the file is archived
 * as a link. `known` avoids looking twice.
 */
async function archiveParents(
  root: Root,
  path: Buffer,
  known: Map<string, Parent>,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<Parent> {
  const parent = parentPath(path);
  if (parent === undefined) return 'there';
  const key = `${root.name}/${parent.toString('latin1')}`;
  let state = known.get(key);
  if (state === undefined) {
    state = await archiveParents(root, parent, known, ledger, writer);
    if (state === 'there') state = await archiveDirectory(root, parent, ledger, writer);
    known.set(key, state);
  }
  return state;
}

async function archiveDirectory(
  root: Root,
  path: Buffer,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<Parent> {
  const status = lstatSync(joinBytes(Buffer.from(root.directory), path), {
    bigint: true,
    throwIfNoEntry: false,
  });
  if (!status) return 'gone';
  if (!status.isDirectory()) return 'other';
  if (ledger.isArchivedDirectory(root.name, path)) return 'there';
  const mtimeNs = formatMtime(status.mtimeNs);
  const found: FoundFile = { root: root.name, path, kind: 'directory', size: 0, mtimeNs };
  ledger.addFound(found);
  const isThere = await archiveOne(root, found, false, writer, (entry) =>
    ledger.addArchived(root.name, path, entry),
  );
  return isThere ? 'there' : 'gone';
}

function isChangedSince(
  source: MediaSource,
  file: { root: string; path: Buffer; size: number; mtime: string },
): boolean {
  const root = source.roots.find((each) => each.name === file.root);
  const now = root && findAgain(root, file.path);
  return now !== undefined && (now.size !== file.size || now.mtimeNs !== file.mtime);
}

export function findAgain(root: Root, path: Buffer): FoundFile | undefined {
  try {
    const status = lstatSync(joinBytes(Buffer.from(root.directory), path), { bigint: true });
    if (!status.isFile()) return undefined;
    return {
      root: root.name,
      path,
      kind: 'file',
      size: Number(status.size),
      mtimeNs: formatMtime(status.mtimeNs),
    };
  } catch {
    // missing or unreadable: what the archive has, or has not, stays as it is and is named in the proof
    return undefined;
  }
}
