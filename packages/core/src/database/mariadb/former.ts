// Undo: the tables that the last restore replaced lie in a database of their own, and change places with the present ones.

import { DmsBackupError, isDmsBackupError } from '../../errors.ts';
import type { ConnectOptions, PreparedDatabase } from '../engine.ts';
import { connect } from './connect.ts';
import { openWorkshop, placeOf, PreparedSwitch } from './load.ts';
import { databaseNames, type MariadbLocation } from './names.ts';
import { serverError } from './server-error.ts';
import {
  lockTarget,
  readMarker,
  removeOwnDatabase,
  savedObjects,
  saveObjects,
} from './workshop.ts';

/** See {@link DatabaseEngine.openFormer}. Throws `nothing-to-undo`, `locked`. */
export async function openFormer(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<PreparedDatabase> {
  const workshop = await openWorkshop(location, options);
  const { session, names } = workshop;
  const prepared = new PreparedSwitch(workshop, { from: 'former' }, options);
  try {
    const marker = await readMarker(session, names.former);
    if (typeof marker !== 'object' || !marker.keepsFormer) {
      throw new DmsBackupError(
        'nothing-to-undo',
        `no replaced tables are kept for database '${names.live}'`,
      );
    }
    const objects = await savedObjects(session, names.former, 'new');
    await saveObjects(session, names.workshop, 'new', objects);
    return prepared;
  } catch (error) {
    await prepared.discard().catch(() => {});
    throw serverError(error, `prepare the undo of database '${names.live}'`, placeOf(session));
  }
}

/** See {@link DatabaseEngine.dropFormer}. */
export async function dropFormer(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<void> {
  const names = databaseNames(location.name);
  const session = await connect(location, options);
  try {
    await lockTarget(session, names, options);
    await session.run('SET SESSION foreign_key_checks = 0');
    await removeOwnDatabase(session, names.former);
  } catch (error) {
    if (isDmsBackupError(error)) throw error;
    throw serverError(error, `remove database '${names.former}'`, placeOf(session));
  } finally {
    await session.close();
  }
}
