// For the tests of the SQLite engine: databases made here, a reader that shares no code with the engine, other processes.

import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type {
  CopyChunk,
  DatabaseSnapshot,
  LoadTarget,
  TableDigest,
} from '../src/database/engine.ts';
import { sqliteEngine } from '../src/database/sqlite/engine.ts';

export const suffixes = ['', '-wal', '-shm', '-journal'];

/** A directory that is gone after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sqlite-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, {
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: true,
    defensive: false,
  });
  // As simple as paperless needs it, and not the one of the engine.
  database.function('regexp', { deterministic: true }, (pattern, value) =>
    pattern === null || value === null
      ? null
      : Number(new RegExp(String(pattern)).test(String(value))),
  );
  return database;
}

/** Makes a database file and returns its path. */
export function make(sql: string, path = join(scratch(), 'db.sqlite3')): string {
  const database = open(path);
  database.exec(sql);
  database.close();
  return path;
}

/** Copies a database without opening it. */
export function copyOf(path: string): string {
  const copy = join(scratch(), 'db.sqlite3');
  for (const suffix of suffixes) {
    if (suffix !== '-shm' && existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  }
  return copy;
}

/** Everything that must be equal in source and restored database. Works on a copy. */
export function stateOf(path: string): Record<string, unknown> {
  const database = open(copyOf(path));
  const all = (sql: string): unknown[][] => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    return statement.all() as unknown as unknown[][];
  };
  const state: Record<string, unknown> = {
    master: all('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2'),
  };
  for (const pragma of [
    'encoding',
    'user_version',
    'application_id',
    'journal_mode',
    'page_size',
    'auto_vacuum',
    'foreign_key_check',
    'integrity_check',
  ]) {
    state[pragma] = all(`PRAGMA ${pragma}`);
  }
  for (const [name] of all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    const table = `"${String(name).replaceAll('"', '""')}"`;
    const columns = all(
      `SELECT name FROM pragma_table_xinfo('${String(name).replaceAll("'", "''")}')`,
    );
    const rows: string[] = [];
    // A few columns at a time: 2000 is the most that one SELECT may have.
    for (let start = 0; start < columns.length; start += 500) {
      const fields = columns.slice(start, start + 500).flatMap(([column]) => {
        const quoted = `"${String(column).replaceAll('"', '""')}"`;
        return [
          `typeof(${quoted})`,
          `CASE typeof(${quoted}) WHEN 'real' THEN printf('%!.20g', ${quoted}) ELSE hex(CAST(${quoted} AS BLOB)) END`,
        ];
      });
      const order = name === 'sqlite_sequence' ? 'ORDER BY name' : '';
      const found = all(`SELECT ${fields.join()} FROM ${table} ${order}`);
      rows.push(...found.map((row) => createHash('sha256').update(row.join('|')).digest('hex')));
    }
    state[`table ${String(name)}`] = rows;
  }
  database.close();
  return state;
}

export interface Backup {
  readonly schema: DatabaseSnapshot['schema'];
  readonly chunks: Map<string, CopyChunk[]>;
  readonly digests: Map<string, TableDigest>;
}

/** Reads a whole database through the engine. */
export async function backUp(path: string, chunkBytes?: number): Promise<Backup> {
  const snapshot = await sqliteEngine.openSnapshot({ engine: 'sqlite', path });
  try {
    return await readAll(snapshot, chunkBytes);
  } finally {
    await snapshot.close();
  }
}

export async function readAll(snapshot: DatabaseSnapshot, chunkBytes?: number): Promise<Backup> {
  const chunks = new Map<string, CopyChunk[]>();
  const digests = new Map<string, TableDigest>();
  for (const table of snapshot.schema.tables) {
    const list: CopyChunk[] = [];
    chunks.set(table.name, list);
    const rows = snapshot.copyOut(table, chunkBytes === undefined ? {} : { chunkBytes });
    for (;;) {
      const next = await rows.next();
      if (next.done) {
        digests.set(table.name, next.value);
        break;
      }
      list.push(next.value);
    }
  }
  return { schema: snapshot.schema, chunks, digests };
}

/** The target of a load that builds its file in `directory`. */
export function loadInto(directory: string): LoadTarget {
  const location = { engine: 'sqlite', path: join(directory, 'target.sqlite3') } as const;
  return { location, directory, mode: 'rebuild', keepFormer: false };
}

/** Builds a database from what {@link backUp} read; returns its path and the digests that were read back. */
export async function restore(
  backup: Pick<Backup, 'schema' | 'chunks'>,
  directory = scratch(),
): Promise<{ path: string; digests: Map<string, TableDigest> }> {
  const load = await sqliteEngine.openLoad(backup.schema, loadInto(directory));
  try {
    await load.createTables();
    for (const table of backup.schema.tables) {
      for (const chunk of backup.chunks.get(table.name) ?? []) await load.copyIn(table, chunk);
    }
    await load.finish();
    const digests = new Map<string, TableDigest>();
    for (const table of backup.schema.tables) digests.set(table.name, await load.digest(table));
    await load.commit();
    return { path: join(directory, 'db.sqlite3'), digests };
  } catch (error) {
    await load.discard();
    throw error;
  }
}

/** SHA-256 of the files of a database, to see that nothing touched them. */
export function bytesOf(path: string): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const suffix of suffixes) {
    if (existsSync(path + suffix)) {
      hashes[suffix] = createHash('sha256')
        .update(readFileSync(path + suffix))
        .digest('hex');
    }
  }
  return hashes;
}

export interface Other {
  /** Waits for the next line of the process. */
  line(): Promise<string>;
  /** Lets `await go()` in the process return. */
  go(): void;
  /** Kills it without giving it a chance to close the database. */
  kill(): Promise<void>;
}

/**
 * Runs a script in another process: `database` is open, `say(text)` prints a line, `await go()` waits for {@link Other.go}.
 * The process ends with the test.
 */
export function inOtherProcess(path: string, script: string): Other {
  const source = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 5000 });
    const say = (text) => process.stdout.write(text + '\\n');
    const waiting = [];
    let granted = 0;
    process.stdin.on('data', (data) => {
      granted += data.length;
      while (granted > 0 && waiting.length > 0) { granted--; waiting.shift()(); }
    });
    const go = () => new Promise((resolve) => {
      if (granted > 0) { granted--; resolve(); } else waiting.push(resolve);
    });
    (async () => { ${script} })().catch((error) => { say('error ' + error.message); });`;
  const child: ChildProcess = spawn(process.execPath, ['-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const readers: ((line: string) => void)[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const reader = readers.shift();
      if (reader) reader(part);
      else lines.push(part);
    }
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return {
    line: () => {
      const line = lines.shift();
      return line === undefined
        ? new Promise((resolve) => readers.push(resolve))
        : Promise.resolve(line);
    },
    go: () => child.stdin?.write('g'),
    kill,
  };
}
