// A lock that a killed process cannot leave behind: a lock on an empty SQLite file, which the kernel drops with the process. Works
// between containers that share the file system, where process ids mean nothing. Many can share it, or one has it alone.

import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { DmsBackupError, assertNotAborted, isDmsBackupError, systemErrorCode } from '../errors.ts';
import type { OnEvent } from '../events.ts';
import { writeError } from './sink.ts';

export interface Lock {
  /** Gives the lock back; the last who has it removes its file. Safe to call twice, never throws. */
  release(): void;
}

export type LockMode = 'exclusive' | 'shared';

export interface WaitOptions {
  /** Default: not at all. */
  readonly lockTimeoutMs?: number;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal;
  /** Called before each try: makes the directory of the lock, which its former owner may have removed. */
  readonly prepare?: () => void;
}

/** SQLite's primary code for "somebody else has the lock". */
const sqliteBusy = 5;

/** A lock of this process on a file. */
interface Held {
  readonly mode: LockMode;
  readonly database: DatabaseSync;
  readonly fd: number;
  holders: number;
}

/**
 * Files that are locked by this process: closing any other descriptor of such a file would drop the lock (POSIX). Also keeps the
 * connection that holds a lock from the garbage collector, which would close it.
 */
const heldHere = new Map<string, Held>();

/** Takes the lock or throws `locked` at once. The directory of `path` must exist. Throws `destination-unwritable`. */
export function takeLock(path: string, what: string, mode: LockMode = 'exclusive'): Lock {
  for (;;) {
    const file = named(path) ?? '';
    const held = heldHere.get(file);
    if (held?.mode === 'shared' && mode === 'shared') {
      held.holders++;
      return lockOf(held, file, path);
    }
    if (held) throw lockedError(what);
    const fd = openFile(path);
    let database: DatabaseSync | undefined;
    let failure: unknown;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      // what is read in a transaction stays locked against writers until its end
      database.exec(
        mode === 'exclusive' ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT 1 FROM sqlite_schema',
      );
    } catch (error) {
      failure = error;
    }
    // The former owner may have removed the file meanwhile, and another may have made a new one: ours has no name then. While
    // `fd` is open no other file can get its inode, and a name never comes back: the same file now is the same all along.
    const opened = identity(fstatSync(fd, { bigint: true }));
    const isCurrent = named(path) === opened;
    if (database && failure === undefined && isCurrent) {
      const taken: Held = { mode, database, fd, holders: 1 };
      heldHere.set(opened, taken);
      return lockOf(taken, opened, path);
    }
    database?.close();
    closeSync(fd);
    if (isBusy(failure)) throw lockedError(what, failure);
    if (isCurrent) throw writeError(failure, path);
  }
}

/**
 * Takes the lock, or waits for it as long as it may. Even without a timeout it tries for a moment: who gives a shared lock
 * back has it alone for the time of removing its file. Throws `locked`, `destination-unwritable`, `interrupted`.
 */
export async function waitForLock(
  path: string,
  what: string,
  mode: LockMode,
  { lockTimeoutMs = 0, onEvent, signal, prepare }: WaitOptions,
): Promise<Lock> {
  const startedAt = performance.now();
  let told = false;
  for (;;) {
    assertNotAborted(signal);
    try {
      prepare?.();
      return takeLock(path, what, mode);
    } catch (error) {
      const isHeld = isDmsBackupError(error) && error.code === 'locked';
      if (!isHeld && !(prepare && isMissing(error))) throw error;
      const waitedMs = performance.now() - startedAt;
      if (waitedMs >= Math.max(lockTimeoutMs, momentMs)) throw error;
      if (!told && lockTimeoutMs > 0 && isHeld) {
        told = true;
        onEvent?.({ type: 'step', phase: 'lock', text: `waiting: ${error.message}` });
      }
      await sleep(waitedMs < momentMs ? 50 : 500);
    }
  }
}

/** The directory went between its making and the opening of the file. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && systemErrorCode(error.cause) === 'ENOENT';
}

/** Longer than removing a file takes, shorter than anybody notices. */
const momentMs = 300;

function lockOf(held: Held, file: string, path: string): Lock {
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      held.holders--;
      if (held.holders > 0) return;
      if (held.mode === 'exclusive') removeFile(path);
      held.database.close();
      closeSync(held.fd);
      heldHere.delete(file);
      if (held.mode === 'shared') removeUnused(path);
    },
  };
}

/** Before the lock is given back: whoever opens it from now on makes a new file. */
function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // a file without a lock on it stops nobody, and the work is done
  }
}

/** Removes the file of a shared lock, if nobody else has it: only who has it alone knows that. */
function removeUnused(path: string): void {
  try {
    if (named(path) !== undefined) takeLock(path, 'it').release();
  } catch {
    // the same
  }
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
