import type { DatabaseSchema } from '@dms-backup/core';
import {
  papermergeReleases,
  papermergeTables,
  type PapermergeRelease,
} from '@dms-backup/test-fixtures';
import { describe, expect, test } from 'vitest';
import facts from './data/tables.json' with { type: 'json' };
import { tables } from './tables.ts';

function schemaOf(
  wanted: readonly { name: string; columns?: Readonly<Record<string, string>> }[],
  schema?: string,
): DatabaseSchema {
  return {
    engine: schema === undefined ? 'sqlite' : 'postgres',
    engineVersion: '',
    encoding: 'UTF-8',
    settings: {},
    preData: [],
    postData: [],
    sequences: [],
    tables: wanted.map(({ name, columns = { id: '' } }) => ({
      ...(schema === undefined ? {} : { schema }),
      name,
      primaryKey: [],
      columns: Object.keys(columns).map((column) => ({
        name: column,
        logicalType: 'any',
        declaredType: '',
        nullable: true,
      })),
    })),
  };
}

describe.each(papermergeReleases())('tables of %s', (release: PapermergeRelease) => {
  const rules = tables(schemaOf(papermergeTables(release), 'public'));

  test('none is forgotten', () => {
    expect(rules.map(({ table }) => table).toSorted()).toEqual(
      papermergeTables(release)
        .map(({ name }) => `public.${name}`)
        .toSorted(),
    );
  });

  test('rows are left out of sessions only', () => {
    const leftOut = rules.filter(({ keepRows }) => !keepRows);
    expect(leftOut.map(({ table }) => table)).toEqual(
      papermergeTables(release).some(({ name }) => name === 'django_session')
        ? ['public.django_session']
        : [],
    );
    for (const rule of leftOut)
      expect(rule).toMatchObject({ class: 'ephemeral', reason: expect.any(String) });
  });

  test('columns with passwords and tokens are named', () => {
    const named = rules.flatMap(({ table, secretColumns = [] }) =>
      secretColumns.map((column) => `${table}.${column}`),
    );
    const inTables = papermergeTables(release).flatMap(({ name, columns }) =>
      Object.keys(columns)
        .filter((column) => /password|token_hash|^token|secret$|digest$|raw_value/.test(column))
        .map((column) => `public.${name}.${column}`),
    );
    const harmless = ['public.core_document.digest', 'public.api_tokens.token_prefix'];
    expect(
      inTables.filter((column) => !named.includes(column) && !harmless.includes(column)),
    ).toEqual([]);
  });
});

test('no table is in two lists', () => {
  const names = [
    ...facts.essential,
    ...facts.history,
    ...facts.derived,
    ...facts.ephemeral,
    ...Object.keys(facts.ephemeralRowsLeftOut),
  ];
  expect(names.length).toBe(new Set(names).size);
  for (const table of Object.keys(facts.secretColumns)) expect(names).toContain(table);
});

test('the search index of 3.6 can be built again and is kept all the same', () => {
  const [rule] = tables(schemaOf([{ name: 'document_search_index' }]));
  expect(rule).toEqual({ table: 'document_search_index', class: 'derived', keepRows: true });
});

test('names of other programs and schemas are not ours', () => {
  expect(tables(schemaOf([{ name: 'invoices' }, { name: 'nodes_copy' }]))).toEqual([]);
  const own = schemaOf([{ name: 'document_versions' }, { name: 'nodes' }], 'dms');
  expect(tables(own).map(({ table }) => table)).toEqual(['dms.document_versions', 'dms.nodes']);
  const copied = schemaOf([{ name: 'document_versions' }], 'public');
  const two = { ...copied, tables: [...copied.tables, ...own.tables] };
  expect(tables(two).map(({ table }) => table)).toEqual(['public.document_versions']);
});
