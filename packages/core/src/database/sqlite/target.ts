// What stands where a restore wants to build, and whether the application is still using it. Nothing is changed: no byte
// of the database or its log, no checkpoint.

import { realpath, stat } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { DmsBackupError, isDmsBackupError, systemErrorCode } from '../../errors.ts';
import type { TargetDatabase, ConnectOptions } from '../engine.ts';
import {
  closeQuietly,
  connect,
  databaseError,
  fileError,
  isBusy,
  primaryCode,
  quoted,
  sqliteCodes,
  waitForLock,
} from './connect.ts';
import { readDefinitions } from './definitions.ts';
import { inspectFile, isLockedElsewhere, statusOf, type DatabaseFile } from './files.ts';
import { isReadInPlace, openSource } from './source.ts';

/** A damaged or foreign file is replaced like any other, so it counts as occupied; its contents cannot be counted. */
const unreadable: TargetDatabase = { state: 'occupied', tables: 0, rows: 0 };

/** See {@link DatabaseEngine.inspectTarget}. Throws `database-locked`, `database-unreadable`, `target-unsafe`. */
export async function inspectTarget(
  path: string,
  options: ConnectOptions,
): Promise<TargetDatabase> {
  const state = await simpleState(path);
  if (state) return state;
  let file: DatabaseFile;
  try {
    if (isReadInPlace(await realpath(path))) {
      throw new DmsBackupError(
        'database-locked',
        `cannot look at restore target '${path}': this process is reading it`,
      );
    }
    file = await inspectFile(path);
  } catch (error) {
    if (isDmsBackupError(error) && error.code === 'database-corrupt') return unreadable;
    throw error;
  }
  await assertUnused(file, path, options);
  try {
    const source = await openSource(path, options);
    try {
      return count(source.database);
    } finally {
      source.close();
    }
  } catch (error) {
    const mapped = databaseError(error, `count the rows of database '${path}'`);
    if (isDmsBackupError(mapped) && mapped.code === 'database-corrupt') return unreadable;
    throw mapped;
  }
}

/** The states that need no SQLite: nothing there, nothing in it, something else there. */
async function simpleState(path: string): Promise<TargetDatabase | undefined> {
  try {
    const status = await stat(path);
    if (!status.isFile()) {
      throw new DmsBackupError(
        'target-unsafe',
        `cannot restore to '${path}': it is no regular file`,
      );
    }
    if (status.size > 0 || Number((await statusOf(`${path}-wal`))?.size ?? 0) > 0) return undefined;
    return { state: 'empty', tables: 0, rows: 0 };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return { state: 'missing', tables: 0, rows: 0 };
    throw fileError(error, `look at restore target '${path}'`);
  }
}

function count(database: DatabaseSync): TargetDatabase {
  const tables = readDefinitions(database).filter(
    ({ kind, name }) => kind === 'table' && !name.toLowerCase().startsWith('sqlite_'),
  );
  let rows = 0;
  for (const { name } of tables) {
    try {
      rows += Number(database.prepare(`SELECT count(*) AS n FROM ${quoted(name)}`).get()?.['n']);
    } catch (error) {
      // A virtual table of a module that is not built in; its shadow tables are counted.
      if (primaryCode(error) !== sqliteCodes.error) throw error;
    }
  }
  return { state: tables.length === 0 ? 'empty' : 'occupied', tables: tables.length, rows };
}

/**
 * Throws `database-locked` when another process writes, or (in WAL mode, on Linux) has the database open. An idle application
 * with a rollback journal holds no lock and cannot be seen.
 */
async function assertUnused(
  file: DatabaseFile,
  path: string,
  options: ConnectOptions,
): Promise<void> {
  const what = `get exclusive access to database '${path}'`;
  try {
    if (!file.usesWal) {
      await waitForLock(() => tryExclusive(file.path), what, options);
      return;
    }
    if (await isLockedElsewhere([file.path, `${file.path}-shm`])) {
      throw new DmsBackupError('database-locked', `cannot ${what}: another process has it open`);
    }
    const [wal, index] = [await statusOf(`${file.path}-wal`), await statusOf(`${file.path}-shm`)];
    // Without these two files nobody can have the log open.
    if (wal && index) await waitForLock(() => tryWalWriter(file.path), what, options);
  } catch (error) {
    throw databaseError(error, what);
  }
}

/** Takes and gives back the lock of a writer. Files that may only be read are left to the caller's own checks. */
function tryExclusive(path: string): void {
  // First without the right to write: a journal of a crashed writer must not be rolled back here.
  const reader = connect(path, { readOnly: true });
  try {
    reader.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    if (isBusy(error)) throw error;
    return;
  } finally {
    closeQuietly(reader);
  }
  beginExclusive(path);
}

/**
 * In WAL mode the last connection to close would checkpoint and delete the log. A read-only connection cannot do that, so one
 * stays open until the writing one is closed.
 */
function tryWalWriter(path: string): void {
  const keeper = connect(path, { readOnly: true });
  try {
    keeper.exec('BEGIN');
    keeper.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    closeQuietly(keeper);
    if (isBusy(error)) throw error;
    return;
  }
  try {
    beginExclusive(path);
  } finally {
    closeQuietly(keeper);
  }
}

function beginExclusive(path: string): void {
  const writer = connect(path, { readOnly: false });
  try {
    writer.exec('BEGIN EXCLUSIVE; ROLLBACK');
  } catch (error) {
    if (isBusy(error)) throw error;
  } finally {
    closeQuietly(writer);
  }
}
