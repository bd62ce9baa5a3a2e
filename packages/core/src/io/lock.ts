// A lock that a killed process cannot leave behind: an exclusive lock on an empty SQLite file, which the kernel drops with the
// process. Works between containers that share the file system, where process ids mean nothing.

import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DmsBackupError } from '../errors.ts';
import { writeError } from './sink.ts';

export interface Lock {
  /** Gives the lock back and removes its file. Safe to call twice. */
  release(): void;
}

/** SQLite's primary code for "somebody else has the lock". */
const sqliteBusy = 5;

/**
 * Files that are locked by this process: closing any other descriptor of such a file would drop the lock (POSIX). Also keeps the
 * connection that holds a lock from the garbage collector, which would close it.
 */
const heldHere = new Map<string, DatabaseSync>();

/** Takes the lock or throws `locked` at once. The directory of `path` must exist. Throws `destination-unwritable`. */
export function takeLock(path: string, what: string): Lock {
  for (;;) {
    if (heldHere.has(named(path) ?? '')) throw lockedError(what);
    const fd = openFile(path);
    let database: DatabaseSync | undefined;
    let failure: unknown;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      failure = error;
    }
    // The former owner may have removed the file meanwhile, and another may have made a new one: ours has no name then. While
    // `fd` is open no other file can get its inode, and a name never comes back: the same file now is the same all along.
    const isCurrent = named(path) === identity(fstatSync(fd, { bigint: true }));
    if (database && failure === undefined && isCurrent) return lockOf(database, fd, path);
    database?.close();
    closeSync(fd);
    if (isBusy(failure)) throw lockedError(what, failure);
    if (isCurrent) throw writeError(failure, path);
  }
}

function lockOf(database: DatabaseSync, fd: number, path: string): Lock {
  const file = identity(fstatSync(fd, { bigint: true }));
  heldHere.set(file, database);
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      // removed first: whoever opens it from now on makes a new file
      rmSync(path, { force: true });
      database.close();
      closeSync(fd);
      heldHere.delete(file);
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw writeError(cause, path);
  }
}

function lockedError(what: string, cause?: unknown): DmsBackupError {
  return new DmsBackupError('locked', `another dms-backup is working on ${what}`, { cause });
}

function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number } | undefined)?.errcode ?? 0) % 256 === sqliteBusy;
}

/** What file the name means now. */
function named(path: string): string | undefined {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status && identity(status);
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}
