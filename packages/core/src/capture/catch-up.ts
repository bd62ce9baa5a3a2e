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
  const parents = new Map<string, boolean>();
  for (const { root, found, md5 } of files) {
    const note = (entry: WrittenEntry) => ledger.addArchived(root.name, found.path, entry);
    if (await archiveParents(root, found.path, parents, ledger, writer)) {
      ledger.addFound(found);
      await archiveOne(root, found, md5, writer, note);
    } else note(unreadEntry(found, behindLinkFailure));
  }
  await writer.drain();
}

/**
 * Directories made since the walk: every file of an archive lies in a directory of the archive. False when something above
 * the file is a link: that is archived as a link. `known` avoids looking twice.
 */
async function archiveParents(
  root: Root,
  path: Buffer,
  known: Map<string, boolean>,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<boolean> {
  const parent = parentPath(path);
  if (parent === undefined) return true;
  const key = `${root.name}/${parent.toString('latin1')}`;
  let isThere = known.get(key);
  if (isThere === undefined) {
    isThere =
      (await archiveParents(root, parent, known, ledger, writer)) &&
      (await archiveDirectory(root, parent, ledger, writer));
    known.set(key, isThere);
  }
  return isThere;
}

async function archiveDirectory(
  root: Root,
  path: Buffer,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<boolean> {
  const status = lstatSync(joinBytes(Buffer.from(root.directory), path), {
    bigint: true,
    throwIfNoEntry: false,
  });
  if (!status?.isDirectory()) return false;
  if (ledger.isArchivedDirectory(root.name, path)) return true;
  const mtimeNs = formatMtime(status.mtimeNs);
  const found: FoundFile = { root: root.name, path, kind: 'directory', size: 0, mtimeNs };
  ledger.addFound(found);
  return await archiveOne(root, found, false, writer, (entry) =>
    ledger.addArchived(root.name, path, entry),
  );
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
