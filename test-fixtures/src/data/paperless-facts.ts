// What paperless-ngx databases look like, as compact facts: tables, columns, keys, applied migrations.
// Source of all names and types: paperless-ngx 2.20.15 / 3.0.5, schema.json and migrations.json of our fact sheets.

import { readFileSync } from 'node:fs';

export type AppVersion = '2.20.15' | '3.0.5';

/** `auto` (integer primary key), or `[primary ]<type>[?][ generated][ -> table]`; per version where they differ. */
export type ColumnFacts = string | Partial<Record<AppVersion, string>>;

/** A partial unique index; `where` is `true c`, `null c`, `set c d` (not null) or `in c value value`. */
export interface PartialIndexFacts {
  name: string;
  columns: string;
  where: string;
}

export interface TableFacts {
  /** Set when only one of the versions has the table. */
  only?: AppVersion;
  columns: Record<string, ColumnFacts>;
  /** Column names joined by blanks. */
  unique?: string[] | Record<AppVersion, string[]>;
  partial?: PartialIndexFacts[] | Record<AppVersion, PartialIndexFacts[]>;
}

export interface SchemaFacts {
  source: string;
  tables: Record<string, TableFacts>;
}

export interface MigrationFacts {
  source: string;
  both: Record<string, string[]>;
  only: Record<AppVersion, Record<string, string[]>>;
}

export interface Column {
  name: string;
  /** SQLite's declared type; `json` stands for text that must be valid JSON. */
  type: string;
  primary: boolean;
  nullable: boolean;
  generated: boolean;
  references: string | undefined;
}

export interface Table {
  name: string;
  columns: Column[];
  unique: string[][];
  partial: PartialIndexFacts[];
}

function readData(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
}

export const schemaFacts = readData('paperless-schema.json') as SchemaFacts;
export const migrationFacts = readData('paperless-migrations.json') as MigrationFacts;

/** The tables of one version, sorted by name. */
export function readTables(appVersion: AppVersion): Table[] {
  return Object.entries(schemaFacts.tables)
    .filter(([, facts]) => (facts.only ?? appVersion) === appVersion)
    .map(([name, facts]) => ({
      name,
      columns: Object.entries(facts.columns).flatMap(([column, text]) => {
        const found = typeof text === 'string' ? text : text[appVersion];
        return found === undefined ? [] : [parseColumn(column, found)];
      }),
      unique: ofVersion(facts.unique ?? [], appVersion).map((columns) => columns.split(' ')),
      partial: ofVersion(facts.partial ?? [], appVersion),
    }));
}

/** Applied migrations of one version by Django app, as a fresh or upgraded database records them (squash rows too). */
export function readMigrations(appVersion: AppVersion): Record<string, string[]> {
  const apps = { ...migrationFacts.both, ...migrationFacts.only[appVersion] };
  return Object.fromEntries(
    Object.keys(apps)
      .toSorted()
      .map((app) => [
        app,
        [...(migrationFacts.both[app] ?? []), ...(migrationFacts.only[appVersion][app] ?? [])],
      ]),
  );
}

function ofVersion<Item>(
  facts: Item[] | Record<AppVersion, Item[]>,
  appVersion: AppVersion,
): Item[] {
  return Array.isArray(facts) ? facts : facts[appVersion];
}

function parseColumn(name: string, text: string): Column {
  const match = /^(primary )?([^?>]+?)(\?)?( generated)?(?: -> (\w+))?$/.exec(text);
  const type = match?.[2];
  if (!match || !type) throw new Error(`cannot read the facts of column '${name}': '${text}'`);
  return {
    name,
    type,
    primary: type === 'auto' || match[1] !== undefined,
    nullable: match[3] !== undefined,
    generated: match[4] !== undefined,
    references: match[5],
  };
}
