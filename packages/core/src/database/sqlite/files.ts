// The files of a SQLite database and what can be learned from them without SQLite. Never call this for a file that a
// connection of this process has open: closing any descriptor of a file drops all POSIX locks of the process on it
// (https://www.sqlite.org/howtocorrupt.html, "Posix advisory locks").

import { readFileSync, realpathSync, type BigIntStats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { DmsBackupError, systemErrorCode } from '../../errors.ts';
import { fileError } from './connect.ts';

/** Bytes 0 to 15 of every SQLite file. */
const magic = Buffer.from('SQLite format 3\0');
const headerBytes = 100;

/**
 * Main file, -wal, -shm, -journal, whether they exist or not: they come and go while the application works. The main file
 * comes first: while only some are moved away, the application finds no database rather than one without its last commits.
 */
export function databaseFiles(path: string): readonly string[] {
  let main = path;
  try {
    // SQLite keeps the other files beside the file that a link leads to.
    main = realpathSync(path);
  } catch {
    // Missing: its neighbours may be there all the same.
  }
  return ['', '-wal', '-shm', '-journal'].map((suffix) => main + suffix);
}

export interface DatabaseFile {
  /** Absolute, links resolved. */
  readonly path: string;
  /** True when the header says write-ahead log, or a log with content lies beside it. */
  readonly usesWal: boolean;
  readonly walBytes: number;
  readonly sizeBytes: number;
}

/** Looks at a database file. Throws `database-not-found`, `database-unreadable`, `database-corrupt` (no database). */
export async function inspectFile(path: string): Promise<DatabaseFile> {
  const what = `open database '${path}'`;
  try {
    const main = await realpath(path);
    const status = await stat(main);
    if (!status.isFile()) {
      const kind = status.isDirectory() ? 'is a directory' : 'is no regular file';
      throw new DmsBackupError('database-not-found', `cannot ${what}: it ${kind}`);
    }
    const walBytes = Number((await statusOf(`${main}-wal`))?.size ?? 0);
    const header = await readStart(main, headerBytes);
    if (header.length === 0 && walBytes === 0) throw emptyFile(what);
    if (header.length < headerBytes || !header.subarray(0, magic.length).equals(magic)) {
      throw new DmsBackupError('database-corrupt', `cannot ${what}: it is no SQLite database`, {
        hint: 'Check the path: this file is something else, is encrypted, or was damaged at its start.',
      });
    }
    const usesWal = header[18] === 2 || walBytes > 0;
    return { path: main, usesWal, walBytes, sizeBytes: status.size };
  } catch (error) {
    throw fileError(error, what);
  }
}

function emptyFile(what: string): DmsBackupError {
  return new DmsBackupError('database-not-found', `cannot ${what}: the file is empty (0 bytes)`, {
    hint: 'An application or tool that was given a wrong path leaves such a file; check where the real database is (`doctor`).',
  });
}

/** The first bytes of a file, fewer when it is shorter. */
export async function readStart(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Status with nanoseconds, undefined for a missing file. */
export async function statusOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * True when another process is seen to hold a lock on one of the files, which every open connection of a WAL database does.
 * Linux only, and blind to other containers: false means "not seen", so nothing may depend on it for correctness.
 */
export async function isLockedElsewhere(paths: readonly string[]): Promise<boolean> {
  const wanted = new Set<string>();
  for (const path of paths) {
    const status = await statusOf(path);
    if (status) wanted.add(`${deviceName(Number(status.dev))}:${status.ino}`);
  }
  let table: string;
  try {
    table = readFileSync('/proc/locks', 'latin1');
  } catch {
    return false;
  }
  // 1: POSIX  ADVISORY  READ 3548 08:01:139531 1073741826 1073742335
  return table.split('\n').some((line) => {
    const fields = line.split(/\s+/);
    const owner = fields.findIndex((field) => /^-?\d+$/.test(field));
    return Number(fields[owner]) !== process.pid && wanted.has(fields[owner + 1] ?? '');
  });
}

/** `major:minor` in hexadecimal, as the kernel writes it in /proc/locks (glibc's encoding of dev_t). */
function deviceName(device: number): string {
  const major = (Math.floor(device / 0x1_0000_0000) & ~0xfff) | ((device >>> 8) & 0xfff);
  const minor = ((device >>> 12) & ~0xff) | (device & 0xff);
  return [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
}
