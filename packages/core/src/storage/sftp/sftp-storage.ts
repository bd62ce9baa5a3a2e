// A directory on a server that is reached by SSH.

import { DmsBackupError } from '../../errors.ts';
import { impatient, patient } from '../retry.ts';
import type { Storage, StorageContext } from '../storage.ts';
import { assertStoredName, isStoredName } from '../stored-name.ts';
import { listDirectory, pathAttributes, removeFile } from './sftp-client.ts';
import { createSftpConnection, sftpError } from './sftp-connection.ts';
import { openSftpReader } from './sftp-reader.ts';
import { createSftpSink } from './sftp-sink.ts';
import type { SftpPlace } from './sftp-url.ts';

/** Connects, so that a wrong key or host is told before anything else begins. */
export async function openSftpStorage(place: SftpPlace, context: StorageContext): Promise<Storage> {
  const patience = context.patience ?? patient;
  const connection = createSftpConnection(place, context, patience);
  const directory = place.path.replace(/\/$/, '');
  const { signal } = context;
  const few = { patience: impatient(patience), signal };
  await connection.run(() => Promise.resolve(), few);
  const pathOf = (name: string): string => {
    assertStoredName(name);
    return `${directory}/${name}`;
  };
  return {
    url: place.url,
    async list() {
      try {
        const path = directory === '' ? '/' : directory;
        const entries = await connection.run((session) => listDirectory(session, path), few);
        return entries
          .filter(({ name, attributes }) => isStoredName(name) && attributes.isFile)
          .map(({ name, attributes: { sizeBytes, modifiedAt } }) => ({
            name,
            sizeBytes,
            modifiedAt,
          }));
      } catch (error) {
        throw sftpError(`cannot list '${place.url}'`, error, 'source-unreadable');
      }
    },
    async open(name, openSignal = signal) {
      const reader = await openSftpReader(
        connection,
        pathOf(name),
        `${place.url}/${name}`,
        openSignal,
      );
      return { kind: 'ranges', reader };
    },
    async createSink(name, sinkSignal = signal) {
      assertStoredName(name);
      return createSftpSink(connection, directory, name, sinkSignal);
    },
    async remove(name) {
      const path = pathOf(name);
      const shown = `${place.url}/${name}`;
      try {
        const found = await connection.run(
          (session) => pathAttributes(session, path, 'lstat'),
          few,
        );
        if (!found) throw new DmsBackupError('archive-not-found', `there is no '${shown}'`);
        await connection.run((session) => removeFile(session, path), few);
      } catch (error) {
        throw sftpError(`cannot remove '${shown}'`, error, 'destination-unwritable');
      }
    },
    close: () => connection.close(),
  };
}
