// A consistent state of a live SQLite database: schema, rows, integrity and the queries of adapters, all from one read
// transaction. The source is never written (source.ts).

import type { SQLInputValue } from 'node:sqlite';
import { assertNotAborted } from '../../errors.ts';
import type { DatabaseSnapshot, SqlRow, SqlValue, ConnectOptions } from '../engine.ts';
import { readSchema } from './catalogue.ts';
import { databaseError, primaryCode, sqliteCodes } from './connect.ts';
import { copyOut } from './copy-out.ts';
import { rehearse } from './ddl.ts';
import { integrityReport } from './integrity.ts';
import { openSource, type Source } from './source.ts';

/** See {@link DatabaseEngine.openSnapshot}. The caller must close it. */
export async function openSnapshot(
  path: string,
  options: ConnectOptions,
): Promise<DatabaseSnapshot> {
  const source = await openSource(path, options);
  try {
    return createSnapshot(source, path, options.signal);
  } catch (error) {
    source.close();
    throw databaseError(error, `read the schema of database '${path}'`, 'database-unsupported');
  }
}

function createSnapshot(
  source: Source,
  path: string,
  signal: AbortSignal | undefined,
): DatabaseSnapshot {
  const { database } = source;
  const schema = readSchema(database, source.journalMode);
  rehearse(schema);
  const columnsOf = new Map(
    schema.tables.map(({ name, columns }) => [
      name.toLowerCase(),
      new Set(columns.map((column) => column.name.toLowerCase())),
    ]),
  );
  return {
    engine: 'sqlite',
    schema,
    // SQLite compares names without case.
    has(table, ...columns) {
      const known = columnsOf.get(table.toLowerCase());
      return known !== undefined && columns.every((column) => known.has(column.toLowerCase()));
    },
    async *query(sql, parameters = []): AsyncGenerator<SqlRow> {
      try {
        const statement = database.prepare(sql);
        statement.setReadBigInts(true);
        for (const row of statement.iterate(...parameters.map(toInput))) {
          assertNotAborted(signal);
          for (const name in row) {
            const value = row[name];
            if (typeof value === 'bigint') row[name] = toSmallest(value);
          }
          yield row;
        }
      } catch (error) {
        throw databaseError(error, `read database '${path}'`);
      }
    },
    async checkIntegrity() {
      assertNotAborted(signal);
      try {
        return integrityReport(database);
      } catch (error) {
        if (primaryCode(error) === sqliteCodes.corrupt) {
          return { damage: [(error as Error).message], brokenRules: [] };
        }
        throw databaseError(error, `check database '${path}'`);
      }
    },
    copyOut: (table, copyOptions) =>
      copyOut(database, table, { ...copyOptions, ...(signal && { signal }) }),
    async close() {
      source.close();
    },
  };
}

function toInput(value: SqlValue): SQLInputValue {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** Integers as numbers where a number holds them exactly. */
function toSmallest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
