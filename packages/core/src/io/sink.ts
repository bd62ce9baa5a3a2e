// Where the bytes of an archive go. A file appears under its final name only when it is complete and durable: written as
// `<name>.partial` with mode 0600, fsync, linked to the final name without ever overwriting, fsync of the directory.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { DmsBackupError, systemErrorCode } from '../errors.ts';

export interface Sink {
  /** Takes all bytes or throws `no-space` or `destination-unwritable`. Their memory may be used again when it has resolved. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes it durable under its final name. */
  commit(): Promise<void>;
  /** Removes what was written. Safe at any time, also after `commit` (then it does nothing). Never rejects. */
  discard(): Promise<void>;
}

/** Throws `destination-exists`, `destination-unwritable` or `no-space`. */
export function createFileSink(path: string): Sink {
  const partial = `${path}.partial`;
  if (existsSync(path)) {
    throw new DmsBackupError('destination-exists', `there is already a file '${path}'`);
  }
  let fd: number | undefined;
  try {
    fd = openSync(partial, 'wx', 0o600);
  } catch (cause) {
    if (systemErrorCode(cause) === 'EEXIST') {
      throw new DmsBackupError('destination-exists', `there is already a file '${partial}'`, {
        hint: 'Another backup is writing it now, or one was killed. If none is running, remove the file.',
      });
    }
    throw writeError(cause, partial);
  }
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  /** What a discard removes. */
  let ours: string | undefined = partial;
  return {
    write(bytes) {
      try {
        writeAll(fd!, bytes);
      } catch (cause) {
        return Promise.reject(writeError(cause, partial));
      }
      return Promise.resolve();
    },
    commit() {
      try {
        fsyncSync(fd!);
        close();
        publish(partial, path);
        ours = path;
        syncDirectory(dirname(path));
        ours = undefined;
      } catch (cause) {
        return Promise.reject(cause instanceof DmsBackupError ? cause : writeError(cause, path));
      }
      return Promise.resolve();
    },
    discard() {
      close();
      if (ours !== undefined) rmSync(ours, { force: true });
      ours = undefined;
      return Promise.resolve();
    },
  };
}

/** For `-`: bytes to a stream; nothing can be taken back. A reader that goes away is `destination-unwritable`. */
export function createStreamSink(stream: NodeJS.WritableStream): Sink {
  let failure: unknown;
  /** Ends the wait of the call under way: a stream that is destroyed does not always call back. */
  let giveUp: (() => void) | undefined;
  const fail = (error: unknown) => {
    failure ??= error;
    giveUp?.();
  };
  // they stay for good: a late error of the stream must not end the process
  stream.on('error', fail);
  stream.on('close', () => fail(new Error('the stream was closed')));
  const send = (bytes: Uint8Array | undefined) =>
    new Promise<void>((resolve, reject) => {
      giveUp = () => reject(writeError(failure, 'standard output'));
      if (failure !== undefined) return giveUp();
      const done = (error?: Error | null) => {
        const cause = error ?? failure;
        if (cause === undefined) resolve();
        else reject(writeError(cause, 'standard output'));
      };
      // the callback comes when the bytes are taken, or with the error: no separate wait for `drain`
      if (bytes) stream.write(bytes, done);
      else stream.end(done);
    });
  return {
    write: (bytes) => send(bytes),
    commit: () => send(undefined),
    discard: () => Promise.resolve(),
  };
}

/** For dry runs: everything is done but the writing. */
export function createNullSink(): Sink {
  return {
    write: () => Promise.resolve(),
    commit: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

/** Writes all bytes at the current place of a file. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}

/** fsync of a directory, so that renames in it survive a power cut. Systems that cannot do it are passed over. */
export function syncDirectory(path: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    fsyncSync(fd);
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'EACCES', 'ENOTSUP'].includes(systemErrorCode(error) ?? ''))
      throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A system error while writing, in our words. */
export function writeError(cause: unknown, path: string): DmsBackupError {
  const code = systemErrorCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DmsBackupError('no-space', `cannot write '${path}': no space left`, { cause });
  }
  return new DmsBackupError(
    'destination-unwritable',
    `cannot write '${path}' (${code ?? 'unknown error'})`,
    { cause },
  );
}

/** Gives a finished file its name, over nothing. Throws `destination-exists`; other errors as the system has them. */
export function publish(partial: string | Buffer, path: string | Buffer): void {
  try {
    linkSync(partial, path);
  } catch (cause) {
    // a server of network files that lost its answer has made it, and says that it failed
    if (isSameFile(partial, path)) return removePartial(partial, path);
    if (systemErrorCode(cause) === 'EEXIST') {
      throw new DmsBackupError(
        'destination-exists',
        `'${basename(path.toString())}' appeared while it was written`,
        { cause },
      );
    }
    // file systems without hard links (FAT, some network mounts)
    if (existsSync(path))
      throw new DmsBackupError(
        'destination-exists',
        `there is already a file '${path.toString()}'`,
        { cause },
      );
    renameSync(partial, path);
    return;
  }
  removePartial(partial, path);
}

/** All or nothing: when one name cannot go, the other one does. */
function removePartial(partial: string | Buffer, path: string | Buffer): void {
  try {
    unlinkSync(partial);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

function isSameFile(one: string | Buffer, other: string | Buffer): boolean {
  const [first, second] = [one, other].map((each) =>
    lstatSync(each, { bigint: true, throwIfNoEntry: false }),
  );
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}
