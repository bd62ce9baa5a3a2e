// One connection to the database of a busy application, as long as it works.

import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';

import pg from 'pg';

import type { SampleServer } from '../paperless/sample-instance.ts';

type Value = string | number | null;
type Row = Record<string, unknown>;

/** Where the database is: a server, or the path of a SQLite file. */
export type BusyDatabase = SampleServer | string;

export interface Connection {
  /** Parameters are `$1`, `$2`, ... */
  query(sql: string, parameters?: readonly Value[]): Promise<Row[]>;
  /** All of it or nothing. */
  transaction(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function connect(database: BusyDatabase): Promise<Connection> {
  return typeof database === 'string' ? connectSqlite(database) : await connectPostgres(database);
}

function connectSqlite(path: string): Connection {
  // seconds as Django waits for a lock, before it fails with `database is locked`
  const database = new DatabaseSync(path, { timeout: 5000 });
  // Django has it, and the index of a column may need it
  database.function('REGEXP', { deterministic: true }, (pattern, text) =>
    Number(new RegExp(String(pattern), 'u').test(String(text))),
  );
  // a power cut is not what is tested here
  database.exec('PRAGMA synchronous = OFF');
  return {
    async query(sql, parameters = []) {
      const named = Object.fromEntries(
        parameters.map((value, index): [string, SQLInputValue] => [`$${index + 1}`, value]),
      );
      return database.prepare(sql).all(named);
    },
    async transaction(work) {
      database.exec('BEGIN IMMEDIATE');
      try {
        await work();
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    async close() {
      database.close();
    },
  };
}

async function connectPostgres(server: SampleServer): Promise<Connection> {
  const { host, port, user, database } = server;
  const client = new pg.Client({ host, port, user, database });
  await client.connect();
  await client.query('SET synchronous_commit = off');
  return {
    async query(sql, parameters = []) {
      const { rows } = await client.query<Row>(sql, [...parameters]);
      return rows;
    },
    async transaction(work) {
      await client.query('BEGIN');
      try {
        await work();
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      }
    },
    async close() {
      await client.end();
    },
  };
}
