// Opening SQLite files: one way to connect, waiting for locks without blocking the event loop, and the translation of
// SQLite's result codes into ours.

import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertNotAborted,
  DmsBackupError,
  isDmsBackupError,
  systemErrorCode,
  type ErrorCode,
} from '../../errors.ts';
import type { ConnectOptions } from '../engine.ts';
import { registerFunctions } from './functions.ts';

/** Django waits 5 seconds; twice that outlasts a writer that waited itself. */
export const defaultLockTimeoutMs = 10_000;

/** Primary result codes of SQLite (the low byte of `errcode`). */
export const sqliteCodes = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  constraint: 19,
  notADatabase: 26,
} as const;

const codeOf: Readonly<Record<number, ErrorCode>> = {
  [sqliteCodes.busy]: 'database-locked',
  [sqliteCodes.locked]: 'database-locked',
  [sqliteCodes.ioError]: 'database-unreadable',
  [sqliteCodes.corrupt]: 'database-corrupt',
  [sqliteCodes.full]: 'no-space',
  [sqliteCodes.cannotOpen]: 'database-unreadable',
  [sqliteCodes.notADatabase]: 'database-corrupt',
};

/** Opens a file by its absolute path. Throws SQLite's own errors. */
export function connect(path: string, options: { readOnly: boolean }): DatabaseSync {
  const database = new DatabaseSync(path, {
    readOnly: options.readOnly,
    enableForeignKeyConstraints: false,
    // Old applications have them in their definitions, and those must compile here as they did there.
    enableDoubleQuotedStringLiterals: true,
    // Waiting is done in `waitForLock`; a busy handler of SQLite would block the whole process.
    timeout: 0,
    // Restoring virtual tables writes to sqlite_schema; hostile definitions are kept out by `ddl.ts`.
    defensive: options.readOnly,
  });
  registerFunctions(database);
  return database;
}

/** Closes without throwing: used where another error is already on its way, and where nothing can be lost. */
export function closeQuietly(database: DatabaseSync): void {
  try {
    if (database.isOpen) database.close();
  } catch {
    // Read-only connections have nothing to write; a build that fails to close is thrown away.
  }
}

/** SQLite's extended result code, or undefined for other errors. */
export function sqliteErrorCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as { errcode?: unknown }).errcode : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** SQLite's primary result code, see {@link sqliteCodes}. */
export function primaryCode(error: unknown): number | undefined {
  const code = sqliteErrorCode(error);
  return code === undefined ? undefined : code & 0xff;
}

/** True when another connection holds a lock that we need. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === sqliteCodes.busy || code === sqliteCodes.locked;
}

/**
 * The error to throw for one of SQLite: `what` continues "cannot" (`read table 'x' of '/db'`). Codes that say nothing by
 * themselves (an unknown function, a failed constraint) become `otherwise`; errors of ours pass unchanged.
 */
export function databaseError(error: unknown, what: string, otherwise?: ErrorCode): unknown {
  if (isDmsBackupError(error)) return error;
  const primary = primaryCode(error);
  const code = (primary === undefined ? undefined : codeOf[primary]) ?? otherwise;
  if (code === undefined) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DmsBackupError(code, `cannot ${what}: ${reason}`, { cause: error });
}

const loadCodes: ReadonlySet<ErrorCode> = new Set([
  'archive-damaged',
  'restore-failed',
  'no-space',
  'interrupted',
]);

/**
 * The error to throw while a database is built from an archive: whatever hostile definitions and rows make SQLite or Node
 * say, it is `restore-failed`, except for a full disk and for what we found ourselves.
 */
export function loadError(error: unknown, what: string): DmsBackupError {
  if (isDmsBackupError(error)) {
    if (loadCodes.has(error.code)) return error;
    return new DmsBackupError('restore-failed', error.message, { cause: error });
  }
  const full = primaryCode(error) === sqliteCodes.full || systemErrorCode(error) === 'ENOSPC';
  const reason = error instanceof Error ? error.message : String(error);
  const code = full ? 'no-space' : 'restore-failed';
  return new DmsBackupError(code, `cannot ${what}: ${reason}`, { cause: error });
}

/** The error to throw for one of the file system on a database file. */
export function fileError(error: unknown, what: string): unknown {
  if (isDmsBackupError(error)) return error;
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new DmsBackupError('database-not-found', `cannot ${what}: there is no such file`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new DmsBackupError('database-unreadable', `cannot ${what}: permission denied`, {
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new DmsBackupError('no-space', `cannot ${what}: no space left`, { cause: error });
    case 'EIO':
    case 'ELOOP':
    case 'ESTALE':
      return new DmsBackupError('database-unreadable', `cannot ${what}: ${String(error)}`, {
        cause: error,
      });
    default:
      return error;
  }
}

/** Calls `attempt` until it is not refused by a lock. Throws `database-locked` after the waiting time, `interrupted`. */
export async function waitForLock<T>(
  attempt: () => T,
  what: string,
  options: ConnectOptions = {},
): Promise<T> {
  const deadline = performance.now() + (options.lockTimeoutMs ?? defaultLockTimeoutMs);
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    assertNotAborted(options.signal);
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= deadline) throw databaseError(error, what);
    }
    await sleep(pauseMs);
  }
}

export { quoteIdentifier as quoted } from '../quote-identifier.ts';
