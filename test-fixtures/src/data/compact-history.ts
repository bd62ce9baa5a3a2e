// Shortens the history of paperless-ngx since 1.7.0 (base_1_7_0 and history of schema.json, spans of migrations.json) to
// paperless-history.json. Invariant: nothing is invented here; paperless-history.test.ts compares the file with the sheets.

import type { MigrationSheet } from './compact-facts.ts';
import type { HistoryFacts, SchemaChange } from './paperless-history.ts';

type Columns = Record<string, string[]>;

/** The parts of `products/paperless/schema.json` about releases before 2.20.15. */
export interface HistorySheet {
  base_1_7_0: Columns;
  history: {
    version: string;
    tables_added?: Columns;
    tables_removed?: string[];
    columns_added?: Columns;
    columns_removed?: Columns;
    types_changed_sqlite_names?: Record<string, Record<string, [before: string, after: string]>>;
  }[];
}

/** Runs of releases with the same newest migrations. */
export interface FingerprintSheet {
  fingerprints: { from: string; to: string }[];
}

export function compactHistory(
  schema: HistorySheet,
  migrations: MigrationSheet & FingerprintSheet,
): HistoryFacts {
  return {
    source: 'paperless-ngx 1.7.0 - 3.0.5, schema.json and migrations.json',
    releases: Object.keys(migrations.versions),
    ranges: migrations.fingerprints.map(({ from, to }) => `${from} ${to}`),
    base: joined(schema.base_1_7_0),
    changes: Object.fromEntries(schema.history.map((each) => [each.version, compactChange(each)])),
    migrations: Object.fromEntries(
      Object.entries(migrations.migrations).map(([app, names]) => [
        app,
        Object.fromEntries(
          Object.entries(names).map(([name, { first, last }]) => [name, `${first} ${last}`]),
        ),
      ]),
    ),
    squashes: Object.fromEntries(
      migrations.squashes.map(({ app, name, replaces }) => [`${app}.${name}`, replaces.join(' ')]),
    ),
  };
}

/** 3.0.0 brings the schema that paperless-schema.json has in full; only its names of types are PostgreSQL's. */
function compactChange(change: HistorySheet['history'][number]): SchemaChange {
  const types = Object.entries(change.types_changed_sqlite_names ?? {}).map(([table, columns]) => [
    table,
    Object.fromEntries(
      Object.entries(columns).map(([column, [before]]) => [column, before.toLowerCase()]),
    ),
  ]);
  return {
    ...(change.tables_added && { tables: joined(change.tables_added) }),
    ...(change.tables_removed && { tablesGone: change.tables_removed.join(' ') }),
    ...(change.columns_added && { columns: joined(change.columns_added) }),
    ...(change.columns_removed && { columnsGone: joined(change.columns_removed) }),
    ...(types.length > 0 && { typesBefore: Object.fromEntries(types) }),
  };
}

/** A remark such as `(generated, stored)` after a name is left out: it is in paperless-schema.json. */
function joined(columns: Columns): Record<string, string> {
  return Object.fromEntries(
    Object.entries(columns).map(([table, names]) => [
      table,
      names.map((name) => name.replace(/ .*/, '')).join(' '),
    ]),
  );
}
