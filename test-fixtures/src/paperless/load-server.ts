// Puts the schema and the rows of a sample instance into an existing, empty database of a server.

import type { DatabaseSync } from 'node:sqlite';

import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import pg from 'pg';

import type { Table } from '../data/paperless-facts.ts';
import { quoteName } from './create-schema.ts';
import { mariadbFeatures, mariadbTables, quoteMariadb } from './mariadb-schema.ts';
import { postgresKeys, postgresTables } from './postgres-schema.ts';
import type { SampleServer } from './sample-instance.ts';
import { readBatches, readLastIds, storedColumns } from './sample-rows.ts';

/** Throws what the server says when a row does not fit; the database then has a part of the tables (MariaDB) or none. */
export async function loadServer(
  server: SampleServer,
  tables: readonly Table[],
  rows: DatabaseSync,
): Promise<void> {
  await (server.engine === 'postgres' ? loadPostgres : loadMariadb)(server, tables, rows);
}

async function loadPostgres(
  server: SampleServer,
  tables: readonly Table[],
  rows: DatabaseSync,
): Promise<void> {
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query('BEGIN');
    for (const statement of postgresTables(tables)) await client.query(statement);
    for (const table of tables) {
      const columns = storedColumns(table);
      const insert = `INSERT INTO ${quoteName(table.name)} (${columns.map(({ name }) => quoteName(name)).join(', ')}) VALUES `;
      for (const batch of readBatches(rows, table, '+00')) {
        const marks = batch.map(
          (row, index) => `(${row.map((_, at) => `$${index * row.length + at + 1}`).join(', ')})`,
        );
        await client.query(insert + marks.join(', '), batch.flat());
      }
    }
    for (const [table, id] of readLastIds(rows)) {
      await client.query("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", [
        quoteName(table),
        id,
      ]);
    }
    for (const statement of postgresKeys(tables)) await client.query(statement);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

async function loadMariadb(
  server: SampleServer,
  tables: readonly Table[],
  rows: DatabaseSync,
): Promise<void> {
  const { host, port, user, password, database } = server;
  const connection = await createConnection({
    host,
    port,
    user,
    database,
    ...(password !== undefined && { password }),
  });
  try {
    await connection.query("SET foreign_key_checks = 0, time_zone = '+00:00'");
    const [versions] = await connection.query<RowDataPacket[]>('SELECT version() AS version');
    const features = mariadbFeatures(String(versions[0]?.['version']));
    for (const statement of mariadbTables(tables, features)) await connection.query(statement);
    await connection.query('BEGIN');
    for (const table of tables) {
      const columns = storedColumns(table).map(({ name }) => quoteMariadb(name));
      const insert = `INSERT INTO ${quoteMariadb(table.name)} (${columns.join(', ')}) VALUES ?`;
      const uuid = features.hasUuid ? 'dashed' : 'plain';
      for (const batch of readBatches(rows, table, '', uuid))
        await connection.query(insert, [batch]);
    }
    await connection.query('COMMIT');
    for (const [table, id] of readLastIds(rows)) {
      await connection.query(
        `ALTER TABLE ${quoteMariadb(table)} AUTO_INCREMENT = ${BigInt(id) + 1n}`,
      );
    }
  } finally {
    await connection.end();
  }
}
