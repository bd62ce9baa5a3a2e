// The drill log beside an archive: one JSON line per drill, for those who have to show that restores are practised. It is opened
// before anything is restored, so that nobody finds out at the end that the result cannot be kept.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { syncDirectory, writeAll, writeError } from '../io/sink.ts';

/** One line. Numbers are null when the drill did not get that far. */
export interface DrillRecord {
  readonly drilledAt: string;
  readonly archiveId: string;
  /** Name of the archive, without directory. */
  readonly archive: string;
  readonly toolVersion: string;
  readonly adapter: string;
  readonly appVersion: string;
  readonly engine: string;
  readonly restoreSeconds: number | null;
  readonly documents: number | null;
  readonly documentsComplete: number | null;
  readonly sampled: number | null;
  readonly sampleProblems: number | null;
  /** By level; `omitted` are those beyond the list of `check`. */
  readonly findings: Readonly<Record<'error' | 'warning' | 'info' | 'omitted', number>> | null;
  /** `findings`: restored, with findings that are errors or documents that do not open. */
  readonly result: 'proved' | 'findings' | 'failed';
  /** Code of the error of a drill that failed. */
  readonly error?: string;
}

export interface DrillLog {
  readonly path: string;
  /** Adds a line, durably. Throws `no-space`, `destination-unwritable`. */
  append(record: DrillRecord): void;
  /** Removes the file again when it is new and nothing was written. */
  close(): void;
}

/** Throws `destination-unwritable`, also for links and for anything that is no file. */
export function openDrillLog(path: string): DrillLog {
  const fd = open(path);
  return {
    path,
    append(record) {
      try {
        const line = `${JSON.stringify(record)}\n`;
        writeAll(fd, Buffer.from(endsTorn(fd) ? `\n${line}` : line));
        fsyncSync(fd);
        syncDirectory(dirname(path));
      } catch (cause) {
        throw writeError(cause, path);
      }
    },
    close() {
      const { size, ino } = fstatSync(fd);
      closeSync(fd);
      if (size === 0 && statSync(path, { throwIfNoEntry: false })?.ino === ino)
        rmSync(path, { force: true });
    },
  };
}

function open(path: string): number {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    throw new DmsBackupError('destination-unwritable', `the drill log '${path}' is no file`);
  } catch (cause) {
    if (isDmsBackupError(cause)) throw cause;
    const { code, message } = writeError(cause, path);
    throw new DmsBackupError(code, message, {
      cause,
      hint: 'The drill log lies beside the archive: run as a user who may write there, or drill a copy of the archive.',
    });
  }
}

/** True when the last line was cut by the end of a process or of the space. */
function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}
