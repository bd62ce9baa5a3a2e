// Describes an SQLite database for before-and-after comparisons: definitions, pragmas, and per table the number of rows and
// a digest over all values with their storage class. Works on a private copy: opening a database with a write-ahead log
// changes its files.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue } from 'node:sqlite';

import { quoteName, registerRegexp } from './paperless/create-schema.ts';

export interface TableDigest {
  rowCount: number;
  /** Independent of the order of rows; depends on values, storage classes and order of columns. */
  sha256: string;
}

export interface SqliteDigest {
  /** `type name on table` -> SQL text; empty for indexes that SQLite makes itself. */
  definitions: Record<string, string>;
  tables: Record<string, TableDigest>;
  /** Rows of sqlite_sequence: the highest id ever given. */
  sequences: Record<string, bigint>;
  /** encoding, user_version, application_id, page_size, auto_vacuum, journal_mode. */
  pragmas: Record<string, string>;
  /** `ok`, or the first complaint of SQLite. */
  integrityCheck: string;
  foreignKeyViolations: number;
}

const PRAGMAS = [
  'encoding',
  'user_version',
  'application_id',
  'page_size',
  'auto_vacuum',
  'journal_mode',
];

/** Reads `<path>` with `<path>-wal` or `<path>-journal`; the originals are not opened. */
export function digestSqlite(path: string): SqliteDigest {
  const folder = mkdtempSync(join(tmpdir(), 'digest-sqlite-'));
  try {
    const copy = join(folder, 'copy.sqlite3');
    for (const suffix of ['', '-wal', '-journal']) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    }
    const database = new DatabaseSync(copy);
    try {
      registerRegexp(database);
      return digest(database);
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function digest(database: DatabaseSync): SqliteDigest {
  const result: SqliteDigest = {
    definitions: {},
    tables: {},
    sequences: {},
    pragmas: Object.fromEntries(PRAGMAS.map((name) => [name, readPragma(database, name)])),
    integrityCheck: readPragma(database, 'integrity_check'),
    foreignKeyViolations: database.prepare('PRAGMA foreign_key_check').all().length,
  };
  for (const row of database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master').all()) {
    const name = String(row.name);
    result.definitions[`${String(row.type)} ${name} on ${String(row.tbl_name)}`] =
      row.sql === null ? '' : String(row.sql);
    if (row.type !== 'table') continue;
    if (name === 'sqlite_sequence') result.sequences = readSequences(database);
    else result.tables[name] = digestRows(database, name);
  }
  return result;
}

function readPragma(database: DatabaseSync, name: string): string {
  const row = database.prepare(`PRAGMA ${name}`).get() ?? {};
  return String(Object.values(row)[0]);
}

function readSequences(database: DatabaseSync): Record<string, bigint> {
  const statement = database.prepare('SELECT name, seq FROM sqlite_sequence');
  statement.setReadBigInts(true);
  return Object.fromEntries(
    statement.all().map((row) => [String(row.name), typeof row.seq === 'bigint' ? row.seq : 0n]),
  );
}

/** Text is read as bytes: it may hold NUL or be no UTF-8 at all, and JavaScript strings would hide both. */
function digestRows(database: DatabaseSync, table: string): TableDigest {
  const columns = database
    .prepare(`PRAGMA table_xinfo(${quoteName(table)})`)
    .all()
    .filter((column) => column.hidden !== 1)
    .map((column) => quoteName(String(column.name)));
  const values = columns.map(
    (name) =>
      `typeof(${name}), CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`,
  );
  const statement = database.prepare(`SELECT ${values.join(', ')} FROM ${quoteName(table)}`);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  const rows: string[] = [];
  for (const row of statement.iterate() as unknown as Iterable<SQLOutputValue[]>) {
    const hash = createHash('sha256');
    for (const value of row) hash.update(encode(value));
    rows.push(hash.digest('hex'));
  }
  rows.sort();
  const all = createHash('sha256');
  for (const row of rows) all.update(row);
  return { rowCount: rows.length, sha256: all.digest('hex') };
}

/** Length first, so that neighbours cannot run into each other; reals as their eight bytes. */
function encode(value: SQLOutputValue): Buffer {
  let bytes: Buffer;
  if (typeof value === 'number') {
    bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
  } else if (value instanceof Uint8Array) {
    bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  } else {
    bytes = Buffer.from(String(value), 'utf8');
  }
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
