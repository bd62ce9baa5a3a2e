// What a project keeps elsewhere: storages that are no directory, and further databases. `configure` leaves it in the settings.

import type { DatabaseReader, External, Instance } from '@dms-backup/core';

/** Beginnings of the names of settings, by kind of what is elsewhere. */
export const externalPrefixes = {
  bucket: 'files elsewhere ',
  database: 'database elsewhere ',
} as const;

/** Member `externals` of the adapter. */
export async function* externals(
  _database: DatabaseReader,
  { settings }: Instance,
): AsyncGenerator<External, void, undefined> {
  for (const { name, value } of settings) {
    if (name.startsWith(externalPrefixes.bucket)) {
      const column = name.slice(externalPrefixes.bucket.length);
      yield { kind: 'bucket', name: value, reason: `files of ${column} are there` };
    }
    if (name.startsWith(externalPrefixes.database)) {
      const alias = name.slice(externalPrefixes.database.length);
      yield {
        kind: 'database',
        name: alias,
        reason: `another of the DATABASES: back it up with --database-alias ${alias}`,
      };
    }
  }
}
