// What stands where a restore wants to build, and whether the application is still using it. Nothing is changed.

import { setTimeout as sleep } from 'node:timers/promises';
import { assertNotAborted, DmsBackupError } from '../../errors.ts';
import type { ConnectOptions, DatabaseLocation, TargetDatabase } from '../engine.ts';
import { connect, readingCodes, type Session } from './connect.ts';
import { quoteQualified } from './identifiers.ts';
import { ofExtension, userSchemas } from './rights.ts';

const pauseMs = 200;
/** Above this number of rows a table is estimated. */
const countedRows = 100_000;

/** See {@link DatabaseEngine.inspectTarget}. A database that is missing cannot be made by us: `database-not-found`. */
export async function inspectTarget(
  location: DatabaseLocation,
  options: ConnectOptions = {},
): Promise<TargetDatabase> {
  const session = await connect(location, options, readingCodes);
  try {
    await assertUnused(session);
    return await count(session);
  } finally {
    await session.close();
  }
}

interface Neighbour {
  readonly pid: string;
  readonly application: string | null;
  readonly state: string | null;
}

/** Idle connections of an application do no harm; transactions and statements under way do. */
async function assertUnused(session: Session): Promise<void> {
  const deadline = performance.now() + session.lockTimeoutMs;
  for (;;) {
    const [busy] = await findBusy(session);
    if (!busy) return;
    assertNotAborted(session.signal);
    if (performance.now() >= deadline) {
      const who = busy.application ? `'${busy.application}'` : 'another client';
      throw new DmsBackupError(
        'database-locked',
        `cannot get exclusive access to ${session.what}: ${who} (process ${busy.pid} of the server) is working in it`,
        { hint: 'Stop the application and everything else that uses this database, then restore.' },
      );
    }
    await sleep(pauseMs);
  }
}

/** What sessions of other users do is hidden from ordinary users, but their locks are not. */
async function findBusy(session: Session): Promise<Neighbour[]> {
  return session.run<{ pid: string; application: string | null; state: string | null }>(
    'look for other sessions',
    `SELECT a.pid, a.application_name AS application, a.state
      FROM pg_catalog.pg_stat_activity a
      WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
        AND a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend'
        AND (coalesce(a.state, 'idle') NOT IN ('idle', 'disabled')
          OR EXISTS (SELECT FROM pg_catalog.pg_locks l
            WHERE l.pid = a.pid AND l.locktype = 'relation'
              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))
      ORDER BY a.pid LIMIT 1`,
  );
}

async function count(session: Session): Promise<TargetDatabase> {
  const doing = 'count the rows';
  const tables = await session.run<{
    schema: string;
    name: string;
    estimate: string;
    readable: string;
  }>(
    doing,
    `SELECT n.nspname AS schema, c.relname AS name, greatest(c.reltuples, 0)::bigint AS estimate,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
          AND NOT pg_catalog.row_security_active(c.oid) AS readable
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${userSchemas} AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
        AND NOT ${ofExtension('pg_class', 'c.oid')}
      ORDER BY 1, 2`,
  );
  let rows = 0;
  for (const { schema, name, estimate, readable } of tables) {
    let counted = Number(estimate);
    if (readable === 't' && counted <= countedRows) {
      const [row] = await session.run<{ n: string }>(
        doing,
        `SELECT pg_catalog.count(*) AS n
          FROM (SELECT FROM ONLY ${quoteQualified(schema, name)} LIMIT ${countedRows}) AS t`,
      );
      counted = Math.max(counted > countedRows ? counted : 0, Number(row?.n ?? 0));
    }
    rows += counted;
  }
  const isEmpty = tables.length === 0 && !(await hasOtherObjects(session));
  return { state: isEmpty ? 'empty' : 'occupied', tables: tables.length, rows };
}

/** Views, functions and the like: a rebuild would remove them, too. */
async function hasOtherObjects(session: Session): Promise<boolean> {
  const rows = await session.run(
    'look for other objects',
    `SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
      WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n' AND ${userSchemas}
        AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass,
          'pg_catalog.pg_type'::pg_catalog.regclass)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
          WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
      LIMIT 1`,
  );
  return rows.length > 0;
}
