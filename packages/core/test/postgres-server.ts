// The PostgreSQL server of the tests, named by DMS_TEST_POSTGRES: `new` (default) and `old` come from npm packages and are
// started for the run; `postgis` is the one of `.ci/servers` or of this machine.

import { randomBytes } from 'node:crypto';
import { findPostgis, sharedPostgres } from '@dms-backup/test-fixtures/servers';
import pg from 'pg';
import { onTestFinished } from 'vitest';

const server = await findServer();

async function findServer(): Promise<{ host: string; port: number; user: string }> {
  switch (process.env['DMS_TEST_POSTGRES'] || 'new') {
    case 'new':
      return await sharedPostgres('new');
    case 'old':
      return await sharedPostgres('old');
    case 'postgis':
      // Without one the tests are skipped, see postgis-only.ts.
      return (await findPostgis()) ?? { host: '', port: 0, user: '' };
    default:
      throw new Error("DMS_TEST_POSTGRES must be 'new', 'old' or 'postgis'");
  }
}

/** Where the server is. The user is a superuser. */
export function postgresServer(): { host: string; port: number; user: string } {
  const { host, port, user } = server;
  return { host, port, user };
}

/** URL of a database on the server of the tests. */
export function postgresUrl(database = 'postgres'): string {
  const { host, port, user } = postgresServer();
  const [u, h, d] = [user, host, database].map(encodeURIComponent);
  return `postgres://${u}@${h}:${port}/${d}`;
}

/** A connected client; closed when the running test ends, also when the server ended it before. */
export async function connect(database = 'postgres'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgresUrl(database) });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`the tests need a PostgreSQL server; none answers at ${postgresUrl()}`, {
      cause: error,
    });
  }
  onTestFinished(async () => {
    await client.end().catch(() => undefined);
  });
  return client;
}

/** An empty database, made from template0 for the running test and dropped when it ends. */
export interface ScratchDatabase {
  readonly name: string;
  readonly url: string;
  /** Another client, closed when the test ends. */
  connect(): Promise<pg.Client>;
}

/** `options` is what CREATE DATABASE takes, for example `ENCODING 'SQL_ASCII'`; default is UTF8 with the locale C. */
export async function scratchDatabase(
  label: string,
  options = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
): Promise<ScratchDatabase> {
  const name = `dms_test_${label}_${randomBytes(4).toString('hex')}`;
  // LOCALE, the short word for both, came with PostgreSQL 13.
  const kind = options.replaceAll(/\bLOCALE ('[^']*')/g, 'LC_COLLATE $1 LC_CTYPE $1');
  await once(`CREATE DATABASE "${name}" TEMPLATE template0 ${kind}`);
  onTestFinished(() => once(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`));
  return { name, url: postgresUrl(name), connect: () => connect(name) };
}

async function once(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl() });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`the tests need a PostgreSQL server; none answers at ${postgresUrl()}`, {
      cause: error,
    });
  }
  try {
    // DROP ... WITH (FORCE) came with PostgreSQL 13.
    const [row] = (await client.query("SELECT current_setting('server_version_num')::int AS v"))
      .rows as { v: number }[];
    await client.query(row && row.v < 130_000 ? sql.replace(' WITH (FORCE)', '') : sql);
  } finally {
    await client.end();
  }
}
