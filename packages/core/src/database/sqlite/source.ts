// Opens one consistent state of a live database without changing a byte of it and without keeping its writers waiting:
// in place where the write-ahead log gives readers their own state, else from a private copy.

import { realpath } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { DmsBackupError, isDmsBackupError } from '../../errors.ts';
import type { ConnectOptions } from '../engine.ts';
import {
  closeQuietly,
  connect,
  databaseError,
  primaryCode,
  sqliteCodes,
  sqliteErrorCode,
  waitForLock,
} from './connect.ts';
import { inspectFile, isLockedElsewhere, type DatabaseFile } from './files.ts';
import { copyDatabase, copyMainFile, type PrivateCopy } from './private-copy.ts';

/** SQLITE_READONLY_ROLLBACK: a crashed writer left a journal that must be rolled back before reading. */
const readOnlyRollback = 776;
const copyAttempts = 5;

export interface Source {
  /** Inside a read transaction that shows one state until `close`. */
  readonly database: DatabaseSync;
  readonly journalMode: 'wal' | 'delete';
  close(): void;
}

/** Errors: those of {@link inspectFile}, `database-locked`, `database-corrupt`, `no-space`, `interrupted`. */
export async function openSource(path: string, options: ConnectOptions): Promise<Source> {
  const what = `read database '${path}'`;
  try {
    const again = await openAgain(path, what, options);
    if (again) return again;
    const file = await inspectFile(path);
    return file.usesWal
      ? await openWal(file, what, options)
      : await openRollback(file, what, options);
  } catch (error) {
    throw databaseError(error, what);
  }
}

/**
 * A log that somebody has open is read in place: the reader's own state costs nothing. A log at rest is copied, since reading
 * it in place would write the -shm file, and cannot work at all where the directory is read-only.
 */
async function openWal(file: DatabaseFile, what: string, options: ConnectOptions): Promise<Source> {
  const isOpen = await isLockedElsewhere([file.path, `${file.path}-shm`]);
  const inPlace = isOpen ? await openInPlace(file, what, options) : undefined;
  if (inPlace) return inPlace;
  try {
    return openCopy(await copyDatabase(file.path, options), 'wal');
  } catch (error) {
    const isOurs = isDmsBackupError(error) && ['no-space', 'database-locked'].includes(error.code);
    const second = isOurs && !isOpen ? await openInPlace(file, what, options) : undefined;
    if (second) return second;
    throw error;
  }
}

/**
 * Files that this process reads in place, and how often. While it does, they are opened by SQLite only: closing any other
 * descriptor would drop the locks of all (files.ts).
 */
const placesRead = new Map<string, number>();

/** True while this process reads the file in place. */
export function isReadInPlace(realPath: string): boolean {
  return placesRead.has(realPath);
}

async function openAgain(
  path: string,
  what: string,
  options: ConnectOptions,
): Promise<Source | undefined> {
  const real = await realpath(path).catch(() => path);
  if (!isReadInPlace(real)) return undefined;
  const source = await openInPlace({ path: real }, what, options);
  if (source) return source;
  throw new DmsBackupError('database-locked', `cannot ${what}: this process is reading it already`);
}

/** Undefined where SQLite cannot read in place (read-only directory, -shm of another user). */
async function openInPlace(
  file: Pick<DatabaseFile, 'path'>,
  what: string,
  options: ConnectOptions,
): Promise<Source | undefined> {
  try {
    const database = await waitForLock(() => begin(file.path, true), what, options);
    placesRead.set(file.path, (placesRead.get(file.path) ?? 0) + 1);
    return {
      database,
      journalMode: 'wal',
      close: () => {
        if (!database.isOpen) return;
        closeQuietly(database);
        const others = (placesRead.get(file.path) ?? 1) - 1;
        if (others === 0) placesRead.delete(file.path);
        else placesRead.set(file.path, others);
      },
    };
  } catch (error) {
    const code = primaryCode(error) ?? 0;
    const cannot: readonly number[] = [
      sqliteCodes.readOnly,
      sqliteCodes.cannotOpen,
      sqliteCodes.ioError,
      sqliteCodes.protocol,
    ];
    if (cannot.includes(code)) return undefined;
    throw error;
  }
}

/** A reader of a rollback-journal database keeps writers out, so its lock is held only while the file is copied. */
async function openRollback(
  file: DatabaseFile,
  what: string,
  options: ConnectOptions,
): Promise<Source> {
  for (let attempt = 0; attempt < copyAttempts; attempt++) {
    let database: DatabaseSync;
    try {
      database = await waitForLock(() => begin(file.path, true), what, options);
    } catch (error) {
      if (sqliteErrorCode(error) !== readOnlyRollback) throw error;
      return openCopy(await copyDatabase(file.path, options), 'delete');
    }
    try {
      const copy = await copyMainFile(file.path, options);
      if (copy) return openCopy(copy, 'delete');
    } finally {
      closeQuietly(database);
    }
  }
  throw new DmsBackupError('database-locked', `cannot ${what}: it changed while it was copied`);
}

function openCopy(copy: PrivateCopy, journalMode: Source['journalMode']): Source {
  try {
    // Writable: a copied log gets its index, a copied journal is rolled back.
    const database = begin(copy.path, false);
    // On systems that keep the names of open files this does nothing, and `close` removes them.
    copy.remove();
    return {
      database,
      journalMode,
      close: () => {
        closeQuietly(database);
        copy.remove();
      },
    };
  } catch (error) {
    copy.remove();
    throw error;
  }
}

/** Connects and starts a read transaction that really has begun: SQLite waits for the first read. */
function begin(path: string, readOnly: boolean): DatabaseSync {
  const database = connect(path, { readOnly });
  try {
    database.exec('PRAGMA query_only = ON; BEGIN');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    closeQuietly(database);
    throw error;
  }
}
