// What cli.md promises and this release does not have yet. It is answered clearly (exit 2).

import { notInThisRelease } from '../usage-error.ts';

/** Verbs of later releases. */
export const laterVerbs: readonly string[] = ['find', 'extract'];

/** Storages of later releases, as the first part of their URLs. */
const storageSchemes = /^(s3|sftp|ssh|rclone|restic|webdavs?|https?|b2|gs|azure|rest|smb|ftps?):/i;

/** Refuses URLs where a path is meant. `what` is the name of the argument. */
export function assertNoStorageUrl(word: string, what: string): void {
  const scheme = storageSchemes.exec(word)?.[1] ?? /^([a-z][a-z0-9+.-]*):\/\//i.exec(word)?.[1];
  if (scheme === undefined) return;
  throw notInThisRelease(
    `${what} on '${scheme.toLowerCase()}:'`,
    `Give a directory or a file; for a directory of that name write \`./${scheme}:...\`.`,
  );
}
