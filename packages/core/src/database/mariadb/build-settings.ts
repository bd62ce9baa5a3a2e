// Settings of a session that builds tables from definitions of an archive: what was valid when they were made is valid now.

import type { DatabaseSchema } from '../engine.ts';
import type { Session } from './connect.ts';
import { errorNumber, serverError } from './server-error.ts';

/** For every session that creates, fills or renames tables. */
export async function allowAllRows(session: Session): Promise<void> {
  await session.run('SET SESSION foreign_key_checks = 0');
  if (session.isMariadb) {
    await session.run('SET SESSION check_constraint_checks = 0');
    return;
  }
  // MySQL 8.4 refuses foreign keys to columns that are not unique, which 8.0 took.
  if ((await variable(session, 'restrict_fk_on_non_standard_key')) === 'ON') {
    await session.run('SET SESSION restrict_fk_on_non_standard_key = OFF');
  }
}

/**
 * MySQL 8.0.30 and later can be told to give tables without a key one that nobody asked for; then they would not be what was
 * archived. Throws `database-denied` when it is on and this user may not turn it off.
 */
export async function forbidInvisibleKeys(session: Session, schema: DatabaseSchema): Promise<void> {
  const name = 'sql_generate_invisible_primary_key';
  if (session.isMariadb || schema.tables.every(({ primaryKey }) => primaryKey.length > 0)) return;
  if ((await variable(session, name)) !== 'ON') return;
  try {
    await session.run(`SET SESSION ${name} = OFF`);
  } catch (error) {
    if (errorNumber(error) !== 1227) throw error;
    throw serverError(error, `turn ${name} off to create tables without a primary key`, {
      hints: { 'database-denied': session.grantHint('GRANT SESSION_VARIABLES_ADMIN ON *.*') },
    });
  }
}

/** Undefined: this server has no such variable. */
async function variable(session: Session, name: string): Promise<string | null | undefined> {
  return (await session.rows(`SHOW VARIABLES LIKE '${name}'`))[0]?.[1];
}
