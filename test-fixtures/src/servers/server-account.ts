// PostgreSQL refuses to run as root: as root we start it as `nobody`.

import { readFileSync } from 'node:fs';

/** User and group ids as `spawn` takes them; empty for the own account. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** The account for server processes. Throws when we are root and the machine has no user `nobody`. */
export function findServerAccount(): ServerAccount {
  if (process.getuid?.() !== 0) return {};
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (!entry) throw new Error('cannot start PostgreSQL as root: there is no user nobody');
  return { uid: Number(entry[1]), gid: Number(entry[2]) };
}
