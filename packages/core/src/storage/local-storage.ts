// A directory of this machine.

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  read as readCallback,
  unlinkSync,
} from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DmsBackupError, assertNotAborted, systemErrorCode } from '../errors.ts';
import { createFileSink, syncDirectory, writeError } from '../io/sink.ts';
import type { LocalPlace } from './place.ts';
import type { Storage, StorageContext, StoredFile, StoredReader } from './storage.ts';
import { assertStoredName, isStoredName } from './stored-name.ts';

const read = promisify(readCallback);

export function openLocalStorage(
  place: LocalPlace & { readonly url: string },
  context: StorageContext,
): Storage {
  const directory = resolve(context.workingDirectory, place.directory);
  const pathOf = (name: string): string => {
    assertStoredName(name);
    return join(directory, name);
  };
  return {
    url: place.url,
    async list() {
      const files: StoredFile[] = [];
      try {
        for (const name of await readdir(directory)) {
          if (!isStoredName(name)) continue;
          // links are followed: they are archives under another name
          const facts = await stat(join(directory, name)).catch(ignoreMissing);
          if (facts?.isFile()) files.push({ name, sizeBytes: facts.size, modifiedAt: facts.mtime });
        }
      } catch (cause) {
        throw readError(cause, directory);
      }
      return files;
    },
    async open(name) {
      return { kind: 'ranges', reader: createFileReader(pathOf(name)) };
    },
    async createSink(name, signal) {
      const path = pathOf(name);
      try {
        mkdirSync(directory, { recursive: true });
      } catch (cause) {
        throw writeError(cause, directory);
      }
      const sink = createFileSink(path);
      return {
        async write(bytes) {
          assertNotAborted(signal);
          await sink.write(bytes);
        },
        async commit() {
          assertNotAborted(signal);
          await sink.commit();
        },
        discard: () => sink.discard(),
      };
    },
    async remove(name) {
      const path = pathOf(name);
      try {
        unlinkSync(path);
        syncDirectory(directory);
      } catch (cause) {
        throw systemErrorCode(cause) === 'ENOENT'
          ? readError(cause, path)
          : writeError(cause, path);
      }
    },
    close: () => Promise.resolve(),
  };
}

function createFileReader(path: string): StoredReader {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw readError(cause, path);
  }
  const facts = fstatSync(fd);
  if (!facts.isFile()) {
    closeSync(fd);
    throw new DmsBackupError('archive-not-found', `'${path}' is not a file`);
  }
  let isOpen = true;
  return {
    sizeBytes: facts.size,
    async read(position, lengthBytes, signal) {
      const bytes = Buffer.allocUnsafe(lengthBytes);
      for (let done = 0; done < lengthBytes;) {
        assertNotAborted(signal);
        let count: number;
        try {
          count = (await read(fd, bytes, done, lengthBytes - done, position + done)).bytesRead;
        } catch (cause) {
          throw readError(cause, path);
        }
        if (count === 0)
          throw new DmsBackupError(
            'archive-damaged',
            `'${path}' ends before byte ${position + lengthBytes}`,
          );
        done += count;
      }
      return bytes;
    },
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
      return Promise.resolve();
    },
  };
}

/** A file that went away between the listing and the look at it, or a link that leads nowhere. */
function ignoreMissing(error: unknown): undefined {
  if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
  throw error;
}

function readError(cause: unknown, path: string): DmsBackupError {
  const code = systemErrorCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new DmsBackupError('archive-not-found', `there is no '${path}'`, { cause });
  return new DmsBackupError(
    'source-unreadable',
    `cannot read '${path}' (${code ?? 'unknown error'})`,
    {
      cause,
    },
  );
}
