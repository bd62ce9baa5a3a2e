// The way to one SFTP server: connects when it is needed, and again when the connection was lost. It is the user's own ssh
// that connects: his configuration, keys, agent and known hosts, and no prompt.

import { resolve } from 'node:path';
import { DmsBackupError, isDmsBackupError, systemErrorCode, type ErrorCode } from '../../errors.ts';
import type { ProgramCall } from '../program.ts';
import { orInterrupted, withRetries } from '../retry.ts';
import type { Patience, StorageContext } from '../storage.ts';
import { openSession, type SftpSession } from './sftp-session.ts';
import type { SftpPlace } from './sftp-url.ts';

export interface SftpConnection {
  readonly place: SftpPlace;
  readonly patience: Patience;
  /**
   * Runs the action on a living session; when the connection is lost, again on the next one. Throws what the action
   * throws, `interrupted` at once when the signal is aborted.
   */
  run<T>(
    action: (session: SftpSession) => Promise<T>,
    options?: { readonly patience?: Patience; readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
  close(): Promise<void>;
}

export function createSftpConnection(
  place: SftpPlace,
  context: StorageContext,
  patience: Patience,
): SftpConnection {
  const call = sshCall(place, context);
  let living: SftpSession | undefined;
  let connecting: Promise<SftpSession> | undefined;

  /** Many requests may fail at once: one connects again, the others share what comes of it, and each counts its attempt. */
  async function livingSession(): Promise<SftpSession> {
    if (living && !living.isLost) return living;
    connecting ??= openSession(call, place.url, patience.stallMs).finally(() => {
      connecting = undefined;
    });
    living = await connecting;
    return living;
  }

  return {
    place,
    patience,
    run: (action, options = {}) =>
      orInterrupted(
        withRetries(
          async () => action(await livingSession()),
          isLostConnection,
          options.patience ?? patience,
          options.signal,
        ),
        options.signal,
      ),
    async close() {
      const session = await connecting?.catch(() => undefined);
      await (session ?? living)?.close();
    },
  };
}

/** The program and its words. Nothing of a URL can be taken for a flag; no password is ever among them. */
function sshCall(place: SftpPlace, context: StorageContext): ProgramCall {
  const words = [
    ['-o', 'BatchMode=yes'],
    ['-o', 'ConnectTimeout=20'],
    ['-o', 'ServerAliveInterval=15'],
    ['-o', 'ServerAliveCountMax=4'],
    ['-o', 'ClearAllForwardings=yes'],
    ['-o', 'RequestTTY=no'],
    place.configFile === undefined
      ? []
      : ['-F', resolve(context.workingDirectory, place.configFile)],
    place.port === undefined ? [] : ['-p', String(place.port)],
    place.user === undefined ? [] : ['-l', place.user],
    ['-s', '--', place.host, 'sftp'],
  ];
  return {
    command: 'ssh',
    arguments: words.flat(),
    environment: context.environment,
    workingDirectory: context.workingDirectory,
  };
}

function isLostConnection(error: unknown): boolean {
  return (
    isDmsBackupError(error) &&
    error.code === 'server-unreachable' &&
    error.context['lasting'] !== true
  );
}

/** A refusal of the server in our words, for what was tried, e.g. `cannot write 'sftp://host/a.tar'`. */
export function sftpError(tried: string, error: unknown, otherwise: ErrorCode): DmsBackupError {
  if (isDmsBackupError(error)) return error;
  const status = systemErrorCode(error)?.replace(/^SFTP_/, '') ?? 'unknown error';
  if (status === 'PERMISSION_DENIED')
    return new DmsBackupError('storage-denied', `${tried}: the server does not allow it`, {
      hint: 'Check the owner and the rights of the directory on the server.',
      cause: error,
    });
  if (status === 'NO_SUCH_FILE' && otherwise === 'source-unreadable')
    return new DmsBackupError('archive-not-found', `${tried}: there is no such file or directory`, {
      cause: error,
    });
  return new DmsBackupError(otherwise, `${tried}: the server refused it (${status})`, {
    cause: error,
  });
}
