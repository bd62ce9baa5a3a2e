// Puts tables and rows of a sample instance into an empty database of any engine.

import { DatabaseSync } from 'node:sqlite';

import { createConnection } from 'mysql2/promise';
import pg from 'pg';

import type { SampleServer } from '../paperless/sample-instance.ts';
import type { FittedRows } from './rows.ts';
import { quoteName } from './schema.ts';

export function loadSqlite(
  path: string,
  statements: readonly string[],
  rows: readonly FittedRows[],
): void {
  const database = new DatabaseSync(path);
  try {
    database.exec('BEGIN');
    for (const statement of statements) database.exec(statement);
    for (const { table, columns, rows: values } of rows) {
      const insert = database.prepare(
        insertInto(
          'sqlite',
          table,
          columns,
          columns.map(() => '?'),
        ),
      );
      for (const row of values) {
        insert.run(...row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)));
      }
    }
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

export async function loadServer(
  { engine, ...server }: SampleServer,
  statements: readonly string[],
  rows: readonly FittedRows[],
): Promise<void> {
  if (engine === 'postgres') {
    const client = new pg.Client(server);
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
      for (const { table, columns, rows: values } of rows) {
        const marks = columns.map((_, index) => `$${index + 1}`);
        const insert = insertInto(engine, table, columns, marks);
        for (const row of values) await client.query(insert, [...row]);
      }
    } finally {
      await client.end();
    }
    return;
  }
  const connection = await createConnection(server);
  try {
    for (const statement of statements) await connection.query(statement);
    for (const { table, columns, rows: values } of rows) {
      const insert = insertInto(
        engine,
        table,
        columns,
        columns.map(() => '?'),
      );
      for (const row of values) await connection.query(insert, [...row]);
    }
  } finally {
    await connection.end();
  }
}

function insertInto(
  engine: SampleServer['engine'] | 'sqlite',
  table: string,
  columns: readonly string[],
  marks: readonly string[],
): string {
  const names = columns.map((name) => quoteName(engine, name)).join(', ');
  return `INSERT INTO ${quoteName(engine, table)} (${names}) VALUES (${marks.join(', ')})`;
}
