// What the end-to-end tests on servers share: databases that go with the test file, instances in them, and pictures of both
// that are made without the program.

import { randomBytes } from 'node:crypto';

import {
  buildPaperlessServerInstance,
  digestMariadb,
  digestPostgres,
} from '@dms-backup/test-fixtures';
import type {
  SampleServer,
  ServerDigest,
  ServerSampleInstance,
  ServerSampleOptions,
} from '@dms-backup/test-fixtures';
import { findMariadb, queryServer, sharedPostgres } from '@dms-backup/test-fixtures/servers';
import type { SqlRows } from '@dms-backup/test-fixtures/servers';
import { afterAll } from 'vitest';

import { placeIn, treeOf } from './bench.ts';
import type { Bench, ServerPlace, State } from './bench.ts';

export type ServerName = 'PostgreSQL 12' | 'PostgreSQL 18' | 'MariaDB';

const mariadb = await findMariadb();

/** Engines of this machine; without MariaDB the run says so at its end. */
export const serverNames: readonly ServerName[] = [
  'PostgreSQL 12',
  'PostgreSQL 18',
  ...(mariadb ? (['MariaDB'] as const) : []),
];

export interface ServerBench {
  /** A new empty database, and its administrator. */
  database(name: ServerName): Promise<SampleServer>;
  /** The same on a server that is known by its address. */
  databaseOn(server: Omit<SampleServer, 'database'>): Promise<SampleServer>;
  /** A new instance with a database of its own. */
  build(name: ServerName, options: ServerSampleOptions): Promise<ServerSampleInstance>;
  /** An empty database, and directories that do not exist yet. */
  emptyPlace(name: ServerName): Promise<ServerPlace>;
  /** Tables as the migrations of the application make them in an empty database: no documents, nobody. */
  migratedPlace(
    name: ServerName,
    appVersion: ServerSampleOptions['appVersion'],
  ): Promise<ServerPlace>;
  /** To be removed at the end, e.g. a user. */
  later(work: () => Promise<unknown>): void;
}

/** Registers the removal of everything at the end of the test file. */
export function createServerBench(bench: Bench): ServerBench {
  const leftovers: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const work of leftovers.toReversed()) await work();
  });
  const servers: ServerBench = {
    async database(name) {
      const { host, port, user } = await serverOf(name);
      const engine = name === 'MariaDB' ? 'mariadb' : 'postgres';
      return await servers.databaseOn({ engine, host, port, user });
    },
    async databaseOn({ engine, host, port, user }) {
      const database = `dms_e2e_${randomBytes(5).toString('hex')}`;
      const server: SampleServer = { engine, host, port, user, database };
      leftovers.push(() => dropDatabase(server));
      await query(
        adminOf(server),
        engine === 'postgres'
          ? `CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`
          : `CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      );
      return server;
    },
    async build(name, options) {
      const server = await servers.database(name);
      return await buildPaperlessServerInstance(bench.directory('instance'), options, server);
    },
    async emptyPlace(name) {
      const { dataDirectory, mediaDirectory } = placeIn(bench.directory('target'));
      return { dataDirectory, mediaDirectory, server: await servers.database(name) };
    },
    async migratedPlace(name, appVersion) {
      const { server, rowCounts } = await servers.build(name, { appVersion, documents: 5 });
      const tables = Object.keys(rowCounts).filter((table) => !madeByMigrations.test(table));
      if (server.engine === 'postgres')
        await query(server, `TRUNCATE ${tables.join(', ')} CASCADE`);
      else {
        for (const table of tables)
          await query(server, `SET STATEMENT foreign_key_checks = 0 FOR DELETE FROM ${table}`);
      }
      const { dataDirectory, mediaDirectory } = placeIn(bench.directory('target'));
      return { dataDirectory, mediaDirectory, server };
    },
    later: (work) => void leftovers.push(work),
  };
  return servers;
}

const madeByMigrations = /^(django_migrations|django_content_type|auth_permission)$/u;

async function serverOf(name: ServerName): Promise<{ host: string; port: number; user: string }> {
  if (name !== 'MariaDB') return await sharedPostgres(name === 'PostgreSQL 12' ? 'old' : 'new');
  if (!mariadb) throw new Error('there is no MariaDB');
  return mariadb;
}

/** The same server and user, in the database that is always there. */
export function adminOf(server: SampleServer): SampleServer {
  return { ...server, database: server.engine === 'postgres' ? 'postgres' : 'mysql' };
}

/** One statement as the administrator. */
export async function query(server: SampleServer, sql: string): Promise<SqlRows> {
  return await queryServer(server, sql);
}

/** Also what a restore keeps beside it, and whoever is still connected. */
async function dropDatabase(server: SampleServer): Promise<void> {
  const { engine, database } = server;
  const admin = adminOf(server);
  if (engine === 'postgres') {
    await query(
      admin,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
    );
    await query(admin, `DROP DATABASE IF EXISTS ${database}`);
    return;
  }
  for (const suffix of ['', '_dms_new', '_dms_former', '_dms_old'])
    await query(admin, `DROP DATABASE IF EXISTS ${database}${suffix}`);
}

/** Names of the databases that a restore has made beside this one; only MariaDB has any. */
export async function databasesBeside(server: SampleServer): Promise<string[]> {
  if (server.engine === 'postgres') return [];
  const rows = await query(
    adminOf(server),
    `SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE '${server.database}\\_%'`,
  );
  return rows.map((row) => String(row['name']).slice(server.database.length)).toSorted();
}

export async function digestServer(server: SampleServer): Promise<ServerDigest> {
  if (server.engine === 'mariadb') return await digestMariadb(server);
  const digest = await digestPostgres(server);
  const definitions = Object.entries(digest.definitions).map(([name, text]) => [
    name,
    text.replaceAll(castList, (_, values: string) => `ARRAY[${castEach(values)}]`),
  ]);
  return { ...digest, definitions: Object.fromEntries(definitions) as Record<string, string> };
}

/**
 * PostgreSQL shows `type IN ('a', 'b')` as the cast of a list, and when it has read its own words, as a list of casts (ruleutils.c
 * against transformArrayExpr): pg_dump changes the text in the same way. Both are made the latter here.
 */
const castList = /\(ARRAY\[([^\]]*)\]\)::text\[\]/gu;

function castEach(values: string): string {
  return values
    .split(', ')
    .map((value) => `(${value})::text`)
    .join(', ');
}

export interface ServerState extends State {
  readonly database: ServerDigest;
}

export async function stateOfServer(place: ServerPlace): Promise<ServerState> {
  return {
    database: await digestServer(place.server),
    data: treeOf(place.dataDirectory),
    media: treeOf(place.mediaDirectory),
  };
}
