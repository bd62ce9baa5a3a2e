// The directories of one run, and the promise that they are gone afterwards: when it ends, fails, or is interrupted.

import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from './options.ts';

export interface WorkPlace {
  /** Data sets and restored instances. */
  readonly data: string;
  readonly archives: string;
  /** True when the archives are written to memory. */
  readonly archivesInMemory: boolean;
  /** For every process that is started: nothing of the caller's own settings, temporary files inside the work place. */
  readonly environment: NodeJS.ProcessEnv;
  /** Tells which process group must be stopped on an interruption. */
  running(pid: number | undefined): void;
  /** Has something removed with the rest that lies elsewhere; must not throw. */
  later(work: () => void): void;
  /** Removes everything. Safe to call twice. */
  remove(): void;
}

const gigabyte = 2 ** 30;
/** At full scale: the largest data set with its restored copy and temporary files; two archives of the largest set. */
const dataBytes = 12 * gigabyte;
const archiveBytes = 5 * gigabyte;
const memoryDirectory = '/dev/shm';

/** Throws when there is not enough room. */
export function createWorkPlace(options: Options): WorkPlace {
  const { directory, scale } = options;
  const archives = options.archives ?? roomiest(directory, archiveBytes * scale);
  assertRoom(directory, (dataBytes + (archives === directory ? archiveBytes : 0)) * scale);
  if (archives !== directory) assertRoom(archives, archiveBytes * scale);
  const made = [directory, archives].map((parent) =>
    mkdtempSync(join(parent, 'dms-backup-bench-')),
  );
  const [data = '', forArchives = ''] = made;
  let group: number | undefined;
  const elsewhere: (() => void)[] = [];
  const remove = (): void => {
    if (group !== undefined) stopGroup(group);
    for (const each of made) rmSync(each, { recursive: true, force: true, maxRetries: 5 });
    for (const work of elsewhere.splice(0)) work();
  };
  const interrupt = (): void => {
    process.stderr.write('\ninterrupted: removing what was made\n');
    remove();
    process.exit(130); // oxlint-disable-line unicorn/no-process-exit
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.on('exit', remove);
  const temporary = join(data, 'tmp');
  mkdirSync(temporary);
  return {
    data,
    archives: forArchives,
    archivesInMemory: archives.startsWith(memoryDirectory),
    environment: {
      PATH: process.env['PATH'],
      HOME: temporary,
      TMPDIR: temporary,
      LC_ALL: 'C',
      NO_COLOR: '1',
    },
    running(pid) {
      group = pid;
    },
    later: (work) => void elsewhere.push(work),
    remove,
  };
}

/** Memory where twice the room is free: the machine needs some for itself. */
function roomiest(directory: string, bytes: number): string {
  try {
    return freeBytes(memoryDirectory) > 2 * bytes ? memoryDirectory : directory;
  } catch {
    return directory;
  }
}

function assertRoom(directory: string, bytes: number): void {
  if (freeBytes(directory) >= bytes) return;
  const gigabytes = (bytes / gigabyte).toFixed(1);
  throw new Error(
    `'${directory}' has less than ${gigabytes} GiB free: name another directory, or use --scale`,
  );
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function stopGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
