// The plant itself must be legal and survive: the database stays sound and a write-ahead log stays a log.

import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect, test } from 'vitest';

import { compareSqlite } from './compare.ts';
import { digestSqlite } from './digest-sqlite.ts';
import { digestTree, showPath } from './digest-tree.ts';
import { HOSTILE_TABLE } from './hostile-database.ts';
import { HOSTILE_DIRECTORY } from './hostile-files.ts';
import { buildPaperlessInstance } from './paperless/build-instance.ts';
import { plantHostile } from './plant-hostile.ts';
import { createScratchDirectories } from './scratch-directory.ts';

const scratch = createScratchDirectories();

test.each([true, false])('plants into an instance, rows in the log: %s', (uncheckpointed) => {
  const instance = buildPaperlessInstance(scratch(), {
    appVersion: '3.0.5',
    documents: 40,
    uncheckpointed,
  });
  const before = digestSqlite(instance.databasePath);
  const plant = plantHostile(instance);
  const after = digestSqlite(instance.databasePath);
  expect(existsSync(`${instance.databasePath}-wal`)).toBe(uncheckpointed);
  expect(after.integrityCheck).toBe('ok');
  expect(after.foreignKeyViolations).toBe(0);
  expect(compareSqlite(before, after).equalTables).toBe(74);
  expect(Object.keys(after.tables)).toEqual(
    expect.arrayContaining([...plant.tables, 'sqlite_stat1']),
  );
  const odd = after.tables[HOSTILE_TABLE];
  expect(Number(after.sequences[HOSTILE_TABLE])).toBe((odd?.rowCount ?? 0) + 3);

  const database = new DatabaseSync(instance.databasePath, { readOnly: true });
  const classes = database
    .prepare('SELECT DISTINCT typeof(untyped) AS class FROM "odd ""name""; --"')
    .all();
  database.close();
  expect(classes.map((row) => String(row.class)).toSorted()).toEqual([
    'blob',
    'integer',
    'null',
    'real',
    'text',
  ]);
});

test('plants names, links and a sparse file', () => {
  const instance = buildPaperlessInstance(scratch(), { appVersion: '2.20.15', documents: 5 });
  const { paths } = plantHostile(instance);
  const tree = digestTree(instance.mediaDirectory);
  expect(paths.every((path) => tree.has(showPath(path)))).toBe(true);
  expect(new Set(paths.map(showPath)).size).toBe(paths.length);
  expect(paths.some((path) => path.includes(0xe4) && !path.toString('utf8').includes('ä'))).toBe(
    true,
  );
  const entry = (name: string) => tree.get(`${HOSTILE_DIRECTORY}/${name}`);
  expect(entry('link dangling')?.kind).toBe('link');
  expect(entry('empty directory')?.kind).toBe('directory');
  expect(entry('sparse')?.sizeBytes).toBe(9 * 2 ** 20);
  const sparse = lstatSync(join(instance.mediaDirectory, HOSTILE_DIRECTORY, 'sparse'));
  expect(sparse.blocks * 512).toBeLessThan(2 ** 20);
  expect(lstatSync(join(instance.mediaDirectory, HOSTILE_DIRECTORY, 'hard link')).nlink).toBe(2);
});
