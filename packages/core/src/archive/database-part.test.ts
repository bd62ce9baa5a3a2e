// Folders of tables are derived from the schema alone, never meet, and are plain names whatever a table is called.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { archivedSchema } from './archived-schema.ts';
import { chunkPath, storagePath, tableFolder } from './database-part.ts';
import type { ArchivedSchema } from './database-part.ts';
import { assertEntryPath } from './entry-path.ts';

describe('the folder of a table', () => {
  test.each([
    [{ name: 'documents_document' }, 'documents_document'],
    [{ schema: 'public', name: 'documents_document' }, 'public.documents_document'],
    [{ name: 'with space' }, 'with%20space'],
    [{ name: '50%' }, '50%25'],
    [{ name: 'a/b' }, 'a%2Fb'],
    [{ name: 'größe' }, 'gr%C3%B6%C3%9Fe'],
    [{ name: 'a\0b' }, 'a%00b'],
    [{ name: '' }, 'table-000007'],
    [{ name: '.' }, 'table-000007'],
    [{ name: '..' }, 'table-000007'],
    [{ name: '.hidden' }, 'table-000007'],
    [{ name: 'x'.repeat(120) }, 'x'.repeat(120)],
    [{ name: 'x'.repeat(121) }, 'table-000007'],
    [{ name: 'ü'.repeat(21) }, 'table-000007'],
  ])('%o is %s', (table, folder) => {
    expect(tableFolder(table, 7)).toBe(folder);
  });

  test('is one that an archive takes, and different for different tables', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('table-000000', 'table-000001', 'table-000002', '.', 'a', 'A', 'a%', 'a%25'),
      fc.string({ minLength: 115, maxLength: 130 }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), (names) => {
        const folders = names.map((each, number) => tableFolder({ name: each }, number));
        expect(new Set(folders).size).toBe(names.length);
        for (const folder of folders)
          expect(() => assertEntryPath(Buffer.from(chunkPath(folder, 1)))).not.toThrow();
      }),
    );
  });
});

test('chunks are numbered from 1, with their storage lines beside them', () => {
  expect(chunkPath('paper', 1)).toBe('database/tables/paper/000001.copy');
  expect(chunkPath('paper', 1_234_567)).toBe('database/tables/paper/1234567.copy');
  expect(storagePath('paper', 12)).toBe('database/tables/paper/000012.storage');
  expect(storagePath('a.copy', 1)).toBe('database/tables/a.copy/000001.storage');
});

describe('the schema of an archive', () => {
  const table = (name: string, folder = name) => ({
    name,
    columns: [
      { name: 'id', logicalType: 'integer' as const, declaredType: 'integer', nullable: false },
    ],
    primaryKey: ['id'],
    folder,
    keepRows: true,
  });
  const schema: ArchivedSchema = {
    engine: 'sqlite',
    engineVersion: '3.50.0',
    encoding: 'UTF-8',
    settings: {},
    tables: [table('a'), table('b')],
    preData: [],
    postData: [],
    sequences: [],
  };
  const refusal = (value: unknown) =>
    caught(() =>
      archivedSchema(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))),
    );

  test('is read as it was written', () => {
    expect(archivedSchema(Buffer.from(JSON.stringify(schema)))).toEqual(schema);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', '[]'],
    ['for an unknown engine', { ...schema, engine: 'oracle' }],
    ['without tables', { ...schema, tables: undefined }],
    ['with a table without folder', { ...schema, tables: [{ ...table('a'), folder: undefined }] }],
    [
      'with a table without rows or none',
      { ...schema, tables: [{ ...table('a'), keepRows: undefined }] },
    ],
    [
      'with an unknown type',
      {
        ...schema,
        tables: [{ ...table('a'), columns: [{ ...table('a').columns[0], logicalType: 'point' }] }],
      },
    ],
  ])('is refused when it is %s', (_, value) => {
    const error = refusal(value);
    expect([error.code, error.message]).toEqual([
      'archive-damaged',
      'cannot understand the database schema of the archive',
    ]);
  });

  test('is refused when rows lie where they do not belong', () => {
    const error = refusal({ ...schema, tables: [table('a', 'b'), table('b')] });
    expect([error.code, error.message]).toEqual([
      'archive-damaged',
      "the rows of table 'a' are in a wrong folder",
    ]);
    expect(refusal({ ...schema, tables: [table('a', '../../etc')] }).code).toBe('archive-damaged');
  });

  test('is refused when a table is there twice', () => {
    expect(refusal({ ...schema, tables: [table('a'), table('a')] }).message).toBe(
      'the archive names a table twice',
    );
  });
});
