// Reads the files that came after the walk, before anybody has asked which of them are needed: asking takes seconds when
// there are many documents, and while the application is paused there are none to spare.

import type { Root } from '../adapter.ts';
import type { ArchiveWriter } from '../archive/writer.ts';
import { sideFolderName } from '../media/scan.ts';
import { findAgain, readNow } from './catch-up.ts';
import type { PresentFile } from './catch-up.ts';
import { DirectorySweep } from './directory-sweep.ts';
import type { BackupLedger } from './ledger.ts';
import { ignoredPaths, keptPaths } from './media-source.ts';
import type { MediaSource } from './media-source.ts';

/** Returns a function that reads what has come since it was called last (first: since the walk), and says how many files. */
export function createNewcomers(
  source: MediaSource,
  ledger: BackupLedger,
  writer: ArchiveWriter,
): () => Promise<number> {
  const isKept = keptPaths(source);
  const sweeps = source.roots.map((root) => {
    const ignored = ignoredPaths(root.directory, source.databaseFiles);
    const isWanted = (path: Buffer, isDirectory: boolean) =>
      !ignored.has(path.toString('latin1')) && isKept(root, path, isDirectory);
    const sweep = new DirectorySweep(
      root.directory,
      (path) => path.toString('latin1') !== sideFolderName && isWanted(path, true),
      (path) => ledger.isArchivedDirectory(root.name, path),
    );
    return { root, sweep, isWanted };
  });
  const found = async (): Promise<PresentFile[]> => {
    const files: PresentFile[] = [];
    for (const { root, sweep, isWanted } of sweeps) {
      for await (const paths of sweep.newFiles()) {
        for (const path of paths) {
          if (ledger.isArchived(root.name, path) || !isWanted(path, false)) continue;
          files.push(...present(root, path));
        }
      }
    }
    return files;
  };
  return async () => {
    // many small ones are safe before a large one takes its time
    const files = (await found()).toSorted((one, other) => one.found.size - other.found.size);
    await readNow(files, ledger, writer);
    return files.length;
  };
}

/** With MD5: no row has been asked yet whether it wants one, and reading twice might be once too late. */
function present(root: Root, path: Buffer): PresentFile[] {
  const found = findAgain(root, path);
  return found ? [{ root, found, md5: true }] : [];
}
