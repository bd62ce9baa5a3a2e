// Brings the files of an instance into the archive: first everything that a walk finds (the application goes on working),
// then, against the references of one database snapshot, what is missing or has changed since.

import type { PathRule } from '../adapter.ts';
import { parentPath } from '../archive/entry-path.ts';
import { formatMtime } from '../archive/entry-time.ts';
import type { ArchiveWriter } from '../archive/writer.ts';
import { assertNotAborted } from '../errors.ts';
import { throttledProgress } from '../events.ts';
import { scanTree } from '../media/scan.ts';
import { archiveOne, unreadEntry } from './archive-one.ts';
import { catchUp } from './catch-up.ts';
import { IgnoredMediaClasses } from './exclusions.ts';
import type { ExclusionList } from './exclusions.ts';
import { excludedFailure } from './ledger.ts';
import type { BackupLedger, FoundFile } from './ledger.ts';
import { ignoredPaths, keptPaths } from './media-source.ts';
import type { MediaSource } from './media-source.ts';
import { createNewcomers } from './newcomers.ts';

export { existingRoots } from './media-source.ts';
export type { MediaSource } from './media-source.ts';

/** Snapshots taken at most while files vanish between the database and the disk. */
const snapshotTries = 4;

/**
 * Opens a snapshot and puts its references into the ledger. `readNewcomers` reads the files that came since the walk, or since
 * it was called last, and returns how many; it may be called at any time before the function returns, or never.
 */
type NextSnapshot = (readNewcomers: () => Promise<number>) => Promise<void>;

/**
 * All files of the instance: the walk, the bulk pass, then catch-up against the references that `nextSnapshot` puts into the
 * ledger, with further snapshots while files move. Returns what could not be read.
 */
export async function archiveMedia(
  source: MediaSource,
  ledger: BackupLedger,
  writer: ArchiveWriter,
  exclusions: ExclusionList,
  nextSnapshot: NextSnapshot,
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
  const readNewcomers = createNewcomers(source, ledger, writer);
  for (let attempt = 0; attempt < snapshotTries; attempt++) {
    step(
      'snapshot',
      attempt === 0
        ? 'opening the database snapshot'
        : 'files moved meanwhile: taking another snapshot',
    );
    await nextSnapshot(readNewcomers);
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

/** Derived files that are left out need no proof: they are declared. Essential ones stay, and are named with the reason. */
function settleExcluded(source: MediaSource, ledger: BackupLedger): void {
  const isKept = keptPaths(source);
  for (const { root: name, path } of ledger.unsatisfied()) {
    const root = source.roots.find((each) => each.name === name);
    if (!root || isKept(root, path)) continue;
    if (!ledger.forgetDerived(name, path)) continue;
    const found: FoundFile = { root: name, path, kind: 'file', size: 0, mtimeNs: '' };
    ledger.addArchived(name, path, unreadEntry(found, excludedFailure));
  }
}
