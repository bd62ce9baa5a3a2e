// Prune and backup keep away from each other at a destination: backups share the lock of its directory, a prune has it alone. Backups
// do not disturb each other, not even those of one instance: each writes a file of its own name.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { takeLock, waitForLock } from '../io/lock.ts';
import type { Lock, LockMode, WaitOptions } from '../io/lock.ts';

/** Of the file, which is none of the archives. */
export const lockName = '.dms-backup.lock';

/** The directory must exist. Throws `locked`, or `destination-unwritable` where no lock can be made at all. */
export async function lockDestination(
  directory: string,
  mode: LockMode,
  options: WaitOptions,
): Promise<Lock> {
  const what = `the archives in '${directory}'`;
  try {
    return await waitForLock(join(directory, lockName), what, mode, options);
  } catch (error) {
    if (!isDmsBackupError(error) || error.code !== 'locked' || canLock(directory)) throw error;
    throw new DmsBackupError(
      'destination-unwritable',
      `the file system of '${directory}' has no locks`,
      { hint: 'For a network file system, start its lock service.', cause: error },
    );
  }
}

/** SQLite calls a file busy, too, when the file system has no locks (NFS without lockd): then even a new file is. */
function canLock(directory: string): boolean {
  try {
    takeLock(join(directory, `${lockName}-${randomUUID()}`), directory).release();
    return true;
  } catch (error) {
    if (isDmsBackupError(error) && error.code === 'locked') return false;
    throw error;
  }
}
