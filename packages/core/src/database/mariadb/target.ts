// What stands where a restore wants to build, and whether the application is still writing. Nothing is changed.

import { DmsBackupError } from '../../errors.ts';
import type { ConnectOptions, TargetDatabase } from '../engine.ts';
import { readTableEntries } from './catalogue.ts';
import { connect, type Session } from './connect.ts';
import type { MariadbLocation } from './names.ts';
import { literal, qualified } from './quoting.ts';
import { errorNumber, serverError } from './server-error.ts';

/** See {@link DatabaseEngine.inspectTarget}. Throws `database-locked`, `database-not-found`, `database-denied`. */
export async function inspectTarget(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<TargetDatabase> {
  const session = await connect(location, options);
  try {
    await assertUnused(session, location.name);
    const entries = await readTableEntries(session, location.name);
    const tables = entries.filter(({ type }) => type !== 'VIEW' && type !== 'SEQUENCE');
    let rows = 0;
    for (const { name } of tables) {
      rows += Number(await session.value(`SELECT count(*) FROM ${qualified(location.name, name)}`));
    }
    const state = entries.length === 0 ? 'empty' : 'occupied';
    return { state, tables: tables.length, rows };
  } catch (error) {
    throw serverError(error, `look at database '${location.name}'`, {
      otherwise: 'database-unreadable',
      hints: { 'database-denied': session.grantHint(...session.restoreGrants()) },
    });
  } finally {
    await session.close();
  }
}

/** Throws `database-locked` when another session in this database has a transaction open that has written. */
async function assertUnused(session: Session, database: string): Promise<void> {
  let count: string | null;
  try {
    count = await session.value(
      `SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist
       ON id = trx_mysql_thread_id WHERE db = ${literal(database)} AND id <> connection_id()`,
    );
  } catch (error) {
    // Without the PROCESS privilege other sessions cannot be seen; the switch waits for their locks.
    if (errorNumber(error) === 1227) return;
    throw error;
  }
  if (count === '0') return;
  throw new DmsBackupError(
    'database-locked',
    `database '${database}' is in use: ${count} other sessions have a transaction open`,
  );
}
