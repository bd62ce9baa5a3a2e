// Brings the files of an instance into the archive: first everything that a walk finds (the application goes on working),
// then, against the references of one database snapshot, what is missing or has changed since.

import { accessSync, constants, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Adapter, Instance, PathRule, Root } from '../adapter.ts';
import { parentPath, splitPath } from '../archive/entry-path.ts';
import { formatMtime } from '../archive/entry-time.ts';
import type { ArchiveWriter, WrittenEntry } from '../archive/writer.ts';
import { DmsBackupError, assertNotAborted, systemErrorCode } from '../errors.ts';
import { throttledProgress } from '../events.ts';
import type { OnEvent } from '../events.ts';
import { joinBytes, scanTree } from '../media/scan.ts';
import { IgnoredMediaClasses } from './exclusions.ts';
import type { ExclusionList } from './exclusions.ts';
import { behindLinkFailure, excludedFailure } from './ledger.ts';
import type { BackupLedger, FoundFile } from './ledger.ts';

export interface MediaSource {
  readonly adapter: Adapter;
  readonly instance: Instance;
  readonly roots: readonly Root[];
  /** Absolute paths of the database's own files: they are in the database part. */
  readonly databaseFiles: readonly string[];
  readonly excludeClasses: readonly string[];
  readonly onEvent: OnEvent;
  readonly signal?: AbortSignal;
}

/** Roots that exist, with links resolved. Throws `media-root-missing` or `source-unreadable` for a required one. */
export function existingRoots(instance: Instance): { roots: Root[]; missing: Root[] } {
  const roots: Root[] = [];
  const missing: Root[] = [];
  for (const root of instance.roots) {
    try {
      const directory = realpathSync(root.directory);
      if (!statSync(directory).isDirectory())
        throw Object.assign(new Error('no directory'), { code: 'ENOTDIR' });
      if (root.required) accessSync(directory, constants.R_OK | constants.X_OK);
      roots.push({ ...root, directory });
    } catch (cause) {
      if (!root.required) missing.push(root);
      else if (systemErrorCode(cause) === 'EACCES') {
        throw new DmsBackupError(
          'source-unreadable',
          `cannot look at the ${root.name} root '${root.directory}'`,
          { cause },
        );
      } else {
        throw new DmsBackupError(
          'media-root-missing',
          `the ${root.name} root '${root.directory}' (${root.source}) is no directory`,
          { cause },
        );
      }
    }
  }
  return { roots, missing };
}

/** Snapshots taken at most while files vanish between the database and the disk. */
const snapshotTries = 4;

/**
 * All files of the instance: the walk, the bulk pass, then catch-up against the references that `nextSnapshot` puts into the
 * ledger, with further snapshots while files move. Returns what could not be read.
 */
export async function archiveMedia(
  source: MediaSource,
  ledger: BackupLedger,
  writer: ArchiveWriter,
  exclusions: ExclusionList,
  nextSnapshot: () => Promise<void>,
): Promise<string[]> {
  const step = (phase: string, text: string) => {
    assertNotAborted(source.signal);
    source.onEvent({ type: 'step', phase, text });
  };
  step('scan', 'looking for files');
  const unreadable = scanRoots(source, ledger, exclusions);
  step('media', 'reading files');
  await archiveFound(source, ledger, writer);
  settleExcluded(source, ledger);
  // as the references were before the bulk pass
  let open = ledger.unsatisfiedDigest();
  for (let attempt = 0; attempt < snapshotTries; attempt++) {
    step(
      'snapshot',
      attempt === 0
        ? 'opening the database snapshot'
        : 'files moved meanwhile: taking another snapshot',
    );
    await nextSnapshot();
    settleExcluded(source, ledger);
    await catchUp(source, ledger, writer);
    const before = open;
    open = ledger.unsatisfiedDigest();
    // nothing open, or the same as before: what is missing now is missing in the source
    if (open === '' || open === before) break;
  }
  for (const { root, path, failure } of ledger.unreadable()) {
    const why =
      failure === 'changed' ? 'changed each time it was read' : `cannot be read (${failure})`;
    unreadable.push(`${root}: '${path.toString()}' ${why}`);
  }
  return unreadable;
}

/** Walks all roots into the ledger. Returns what could not be listed. */
function scanRoots(source: MediaSource, ledger: BackupLedger, exclusions: ExclusionList): string[] {
  const unreadable: string[] = [];
  const ignoredClasses = new IgnoredMediaClasses(source.excludeClasses);
  for (const root of source.roots) {
    assertNotAborted(source.signal);
    scanTree(root.directory, {
      classify: (path): PathRule =>
        ignoredClasses.apply(source.adapter.classify(root.name, path, source.instance)),
      found: (file) =>
        ledger.addFound({ ...file, root: root.name, mtimeNs: formatMtime(file.mtimeNs) }),
      excluded: (path, rule) => exclusions.addFile(root.name, path, rule),
      unreadable: (path, code) => {
        unreadable.push(`${root.name}: '${path.toString()}' cannot be read (${code})`);
      },
      ignored: ignoredPaths(root.directory, source.databaseFiles),
    });
  }
  return unreadable;
}

function ignoredPaths(directory: string, files: readonly string[]): Set<string> {
  const inside = files
    .flatMap(placesOf)
    .map((file) => relative(directory, file))
    .filter((path) => path !== '' && !path.startsWith(`..${sep}`));
  return new Set(inside.map((path) => Buffer.from(path).toString('latin1')));
}

/** A database file under its names: as given, and with links resolved, because the roots have them resolved. */
function placesOf(file: string): string[] {
  const resolved = (path: string) => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  };
  return [file, join(resolved(dirname(file)), basename(file)), resolved(file)];
}

/** Archives everything the scan found, in order of root and path. */
async function archiveFound(
  source: MediaSource,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): Promise<void> {
  const totals = ledger.totals();
  const progress = throttledProgress(source.onEvent);
  let doneBytes = 0;
  let doneItems = 0;
  const report = (last = false) =>
    progress(
      {
        phase: 'media',
        doneBytes,
        totalBytes: totals.bytes,
        doneItems,
        totalItems: totals.files,
        items: 'files',
      },
      last,
    );
  for (const root of source.roots) {
    /** Directories that are not in the archive after all: what is in them waits for the catch-up. */
    const left = new Set<string>();
    for (const file of ledger.plan(root.name)) {
      if (left.size > 0 && isBelow(file.path, left)) continue;
      const isThere = await archiveOne(root, file, file.md5, writer, (entry) => {
        ledger.addArchived(root.name, file.path, entry);
        if (entry.type !== 'file') return;
        doneBytes += entry.size;
        doneItems++;
        report();
      });
      if (!isThere && file.kind === 'directory') left.add(file.path.toString('latin1'));
    }
  }
  await writer.drain();
  report(true);
}

function isBelow(path: Buffer, directories: ReadonlySet<string>): boolean {
  const parent = parentPath(path);
  if (parent === undefined) return directories.has('');
  return directories.has(parent.toString('latin1')) || isBelow(parent, directories);
}

/** Reads again what the references of a snapshot need, or what changed while it was read, and is not archived in that state. */
async function catchUp(
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
  const parents = new Map<string, boolean>();
  for (const { root: name, path, md5 } of wanted.values()) {
    const root = source.roots.find((each) => each.name === name);
    const found = root && findAgain(root, path);
    if (!root || !found) continue;
    const note = (entry: WrittenEntry) => ledger.addArchived(name, path, entry);
    if (await archiveParents(root, path, parents, ledger, writer)) {
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

/** Derived files that are left out need no proof: they are declared. Essential ones stay, and are named with the reason. */
function settleExcluded(source: MediaSource, ledger: BackupLedger): void {
  const ignoredClasses = new IgnoredMediaClasses(source.excludeClasses);
  const isKept = (root: Root, path: string): boolean =>
    ignoredClasses.apply(source.adapter.classify(root.name, path, source.instance)).keep;
  for (const { root: name, path } of ledger.unsatisfied()) {
    const root = source.roots.find((each) => each.name === name);
    const parts = splitPath(path).map(String);
    const above = parts.slice(1).map((_, number) => `${parts.slice(0, number + 1).join('/')}/`);
    if (!root || [...above, parts.join('/')].every((each) => isKept(root, each))) continue;
    if (!ledger.forgetDerived(name, path)) continue;
    const found: FoundFile = { root: name, path, kind: 'file', size: 0, mtimeNs: '' };
    ledger.addArchived(name, path, unreadEntry(found, excludedFailure));
  }
}

function isChangedSince(
  source: MediaSource,
  file: { root: string; path: Buffer; size: number; mtime: string },
): boolean {
  const root = source.roots.find((each) => each.name === file.root);
  const now = root && findAgain(root, file.path);
  return now !== undefined && (now.size !== file.size || now.mtimeNs !== file.mtime);
}

function findAgain(root: Root, path: Buffer): FoundFile | undefined {
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

/** False when there is nothing of it in the archive, and nobody was told, or the failure was told at once. */
async function archiveOne(
  root: Root,
  file: FoundFile,
  md5: boolean,
  writer: ArchiveWriter,
  onEntry: (entry: WrittenEntry) => void,
): Promise<boolean> {
  const source = joinBytes(Buffer.from(root.directory), file.path);
  const path = joinBytes(Buffer.from(`media/${root.name}`), file.path);
  if (file.kind === 'file') {
    await writer.addDisk({ source, path, expectedSize: file.size, md5 }, onEntry);
    return true;
  }
  let status: Stats;
  let link: Buffer | undefined;
  try {
    status = lstatSync(source);
    if (file.kind === 'link') link = readlinkSync(source, { encoding: 'buffer' });
  } catch (error) {
    const code = systemErrorCode(error) ?? 'EIO';
    // a link or directory that vanished meanwhile is nothing that a row can need
    if (code !== 'ENOENT' && code !== 'EINVAL') onEntry(unreadEntry(file, code));
    return false;
  }
  await writer.addMade(
    {
      path,
      type: file.kind,
      ...(link && { link }),
      mode: file.kind === 'link' ? 0o777 : status.mode & 0o7777,
      uid: status.uid,
      gid: status.gid,
      mtime: file.mtimeNs,
    },
    onEntry,
  );
  return true;
}

/** For the notes: something that is not in the archive, and why. */
function unreadEntry(file: FoundFile, failure: string): WrittenEntry {
  const nothing = { size: 0, sha256: '', mode: 0, uid: 0, gid: 0, mtime: '', frame: 0, offset: 0 };
  return { path: file.path, type: file.kind, ...nothing, changed: false, failure };
}
