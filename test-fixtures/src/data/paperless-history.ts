// What databases of every release of paperless-ngx since 1.7.0 look like: tables, columns, applied migrations.
// Source of all names: paperless-ngx 1.7.0 - 3.0.5, schema.json and migrations.json of our fact sheets; tables of libraries
// by release: section 3 of paperless.md.

import { readFileSync } from 'node:fs';

import type { Column, Table } from './paperless-facts.ts';
import { readMigrations, readTables } from './paperless-facts.ts';

/** What a release changed; names are joined by blanks. */
export interface SchemaChange {
  tables?: Record<string, string>;
  tablesGone?: string;
  columns?: Record<string, string>;
  columnsGone?: Record<string, string>;
  /** Type that a column had until then, as SQLite names it. */
  typesBefore?: Record<string, Record<string, string>>;
}

export interface HistoryFacts {
  source: string;
  /** Prereleases included, oldest first. */
  releases: string[];
  /** `from to`: runs of releases with the same newest migrations, oldest first. */
  ranges: string[];
  /** Columns of the application's own tables in 1.7.0. */
  base: Record<string, string>;
  /** By release, oldest first. */
  changes: Record<string, SchemaChange>;
  /** By app and name: `first last` release that has the file; a first one that is not in `releases` is older than 1.7.0. */
  migrations: Record<string, Record<string, string>>;
  /** By `app.name`: what the squash replaces. */
  squashes: Record<string, string>;
}

export const historyFacts = JSON.parse(
  readFileSync(new URL('paperless-history.json', import.meta.url), 'utf8'),
) as HistoryFacts;

export const paperlessReleases: readonly string[] = historyFacts.releases;

/** First and last release of every run with the same newest migrations. */
export const paperlessRanges: readonly { readonly from: string; readonly to: string }[] =
  historyFacts.ranges.map((range) => {
    const [from = '', to = ''] = range.split(' ');
    return { from, to };
  });

/** Libraries that not every release uses: beginning of their tables, their app, first and last release. */
const librarySpans: readonly (readonly [
  tables: string,
  app: string,
  first: string,
  last: string,
])[] = [
  ['django_q_', 'django_q', '1.7.0', '1.9.2'],
  ['django_celery_results_', 'django_celery_results', '1.10.0', '2.20.15'],
  ['guardian_', 'guardian', '1.14.0', '3.0.5'],
  ['auditlog_', 'auditlog', '2.0.0', '3.0.5'],
  ['account_', 'account', '2.5.0', '3.0.5'],
  ['socialaccount_', 'socialaccount', '2.5.0', '3.0.5'],
  ['mfa_', 'mfa', '2.14.0', '3.0.5'],
];

/** Their columns are in no fact sheet; 2.20.15 does not have them. */
const vanishedLibraryTables = ['django_q_ormq', 'django_q_schedule', 'django_q_task'];

/** Less than zero for a release that is not in the list: older than all of them, or none. */
function position(release: string): number {
  return historyFacts.releases.indexOf(release);
}

/** Is `release` at least `first`? A prerelease counts as the release that it comes before. */
export function isSince(release: string, first: string): boolean {
  return position(finalOf(release)) >= position(first);
}

/** Prereleases have the schema of their release here; the sheets do not tell them apart. */
function finalOf(release: string): string {
  const final = release.replace(/-beta.*$/, '');
  if (position(final) < 0) throw new RangeError(`no release '${release}' of paperless-ngx`);
  return final;
}

function hasLibrary(release: string, isOne: (span: (typeof librarySpans)[number]) => boolean) {
  const span = librarySpans.find(isOne);
  if (span === undefined) return true;
  const [, , first, last] = span;
  return isSince(release, first) && position(finalOf(release)) <= position(last);
}

/** The tables of a release, sorted by name. Columns that are gone since have no more than a name and a rough type. */
export function tablesAt(release: string): Table[] {
  if (isSince(release, '3.0.0')) return readTables('3.0.5');
  const newest = new Map(readTables('2.20.15').map((table) => [table.name, table]));
  const own = ownColumns(release);
  const isOwn = (name: string): boolean => /^(?:documents|paperless)_/.test(name);
  const libraries = [...newest.keys(), ...vanishedLibraryTables].filter(
    (name) => !isOwn(name) && hasLibrary(release, ([tables]) => name.startsWith(tables)),
  );
  const names = [...own.keys(), ...libraries].toSorted();
  return names.map((name) => {
    const known = newest.get(name);
    const columns = own.get(name) ?? known?.columns.map((column) => column.name) ?? ['id'];
    const isThere = (column: string): boolean => columns.includes(column);
    return {
      name,
      columns: columns.map((column) =>
        withoutLostReference(columnAt(release, name, column, known), names),
      ),
      unique: (known?.unique ?? []).filter((unique) => unique.every(isThere)),
      partial: (known?.partial ?? []).filter(({ columns: all, where }) =>
        [...all.split(' '), where.split(' ')[1] ?? ''].every(isThere),
      ),
    };
  });
}

/** The application's own tables: 1.7.0 and all changes up to the release. */
function ownColumns(release: string): Map<string, string[]> {
  const tables = new Map(
    Object.entries(historyFacts.base).map(([table, names]) => [table, names.split(' ')]),
  );
  for (const [version, change] of Object.entries(historyFacts.changes)) {
    if (!isSince(release, version)) continue;
    for (const table of change.tablesGone?.split(' ') ?? []) tables.delete(table);
    for (const [table, names] of Object.entries(change.tables ?? {}))
      tables.set(table, names.split(' '));
    for (const [table, names] of Object.entries(change.columns ?? {}))
      tables.get(table)?.push(...names.split(' '));
    for (const [table, names] of Object.entries(change.columnsGone ?? {})) {
      const gone = names.split(' ');
      tables.set(table, tables.get(table)?.filter((name) => !gone.includes(name)) ?? []);
    }
  }
  return tables;
}

function columnAt(release: string, table: string, name: string, known: Table | undefined): Column {
  const newest = known?.columns.find((column) => column.name === name);
  const changed = Object.entries(historyFacts.changes).find(
    ([version, { typesBefore }]) =>
      !isSince(release, version) && typesBefore?.[table]?.[name] !== undefined,
  );
  const before = changed?.[1].typesBefore?.[table]?.[name];
  if (newest !== undefined) return { ...newest, type: before ?? newest.type };
  const isId = name === 'id';
  const type = isId ? 'auto' : (before ?? (name.endsWith('_id') ? 'integer' : 'text'));
  return {
    name,
    type,
    primary: isId,
    nullable: !isId,
    generated: false,
    references: undefined,
  };
}

/** A column may be older than the table that it refers to in 2.20.15. */
function withoutLostReference(column: Column, tables: readonly string[]): Column {
  return column.references === undefined || tables.includes(column.references)
    ? column
    : { ...column, references: undefined };
}

/** `upgraded`: every release since 1.7.0 was installed in turn. `fresh`: first installed with this release. */
export type MigrationPath = 'upgraded' | 'fresh';

/** Applied migrations as `app.name`, sorted. Those of libraries are as in the newest release that has the library. */
export function migrationsAt(release: string, path: MigrationPath): string[] {
  const at = position(release);
  if (at < 0) throw new RangeError(`no release '${release}' of paperless-ngx`);
  const all = new Set<string>();
  for (const [app, names] of Object.entries(historyFacts.migrations)) {
    for (const [name, span] of Object.entries(names)) {
      const [first = '', last = ''] = span.split(' ');
      if (position(first) > at || (path === 'fresh' && position(last) < at)) continue;
      addWithReplaced(all, app, name);
    }
  }
  const major = isSince(release, '3.0.0') ? '3.0.5' : '2.20.15';
  for (const [app, names] of Object.entries(readMigrations(major))) {
    if (historyFacts.migrations[app] !== undefined) continue;
    if (!hasLibrary(release, ([, of]) => of === app)) continue;
    for (const name of names) all.add(`${app}.${name}`);
  }
  return [...all].toSorted();
}

/** When all that a squash replaces is applied, Django records the squash, and the other way round. */
function addWithReplaced(all: Set<string>, app: string, name: string): void {
  if (all.has(`${app}.${name}`)) return;
  all.add(`${app}.${name}`);
  for (const replaced of historyFacts.squashes[`${app}.${name}`]?.split(' ') ?? [])
    addWithReplaced(all, app, replaced);
}
