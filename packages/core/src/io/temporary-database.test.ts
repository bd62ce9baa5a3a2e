// The notes of a run: many rows, no file with a name, gone with the connection.

import { readdirSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { openTemporaryDatabase } from './temporary-database.ts';

test('takes more than fits its cache, and leaves no name on disk', () => {
  const directory = scratchDirectory();
  vi.stubEnv('SQLITE_TMPDIR', directory);
  vi.stubEnv('TMPDIR', directory);
  const database = openTemporaryDatabase('CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)');
  const insert = database.prepare('INSERT INTO notes VALUES (?, ?)');
  const text = Buffer.alloc(10_000, 'x');
  for (let id = 0; id < 4000; id++) insert.run(id, text);
  expect({
    ...database.prepare('SELECT count(*) AS notes, sum(length(text)) AS bytes FROM notes').get(),
  }).toEqual({
    notes: 4000,
    bytes: 40_000_000,
  });
  expect(readdirSync(directory)).toEqual([]);
  database.close();
  expect(readdirSync(directory)).toEqual([]);
  vi.unstubAllEnvs();
});

test('is one for each who opens it', () => {
  const one = openTemporaryDatabase('CREATE TABLE notes (id)');
  const other = openTemporaryDatabase('CREATE TABLE notes (id)');
  one.exec('INSERT INTO notes VALUES (1)');
  expect(other.prepare('SELECT * FROM notes').all()).toEqual([]);
  one.close();
  other.close();
});
