import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { backUp, make, restore, stateOf } from '../../../test/sqlite-databases.ts';
import { relaxedDefinition } from './relax.ts';

const relax = (sql: string, ...columns: string[]): string =>
  relaxedDefinition(sql, new Set(columns)).replaceAll(/ +/g, ' ');

describe('relaxedDefinition', () => {
  test.each<[string, string[], string]>([
    ['CREATE TABLE t (a INTEGER NOT NULL, b TEXT)', ['a'], 'CREATE TABLE t (a , b TEXT)'],
    [
      'CREATE TABLE t (a INTEGER NOT NULL, b TEXT)',
      ['b'],
      'CREATE TABLE t (a INTEGER NOT NULL, b )',
    ],
    [
      'CREATE TABLE t (a unsigned big int(3, -4) DEFAULT (1))',
      ['A'],
      'CREATE TABLE t (a DEFAULT (1))',
    ],
    [
      'CREATE TABLE "a (b" ("a, b" text, [c d] text, `e``f` text)',
      ['a, b', 'e`f'],
      'CREATE TABLE "a (b" ("a, b" , [c d] text, `e``f` )',
    ],
    [
      "CREATE TABLE t (a TEXT DEFAULT 'x, b INTEGER' NOT NULL, b INT)",
      ['a'],
      "CREATE TABLE t (a DEFAULT 'x, b INTEGER' , b INT)",
    ],
    ['CREATE TABLE t (a NOT NULL ON CONFLICT REPLACE UNIQUE)', ['a'], 'CREATE TABLE t (a UNIQUE)'],
    [
      'CREATE TABLE t (a INT REFERENCES x (b) NOT DEFERRABLE)',
      ['a'],
      'CREATE TABLE t (a REFERENCES x (b) NOT DEFERRABLE)',
    ],
    [
      'CREATE TABLE t (a INT CHECK (a IS NOT NULL AND (b)), b INT)',
      ['a'],
      'CREATE TABLE t (a CHECK (a IS NOT NULL AND (b)), b INT)',
    ],
    [
      'CREATE TABLE t (a /* ( */ INT -- , b TEXT\n NOT NULL)',
      ['a'],
      'CREATE TABLE t (a /* ( */ -- , b TEXT\n )',
    ],
    [
      'CREATE TABLE t (x, "a" "odd type" COLLATE nocase, PRIMARY KEY (x))',
      ['a'],
      'CREATE TABLE t (x, "a" COLLATE nocase, PRIMARY KEY (x))',
    ],
    [
      'CREATE TABLE t (a INT, CHECK (a NOT NULL))',
      ['a'],
      'CREATE TABLE t (a , CHECK (a NOT NULL))',
    ],
  ])('%s', (sql, columns, expected) => {
    expect(relax(sql, ...columns)).toBe(expected);
  });
});

test('rows that break the rules of their table are restored as they are', async () => {
  const path = make(`CREATE TABLE r (id INTEGER PRIMARY KEY, a, b, c, d, e AS (a || b), f);
    INSERT INTO r (a, b, c, d, f) VALUES (1, 'x', 1.5, '2024-01-01', NULL), (NULL, 2, 'not', 'x', 0), ('3', 3.5, '4.5', '2024', 5),
      (5.0, NULL, x'00', 7.0, '6'), (CAST(x'ff' AS TEXT), '', 1e300, NULL, '');
    CREATE TABLE plain (v); INSERT INTO plain VALUES (1)`);
  const database = new DatabaseSync(path, { defensive: false });
  database.exec('PRAGMA writable_schema = ON');
  database.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'r'")
    .run(`CREATE TABLE r (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT 5 CHECK (a <> 9), "b" varchar(10) NOT NULL ON CONFLICT IGNORE,
      c REAL, d datetime, e AS (a || b), f bool NOT NULL)`);
  database.close();
  const second = new DatabaseSync(path);
  second.exec('CREATE INDEX by_a ON r (a); CREATE INDEX by_e ON r (e, b)');
  second.close();
  const backup = await backUp(path);
  const restored = await restore(backup);
  const state = stateOf(restored.path);
  expect(state).toEqual(stateOf(path));
  expect(state['integrity_check']).toContainEqual(['NULL value in r.a']);
  expect(JSON.stringify(state['integrity_check'])).toContain('TEXT value in r.a');
  expect(restored.digests).toEqual(backup.digests);
});
