// The step that gives a finished partial file its name on an SFTP server: by a hard link, which never overwrites, or by the
// rename of version 3. When the connection is lost in the middle, the server is asked what came of it.

import { DmsBackupError } from '../../errors.ts';
import { askExtension, isStatus, pathAttributes, removeFile, renameFile } from './sftp-client.ts';
import type { SftpSession } from './sftp-session.ts';

export interface Publisher {
  /** May be called again after a lost connection. Throws `destination-exists`. */
  publish(session: SftpSession): Promise<void>;
  /** Removes the final name if it is ours; the partial file stays to the caller. */
  takeBack(session: SftpSession): Promise<void>;
}

export function createPublisher(partial: string, path: string, shown: string): Publisher {
  /** True from the moment when the server may have done it. */
  let isTried = false;

  const taken = (cause?: unknown): DmsBackupError =>
    new DmsBackupError('destination-exists', `'${shown}' appeared while the archive was written`, {
      cause,
    });

  /** Whether an attempt whose answer was lost was done: the partial file is gone, or both names lead to one file. */
  async function isDone(session: SftpSession): Promise<boolean> {
    const final = await pathAttributes(session, path, 'lstat');
    if (!final) return false;
    const rest = await pathAttributes(session, partial, 'lstat');
    return (
      !rest ||
      (rest.sizeBytes === final.sizeBytes &&
        rest.modifiedAt?.getTime() === final.modifiedAt?.getTime())
    );
  }

  async function link(session: SftpSession): Promise<boolean> {
    if (!session.extensions.has('hardlink@openssh.com')) return false;
    try {
      await askExtension(session, 'hardlink@openssh.com', [partial, path]);
      return true;
    } catch (error) {
      if (await pathAttributes(session, path, 'lstat')) throw refused(error);
      // file systems without hard links
      if (
        isStatus(error, 'FAILURE') ||
        isStatus(error, 'OP_UNSUPPORTED') ||
        isStatus(error, 'PERMISSION_DENIED')
      )
        return false;
      throw error;
    }
  }

  /** The server said no: what lies there is not ours. */
  function refused(cause: unknown): DmsBackupError {
    isTried = false;
    return taken(cause);
  }

  return {
    async publish(session) {
      if (!(isTried && (await isDone(session)))) {
        // some servers overwrite with rename
        if (await pathAttributes(session, path, 'lstat')) throw refused(undefined);
        isTried = true;
        if (!(await link(session))) {
          await renameFile(session, partial, path);
          return;
        }
      }
      await removeFile(session, partial).catch((error: unknown) => {
        if (!isStatus(error, 'NO_SUCH_FILE')) throw error;
      });
    },
    async takeBack(session) {
      if (isTried && (await isDone(session))) await removeFile(session, path);
    },
  };
}
