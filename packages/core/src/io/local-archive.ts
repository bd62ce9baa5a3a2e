// The archive that a verb reads, as a local file: the path itself, or standard input copied to a private file first, because
// an archive is read from its end.

import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DmsBackupError } from '../errors.ts';
import { writeError } from './sink.ts';

export interface LocalArchive {
  readonly path: string;
  /** For messages and results. */
  readonly name: string;
  readonly dispose: () => void;
}

/** Throws `usage` when `-` is given and there is no stream, `no-space` or `destination-unwritable` when it cannot be copied. */
export async function localArchive(options: {
  archive: string;
  workingDirectory: string;
  stdin?: NodeJS.ReadableStream;
  signal?: AbortSignal;
}): Promise<LocalArchive> {
  if (options.archive !== '-') {
    const path = resolve(options.workingDirectory, options.archive);
    return { path, name: path, dispose: () => undefined };
  }
  if (!options.stdin) throw new DmsBackupError('usage', 'no stream to read the archive from');
  const directory = privateDirectory();
  const dispose = () => rmSync(directory, { recursive: true, force: true });
  const path = join(directory, 'archive');
  try {
    await pipeline(options.stdin, createWriteStream(path, { mode: 0o600, flags: 'wx' }), {
      ...(options.signal && { signal: options.signal }),
    });
  } catch (cause) {
    dispose();
    if (options.signal?.aborted)
      throw new DmsBackupError('interrupted', 'interrupted by the user', { cause });
    throw writeError(cause, path);
  }
  return { path, name: '-', dispose };
}

function privateDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'dms-backup-'));
  } catch (cause) {
    throw writeError(cause, tmpdir());
  }
}
