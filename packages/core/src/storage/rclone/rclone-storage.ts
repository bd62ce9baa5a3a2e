// Whatever the user's own rclone can reach. Each question and each read is one run of rclone: large reads are better.

import { DmsBackupError } from '../../errors.ts';
import type { RclonePlace } from '../place.ts';
import { isUnreachable } from '../program-error.ts';
import { patient, withRetries } from '../retry.ts';
import type { Storage, StorageContext, StoredFile, StoredReader } from '../storage.ts';
import { assertStoredName, isStoredName } from '../stored-name.ts';
import { createRclone, type Rclone } from './rclone-program.ts';
import { createRcloneSink } from './rclone-sink.ts';

/** Nothing is started before the first call. */
export function openRcloneStorage(
  place: RclonePlace & { readonly url: string },
  context: StorageContext,
): Storage {
  const rclone = createRclone(place, context);
  const patience = context.patience ?? patient;

  async function find(name: string, signal = context.signal): Promise<StoredFile> {
    assertStoredName(name);
    const file = await rclone.find(name, signal);
    if (!file) throw new DmsBackupError('archive-not-found', `there is no '${rclone.shown(name)}'`);
    return file;
  }

  return {
    url: place.url,
    async list() {
      return (await rclone.list()).filter(
        ({ name, sizeBytes }) => isStoredName(name) && sizeBytes >= 0,
      );
    },
    async open(name, signal) {
      const file = await find(name, signal);
      if (file.sizeBytes < 0)
        throw new DmsBackupError(
          'source-unreadable',
          `the remote does not tell how large '${rclone.shown(name)}' is`,
        );
      const retry = <T>(read: () => Promise<T>, readSignal?: AbortSignal): Promise<T> =>
        withRetries(read, isUnreachable, patience, readSignal);
      return { kind: 'ranges', reader: createReader(rclone, file, retry) };
    },
    async createSink(name, signal = context.signal) {
      assertStoredName(name);
      return createRcloneSink(rclone, name, patience, signal);
    },
    async remove(name) {
      await find(name);
      await rclone.remove(name);
    },
    close: () => Promise.resolve(),
  };
}

function createReader(
  rclone: Rclone,
  { name, sizeBytes }: StoredFile,
  retry: <T>(read: () => Promise<T>, signal?: AbortSignal) => Promise<T>,
): StoredReader {
  const damaged = (why: string): DmsBackupError =>
    new DmsBackupError('archive-damaged', `cannot read '${rclone.shown(name)}': ${why}`);
  return {
    sizeBytes,
    async read(position, lengthBytes, signal) {
      if (position + lengthBytes > sizeBytes)
        throw damaged(`it ends before byte ${position + lengthBytes}`);
      if (lengthBytes === 0) return Buffer.alloc(0);
      return retry(async () => {
        const bytes = await rclone.read(name, position, lengthBytes, signal);
        if (bytes.length === lengthBytes) return bytes;
        if ((await rclone.find(name, signal))?.sizeBytes !== sizeBytes)
          throw damaged('it changed while it was read');
        throw new DmsBackupError(
          'server-unreachable',
          `'${rclone.shown(name)}' was cut off while it was read`,
        );
      }, signal);
    },
    close: () => Promise.resolve(),
  };
}
