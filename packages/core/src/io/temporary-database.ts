// A private SQLite database for the notes of one run: on disk only as far as it does not fit its cache, without a name, gone
// when the process ends. This is how memory stays flat with a million files.

import { DatabaseSync } from 'node:sqlite';

const cacheKibibytes = 4 * 1024;

/** Opens it and creates the tables. An empty name is SQLite's word for "temporary, deleted on close". */
export function openTemporaryDatabase(tables: string): DatabaseSync {
  const database = new DatabaseSync('');
  database.exec(
    `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -${cacheKibibytes};`,
  );
  database.exec(tables);
  // one transaction for the whole run: nobody else reads it, and a rollback is never wanted
  database.exec('BEGIN');
  return database;
}
