// A private copy of database files in a directory of our own (0700, files 0600), for the cases in which reading the source
// in place would block its writers or change its files. The copy is proved consistent; its names are removed as soon as
// SQLite has it open, so that nothing stays behind even when the process is killed afterwards.

import { constants, rmSync, type BigIntStats } from 'node:fs';
import { chmod, copyFile, mkdtemp, open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertNotAborted,
  DmsBackupError,
  isDmsBackupError,
  systemErrorCode,
} from '../../errors.ts';
import type { ConnectOptions } from '../engine.ts';
import { fileError } from './connect.ts';
import { readStart, statusOf } from './files.ts';

/** A writer that checkpoints without pause can spoil an attempt; it cannot do that for ever. */
const attempts = 20;
const pauseMs = 100;
/** The header of a WAL file; its two salts change whenever the log starts anew. */
const walHeaderBytes = 32;
const blockBytes = 4 << 20;

export interface PrivateCopy {
  /** Path of the main file; -wal or -journal lie beside it when they were copied. */
  readonly path: string;
  /** Removes the directory. Safe to call while SQLite has the files open, and twice. */
  remove(): void;
}

/**
 * Copies the main file, and -wal and -journal where they exist. The copy is one state of the database: the main file is
 * copied first, then the log, and the log must not have started anew between. Whatever a checkpoint moved into the main
 * file meanwhile is then in the copied log too and wins over it. Without a log no file may change at all.
 */
export async function copyDatabase(source: string, options: ConnectOptions): Promise<PrivateCopy> {
  const copy = await createPrivateDirectory();
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      assertNotAborted(options.signal);
      const before = await fingerprint(source);
      await copyOne(source, copy.path);
      for (const suffix of ['-wal', '-journal']) {
        rmSync(copy.path + suffix, { force: true });
        if (await statusOf(source + suffix)) await copyOne(source + suffix, copy.path + suffix);
      }
      if ((await fingerprint(source)) === before) return copy;
      await sleep(pauseMs);
    }
    throw new DmsBackupError(
      'database-locked',
      `cannot copy database '${source}': it changed during each of ${attempts} attempts`,
    );
  } catch (error) {
    copy.remove();
    throw copyError(error, source);
  }
}

/**
 * Copies only the main file while the caller holds a lock that keeps writers out. Undefined when it changed all the same:
 * the lock was lost, because somebody in this process opened and closed the file.
 */
export async function copyMainFile(
  source: string,
  options: ConnectOptions,
): Promise<PrivateCopy | undefined> {
  const copy = await createPrivateDirectory();
  let from: FileHandle | undefined;
  let to: FileHandle | undefined;
  try {
    // One descriptor for all: closing any descriptor of the file gives up the lock, so it is closed last.
    from = await open(source, 'r');
    to = await open(copy.path, 'wx+', 0o600);
    const before = timesOf(await from.stat({ bigint: true }));
    const block = Buffer.allocUnsafe(blockBytes);
    for (let position = 0; ;) {
      const { bytesRead } = await from.read(block, 0, blockBytes, position);
      if (bytesRead === 0) break;
      assertNotAborted(options.signal);
      await to.writeFile(block.subarray(0, bytesRead));
      position += bytesRead;
    }
    const isSame =
      timesOf(await from.stat({ bigint: true })) === before &&
      (await changeCounter(from)) === (await changeCounter(to));
    if (isSame) return copy;
    copy.remove();
    return undefined;
  } catch (error) {
    copy.remove();
    throw copyError(error, source);
  } finally {
    await to?.close();
    await from?.close();
  }
}

/** What must be equal before and after copying, see {@link copyDatabase}. */
async function fingerprint(source: string): Promise<string> {
  const wal = await statusOf(`${source}-wal`);
  if (wal !== undefined && wal.size > 0n) {
    return (await readStart(`${source}-wal`, walHeaderBytes)).toString('hex');
  }
  const file = await open(source, 'r');
  try {
    const status = timesOf(await file.stat({ bigint: true }));
    return [status, timesOf(await statusOf(`${source}-journal`)), await changeCounter(file)].join();
  } finally {
    await file.close();
  }
}

function timesOf(status: BigIntStats | undefined): string {
  return `${status?.ino} ${status?.size} ${status?.mtimeNs} ${status?.ctimeNs}`;
}

/** The file change counter of the header: every commit in a rollback mode increases it. */
async function changeCounter(file: FileHandle): Promise<string> {
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 24);
  return buffer.toString('hex');
}

async function createPrivateDirectory(): Promise<PrivateCopy> {
  try {
    const directory = await mkdtemp(join(tmpdir(), 'dms-backup-'));
    return {
      path: join(directory, 'db.sqlite3'),
      remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }),
    };
  } catch (error) {
    const path = tmpdir();
    if (systemErrorCode(error) === 'ENOSPC') throw fileError(error, `write to '${path}'`);
    throw new DmsBackupError(
      'destination-unwritable',
      `cannot create a directory in '${path}' for a copy of the database`,
      { hint: 'Set TMPDIR to a directory with enough space.', cause: error },
    );
  }
}

async function copyOne(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, 0o600);
}

function copyError(error: unknown, source: string): unknown {
  const what = `copy database '${source}' to '${tmpdir()}'`;
  const mapped = fileError(error, what);
  if (!isDmsBackupError(mapped) || mapped.code !== 'no-space') return mapped;
  return new DmsBackupError('no-space', `cannot ${what}: no space left`, {
    hint: 'Free some space there, or set TMPDIR to a directory that has room for a copy of the database.',
    cause: error,
  });
}
