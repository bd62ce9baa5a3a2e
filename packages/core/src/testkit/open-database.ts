// Opens the database of a sample as a backup does: a snapshot by core's engine.

import type { DatabaseLocation } from '../database/engine.ts';
import { loadEngine } from '../database/engines.ts';
import type { OpenedDatabase } from './sample.ts';

/** For authors' own tests as well. The caller must close it. Throws as `openSnapshot` of the engine does. */
export async function openDatabase(location: DatabaseLocation): Promise<OpenedDatabase> {
  const engine = await loadEngine(location.engine);
  const snapshot = await engine.openSnapshot(location);
  return { reader: snapshot, close: () => snapshot.close() };
}
