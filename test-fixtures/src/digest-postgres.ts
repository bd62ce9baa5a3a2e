// Describes a PostgreSQL database (12 and newer) with plain SQL, independent of the engine in core: every definition from
// the catalogue, and per table the number of rows and a digest over all values in their text form.
// What belongs to an extension is left out, like what belongs to the server.

import { createHash } from 'node:crypto';

import pg from 'pg';

import type { TableDigest } from './digest-sqlite.ts';
import { quoteName } from './paperless/create-schema.ts';
import { DEFINITIONS, SEQUENCES, SETTINGS, TABLES } from './postgres-catalogue.ts';
import type { ServerAddress, ServerDigest } from './server-digest.ts';

/** Settings under which the text form of a value is the same everywhere; no search path, so that names are complete. */
const SESSION = `
  SET search_path = '';
  SET timezone = 'UTC';
  SET datestyle = 'ISO, YMD';
  SET intervalstyle = 'postgres';
  SET extra_float_digits = 3;
  SET bytea_output = 'hex';
  SET default_transaction_read_only = on;
`;
/** Reads the whole database with one connection. */
export async function digestPostgres(address: ServerAddress): Promise<ServerDigest> {
  const { host, port, user, password, database } = address;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query(SESSION);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const result: ServerDigest = { definitions: {}, tables: {}, sequences: {}, settings: {} };
    for (const { key, text } of await select(client, DEFINITIONS)) {
      if (key in result.definitions) throw new Error(`two objects are called '${key}'`);
      result.definitions[key] = text;
    }
    for (const { key, text } of await select(client, SETTINGS)) result.settings[key] = text;
    for (const { key, schema, name } of await select(client, TABLES))
      result.tables[key] = await digestRows(client, `${quoteName(schema)}.${quoteName(name)}`);
    for (const { key, schema, name } of await select(client, SEQUENCES)) {
      const [state] = await select(
        client,
        `SELECT last_value, is_called FROM ${quoteName(schema)}.${quoteName(name)}`,
      );
      result.sequences[key] = `${String(state?.last_value)} ${String(state?.is_called)}`;
    }
    return result;
  } finally {
    await client.end();
  }
}

type TextRow = Record<'key' | 'text' | 'schema' | 'name', string> & Record<string, unknown>;

async function select(client: pg.Client, sql: string): Promise<TextRow[]> {
  return (await client.query<TextRow>(sql)).rows;
}

/**
 * Sums of both halves of the MD5 of each row: the order does not count, duplicates do, and nothing is held. `t.*` is the row
 * also where a column is called t.
 */
async function digestRows(client: pg.Client, table: string): Promise<TableDigest> {
  const half = (side: string): string =>
    `coalesce(sum(('x' || ${side}(md5(ROW(t.*)::text), 16))::bit(64)::bigint::numeric), 0)::text`;
  const [row] = await select(
    client,
    `SELECT count(*)::text AS rows, ${half('left')} AS "left", ${half('right')} AS "right" FROM ONLY ${table} t`,
  );
  const sums = `${String(row?.left)} ${String(row?.right)}`;
  return { rowCount: Number(row?.rows), sha256: createHash('sha256').update(sums).digest('hex') };
}
