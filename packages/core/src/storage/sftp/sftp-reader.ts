// Ranges of one file on an SFTP server. After a lost connection the file is opened again, and must be the same.

import { DmsBackupError } from '../../errors.ts';
import type { StoredReader } from '../storage.ts';
import { closeFile, handleAttributes, openFile, readFile, type SftpHandle } from './sftp-client.ts';
import { sftpError, type SftpConnection } from './sftp-connection.ts';
import { openFlag, type SftpAttributes } from './sftp-packet.ts';
import type { SftpSession } from './sftp-session.ts';

/** Every server takes requests of this size. */
const pieceBytes = 32 * 1024;
/** Requests under way for one read. */
const lanes = 16;

/** Throws `archive-not-found`, `storage-denied`, `server-unreachable`. */
export async function openSftpReader(
  connection: SftpConnection,
  path: string,
  shown: string,
  signal?: AbortSignal,
): Promise<StoredReader> {
  const tried = `cannot read '${shown}'`;
  let opened: { session: SftpSession; handle: Promise<SftpHandle> } | undefined;
  let first: SftpAttributes | undefined;

  async function openOn(session: SftpSession): Promise<SftpHandle> {
    const handle = await openFile(session, path, openFlag.read);
    const found = await handleAttributes(session, handle);
    first ??= found;
    if (
      found.sizeBytes !== first.sizeBytes ||
      found.modifiedAt?.getTime() !== first.modifiedAt?.getTime()
    )
      throw new DmsBackupError('archive-damaged', `${tried}: it changed while it was read`);
    return handle;
  }

  function handleOn(session: SftpSession): Promise<SftpHandle> {
    if (opened?.session !== session) opened = { session, handle: openOn(session) };
    return opened.handle;
  }

  async function fill(session: SftpSession, target: Buffer, position: number): Promise<void> {
    const handle = await handleOn(session);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < target.length) {
        const begin = next;
        next += pieceBytes;
        const end = Math.min(next, target.length);
        for (let at = begin; at < end;) {
          const bytes = await readFile(session, handle, position + at, end - at);
          if (bytes.length === 0)
            throw new DmsBackupError(
              'archive-damaged',
              `${tried}: it ends before byte ${position + end}`,
            );
          at += bytes.copy(target, at);
        }
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  try {
    await connection.run(handleOn, { signal });
  } catch (error) {
    throw sftpError(tried, error, 'source-unreadable');
  }
  if (!first?.isFile) throw new DmsBackupError('archive-not-found', `'${shown}' is not a file`);
  return {
    sizeBytes: first.sizeBytes,
    async read(position, lengthBytes, readSignal) {
      const bytes = Buffer.allocUnsafe(lengthBytes);
      try {
        await connection.run((session) => fill(session, bytes, position), { signal: readSignal });
      } catch (error) {
        throw sftpError(tried, error, 'source-unreadable');
      }
      return bytes;
    },
    async close() {
      const last = opened;
      opened = undefined;
      if (last && !last.session.isLost)
        await last.handle.then((handle) => closeFile(last.session, handle)).catch(() => undefined);
    },
  };
}
