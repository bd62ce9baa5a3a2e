// Empty databases on servers, for tests; dropped when the tests of the file are done.

import { randomBytes } from 'node:crypto';

import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { afterAll } from 'vitest';

import type { SampleServer } from '../paperless/sample-instance.ts';

export type SqlRows = Record<string, unknown>[];

interface ServerPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Call it while a test file is collected. The result makes one database per call. */
export function createScratchDatabases(): (
  engine: SampleServer['engine'],
  server: ServerPlace,
) => Promise<SampleServer> {
  const made: SampleServer[] = [];
  afterAll(async () => {
    for (const server of made) await queryServer(admin(server), `DROP DATABASE ${server.database}`);
  });
  return async (engine, { host, port, user }) => {
    const database = `dms_fixtures_${randomBytes(6).toString('hex')}`;
    const server: SampleServer = { engine, host, port, user, database };
    const kind =
      engine === 'postgres'
        ? "TEMPLATE template0 ENCODING 'UTF8'"
        : 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
    await queryServer(admin(server), `CREATE DATABASE ${database} ${kind}`);
    made.push(server);
    return server;
  };
}

function admin(server: SampleServer): SampleServer {
  return { ...server, database: server.engine === 'postgres' ? 'postgres' : 'mysql' };
}

/** One statement with a connection of its own. */
export async function queryServer(server: SampleServer, sql: string): Promise<SqlRows> {
  const { host, port, user, database } = server;
  if (server.engine === 'postgres') {
    const client = new pg.Client({ host, port, user, database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const connection = await createConnection({ host, port, user, database, dateStrings: true });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return Array.isArray(rows) ? rows : [];
  } finally {
    await connection.end();
  }
}
