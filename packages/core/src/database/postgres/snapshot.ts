// A consistent state of a live PostgreSQL database. One session holds the transaction, answers queries and exports its
// snapshot; tables are copied by up to two further sessions that take this snapshot. All tables are locked against changes
// of their definition (ACCESS SHARE), as pg_dump does it.

import { DmsBackupError, isDmsBackupError } from '../../errors.ts';
import { qualifiedName } from '../schema.ts';
import type {
  ConnectOptions,
  DatabaseLocation,
  DatabaseSchema,
  DatabaseSnapshot,
  IntegrityReport,
} from '../engine.ts';
import { isConfiguration } from './catalogue-tables.ts';
import { readSchema } from './catalogue.ts';
import { connect, readingCodes, type Session } from './connect.ts';
import { copyOut } from './copy-out.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from './identifiers.ts';
import { query } from './query.ts';
import { assertReadable, ofExtension, userSchemas } from './rights.ts';
import { sqlState } from './server-error.ts';
import { createSessionPool, type SessionPool } from './session-pool.ts';

const copySessions = 2;
/** Tables may be made between listing and locking them; an application that always does is not at rest. */
const lockAttempts = 5;
/** SQLSTATE codes. */
const queryCanceled = '57014';
const undefinedTable = '42P01';

/** See {@link DatabaseEngine.openSnapshot}. The caller must close it. */
export async function openSnapshot(
  location: DatabaseLocation,
  options: ConnectOptions = {},
): Promise<DatabaseSnapshot> {
  const session = await connect(location, options, readingCodes);
  try {
    await assertReadable(session);
    const schema = await readLocked(session);
    const [row] = await session.run<{ id: string }>(
      'export the snapshot',
      'SELECT pg_catalog.pg_export_snapshot() AS id',
    );
    const searchPath = await setSearchPath(session);
    const pool = createSessionPool(copySessions, async () =>
      joinSnapshot(await connect(location, options, readingCodes), row?.id ?? ''),
    );
    return createSnapshot(session, pool, schema, searchPath);
  } catch (error) {
    await session.close();
    throw session.explain(error, 'read the schema');
  }
}

function createSnapshot(
  session: Session,
  pool: SessionPool,
  schema: DatabaseSchema,
  defaultSchema: string,
): DatabaseSnapshot {
  const columnsOf = new Map<string, ReadonlySet<string>>();
  for (const table of schema.tables) {
    const columns = new Set(table.columns.map(({ name }) => name));
    // A name without schema wins over a qualified one that looks the same.
    if (!columnsOf.has(qualifiedName(table))) columnsOf.set(qualifiedName(table), columns);
    if (table.schema === defaultSchema) columnsOf.set(table.name, columns);
  }
  return {
    engine: 'postgres',
    schema,
    parallelTables: copySessions,
    has(table, ...columns) {
      const known = columnsOf.get(table);
      return known !== undefined && columns.every((column) => known.has(column));
    },
    query: (sql, parameters = []) => query(session, sql, parameters),
    checkIntegrity: () => checkIntegrity(session),
    async *copyOut(table, copyOptions) {
      const copier = await pool.take();
      try {
        return yield* copyOut(copier, table, copyOptions?.chunkBytes);
      } finally {
        pool.giveBack(copier);
      }
    },
    async close() {
      await pool.close();
      await session.close();
    },
  };
}

/** Begins the transaction, locks all tables and reads the schema; begins again when there are new tables then. */
async function readLocked(session: Session): Promise<DatabaseSchema> {
  for (let attempt = 0; attempt < lockAttempts; attempt++) {
    const names = await tableNames(session);
    if (await begin(session, names)) {
      const after = await tableNames(session);
      const locked = new Set(names);
      if (after.every((name) => locked.has(name))) return await readSchema(session.client);
    }
    await session.run('begin again', 'ROLLBACK');
  }
  throw new DmsBackupError(
    'database-locked',
    `cannot read ${session.what}: tables are created and dropped all the time`,
    { hint: 'Try again when the upgrade of the application has ended.' },
  );
}

/** Quoted names of all tables with rows. */
async function tableNames(session: Session): Promise<string[]> {
  const rows = await session.run<{ schema: string; name: string }>(
    'list the tables',
    `SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${userSchemas} AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
        AND (NOT ${ofExtension('pg_class', 'c.oid')} OR ${isConfiguration('c.oid')})
      ORDER BY 1, 2`,
  );
  return rows.map(({ schema, name }) => quoteQualified(schema, name));
}

/**
 * A serialisable state that waits for no writer: DEFERRABLE waits for a moment without dangerous transactions, for no longer
 * than locks are waited for. After that, and on a standby (which has no serialisable transactions), the state of REPEATABLE
 * READ, which is what pg_dump takes. The locks come before the state is taken: no TRUNCATE can come between. False when a
 * table is gone.
 */
async function begin(session: Session, names: readonly string[]): Promise<boolean> {
  const doing = 'take a snapshot';
  const lock =
    names.length === 0 ? '' : `LOCK TABLE ONLY ${names.join(', ONLY ')} IN ACCESS SHARE MODE;`;
  const [standby] = await session.run<{ is: string }>(
    doing,
    'SELECT pg_catalog.pg_is_in_recovery() AS is',
  );
  if (standby?.is !== 't') {
    if (
      !(await tryLock(session, `BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; ${lock}`))
    ) {
      return false;
    }
    try {
      await session.client.query(
        `SET LOCAL statement_timeout = ${Math.max(1, Math.round(session.lockTimeoutMs))}`,
      );
      await session.client.query('SELECT pg_catalog.txid_current_snapshot()');
      await session.run(doing, 'SET LOCAL statement_timeout = 0');
      return true;
    } catch (error) {
      if (sqlState(error) !== queryCanceled) throw error;
      await session.run(doing, 'ROLLBACK');
    }
  }
  return await tryLock(session, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${lock}`);
}

async function tryLock(session: Session, sql: string): Promise<boolean> {
  try {
    await session.run('lock the tables', sql);
    return true;
  } catch (error) {
    if (isDmsBackupError(error) && error.context['sqlState'] === undefinedTable) return false;
    throw error;
  }
}

async function joinSnapshot(session: Session, id: string): Promise<Session> {
  try {
    await session.run('join the snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await session.run('join the snapshot', `SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Names without schema mean the first schema of the search path, as for the application itself, or `public` where that one
 * has no tables. Returns it.
 */
async function setSearchPath(session: Session): Promise<string> {
  const doing = 'find the default schema';
  const rows = await session.run<{ name: string; filled: string }>(
    doing,
    `SELECT s.name, EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
        AND NOT ${ofExtension('pg_class', 'c.oid')}) AS filled
      FROM pg_catalog.unnest(pg_catalog.current_schemas(false) || '{public}'::pg_catalog.name[])
        WITH ORDINALITY AS s (name, place)
        JOIN pg_catalog.pg_namespace n ON n.nspname = s.name
      ORDER BY s.place`,
  );
  const chosen = rows.find(({ filled }) => filled === 't') ?? rows[0];
  const name = chosen?.name ?? 'public';
  const path = [name, ...rows.map((row) => row.name).filter((other) => other !== name)];
  await session.run(doing, `SET LOCAL search_path = ${path.map(quoteIdentifier).join(', ')}`);
  return name;
}

/**
 * The server has no check of its own for rows; it knows which constraints it does not vouch for. (Indexes that are not valid are
 * refused with the schema.)
 */
async function checkIntegrity(session: Session): Promise<IntegrityReport> {
  const rows = await session.run<{ problem: string }>(
    'check the constraints',
    `SELECT pg_catalog.format('constraint %s of table %s.%s is not validated', k.conname, n.nspname, c.relname) AS problem
      FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT k.convalidated AND ${userSchemas}
    ORDER BY 1`,
  );
  return { damage: [], brokenRules: rows.map(({ problem }) => problem) };
}
