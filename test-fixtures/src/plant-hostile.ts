// Makes an instance as difficult as it may legally be: database objects and files that no application of today has.

import { plantHostileObjects } from './hostile-database.ts';
import { plantHostileFiles } from './hostile-files.ts';
import { registerRegexp } from './paperless/create-schema.ts';
import { editDatabase, hasLog } from './write-ahead-log.ts';

export interface HostilePlant {
  tables: string[];
  /** Relative to the media root, byte for byte. */
  paths: Buffer[];
}

/** Adds to the database (a write-ahead log with content stays one) and below the media root. Call it once. */
export function plantHostile(instance: {
  databasePath: string;
  mediaDirectory: string;
}): HostilePlant {
  let tables: string[] = [];
  editDatabase(instance.databasePath, hasLog(instance.databasePath), registerRegexp, (database) => {
    tables = plantHostileObjects(database);
  });
  return { tables, paths: plantHostileFiles(instance.mediaDirectory) };
}
