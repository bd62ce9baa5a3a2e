// The history of paperless-ngx databases: its end is what the sheets say of 2.20.15 and 3.0.5 in full, and where the sheets lie
// beside the repository, the file is what the script makes of them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readSheets } from './compact-facts.ts';
import { compactHistory } from './compact-history.ts';
import { readMigrations, readTables } from './paperless-facts.ts';
import type { Table } from './paperless-facts.ts';
import {
  historyFacts,
  isSince,
  migrationsAt,
  paperlessRanges,
  paperlessReleases,
  tablesAt,
} from './paperless-history.ts';

const SHARED = join(import.meta.dirname, '../../../../shared');

test('names its source, the releases and their ranges', () => {
  expect(historyFacts.source).toContain('1.7.0 - 3.0.5');
  expect(paperlessReleases).toHaveLength(157);
  expect(paperlessRanges).toHaveLength(40);
  const bounds = paperlessRanges.flatMap(({ from, to }) => [from, to]);
  const inOrder = paperlessReleases.flatMap((release) =>
    bounds.filter((bound) => bound === release),
  );
  expect(bounds).toEqual(inOrder);
});

describe('all changes since 1.7.0 lead to 2.20.15', () => {
  const byName = (tables: readonly Table[]): Record<string, Table> =>
    Object.fromEntries(
      tables.map((table) => [
        table.name,
        {
          ...table,
          columns: table.columns.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
        },
      ]),
    );

  test('tables, columns, types, keys', () => {
    expect(byName(tablesAt('2.20.15'))).toEqual(byName(readTables('2.20.15')));
    expect(tablesAt('3.0.5')).toEqual(readTables('3.0.5'));
  });

  test.each(['2.20.15', '3.0.5'] as const)('migrations of a fresh %s', (release) => {
    const all = Object.entries(readMigrations(release)).flatMap(([app, names]) =>
      names.map((name) => `${app}.${name}`),
    );
    expect(migrationsAt(release, 'fresh')).toEqual(all.toSorted());
  });
});

describe('documents_document through the releases', () => {
  const columnsAt = (release: string): string[] =>
    tablesAt(release)
      .find(({ name }) => name === 'documents_document')!
      .columns.map(({ name }) => name);
  const since: readonly (readonly [column: string, release: string, before: string])[] = [
    ['storage_path_id', '1.8.0', '1.7.2'],
    ['original_filename', '1.9.0', '1.8.0'],
    ['owner_id', '1.14.0', '1.13.0'],
    ['deleted_at', '2.10.0', '2.9.0'],
    ['transaction_id', '2.11.5', '2.11.4'],
    ['page_count', '2.13.0', '2.12.1'],
    ['root_document_id', '3.0.0', '2.20.15'],
  ];
  test.each(since)('%s since %s', (column, release, before) => {
    expect(columnsAt(release)).toContain(column);
    expect(columnsAt(before)).not.toContain(column);
  });

  test('the type of created, and what is gone', () => {
    const typeAt = (release: string): string | undefined =>
      tablesAt(release)
        .find(({ name }) => name === 'documents_document')!
        .columns.find(({ name }) => name === 'created')?.type;
    expect([typeAt('1.7.0'), typeAt('2.15.3'), typeAt('2.16.0')]).toEqual([
      'datetime',
      'datetime',
      'date',
    ]);
    expect(columnsAt('2.20.15')).toContain('storage_type');
    expect(columnsAt('3.0.0')).not.toContain('storage_type');
  });
});

test('tables of libraries and tables that are gone', () => {
  const has = (release: string, table: string): boolean =>
    tablesAt(release).some(({ name }) => name === table);
  expect([has('1.9.2', 'django_q_ormq'), has('1.10.0', 'django_q_ormq')]).toEqual([true, false]);
  expect([has('1.13.0', 'documents_comment'), has('1.14.0', 'documents_comment')]).toEqual([
    true,
    false,
  ]);
  expect([
    has('2.2.1', 'documents_consumptiontemplate'),
    has('2.3.0', 'documents_workflow'),
  ]).toEqual([true, true]);
  expect(has('2.3.0', 'documents_consumptiontemplate')).toBe(false);
  expect([has('2.4.3', 'account_emailaddress'), has('2.5.0', 'account_emailaddress')]).toEqual([
    false,
    true,
  ]);
});

test('an upgraded database keeps what a fresh one never had', () => {
  const leftBehind = 'paperless_mail.0001_1_clamp_mailrule_maximum_age';
  expect(migrationsAt('3.0.5', 'upgraded')).toContain(leftBehind);
  expect(migrationsAt('3.0.5', 'fresh')).not.toContain(leftBehind);
  expect(migrationsAt('3.0.1', 'fresh')).toContain(leftBehind);
  expect(migrationsAt('3.0.0', 'upgraded')).not.toContain(leftBehind);
});

test('prereleases count as the release that they come before; unknown releases are refused', () => {
  expect(isSince('3.0.0-beta.rc1', '3.0.0')).toBe(true);
  expect(isSince('2.20.15', '3.0.0')).toBe(false);
  expect(() => tablesAt('4.0.0')).toThrow(RangeError);
  expect(() => migrationsAt('1.6.0', 'fresh')).toThrow(RangeError);
});

if (existsSync(join(SHARED, 'products/paperless/schema.json'))) {
  test('the file is what the script makes of the sheets', () => {
    const { schema, migrations } = readSheets(SHARED);
    expect(historyFacts).toEqual(compactHistory(schema, migrations));
  });
}
