// An archive on its way to an SFTP server: written as `NAME.partial` by many requests at a time, fsync where the server can,
// then linked to its name without ever overwriting. A lost connection is made again; every piece is kept until it is confirmed.

import { DmsBackupError, assertNotAborted } from '../../errors.ts';
import type { Sink } from '../../io/sink.ts';
import { atMost, impatient } from '../retry.ts';
import { partialName } from '../stored-name.ts';
import {
  askExtension,
  closeFile,
  freeBytes,
  handleAttributes,
  isStatus,
  makeDirectory,
  openFile,
  pathAttributes,
  removeFile,
  writeFile,
  type SftpHandle,
} from './sftp-client.ts';
import { sftpError, type SftpConnection } from './sftp-connection.ts';
import { openFlag } from './sftp-packet.ts';
import { createPublisher } from './publish.ts';
import type { SftpSession } from './sftp-session.ts';

const pieceBytes = 32 * 1024;
/** Requests that are not confirmed yet: 2 MiB. */
const piecesUnderWay = 64;
/** With less than this free, a failed write means a full disk. */
const fullBelowBytes = 1024 * 1024;
/** Interrupted runs wait this long for a server that is gone. */
const discardMs = 20_000;

/** Throws `destination-exists`, `destination-unwritable`, `storage-denied`, `server-unreachable`, `no-space`. */
export async function createSftpSink(
  connection: SftpConnection,
  directory: string,
  name: string,
  signal?: AbortSignal,
): Promise<Sink> {
  const path = `${directory}/${name}`;
  const partial = partialName(path);
  const shown = `${connection.place.url}/${name}`;
  const tried = `cannot write '${shown}'`;
  const ending = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
  const publisher = createPublisher(partial, path, shown);
  const underWay = new Set<Promise<void>>();
  let opened: { session: SftpSession; handle: Promise<SftpHandle> } | undefined;
  let written = 0;
  let failure: DmsBackupError | undefined;
  let isOurs = true;

  const few = { patience: impatient(connection.patience) };
  try {
    await connection.run((session) => assertFree(session), { ...few, signal });
    // not repeated: after a lost answer nobody could tell whose file it is
    const once = { ...connection.patience, attempts: 1 };
    await connection.run((session) => begin(session), { patience: once, signal });
  } catch (error) {
    throw sftpError(tried, error, 'destination-unwritable');
  }

  async function assertFree(session: SftpSession): Promise<void> {
    await makeDirectories(session, directory);
    if (await pathAttributes(session, path, 'lstat'))
      throw new DmsBackupError('destination-exists', `there is already a file '${shown}'`);
  }

  async function begin(session: SftpSession): Promise<void> {
    try {
      const flags = openFlag.write | openFlag.create | openFlag.exclusive;
      const handle = await openFile(session, partial, flags);
      opened = { session, handle: Promise.resolve(handle) };
    } catch (error) {
      if (isStatus(error, 'FAILURE') && (await pathAttributes(session, partial, 'lstat')))
        throw new DmsBackupError(
          'destination-exists',
          `there is already a file '${partialName(shown)}'`,
          {
            hint: 'Another backup is writing it now, or one was killed. If none is running, remove the file.',
          },
        );
      throw await explain(error, session);
    }
  }

  function handleOn(session: SftpSession): Promise<SftpHandle> {
    if (opened?.session !== session)
      opened = { session, handle: openFile(session, partial, openFlag.write) };
    return opened.handle;
  }

  /** SFTP has no word for a full disk: after a failure the server is asked for its free space. */
  async function explain(error: unknown, session: SftpSession): Promise<unknown> {
    if (!isStatus(error, 'FAILURE')) return error;
    const free = await freeBytes(session, directory).catch(() => undefined);
    if (free === undefined || free >= fullBelowBytes) return error;
    return new DmsBackupError('no-space', `${tried}: no space left on the server`, {
      cause: error,
    });
  }

  function sendPiece(bytes: Buffer, position: number): void {
    const piece = connection
      .run(
        async (session) => {
          try {
            await writeFile(session, await handleOn(session), position, bytes);
          } catch (error) {
            throw await explain(error, session);
          }
        },
        { signal: stopped },
      )
      .catch((error: unknown) => {
        failure ??= sftpError(tried, error, 'destination-unwritable');
      })
      .finally(() => underWay.delete(piece));
    underWay.add(piece);
  }

  async function finish(session: SftpSession): Promise<void> {
    const handle = await handleOn(session);
    const { sizeBytes } = await handleAttributes(session, handle);
    if (sizeBytes !== written)
      throw new DmsBackupError(
        'destination-unwritable',
        `${tried}: the server did not keep what was sent`,
      );
    if (session.extensions.has('fsync@openssh.com'))
      await askExtension(session, 'fsync@openssh.com', [handle]);
    opened = undefined;
    await closeFile(session, handle);
  }

  async function takeBack(): Promise<void> {
    await Promise.all(underWay);
    await connection.run(async (session) => {
      const handle = opened?.session === session ? await opened.handle : undefined;
      opened = undefined;
      if (handle) await closeFile(session, handle);
      await publisher.takeBack(session);
      await removeFile(session, partial).catch(ignoreMissing);
    }, few);
  }

  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        while (underWay.size >= piecesUnderWay) await Promise.race(underWay);
        assertNotAborted(signal);
        if (failure) throw failure;
        // a copy: the caller may use its bytes again before these are confirmed
        const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
        sendPiece(piece, written);
        written += piece.length;
      }
    },
    async commit() {
      try {
        await Promise.all(underWay);
        if (failure) throw failure;
        await connection.run(finish, { signal });
        await connection.run((session) => publisher.publish(session), { signal });
        isOurs = false;
      } catch (error) {
        throw sftpError(tried, error, 'destination-unwritable');
      }
    },
    async discard() {
      if (!isOurs) return;
      isOurs = false;
      ending.abort();
      // a server that cannot be reached any more keeps the partial file, which nobody takes for an archive
      await atMost(discardMs, takeBack()).catch(() => undefined);
    },
  };
}

/** Makes a directory and the ones above it where they are missing. */
async function makeDirectories(session: SftpSession, path: string): Promise<void> {
  const found = await pathAttributes(session, path, 'stat');
  if (found?.isDirectory || path === '.' || path === '') return;
  if (found) throw new DmsBackupError('destination-unwritable', `'${path}' is not a directory`);
  const slash = path.lastIndexOf('/');
  if (slash > 0) await makeDirectories(session, path.slice(0, slash));
  await makeDirectory(session, path).catch(async (error: unknown) => {
    // somebody else was faster
    if (!(await pathAttributes(session, path, 'stat'))?.isDirectory) throw error;
  });
}

function ignoreMissing(error: unknown): void {
  if (!isStatus(error, 'NO_SUCH_FILE')) throw error;
}
