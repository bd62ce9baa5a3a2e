// The compact facts against the fact sheets they were made from. The sheets are not part of the repository: where they do
// not lie beside it, only the tests that need none of them are registered.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { createSchema, quoteName, registerRegexp } from '../paperless/create-schema.ts';
import type { SheetColumn, SheetTable } from './compact-facts.ts';
import {
  appliedMigrations,
  compactMigrations,
  compactSchema,
  readSheets,
} from './compact-facts.ts';
import type { AppVersion } from './paperless-facts.ts';
import { migrationFacts, readMigrations, readTables, schemaFacts } from './paperless-facts.ts';

const SHARED = join(import.meta.dirname, '../../../../shared');
const VERSIONS: readonly AppVersion[] = ['2.20.15', '3.0.5'];

function byName(left: { name: string }, right: { name: string }): number {
  return left.name.localeCompare(right.name);
}

function byColumns(left: string[], right: string[]): number {
  return left.join().localeCompare(right.join());
}

/** What SQLite itself says about a table that was created from the compact facts. */
function describeTable(database: DatabaseSync, name: string): SheetTable {
  const all = (sql: string): Record<string, unknown>[] => database.prepare(sql).all();
  const info = all(`PRAGMA table_xinfo(${quoteName(name)})`);
  const references = all(`PRAGMA foreign_key_list(${quoteName(name)})`);
  const indexes = all(`PRAGMA index_list(${quoteName(name)})`).filter(
    (index) => index.unique === 1,
  );
  const columnsOf = (index: unknown): string[] =>
    all(`PRAGMA index_info(${quoteName(String(index))})`).map((column) => String(column.name));
  const definition = String(all(`SELECT sql FROM sqlite_master WHERE name = '${name}'`)[0]?.sql);
  const columns = info.map((column): [string, SheetColumn] => {
    const reference = references.find((each) => each.from === column.name);
    const isAuto = definition.includes(
      `${quoteName(String(column.name))} integer NOT NULL PRIMARY KEY AUTOINCREMENT`,
    );
    return [
      String(column.name),
      {
        pg: definition.includes(`json_valid(${quoteName(String(column.name))})`) ? 'jsonb' : '',
        sqlite: String(column.type),
        ...(isAuto && { auto: true }),
        ...(column.notnull === 0 && { null: true }),
        ...(column.hidden === 3 && { generated: true }),
        ...(reference && { fk: String(reference.table) }),
      },
    ];
  });
  const unique = indexes.filter((index) => index.partial === 0 && index.origin !== 'pk');
  return {
    pk: info.filter((column) => Number(column.pk) > 0).map((column) => String(column.name)),
    columns: Object.fromEntries(columns),
    unique: unique.map((index) => columnsOf(index.name)).toSorted(byColumns),
    unique_partial_not_on_mariadb: indexes
      .filter((index) => index.partial === 1)
      .map((index) => ({ name: String(index.name), columns: columnsOf(index.name), where: '' }))
      .toSorted(byName),
  };
}

test('names a source for every list of facts', () => {
  expect(
    [schemaFacts.source, migrationFacts.source].every((source) => source.includes('3.0.5')),
  ).toBe(true);
});

test('needs no table that the version does not have', () => {
  for (const appVersion of VERSIONS) {
    const tables = readTables(appVersion);
    const names = new Set(tables.map((table) => table.name));
    for (const table of tables) {
      for (const column of table.columns) {
        if (column.references)
          expect(names, `${table.name}.${column.name}`).toContain(column.references);
      }
    }
  }
});

if (existsSync(join(SHARED, 'products/paperless/schema.json'))) {
  const sheets = readSheets(SHARED);

  test('the files are what the script makes of the sheets', () => {
    expect(schemaFacts).toEqual(compactSchema(sheets.schema));
    expect(migrationFacts).toEqual(compactMigrations(sheets.migrations, sheets.applied));
  });

  describe.each(VERSIONS)('paperless-ngx %s', (appVersion) => {
    test('has every table, column, type, key and unique constraint of the sheet', () => {
      const database = new DatabaseSync(':memory:');
      registerRegexp(database);
      createSchema(database, readTables(appVersion));
      const sheet = sheets.schema.versions[appVersion]!;
      const names = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .all()
        .map((row) => String(row.name));
      expect(names.toSorted()).toEqual(Object.keys(sheet).toSorted());
      for (const [name, expected] of Object.entries(sheet)) {
        const columns = Object.entries(expected.columns).map(([column, facts]) => {
          const { pg, sqlite, auto, null: nullable, generated, fk } = facts;
          const kept = { sqlite: sqlite.toUpperCase(), auto, null: nullable, generated, fk };
          const set = Object.entries(kept).filter(([, value]) => value !== undefined);
          return [column, { pg: pg === 'jsonb' ? 'jsonb' : '', ...Object.fromEntries(set) }];
        });
        const found = describeTable(database, name);
        for (const column of Object.values(found.columns))
          column.sqlite = column.sqlite.toUpperCase();
        expect(found, name).toEqual({
          pk: expected.pk,
          columns: Object.fromEntries(columns),
          unique: (expected.unique ?? []).toSorted(byColumns),
          unique_partial_not_on_mariadb: (expected.unique_partial_not_on_mariadb ?? [])
            .map((index) => ({ ...index, where: '' }))
            .toSorted(byName),
        });
      }
      database.close();
    });

    test('has the migrations that real databases have, squash rows included', () => {
      const real = sheets.applied[appVersion]!;
      const sorted = (apps: Record<string, string[]>): Record<string, string[]> =>
        Object.fromEntries(Object.entries(apps).map(([app, names]) => [app, names.toSorted()]));
      expect(sorted(readMigrations(appVersion))).toEqual(sorted(real));
      for (const [app, names] of Object.entries(appliedMigrations(sheets.migrations, appVersion))) {
        expect(names, app).toEqual(real[app]?.toSorted());
      }
    });
  });
}
