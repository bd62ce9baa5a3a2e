// The folder of a drill: private, made in one go, and removed whatever modes the archive gave to the directories in it.

import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.ts';
import { writeError } from '../io/sink.ts';
import { joinBytes } from '../media/scan.ts';

/** A new folder with mode 0700. Throws `destination-unwritable`, `no-space`. */
export function makeScratchFolder(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'dms-backup-drill-'));
  } catch (cause) {
    throw writeError(cause, parent);
  }
}

/** Throws the error of the system when something stays. */
export function removeScratchFolder(folder: string): void {
  const options = { recursive: true, force: true } as const;
  try {
    rmSync(folder, options);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(systemErrorCode(error) ?? '')) throw error;
    openUp(Buffer.from(folder));
    rmSync(folder, options);
  }
}

/** Directories that came without the right to write keep their content. */
function openUp(path: Buffer): void {
  chmodSync(path, 0o700);
  const entries = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  for (const entry of entries) {
    if (entry.isDirectory()) openUp(joinBytes(path, entry.name));
  }
}
