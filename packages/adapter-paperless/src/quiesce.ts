// The short pause of paperless: `media.lock` below the media root, taken as its own processes take it. settings.MEDIA_LOCK is
// held with flock(2) around every move, deletion and new file of a document (paperless-ngx 3.0.5, `FileLock` of the Python
// package filelock in documents/consumer.py, tasks.py, signals/handlers.py, the exporter and the importer). The file: filelock up
// to 3.20 (paperless-ngx 2.20.15) makes it once and leaves it there; filelock 3.29 (paperless-ngx 3.0.0 - 3.0.5) makes it with
// each lock and removes it with each release (`UnixFileLock._release`), and so do we where it is not there.
//
// Node has no flock(2). The program `flock` takes the lock for a descriptor that it inherits; the lock belongs to what both
// have open, so it stays with us when the program has ended and goes when we close the descriptor, or die.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { DmsBackupError, isDmsBackupError, systemErrorCode } from '@dms-backup/core';
import type { Instance } from '@dms-backup/core';
import { rootOf } from '@dms-backup/core/adapter-kit';

const defaultWaitMs = 5_000;
/** The place of the inherited descriptor in the child process: the first after the standard ones. */
const inherited = 3;

type Options = { readonly signal?: AbortSignal; readonly waitMs?: number };
type Release = () => Promise<void>;

/** Member `quiesce` of the adapter. A lock file that was there stays, one that was not there is not left behind. */
export async function quiesce(instance: Instance, options: Options = {}): Promise<Release> {
  const media = rootOf(instance, 'media');
  if (!media) throw new DmsBackupError('media-root-missing', 'there is no media root to be locked');
  const path = join(media.directory, 'media.lock');
  const giveUpAt = performance.now() + (options.waitMs ?? defaultWaitMs);
  const lock = (descriptor: number) => lockFile(descriptor, path, giveUpAt, options.signal);
  for (;;) {
    // undefined: the file came, went or was exchanged in between; `lock` ends it when it takes too long
    const release = (await lockExisting(path, lock)) ?? (await lockNew(path, lock));
    if (release) return release;
  }
}

type Lock = (descriptor: number) => Promise<void>;

async function lockExisting(path: string, lock: Lock): Promise<Release | undefined> {
  const descriptor = openExisting(path);
  if (descriptor === undefined) return undefined;
  try {
    await lock(descriptor);
    if (isAt(path, descriptor)) return once(() => closeSync(descriptor));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  // removed with its lock by the one who had it: what we have is a file that nobody looks at any more
  closeSync(descriptor);
  return undefined;
}

/**
 * The file appears under its name with the lock on it, and open to whoever the application runs as: it must never be refused
 * its own lock file because we made it.
 */
async function lockNew(path: string, lock: Lock): Promise<Release | undefined> {
  const aside = `${path}.${randomUUID()}`;
  let descriptor: number | undefined;
  let isOurs = false;
  try {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR;
    descriptor = openSync(aside, flags, 0o600);
    fchmodSync(descriptor, 0o666);
    await lock(descriptor);
    linkSync(aside, path);
    isOurs = true;
  } catch (cause) {
    if (isDmsBackupError(cause)) throw cause;
    const code = systemErrorCode(cause) ?? 'EIO';
    if (code === 'EEXIST') return undefined;
    throw new DmsBackupError(
      'source-unreadable',
      `cannot lock '${path}': it does not exist and cannot be made (${code})`,
      { cause },
    );
  } finally {
    rmSync(aside, { force: true });
    if (!isOurs && descriptor !== undefined) closeSync(descriptor);
  }
  const mine = descriptor;
  return once(() => {
    try {
      if (isAt(path, mine)) rmSync(path);
    } finally {
      closeSync(mine);
    }
  });
}

/** A descriptor that was closed may be somebody else's by now. */
function once(release: () => void): Release {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    release();
  };
}

/** Some network file systems lock only what is open for writing; nothing is written. Undefined when it does not exist. */
function openExisting(path: string): number | undefined {
  const flags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let descriptor: number;
  try {
    try {
      descriptor = openSync(path, flags | constants.O_RDWR);
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(systemErrorCode(error) ?? '')) throw error;
      descriptor = openSync(path, flags | constants.O_RDONLY);
    }
  } catch (cause) {
    const code = systemErrorCode(cause) ?? 'EIO';
    if (code === 'ENOENT') return undefined;
    throw new DmsBackupError('source-unreadable', `cannot open '${path}': ${code}`, { cause });
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new DmsBackupError('source-unreadable', `cannot lock '${path}': it is no regular file`);
}

/** Waits in the kernel's queue, so that an application that never rests cannot keep us out. */
async function lockFile(
  descriptor: number,
  path: string,
  giveUpAt: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const waitMs = giveUpAt - performance.now();
  if (signal?.aborted) throw new DmsBackupError('interrupted', `no longer waiting for '${path}'`);
  if (waitMs <= 0) throw busy(path);
  const child = spawn('flock', ['-x', String(inherited)], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
  });
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    if (said.length < 500) said += bytes.toString();
  });
  const stop = () => child.kill('SIGKILL');
  const timer = setTimeout(stop, waitMs);
  signal?.addEventListener('abort', stop);
  let code: number | null;
  try {
    code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
  } catch (cause) {
    const why =
      systemErrorCode(cause) === 'ENOENT'
        ? 'there is no program `flock` (util-linux)'
        : `the program \`flock\` does not start (${systemErrorCode(cause)})`;
    throw new DmsBackupError('source-unreadable', `cannot lock '${path}': ${why}`, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
  if (code === 0) return;
  if (signal?.aborted) throw new DmsBackupError('interrupted', `no longer waiting for '${path}'`);
  if (code === null) throw busy(path);
  throw new DmsBackupError('source-unreadable', `cannot lock '${path}': ${said.trim() || code}`);
}

function busy(path: string): DmsBackupError {
  return new DmsBackupError('locked', `the application holds '${path}' and does not let go of it`);
}

/** True when the file that is locked is the one that others find at the path. */
function isAt(path: string, descriptor: number): boolean {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  const here = fstatSync(descriptor, { bigint: true });
  return there !== undefined && there.dev === here.dev && there.ino === here.ino;
}
