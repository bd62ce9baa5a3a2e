// Reads the rows of a sample instance back from its SQLite database, in a form that servers take.

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';

import type { Column, Table } from '../data/paperless-facts.ts';
import { quoteName } from './create-schema.ts';

export type ServerValue = string | number | boolean | null;

/** Servers with a type for it take dashes; Django stores 32 digits elsewhere. */
type UuidForm = 'dashed' | 'plain';

/** Rows of one INSERT. */
const BATCH_ROWS = 200;

/** The columns that are written; the server computes the others. */
export function storedColumns(table: Table): Column[] {
  return table.columns.filter((column) => !column.generated);
}

/** Batches of rows, values in the order of {@link storedColumns}. Times are UTC, `zone` is appended. */
export function* readBatches(
  database: DatabaseSync,
  table: Table,
  zone: string,
  uuid: UuidForm = 'dashed',
): Generator<ServerValue[][]> {
  const columns = storedColumns(table);
  const names = columns.map((column) => quoteName(column.name)).join(', ');
  const statement = database.prepare(`SELECT ${names} FROM ${quoteName(table.name)}`);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  let batch: ServerValue[][] = [];
  for (const row of statement.iterate() as unknown as Iterable<SQLOutputValue[]>) {
    batch.push(columns.map((column, index) => serverValue(column, row[index], zone, uuid)));
    if (batch.length === BATCH_ROWS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** The highest id that each table with an automatic key ever gave. */
export function readLastIds(database: DatabaseSync): Map<string, string> {
  const statement = database.prepare('SELECT name, seq FROM sqlite_sequence');
  statement.setReadBigInts(true);
  return new Map(statement.all().map((row) => [String(row.name), String(row.seq)]));
}

function serverValue(
  column: Column,
  value: SQLOutputValue | undefined,
  zone: string,
  uuid: UuidForm,
): ServerValue {
  if (value === null || value === undefined) return null;
  if (column.type === 'bool') return value !== 0n;
  if (column.type === 'datetime') return `${String(value)}${zone}`;
  if (column.type === 'char(32)' && uuid === 'dashed')
    return String(value).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (column.type === 'real' && typeof value === 'number') return value;
  return String(value);
}
