// What an action throws: tests compare codes and messages of our errors, and see at once when an error is not ours.

import { isDmsBackupError, type DmsBackupError } from '../src/errors.ts';

/** The error of ours that the action throws; fails when it throws nothing or something else. */
export function caught(action: () => unknown): DmsBackupError {
  let error: unknown;
  try {
    action();
  } catch (found) {
    error = found;
  }
  return ours(error);
}

/** The same for promises. */
export async function rejection(promise: Promise<unknown>): Promise<DmsBackupError> {
  let error: unknown;
  try {
    await promise;
  } catch (found) {
    error = found;
  }
  return ours(error);
}

function ours(error: unknown): DmsBackupError {
  if (isDmsBackupError(error)) return error;
  throw new Error('no error of dms-backup was thrown', { cause: error });
}
