// Names of databases for a trial. The name alone says whose they are and when they were made, on every server: a later drill
// can tell what a killed one left, and none is ever dropped that does not bear such a name.

import { randomBytes } from 'node:crypto';
import { DmsBackupError } from '../errors.ts';

/** What all of them begin with. */
export const scratchPrefix = 'dms_backup_drill_';

/** Time of making in UTC, eight random bytes, and what a restore into MariaDB builds beside it (`mariadb/names.ts`). */
const form = /^dms_backup_drill_(\d{8})t(\d{6})_[0-9a-f]{16}(?:_dms_(?:new|former|old))?$/;

const dayMs = 24 * 60 * 60 * 1000;

/** A name that nobody else has. */
export function scratchName(now: Date): string {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
  return `${scratchPrefix}${time}_${randomBytes(8).toString('hex')}`;
}

/** Names among these that a drill made more than a day ago. */
export function oldScratchNames(names: readonly string[], now: Date): string[] {
  return names.filter((name) => {
    const [, day = '', time = ''] = form.exec(name) ?? [];
    const madeAt = Date.parse(
      `${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`,
    );
    return now.getTime() - madeAt > dayMs;
  });
}

/** Stands before everything that drops a database. Throws `target-unsafe`. */
export function assertScratch({ name = '' }: { readonly name?: string }): void {
  if (!form.test(name))
    throw new DmsBackupError('target-unsafe', `database '${name}' was not made by a drill`);
}
