// For the tests of the PostgreSQL engine: backup and restore of one database into another, and what must be equal then.

import type { ClientBase } from 'pg';
import type {
  ConnectOptions,
  CopyChunk,
  DatabaseLoad,
  DatabaseLocation,
  DatabaseSchema,
  DatabaseSnapshot,
  LoadTarget,
  Table,
  TableDigest,
} from '../src/database/engine.ts';
import { parseDatabaseUrl } from '../src/database/database-url.ts';
import { postgresEngine } from '../src/database/postgres/engine.ts';

export function locationOf({ url }: { url: string }): DatabaseLocation {
  return parseDatabaseUrl(url, '/');
}

/** Short waits, so that tests of locks are quick. */
export const quick: ConnectOptions = {
  lockTimeoutMs: 300,
  environment: { PGPASSWORD: process.env['PGPASSWORD'] },
};

export function targetOf(
  database: { url: string },
  mode: LoadTarget['mode'] = 'rebuild',
): LoadTarget {
  return { location: locationOf(database), directory: '', mode, keepFormer: false };
}

/** All of a stream. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** All of a table. */
export async function readTable(
  snapshot: Pick<DatabaseSnapshot, 'copyOut'>,
  table: Table,
  options?: { chunkBytes?: number },
): Promise<{ chunks: CopyChunk[]; digest: TableDigest }> {
  const chunks: CopyChunk[] = [];
  const rows = snapshot.copyOut(table, options);
  for (;;) {
    const { done, value } = await rows.next();
    if (done) return { chunks, digest: value };
    chunks.push(value);
  }
}

export interface Backup {
  readonly schema: DatabaseSchema;
  readonly tables: ReadonlyMap<string, { chunks: CopyChunk[]; digest: TableDigest }>;
}

export async function backUp(
  database: { url: string },
  options?: { chunkBytes?: number },
  connectOptions: ConnectOptions = quick,
): Promise<Backup> {
  const snapshot = await postgresEngine.openSnapshot(locationOf(database), connectOptions);
  try {
    const tables = new Map<string, { chunks: CopyChunk[]; digest: TableDigest }>();
    for (const table of snapshot.schema.tables) {
      tables.set(table.name, await readTable(snapshot, table, options));
    }
    return { schema: snapshot.schema, tables };
  } finally {
    await snapshot.close();
  }
}

/** Loads rows and definitions; the caller commits or discards. Fails when a digest differs. */
export async function load(
  backup: Backup,
  target: LoadTarget,
  options: ConnectOptions = quick,
): Promise<DatabaseLoad> {
  const opened = await postgresEngine.openLoad(backup.schema, target, options);
  try {
    await opened.createTables();
    for (const table of backup.schema.tables) {
      for (const chunk of backup.tables.get(table.name)?.chunks ?? []) {
        await opened.copyIn(table, chunk);
      }
    }
    await opened.finish();
    for (const table of backup.schema.tables) {
      const digest = await opened.digest(table);
      if (JSON.stringify(digest) !== JSON.stringify(backup.tables.get(table.name)?.digest)) {
        throw new Error(`table ${table.name} differs`);
      }
    }
    return opened;
  } catch (error) {
    await opened.discard();
    throw error;
  }
}

/** Rows of every table as the server prints them, in stored order: an account that shares no code with the engine. */
export async function stateOf(client: ClientBase): Promise<Record<string, unknown>> {
  const tables = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  );
  const state: Record<string, unknown> = {};
  for (const { name } of tables.rows) {
    const rows = await client.query<{ n: string; hash: string }>(
      `SELECT count(*) AS n, md5(string_agg(md5(coalesce(r::text, 'null')), '' ORDER BY place)) AS hash
        FROM (SELECT t.ctid AS place, t AS r FROM ONLY ${name} t) x`,
    );
    state[name] = rows.rows[0];
  }
  return state;
}
