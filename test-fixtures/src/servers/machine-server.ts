// Servers that npm cannot bring: MariaDB, and PostgreSQL with PostGIS. `.ci/run` starts both; without it the ones of the
// machine are used, if they answer.

import { createConnection } from 'mysql2/promise';
import pg from 'pg';

import { askKeeper } from './ask-keeper.ts';
import { KEEPER_VARIABLE } from './keeper-protocol.ts';

export interface MachineServer {
  readonly host: string;
  readonly port: number;
  /** An administrator without password. */
  readonly user: string;
}

interface Kind {
  readonly title: string;
  /** Holds `host:port`; set by `.ci/run` or the user. */
  readonly variable: string;
  readonly port: number;
  readonly user: string;
  /** Throws when the server cannot be used. */
  prove(server: MachineServer): Promise<void>;
}

const TIMEOUT_MS = 10_000;

const POSTGIS: Kind = {
  title: 'PostGIS',
  variable: 'DMS_TEST_POSTGIS',
  port: 5432,
  user: 'postgres',
  async prove(server) {
    const client = new pg.Client({
      ...server,
      database: 'postgres',
      connectionTimeoutMillis: TIMEOUT_MS,
    });
    await client.connect();
    try {
      const { rowCount } = await client.query(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'",
      );
      if (rowCount !== 1) throw new Error('the server has no PostGIS');
    } finally {
      await client.end();
    }
  },
};

const MARIADB: Kind = {
  title: 'MariaDB',
  variable: 'DMS_TEST_MARIADB',
  port: 3306,
  user: 'root',
  async prove(server) {
    const connection = await createConnection({ ...server, connectTimeout: TIMEOUT_MS });
    await connection.end();
  },
};

/** As {@link findMariadb}: PostgreSQL 15 or so with the extension postgis. */
export async function findPostgis(): Promise<MachineServer | undefined> {
  return find(POSTGIS);
}

/**
 * The server of `DMS_TEST_MARIADB`, else what answers at 127.0.0.1:3306. Undefined when there is none, which the run says at
 * its end: use it with `test.skipIf`. Throws instead where `CI` is set, or where the variable names a server that fails.
 */
export async function findMariadb(): Promise<MachineServer | undefined> {
  return find(MARIADB);
}

async function find(kind: Kind): Promise<MachineServer | undefined> {
  const named = process.env[kind.variable];
  const [host = '', port = ''] = (named || `127.0.0.1:${kind.port}`).split(':');
  const server = { host, port: Number(port), user: kind.user };
  try {
    await kind.prove(server);
    return server;
  } catch (error) {
    const reason =
      error instanceof Error ? error.message || String(Reflect.get(error, 'code')) : '';
    const where = `no server for us on ${host}:${port} (${reason})`;
    const help = `.ci/run brings one, or set ${kind.variable}=host:port`;
    if (named || process.env['CI']) {
      throw new Error(`the tests need ${kind.title}: ${where}; ${help}`, { cause: error });
    }
    await noteMissing(`not run: ${kind.title} tests, ${where}; ${help}`);
    return undefined;
  }
}

/** Something that the run says at its end, once. */
export async function noteMissing(text: string): Promise<void> {
  const directory = process.env[KEEPER_VARIABLE];
  if (directory !== undefined) await askKeeper(directory, { ask: 'note', text });
}
