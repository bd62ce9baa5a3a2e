// What came of a commit whose process did not live to tell.

import { DmsBackupError } from '../../errors.ts';
import type { CommitTicket, ConnectOptions } from '../engine.ts';
import { connect, defaultLockTimeoutMs, takeLock } from './connect.ts';
import { placeOf } from './load.ts';
import { databaseNames, type MariadbLocation } from './names.ts';
import { serverError } from './server-error.ts';
import { recover } from './switch.ts';
import { readMarker } from './workshop.ts';

/**
 * See {@link DatabaseEngine.settle}. The lock ends with the session of the killed run, and the server ends a session only after
 * its last statement; that statement waits for locks at most as long as we do.
 */
export async function settle(
  location: MariadbLocation,
  ticket: CommitTicket | null,
  options: ConnectOptions,
): Promise<'old' | 'new'> {
  const names = databaseNames(location.name);
  const session = await connect(location, options);
  try {
    const waitMs = (options.lockTimeoutMs ?? defaultLockTimeoutMs) * 2;
    if (!(await takeLock(session, names.lock, waitMs))) {
      throw new DmsBackupError(
        'database-locked',
        `the session of the interrupted restore of database '${names.live}' is still at work`,
        { hint: 'Wait a little and try again.' },
      );
    }
    await session.run('SET SESSION foreign_key_checks = 0');
    const { outcome, id } = await recover(session, names);
    if (outcome === 'new' && (ticket === null || id === ticket['id'])) return 'new';
    if (ticket === null) return 'old';
    const former = await readMarker(session, names.former);
    return typeof former === 'object' && former.id === ticket['id'] ? 'new' : 'old';
  } catch (error) {
    throw serverError(error, `settle the restore of database '${names.live}'`, placeOf(session));
  } finally {
    await session.close();
  }
}
