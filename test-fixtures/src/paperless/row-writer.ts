// Inserts rows by column name. Columns that a row does not name get a plain value where the table demands one, and columns
// that only the other version of the application has are left out, so one description of a row serves both versions.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { AppVersion, Table } from '../data/paperless-facts.ts';
import { schemaFacts } from '../data/paperless-facts.ts';
import { quoteName } from './create-schema.ts';

export type CellValue = string | number | bigint | boolean | null | Uint8Array;
export type Row = Record<string, CellValue>;

export interface RowWriter {
  readonly appVersion: AppVersion;
  /** True for 3.x databases. */
  readonly isThree: boolean;
  insert(table: string, row: Row): void;
  /** Rows with ids from 1 up. */
  insertAll(table: string, rows: readonly Row[]): void;
}

/** Given to NOT NULL columns of time that a row leaves open. */
const SOME_DAY = '2026-10-01';
const SOME_MOMENT = `${SOME_DAY} 08:00:00.123456`;

/** @throws Error for a column that no version of the table has. */
export function createRowWriter(
  database: DatabaseSync,
  appVersion: AppVersion,
  tables: readonly Table[],
): RowWriter {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const statements = new Map<string, StatementSync>();

  function insert(name: string, row: Row): void {
    const table = byName.get(name);
    if (!table) throw new Error(`paperless-ngx ${appVersion} has no table '${name}'`);
    const known = new Set([
      ...Object.keys(schemaFacts.tables[name]?.columns ?? {}),
      ...table.columns.map((column) => column.name),
    ]);
    for (const column of Object.keys(row)) {
      if (!known.has(column)) throw new Error(`table '${name}' has no column '${column}'`);
    }
    const columns: string[] = [];
    const values: Exclude<CellValue, boolean>[] = [];
    for (const column of table.columns) {
      const value = row[column.name] ?? (column.nullable ? null : plainValue(column.type));
      if (column.generated || value === undefined) continue;
      columns.push(column.name);
      values.push(typeof value === 'boolean' ? Number(value) : value);
    }
    const key = `${name} ${columns.length}`;
    let statement = statements.get(key);
    if (!statement) {
      const marks = columns.map(() => '?').join(', ');
      statement = database.prepare(
        `INSERT INTO ${quoteName(name)} (${columns.map(quoteName).join(', ')}) VALUES (${marks})`,
      );
      statements.set(key, statement);
    }
    statement.run(...values);
  }

  return {
    appVersion,
    isThree: appVersion.startsWith('3.'),
    insert,
    insertAll: (table, rows) => {
      for (const [index, row] of rows.entries()) insert(table, { id: index + 1, ...row });
    },
  };
}

/** Undefined where SQLite makes the value itself. */
function plainValue(type: string): CellValue | undefined {
  if (type === 'auto') return undefined;
  if (type === 'json') return '{}';
  if (type === 'datetime') return SOME_MOMENT;
  if (type === 'date') return SOME_DAY;
  return /char|text/.test(type) ? '' : 0;
}
