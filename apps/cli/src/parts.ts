// Which parts of an installation a verb is about: --only, --skip-media, --skip-database.

import type { Part } from '@dms-backup/core';
import type { Values } from './arguments/flags.ts';
import { UsageError } from './usage-error.ts';

/** Refuses flags that leave nothing or say two things. */
export function assertParts(values: Values): void {
  if (values.skipMedia && values.skipDatabase)
    throw new UsageError('--skip-media and --skip-database together leave nothing to do');
  if (values.only === 'media' && values.skipMedia)
    throw new UsageError('--only media and --skip-media contradict each other');
  if (values.only === 'database' && values.skipDatabase)
    throw new UsageError('--only database and --skip-database contradict each other');
}

/** Database first: the order does not matter to core, it is for reading. */
export function chooseParts(values: Values): Part[] {
  assertParts(values);
  if (values.only !== undefined) return [values.only];
  if (values.skipMedia) return ['database'];
  if (values.skipDatabase) return ['media'];
  return ['database', 'media'];
}
