// DATABASES[alias] as the project printed it, without its password.

import { dirname } from 'node:path';
import { DmsBackupError } from '@dms-backup/core';
import type { ProjectAnswer } from './manage-answer.ts';
import { toLocation, type StatedDatabase } from './stated-database.ts';

/** Throws `configuration-invalid` when there is no such database, or none that we can work with. */
export function databaseOfAnswer(
  { database, otherDatabases }: Pick<ProjectAnswer, 'database' | 'otherDatabases'>,
  manage: string,
  source: string,
): StatedDatabase {
  const { engine, engineName, options } = database;
  const refuse = (problem: string, hint: string): DmsBackupError =>
    new DmsBackupError('configuration-invalid', `cannot use ${source}: ${problem}`, { hint });
  if (engineName === '' || engineName === 'django.db.backends.dummy') {
    const others = otherDatabases.length === 0 ? '' : `It has: ${otherDatabases.join(', ')}.`;
    throw refuse(
      'the project has no such database',
      `Name one with --database-alias. ${others}`.trim(),
    );
  }
  if (engine === null) {
    const engines = 'SQLite, PostgreSQL, MySQL and MariaDB are supported.';
    throw refuse(`its engine is '${engineName}'`, engines);
  }
  // MySQL's own option file: host, name and password may all be there, and we do not read it.
  const file = options['read_default_file'];
  if (file !== undefined && database.name === '') {
    throw refuse(`it is left to '${file}', which is not read`, 'State it with --database.');
  }
  return toLocation({ ...database, engine, password: '' }, dirname(manage), source);
}
