import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backUp, loadInto, make, restore, scratch } from '../../../test/sqlite-databases.ts';
import type { CopyChunk, DatabaseSchema } from '../engine.ts';
import { sqliteEngine } from './engine.ts';

type Definition = DatabaseSchema['preData'][number];

const sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b); CREATE INDEX i ON t (a)';

/** The schema of {@link sql}, changed as a forger would. */
async function forged(change: (schema: DatabaseSchema) => void): Promise<DatabaseSchema> {
  const { schema } = await backUp(make(sql));
  const copy = structuredClone(schema);
  change(copy);
  return copy;
}

function chunk(text: string, rows: number, storage?: string): CopyChunk {
  return {
    bytes: Buffer.from(text, 'latin1'),
    rows,
    ...(storage !== undefined && { storage: Buffer.from(storage) }),
  };
}

/** Restores into a directory that must be empty afterwards, and returns the error. */
async function failure(
  schema: DatabaseSchema,
  chunks: readonly CopyChunk[] = [],
): Promise<{ code: string; message: string }> {
  const directory = scratch();
  const rows = new Map(schema.tables.map((table) => [table.name, [...chunks]]));
  const error: unknown = await restore({ schema, chunks: rows }, directory).then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  );
  expect(readdirSync(directory)).toEqual([]);
  const { code, message } = error as { code: string; message: string };
  return { code, message };
}

describe('definitions from a forged archive', () => {
  const escape = '/tmp/dms-backup-escape.db';
  const table = (text: string): Definition => ({ kind: 'table', name: 'x', table: 'x', sql: text });

  test.each<[string, Definition]>([
    ['another statement', table(`ATTACH '${escape}' AS x`)],
    ['a pragma', table('PRAGMA journal_mode = WAL')],
    ['a second statement', table(`CREATE TABLE x (a); ATTACH '${escape}' AS y`)],
    ['a comment at the end', table('CREATE TABLE x (a) -- b')],
    ['a comment at the start', table('/* b */ CREATE TABLE x (a)')],
    ['another case', table('create table x (a)')],
    ['if not exists', table('CREATE TABLE IF NOT EXISTS x (a)')],
    ['a temporary table', table('CREATE TEMP TABLE x (a)')],
    ['a table of the temporary database', table('CREATE TABLE temp.x (a)')],
    ['a table of the main database', table('CREATE TABLE main.x (a)')],
    ['a table from a query', table('CREATE TABLE x AS SELECT randomblob(1000000000)')],
    ['another name', table('CREATE TABLE y (a)')],
    ['a reserved name', table('CREATE TABLE sqlite_x (a)')],
    [
      'a forged sequence table',
      { kind: 'table', name: 'sqlite_sequence', sql: 'CREATE TABLE sqlite_sequence(x)' },
    ],
    [
      'forged statistics',
      { kind: 'table', name: 'sqlite_stat1', sql: 'CREATE TABLE sqlite_stat2(tbl)' },
    ],
    ['a virtual table before the rows', table('CREATE VIRTUAL TABLE x USING fts5(a)')],
    [
      'an extension',
      table("CREATE TABLE x (a DEFAULT (load_extension('x')), b AS (load_extension('x')))"),
    ],
    ['nothing', table('')],
    ['NUL', table('CREATE TABLE x (a)\0')],
    ['an unknown kind', { kind: 'constructor', name: 'x', sql: 'CREATE TABLE x (a)' }],
    ['half a character', table('CREATE TABLE x (a\ud800)')],
  ])('refuses %s', async (_, definition) => {
    const schema = await forged(({ preData, tables }) => {
      preData.push(definition);
      tables.push({
        name: definition.name,
        primaryKey: [],
        columns: [{ name: 'a', logicalType: 'any', declaredType: '', nullable: true }],
      });
    });
    expect((await failure(schema)).code).toBeOneOf(['restore-failed', 'archive-damaged']);
    expect(existsSync(escape)).toBe(false);
  });

  test.each<[string, Definition]>([
    [
      'a dropping trigger text',
      {
        kind: 'trigger',
        name: 'x',
        table: 't',
        sql: 'CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END; DROP TABLE t',
      },
    ],
    [
      'a trigger of the temporary database',
      {
        kind: 'trigger',
        name: 'x',
        table: 't',
        sql: 'CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END',
      },
    ],
    [
      'an index on another table',
      { kind: 'index', name: 'x', table: 'u', sql: 'CREATE INDEX x ON t (a)' },
    ],
    [
      'an index on sqlite_schema',
      {
        kind: 'index',
        name: 'x',
        table: 'sqlite_schema',
        sql: 'CREATE INDEX x ON sqlite_schema (name)',
      },
    ],
    ['an object twice', { kind: 'index', name: 'i', table: 't', sql: 'CREATE INDEX i ON t (a)' }],
    ['a view that is a table', { kind: 'view', name: 'x', sql: 'CREATE TABLE x (a)' }],
    [
      'a virtual table of another name',
      { kind: 'table', name: 'x', sql: 'CREATE VIRTUAL TABLE y USING fts5(a)' },
    ],
    [
      'a virtual table that is broken',
      { kind: 'table', name: 'x', sql: 'CREATE VIRTUAL TABLE x USING' },
    ],
    [
      'a virtual table in the place of a table',
      { kind: 'table', name: 't', sql: 'CREATE VIRTUAL TABLE t USING fts5(a)' },
    ],
  ])('refuses %s', async (_, definition) => {
    const schema = await forged(({ postData }) => postData.push(definition));
    expect((await failure(schema)).code).toBe('restore-failed');
  });

  test('refuses settings that are no settings', async () => {
    for (const [name, value] of [
      ['page_size', 1],
      ['page_size', '4096; ATTACH'],
      ['auto_vacuum', 7],
      ['user_version', 1.5],
      ['application_id', '0; DROP TABLE t'],
    ] as const) {
      const schema = await forged(({ settings }) => (settings[name] = value));
      expect((await failure(schema)).code).toBe('archive-damaged');
    }
    const schema = await forged((copy) => (copy.encoding = "UTF-8'; ATTACH 'x' AS y; --"));
    expect((await failure(schema)).code).toBe('archive-damaged');
  });

  test('refuses columns that do not agree with the definition', async () => {
    const changes: ((schema: DatabaseSchema) => void)[] = [
      ({ tables }) => tables[0]?.columns.pop(),
      ({ tables }) => tables[0]?.columns.push(...tables[0].columns.splice(0, 1)),
      ({ tables }) => tables.pop(),
      ({ tables }) => tables.push({ name: 'u', columns: [], primaryKey: [] }),
      ({ tables }) => Object.assign(tables[0]?.columns[2] ?? {}, { generated: 'stored' }),
    ];
    for (const change of changes) {
      expect((await failure(await forged(change))).code).toBe('archive-damaged');
    }
  });

  test('refuses sequences that are no integers or too large', async () => {
    for (const value of ['x', '1.5', '', '9223372036854775808']) {
      const { schema } = await backUp(
        make('CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)'),
      );
      const copy = { ...schema, sequences: [{ name: 't', value }] };
      expect((await failure(copy)).code).toBe('archive-damaged');
    }
  });
});

describe('rows from a damaged archive', () => {
  test.each<[string, CopyChunk]>([
    ['too few fields', chunk('1\ta\n', 1)],
    ['too many fields', chunk('1\ta\tb\tc\n', 1)],
    ['a cut row', chunk('1\ta\tb', 1)],
    ['fewer rows than said', chunk('1\ta\tb\n', 2)],
    ['more rows than said', chunk('1\ta\tb\n2\ta\tb\n', 1)],
    ['an integer that is none', chunk('x\ta\tb\n', 1)],
    ['an empty integer', chunk('\ta\tb\n', 1)],
    ['an integer beyond 64 bits', chunk('9223372036854775808\ta\tb\n', 1)],
    ['a real for an integer', chunk('1.5\ta\tb\n', 1)],
    ['an integer with a leading zero', chunk('01\ta\tb\n', 1)],
    ['a storage line that is no JSON', chunk('1\ta\tb\n', 1, 'x\n')],
    [
      'a storage line without line feed',
      chunk('1\ta\tb\n', 1, '{"row":0,"column":2,"storage":"text"}'),
    ],
    ['an empty storage line', chunk('1\ta\tb\n', 1, '\n')],
    ['a storage line for no row', chunk('1\ta\tb\n', 1, '{"row":1,"column":2,"storage":"text"}\n')],
    [
      'a storage line for no column',
      chunk('1\ta\tb\n', 1, '{"row":0,"column":3,"storage":"text"}\n'),
    ],
    [
      'a storage line twice',
      chunk('1\ta\t1\n', 1, '{"row":0,"column":2,"storage":"real"}\n'.repeat(2)),
    ],
    [
      'a storage line for a null',
      chunk('1\ta\t\\N\n', 1, '{"row":0,"column":2,"storage":"text"}\n'),
    ],
    ['an unknown storage class', chunk('1\ta\tb\n', 1, '{"row":0,"column":2,"storage":"null"}\n')],
    ['a blob that is none', chunk('1\ta\tb\n', 1, '{"row":0,"column":2,"storage":"blob"}\n')],
    [
      'a blob of half a byte',
      chunk('1\ta\t\\\\x0\n', 1, '{"row":0,"column":2,"storage":"blob"}\n'),
    ],
    ['a blob of no digits', chunk('1\ta\t\\\\xgg\n', 1, '{"row":0,"column":2,"storage":"blob"}\n')],
    [
      'a blob of other digits',
      chunk('1\ta\t\\\\x\xc5\x81\xc5\x81\n', 1, '{"row":0,"column":2,"storage":"blob"}\n'),
    ],
    ['a real that is none', chunk('1\ta\tNaN\n', 1, '{"row":0,"column":2,"storage":"real"}\n')],
    [
      'UTF-16 in a UTF-8 database',
      chunk('1\ta\t\\\\x00d8\n', 1, '{"row":0,"column":2,"storage":"utf16"}\n'),
    ],
  ])('refuses %s', async (_, damaged) => {
    expect((await failure(await forged(() => {}), [damaged])).code).toBe('archive-damaged');
  });

  test('refuses what SQLite refuses', async () => {
    const twice = chunk('1\ta\tb\n1\ta\tb\n', 2);
    const { code, message } = await failure(await forged(() => {}), [twice]);
    expect(code).toBe('restore-failed');
    expect(message).toBe("cannot insert row 1 of table 't': UNIQUE constraint failed: t.id");
  });
});

test('never touches a file that is there', async () => {
  const { schema } = await backUp(make(sql));
  const directory = scratch();
  writeFileSync(join(directory, 'db.sqlite3'), 'mine');
  await expect(sqliteEngine.openLoad(schema, loadInto(directory))).rejects.toThrow();
  expect(readdirSync(directory)).toEqual(['db.sqlite3']);
});

test('an abort is noticed, and discarding is safe at any time and twice', async () => {
  const { schema } = await backUp(make(sql));
  const directory = scratch();
  const controller = new AbortController();
  const load = await sqliteEngine.openLoad(schema, loadInto(directory), {
    signal: controller.signal,
  });
  await load.createTables();
  controller.abort();
  await expect(load.finish()).rejects.toMatchObject({ code: 'interrupted' });
  await load.discard();
  await load.discard();
  await load.commit();
  expect(readdirSync(directory)).toEqual([]);
});

test('commit is final and may be called twice', async () => {
  const { schema } = await backUp(make(sql));
  const directory = scratch();
  const load = await sqliteEngine.openLoad(schema, loadInto(directory));
  await load.createTables();
  await load.finish();
  await load.commit();
  await load.commit();
  expect(readdirSync(directory)).toEqual(['db.sqlite3']);
});

test('a schema of another engine', async () => {
  const schema = await forged((copy) => (copy.engine = 'postgres'));
  await expect(sqliteEngine.openLoad(schema, loadInto(scratch()))).rejects.toMatchObject({
    code: 'database-unsupported',
  });
});
