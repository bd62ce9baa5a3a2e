// A DatabaseReader over node:sqlite for tests: no snapshot, no copy, just the four members. Unit tests make small databases
// in memory with it; the contract and instance tests use core's engine.

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { DatabaseReader, DatabaseSchema, SqlRow, SqlValue } from '@dms-backup/core';

export function createReader(database: DatabaseSync): DatabaseReader {
  const schema = readSchema(database);
  return {
    engine: 'sqlite',
    schema,
    has(table, ...columns) {
      const found = schema.tables.find(({ name }) => name === table);
      return (
        found !== undefined &&
        columns.every((column) => found.columns.some(({ name }) => name === column))
      );
    },
    async *query(sql: string, parameters: readonly SqlValue[] = []): AsyncGenerator<SqlRow> {
      const rows = database.prepare(sql).iterate(...(parameters as readonly SQLInputValue[]));
      for (const row of rows) yield row;
    },
  };
}

function readSchema(database: DatabaseSync): DatabaseSchema {
  const names = database
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .all();
  return {
    engine: 'sqlite',
    engineVersion: '',
    encoding: 'UTF-8',
    settings: {},
    preData: [],
    postData: [],
    sequences: [],
    tables: names.map(({ name }) => ({
      name: String(name),
      primaryKey: ['id'],
      columns: database
        .prepare(`SELECT name, type FROM pragma_table_xinfo(?)`)
        .all(String(name))
        .map((column) => ({
          name: String(column['name']),
          logicalType: 'any' as const,
          declaredType: String(column['type']),
          nullable: true,
        })),
    })),
  };
}
