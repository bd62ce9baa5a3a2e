// Shortens the fact sheets of paperless-ngx (schema.json, migrations.json, lists of applied migrations) to the three JSON
// files beside this one. Run it when the fact sheets change: `node src/data/compact-facts.ts ../../shared`.
// Invariant: nothing is invented here; paperless-facts.test.ts compares the files with the sheets.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { FingerprintSheet, HistorySheet } from './compact-history.ts';
import { compactHistory } from './compact-history.ts';
import type { ColumnFacts, MigrationFacts, SchemaFacts, TableFacts } from './paperless-facts.ts';

const OLD = '2.20.15';
const NEW = '3.0.5';

/** The parts of `products/paperless/schema.json` that are read here. */
export interface SchemaSheet {
  versions: Record<string, Record<string, SheetTable>>;
}

export interface SheetTable {
  pk: string[];
  unique?: string[][];
  unique_partial_not_on_mariadb?: { name: string; columns: string[]; where: string }[];
  columns: Record<string, SheetColumn>;
}

export interface SheetColumn {
  pg: string;
  sqlite: string;
  auto?: boolean;
  null?: boolean;
  generated?: boolean;
  fk?: string;
}

/** The parts of `products/paperless/migrations.json` that are read here. */
export interface MigrationSheet {
  versions: Record<string, unknown>;
  migrations: Record<string, Record<string, { first: string; last: string; squash?: boolean }>>;
  squashes: { app: string; name: string; replaces: string[] }[];
}

/** Both versions in one list; what differs is kept per version. */
export function compactSchema(sheet: SchemaSheet): SchemaFacts {
  const old = sheet.versions[OLD] ?? {};
  const now = sheet.versions[NEW] ?? {};
  const tables: Record<string, TableFacts> = {};
  for (const name of [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted()) {
    tables[name] = compactTable(old[name], now[name]);
  }
  return { source: 'paperless-ngx 2.20.15 / 3.0.5, schema.json', tables };
}

function compactTable(old: SheetTable | undefined, now: SheetTable | undefined): TableFacts {
  const both = [old, now].filter((table) => table !== undefined);
  const columns: Record<string, ColumnFacts> = {};
  for (const name of new Set(both.flatMap((table) => Object.keys(table.columns)))) {
    const before = old && columnText(old, name);
    const after = now && columnText(now, name);
    columns[name] =
      before === after || !old || !now ? (after ?? before ?? '') : perVersion(before, after);
  }
  const facts: TableFacts = { columns };
  const unique = both.map((table) => (table.unique ?? []).map((names) => names.join(' ')));
  const partial = both.map((table) =>
    (table.unique_partial_not_on_mariadb ?? []).map((index) => ({
      name: index.name,
      columns: index.columns.join(' '),
      where: condition(index.where),
    })),
  );
  if (both.length === 1) facts.only = old ? OLD : NEW;
  if (unique.some((list) => list.length > 0)) {
    facts.unique = same(unique)
      ? (unique[0] ?? [])
      : { [OLD]: unique[0] ?? [], [NEW]: unique[1] ?? [] };
  }
  if (partial.some((list) => list.length > 0)) {
    facts.partial = same(partial)
      ? (partial[0] ?? [])
      : { [OLD]: partial[0] ?? [], [NEW]: partial[1] ?? [] };
  }
  return facts;
}

function same(lists: readonly unknown[]): boolean {
  return lists.every((list) => JSON.stringify(list) === JSON.stringify(lists[0]));
}

function perVersion(before: string | undefined, after: string | undefined): Record<string, string> {
  return { ...(before && { [OLD]: before }), ...(after && { [NEW]: after }) };
}

/** `auto`, or `[primary ]<type>[?][ generated][ -> table]`; `json` where PostgreSQL has jsonb. */
function columnText(table: SheetTable, name: string): string | undefined {
  const column = table.columns[name];
  if (!column) return undefined;
  if (column.auto) return 'auto';
  const type = column.pg === 'jsonb' ? 'json' : column.sqlite.toLowerCase();
  return [
    table.pk.includes(name) ? 'primary ' : '',
    type,
    column.null ? '?' : '',
    column.generated ? ' generated' : '',
    column.fk ? ` -> ${column.fk}` : '',
  ].join('');
}

/** The condition of a partial index, freed from PostgreSQL's spelling. */
function condition(where: string): string {
  const values = [...where.matchAll(/'([a-z_]+)'::character varying/g)].map((match) => match[1]);
  const column = /\w+/.exec(where)?.[0] ?? '';
  if (values.length > 0) return `in ${column} ${values.join(' ')}`;
  if (where.includes('IS NOT NULL')) {
    return `set ${[...where.matchAll(/(\w+) IS NOT NULL/g)].map((match) => match[1]).join(' ')}`;
  }
  return where.includes('IS NULL') ? `null ${column}` : `true ${column}`;
}

/** Names that a completed migrate of the version leaves in django_migrations, for the application's own three apps. */
export function appliedMigrations(
  sheet: MigrationSheet,
  appVersion: string,
): Record<string, string[]> {
  const order = ['1.6.0-rc1', ...Object.keys(sheet.versions)];
  const at = order.indexOf(appVersion);
  const applied: Record<string, string[]> = {};
  for (const [app, names] of Object.entries(sheet.migrations)) {
    const shipped = Object.keys(names).filter((name) => {
      const span = names[name];
      return span && order.indexOf(span.first) <= at && at <= order.indexOf(span.last);
    });
    const all = new Set(shipped);
    for (const name of all) {
      const squash = sheet.squashes.find((each) => each.app === app && each.name === name);
      for (const replaced of squash?.replaces ?? []) all.add(replaced);
    }
    applied[app] = [...all].toSorted();
  }
  return applied;
}

/** `framework`: applied names of the libraries' apps, per version (from `instances/<name>/expected.json`). */
export function compactMigrations(
  sheet: MigrationSheet,
  framework: Record<string, Record<string, string[]>>,
): MigrationFacts {
  const old = { ...framework[OLD], ...appliedMigrations(sheet, OLD) };
  const now = { ...framework[NEW], ...appliedMigrations(sheet, NEW) };
  const facts: MigrationFacts = {
    source: 'paperless-ngx 2.20.15 / 3.0.5, migrations.json',
    both: {},
    only: { [OLD]: {}, [NEW]: {} },
  };
  for (const app of [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted()) {
    const [before, after] = [old[app] ?? [], now[app] ?? []];
    const parts: [Record<string, string[]>, string[]][] = [
      [facts.both, before.filter((name) => after.includes(name))],
      [facts.only[OLD], before.filter((name) => !after.includes(name))],
      [facts.only[NEW], after.filter((name) => !before.includes(name))],
    ];
    for (const [target, names] of parts) if (names.length > 0) target[app] = names;
  }
  return facts;
}

/** Reads what the two functions above need from a `shared` folder. */
export function readSheets(shared: string): {
  schema: SchemaSheet & HistorySheet;
  migrations: MigrationSheet & FingerprintSheet;
  applied: Record<string, Record<string, string[]>>;
} {
  const read = (path: string): unknown => JSON.parse(readFileSync(join(shared, path), 'utf8'));
  const applied: Record<string, Record<string, string[]>> = {};
  for (const version of [OLD, NEW]) {
    const expected = read(`instances/paperless-${version}-sqlite/expected.json`);
    applied[version] = (expected as { migrations: Record<string, string[]> }).migrations;
  }
  return {
    schema: read('products/paperless/schema.json') as SchemaSheet & HistorySheet,
    migrations: read('products/paperless/migrations.json') as MigrationSheet & FingerprintSheet,
    applied,
  };
}

/** One line per table or app keeps a change of the facts readable. */
function linePerKey(value: object, depth = 0): string {
  if (depth === 2 || typeof value !== 'object' || Array.isArray(value))
    return JSON.stringify(value);
  const lines = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${linePerKey(item, depth + 1)}`,
  );
  return `{\n${lines.join(',\n')}\n}`;
}

if (import.meta.main) {
  const sheets = readSheets(process.argv[2] ?? join(import.meta.dirname, '../../../../shared'));
  const write = (name: string, value: object): void =>
    writeFileSync(join(import.meta.dirname, name), `${linePerKey(value)}\n`);
  write('paperless-schema.json', compactSchema(sheets.schema));
  write('paperless-migrations.json', compactMigrations(sheets.migrations, sheets.applied));
  write('paperless-history.json', compactHistory(sheets.schema, sheets.migrations));
}
