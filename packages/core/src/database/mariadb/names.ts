// The databases that a restore makes beside the real one, on the same server, and the lock that all restores of it take.

import { createHash } from 'node:crypto';
import type { DatabaseLocation } from '../engine.ts';

/** The longest name of a database: https://mariadb.com/kb/en/identifier-names/ */
const maximumLength = 64;

/** Databases of one target. All but `live` are ours and carry a marker. */
export interface DatabaseNames {
  readonly live: string;
  /** Where the next state is built, and the notes of a switch. */
  readonly workshop: string;
  /** What the last restore replaced, for `undo`. */
  readonly former: string;
  /** Replaced tables on their way out. */
  readonly discarded: string;
  /** Name for GET_LOCK: at most 64 characters, whatever the database is called. */
  readonly lock: string;
  /** Pattern for GRANT that covers the three databases of ours. */
  readonly grantPattern: string;
}

export type MariadbLocation = Extract<DatabaseLocation, { engine: 'postgres' | 'mariadb' }>;

export function databaseNames(live: string): DatabaseNames {
  const stem = [...live].length > maximumLength - '_dms_former'.length ? shortened(live) : live;
  return {
    live,
    workshop: `${stem}_dms_new`,
    former: `${stem}_dms_former`,
    discarded: `${stem}_dms_old`,
    lock: `dms-backup:${hash(live).slice(0, 32)}`,
    grantPattern: `${escapePattern(stem)}\\_dms\\_%`,
  };
}

/** GRANT takes `_` and `%` in database names for wildcards. */
export function escapePattern(name: string): string {
  return name.replaceAll(/[\\_%]/g, String.raw`\$&`);
}

function shortened(name: string): string {
  return `${[...name].slice(0, 40).join('')}_${hash(name).slice(0, 8)}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
