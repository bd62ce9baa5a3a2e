// The descriptions must see every loss that a restore can make; each test makes one.

import {
  chmodSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { compareSqlite, compareTrees } from './compare.ts';
import { digestSqlite } from './digest-sqlite.ts';
import { digestTree, showPath } from './digest-tree.ts';
import { createScratchDirectories } from './scratch-directory.ts';

const scratch = createScratchDirectories();

describe('digestTree', () => {
  /** What one change does to a small tree. */
  function differencesAfter(change: (directory: string) => void): string[] {
    const directory = scratch();
    mkdirSync(join(directory, 'folder'));
    for (const name of ['a', 'folder/b']) {
      writeFileSync(join(directory, name), name);
      chmodSync(join(directory, name), 0o640);
      utimesSync(join(directory, name), 1_000_000_000.5, 1_000_000_000.5);
    }
    symlinkSync('a', join(directory, 'link'));
    const before = digestTree(directory);
    change(directory);
    return compareTrees(before, digestTree(directory)).differences;
  }

  test.each<[string, (directory: string) => void, string[]]>([
    ['nothing', () => undefined, []],
    ['mode', (d) => chmodSync(join(d, 'a'), 0o644), ['a: mode 640 became 644']],
    [
      'fraction of a second',
      (d) => utimesSync(join(d, 'a'), 1_000_000_000, 1_000_000_000),
      ['a: mtime 1000000000500000000 ns became 1000000000000000000 ns'],
    ],
    ['missing file', (d) => rmSync(join(d, 'folder/b')), ['folder/b: file is missing']],
    ['new file', (d) => linkSync(join(d, 'a'), join(d, 'c')), ['c: file is new']],
    [
      'link target',
      (d) => {
        rmSync(join(d, 'link'));
        symlinkSync('folder', join(d, 'link'));
      },
      ['link: content differs'],
    ],
    [
      'link became a file',
      (d) => {
        rmSync(join(d, 'link'));
        writeFileSync(join(d, 'link'), 'a');
      },
      ['link: link became file'],
    ],
    [
      'same size, other bytes',
      (d) => {
        writeFileSync(join(d, 'a'), 'x');
        utimesSync(join(d, 'a'), 1_000_000_000.5, 1_000_000_000.5);
      },
      ['a: content differs'],
    ],
  ])('sees: %s', (_, change, expected) => {
    expect(differencesAfter(change)).toEqual(expected);
  });

  test('lets be missing only what the caller allows', () => {
    const directory = scratch();
    mkdirSync(join(directory, 'index'));
    writeFileSync(join(directory, 'index/x'), '');
    const options = { mayBeMissing: (path: string) => path.startsWith('index/') };
    const result = compareTrees(digestTree(directory), digestTree(scratch()), options);
    expect(result).toEqual({ differences: [], equalFiles: 0, leftOut: ['index/x'] });
  });

  test('shows different names differently', () => {
    const names = ['ä', 'a\u0308', '\\xe4', '\\\\xe4'].map((name) => Buffer.from(name));
    names.push(Buffer.from([0xe4]), Buffer.from([0xe4, 0x61, 0xc3]));
    const shown = names.map(showPath);
    expect(shown).toEqual(['ä', 'a\u0308', '\\\\xe4', '\\\\\\\\xe4', '\\xe4', '\\xe4a\\xc3']);
  });
});

describe('digestSqlite', () => {
  /** What one change does to a small database. */
  function differencesAfter(sql: string): string[] {
    const path = join(scratch(), 'db.sqlite3');
    const run = (text: string): void => {
      const database = new DatabaseSync(path);
      database.exec(text);
      database.close();
    };
    run(`CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
         INSERT INTO t (v) VALUES (1), ('text'), (x'00'), (0.1), (NULL);
         CREATE INDEX i ON t (v); CREATE TABLE other (id INTEGER REFERENCES t (id));`);
    const before = digestSqlite(path);
    run(sql);
    return compareSqlite(before, digestSqlite(path)).differences;
  }

  const rows = ['table t: content of rows differs'];
  test.each([
    ['SELECT 1', []],
    ['VACUUM', []],
    ['PRAGMA journal_mode = wal', []],
    ['UPDATE t SET v = 1.0 WHERE id = 1', rows],
    ["UPDATE t SET v = '1' WHERE id = 1", rows],
    ["UPDATE t SET v = x'74657874' WHERE id = 2", rows],
    ["UPDATE t SET v = 'text' || char(0) || 'x' WHERE id = 2", rows],
    ['UPDATE t SET v = 0.1000000000000001 WHERE id = 4', rows],
    ["UPDATE t SET v = '' WHERE id = 5", rows],
    ['DELETE FROM t WHERE id = 3', ['table t: 5 rows became 4']],
    ['INSERT INTO t VALUES (9, 1); DELETE FROM t WHERE id = 9', ['last id of t: 5 became 9']],
    ['DROP INDEX i', ['definition of index i on t: is missing']],
    ['PRAGMA user_version = 7', ['pragma user_version: 0 became 7']],
    [
      'PRAGMA foreign_keys = off; INSERT INTO other VALUES (77)',
      ['table other: 0 rows became 1', '1 rows refer to nothing, 0 before'],
    ],
  ])('sees: %s', (sql, expected) => {
    expect(differencesAfter(sql)).toEqual(expected);
  });

  test('tells invalid UTF-8 apart, which JavaScript strings cannot', () => {
    const digests = ["CAST(x'ff' AS TEXT)", "CAST(x'fe' AS TEXT)", 'char(65533)'].map((value) => {
      const path = join(scratch(), 'db.sqlite3');
      const database = new DatabaseSync(path);
      database.exec(`CREATE TABLE t (v); INSERT INTO t VALUES (${value})`);
      database.close();
      return digestSqlite(path).tables.t?.sha256;
    });
    expect(new Set(digests).size).toBe(3);
  });
});
