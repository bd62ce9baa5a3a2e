// Scratch databases on a real MariaDB or MySQL server: the one of `.ci/servers` or of this machine. Without one the tests of the
// file are skipped, which the run says at its end; where `CI` is set they fail.

import { randomBytes } from 'node:crypto';
import { findMariadb } from '@dms-backup/test-fixtures/servers';
import { createConnection, type Connection } from 'mysql2';
import { afterAll, beforeEach } from 'vitest';
import type {
  CopyChunk,
  DatabaseLoad,
  DatabaseSchema,
  TableDigest,
} from '../src/database/engine.ts';
import { mariadbEngine } from '../src/database/mariadb/engine.ts';
import { databaseNames, type MariadbLocation } from '../src/database/mariadb/names.ts';

const { env } = process;
const server = await findMariadb();
const { host, port, user } = server ?? { host: '', port: 0, user: '' };
const made = new Set<string>();

beforeEach(({ skip }) => {
  if (server === undefined) skip('no MariaDB server');
});

export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** The server of the tests unless another one is given. */
type Place = Pick<MariadbLocation, 'host' | 'port' | 'user'>;

export async function openClient(
  database?: string,
  place: Place = { host, port, user },
): Promise<Client> {
  const connection = createConnection({
    host: place.host,
    ...(place.port !== undefined && { port: place.port }),
    ...(place.user !== undefined && { user: place.user }),
    charset: 'UTF8MB4_UNICODE_CI',
    multipleStatements: true,
    ...(database !== undefined && { database }),
  });
  connection.on('error', () => {});
  const client = new Client(connection);
  await client.rows("SET time_zone = '+00:00', foreign_key_checks = 0");
  return client;
}

/** A session that shares no code with the engine. */
export class Client {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Rows as text; bytes that are no text show as Latin-1. */
  async rows(sql: string): Promise<(string | null)[][]> {
    return await new Promise((resolve, reject) => {
      this.connection.query(
        { sql, rowsAsArray: true, typeCast: (field) => field.buffer()?.toString() ?? null },
        (error, result) => {
          if (error) reject(error);
          else resolve(Array.isArray(result) ? (result as never) : []);
        },
      );
    });
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.connection.end(() => resolve());
    });
  }
}

export async function withClient<T>(
  database: string | undefined,
  work: (client: Client) => Promise<T>,
  place?: Place,
): Promise<T> {
  const client = await openClient(database, place);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A new, empty database, filled by `sql`. It and those that restores make beside it are dropped after the tests. */
export async function makeDatabase(
  sql = '',
  name = `dms_test_${randomBytes(5).toString('hex')}`,
  collation = 'utf8mb4_unicode_ci',
): Promise<MariadbLocation> {
  await withClient(undefined, async (client) => {
    await client.rows(`CREATE DATABASE ${quoted(name)} CHARACTER SET utf8mb4 COLLATE ${collation}`);
    made.add(name);
    if (sql !== '') await client.rows(`USE ${quoted(name)}; ${sql}`);
  });
  return { engine: 'mariadb', host, port, user, name };
}

afterAll(async () => {
  if (made.size === 0) return;
  await withClient(undefined, async (client) => {
    for (const name of made) {
      const { live, workshop, former, discarded } = databaseNames(name);
      for (const each of [live, workshop, former, discarded]) {
        await client.rows(`DROP DATABASE IF EXISTS ${quoted(each)}`);
      }
    }
  });
});

/** Databases of the server that belong to a location, without the live one. */
export async function databasesBeside(location: MariadbLocation): Promise<string[]> {
  const { workshop, former, discarded } = databaseNames(location.name);
  const found = await withClient(
    undefined,
    async (client) => await client.rows('SHOW DATABASES'),
    location,
  );
  const names = new Set(found.map(([name]) => name));
  return Object.entries({ workshop, former, discarded })
    .filter(([, name]) => names.has(name))
    .map(([role]) => role);
}

export interface Backup {
  readonly schema: DatabaseSchema;
  readonly chunks: ReadonlyMap<string, readonly CopyChunk[]>;
  readonly digests: Readonly<Record<string, TableDigest>>;
  readonly brokenRules: readonly string[];
}

export const options = { environment: env, lockTimeoutMs: 4000 };

export async function backUp(location: MariadbLocation, chunkBytes?: number): Promise<Backup> {
  const snapshot = await mariadbEngine.openSnapshot(location, options);
  try {
    const { brokenRules } = await snapshot.checkIntegrity();
    const chunks = new Map<string, CopyChunk[]>();
    const digests: Record<string, TableDigest> = {};
    for (const table of snapshot.schema.tables) {
      const rows = snapshot.copyOut(table, chunkBytes === undefined ? {} : { chunkBytes });
      const list: CopyChunk[] = [];
      for (;;) {
        const { done, value } = await rows.next();
        if (done) {
          digests[table.name] = value;
          break;
        }
        list.push(value);
      }
      chunks.set(table.name, list);
    }
    return { schema: snapshot.schema, chunks, digests, brokenRules };
  } finally {
    await snapshot.close();
  }
}

/** Builds the archived state beside a database; nothing is switched yet. */
export async function prepare(
  backup: Backup,
  location: MariadbLocation,
  keepFormer = true,
): Promise<{ load: DatabaseLoad; digests: Record<string, TableDigest> }> {
  const target = { location, directory: '', mode: 'rebuild', keepFormer } as const;
  const load = await mariadbEngine.openLoad(backup.schema, target, options);
  try {
    await load.createTables();
    for (const table of backup.schema.tables) {
      for (const chunk of backup.chunks.get(table.name) ?? []) await load.copyIn(table, chunk);
    }
    await load.finish();
    const digests: Record<string, TableDigest> = {};
    for (const table of backup.schema.tables) digests[table.name] = await load.digest(table);
    return { load, digests };
  } catch (error) {
    await load.discard();
    throw error;
  }
}

export async function restore(
  backup: Backup,
  location: MariadbLocation,
  keepFormer = true,
): Promise<Record<string, TableDigest>> {
  const { load, digests } = await prepare(backup, location, keepFormer);
  await load.ticket();
  await load.commit();
  return digests;
}

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** What the server of the tests has; MariaDB 10.5 has no type `uuid`, and MySQL neither that nor sequences. */
export const features = server ? await readFeatures() : { isMysql: false, hasUuid: false };

async function readFeatures(): Promise<{ isMysql: boolean; hasUuid: boolean }> {
  return await withClient(undefined, async (client) => {
    const version = (await client.rows('SELECT version()'))[0]?.[0] ?? '';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const isMysql = !version.includes('MariaDB');
    return { isMysql, hasUuid: !isMysql && major * 100 + minor >= 1007 };
  });
}

/** A SELECT of the numbers from 1 to 10 to the power of `digits`, as `n`. */
export function numbers(digits: number): string {
  const ten = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ');
  const places = Array.from({ length: digits }, (_, place) => place);
  const sum = places.map((place) => `t${place}.d * 1e${place}`).join(' + ');
  // With inner joins MySQL would make a hash of nearly all of them before it sends the first.
  const joins = places.slice(1).map((place) => `LEFT JOIN (${ten}) AS t${place} ON TRUE`);
  return `SELECT CAST(1 + ${sum} AS SIGNED) AS n FROM (${ten}) AS t0 ${joins.join(' ')}`;
}

/**
 * MySQL keeps in its text what means nothing: the semicolon before the next statement, and whether a column names its character
 * set besides the collation. Nobody's restore brings these back.
 */
function withoutAccidents(text: string | null | undefined): string | null {
  if (!features.isMysql) return text ?? null;
  return (text ?? '').replaceAll(/ CHARACTER SET \w+(?= COLLATE)/g, '').replace(/;$|3B$/, '');
}

/** All that a database holds, read without the engine: definitions, counters, and rows as hex. */
export async function stateOf(location: MariadbLocation): Promise<Record<string, unknown>> {
  return await withClient(
    location.name,
    async (client) => {
      const state: Record<string, unknown> = {};
      const tables = await client.rows(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database() AND table_type <> 'VIEW' ORDER BY 1",
      );
      for (const [name = '', type] of tables as [string, string][]) {
        const definition = (await client.rows(`SHOW CREATE TABLE ${quoted(name)}`))[0]?.[1];
        state[`table ${name}`] = withoutAccidents(definition);
        if (type === 'SEQUENCE') {
          state[`rows ${name}`] = await client.rows(
            `SELECT next_not_cached_value FROM ${quoted(name)}`,
          );
          continue;
        }
        const columns = await client.rows(
          `SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = ${client.connection.escape(name)} ORDER BY ordinal_position`,
        );
        const fields = columns.map(
          ([column]) => `IFNULL(HEX(CAST(${quoted(column ?? '')} AS BINARY)), '-')`,
        );
        const rows = await client.rows(
          `SELECT CONCAT_WS(',', ${fields.join(', ')}) FROM ${quoted(name)}`,
        );
        state[`rows ${name}`] = rows.map(([row]) => row ?? '').toSorted(byText);
      }
      const views = await client.rows(
        'SELECT table_name FROM information_schema.views WHERE table_schema = database() ORDER BY 1',
      );
      for (const [name] of views) {
        state[`view ${name}`] = (await client.rows(`SHOW CREATE VIEW ${quoted(name ?? '')}`))[0];
      }
      const triggers = await client.rows(
        'SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_order, HEX(action_statement), sql_mode, definer, character_set_client, collation_connection FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1',
      );
      for (const trigger of triggers)
        state[`trigger ${trigger[0]}`] = trigger.map(withoutAccidents);
      const routines = await client.rows(
        'SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1, 2',
      );
      for (const [type, name] of routines) {
        const [row = []] = await client.rows(`SHOW CREATE ${type} ${quoted(name ?? '')}`);
        state[`${type} ${name}`] = row.map(withoutAccidents);
      }
      const events = await client.rows(
        'SELECT event_name FROM information_schema.events WHERE event_schema = database() ORDER BY 1',
      );
      for (const [name] of events) {
        const [row = []] = await client.rows(`SHOW CREATE EVENT ${quoted(name ?? '')}`);
        state[`event ${name}`] = row.map(withoutAccidents);
      }
      return state;
    },
    location,
  );
}
