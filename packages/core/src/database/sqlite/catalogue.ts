// What a SQLite database holds, in engine-neutral words, with its own definitions kept letter by letter. Every object of
// sqlite_schema is either in the result or refused by name; automatic indexes follow from their tables.

import type { DatabaseSync } from 'node:sqlite';
import { DmsBackupError } from '../../errors.ts';
import type { Column, DatabaseSchema, Table } from '../engine.ts';
import { isVirtual, readDefinitions, type Definition } from './definitions.ts';
import { logicalTypeOf, usualStorage } from './types.ts';

/** Reads the schema; `journalMode` is that of the source file. Throws `database-unsupported` naming the object. */
export function readSchema(database: DatabaseSync, journalMode: string): DatabaseSchema {
  const definitions = readDefinitions(database);
  const isTable = (definition: Definition): boolean =>
    definition.kind === 'table' && !isVirtual(definition);
  return {
    engine: 'sqlite',
    engineVersion: String(single(database, 'SELECT sqlite_version()')),
    encoding: String(single(database, 'PRAGMA encoding')),
    settings: {
      user_version: Number(single(database, 'PRAGMA user_version')),
      application_id: Number(single(database, 'PRAGMA application_id')),
      journal_mode: journalMode,
      page_size: Number(single(database, 'PRAGMA page_size')),
      auto_vacuum: Number(single(database, 'PRAGMA auto_vacuum')),
    },
    tables: definitions
      .filter((definition) => isTable(definition) && definition.name !== 'sqlite_sequence')
      .map((definition) => {
        const table = readTable(database, definition.name);
        if (table.columns.length > 0) return table;
        throw unsupported(`table '${table.name}': its columns cannot be read`);
      }),
    preData: definitions.filter(isTable),
    postData: definitions.filter((definition) => !isTable(definition)),
    sequences: readSequences(database, definitions),
  };
}

/** Name, columns and primary key; no columns when there is no such table. */
export function readTable(database: DatabaseSync, name: string): Table {
  const rows = database
    .prepare('SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid')
    .all(name);
  const columns = rows.map((row): Column => {
    const declaredType = String(row['type']);
    const logicalType = logicalTypeOf(declaredType);
    const generated = row['hidden'] === 3 ? 'stored' : row['hidden'] === 2 ? 'virtual' : undefined;
    return {
      name: String(row['name']),
      logicalType,
      declaredType,
      nullable:
        row['notnull'] === 0 && !(row['pk'] !== 0 && declaredType.toUpperCase() === 'INTEGER'),
      ...(generated && { generated }),
      storage: usualStorage(logicalType, declaredType),
    };
  });
  const primaryKey = rows
    .filter((row) => row['pk'] !== 0)
    .toSorted((left, right) => Number(left['pk']) - Number(right['pk']))
    .map((row) => String(row['name']));
  return { name, columns, primaryKey };
}

function readSequences(
  database: DatabaseSync,
  definitions: readonly Definition[],
): DatabaseSchema['sequences'] {
  if (!definitions.some(({ name }) => name === 'sqlite_sequence')) return [];
  const statement = database.prepare(
    'SELECT name, typeof(name) AS kind, seq FROM sqlite_sequence ORDER BY rowid',
  );
  statement.setReadBigInts(true);
  return statement.all().map((row) => {
    if (row['kind'] !== 'text' || typeof row['seq'] !== 'bigint') {
      throw unsupported(
        `sqlite_sequence: the row of '${String(row['name'])}' is not a name and an integer`,
      );
    }
    return { name: String(row['name']), value: row['seq'].toString() };
  });
}

function single(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

function unsupported(problem: string): DmsBackupError {
  return new DmsBackupError('database-unsupported', `cannot keep ${problem}`);
}
