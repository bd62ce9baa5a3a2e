// What a PostgreSQL database holds, in engine-neutral words, with definitions in the server's own words. Every object is in the
// result or refused by name. Owners, rights and roles are left out on purpose: they belong to the server that it is restored to.

import type { ClientBase } from 'pg';
import type { DatabaseSchema } from '../engine.ts';
import { readTables } from './catalogue-tables.ts';
import { readDefinitions } from './definitions.ts';
import { readDependencies } from './definitions/dependencies.ts';
import { readerOf, rowsOf, unsupported } from './definitions/reader.ts';
import type { CatalogueReader, Definition } from './definitions/reader.ts';
import { readSequenceRows, readSequenceStates } from './definitions/sequences.ts';

/**
 * Reads the schema of the connected database inside the caller's transaction (REPEATABLE READ or SERIALIZABLE), whose settings
 * are as before when it returns or throws. Throws `database-unsupported` naming the object that cannot be kept; errors of
 * the server (rights on a sequence, a lost connection) come as they are.
 *
 * Tables of extensions are among `tables` only where users keep rows in them. The schema `public` has no definition.
 */
export async function readSchema(client: ClientBase): Promise<DatabaseSchema> {
  return reading(client, async (reader) => {
    const [server] = await reader.rows<{ version: string; encoding: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding`,
    );
    const sequences = await readSequenceRows(reader);
    const { preData, postData } = await readDefinitions(reader, sequences);
    assertReadable([...preData, ...postData]);
    return {
      engine: 'postgres',
      engineVersion: server?.version ?? '',
      encoding: server?.encoding ?? '',
      settings: await readSettings(reader),
      tables: await readTables(reader),
      preData,
      postData,
      sequences: await readSequenceStates(reader, sequences),
    };
  });
}

/** The settings that the server's own words depend on, put back by the savepoint. */
async function reading<T>(
  client: ClientBase,
  read: (reader: CatalogueReader) => Promise<T>,
): Promise<T> {
  await client.query('SAVEPOINT dms_backup_catalogue');
  try {
    await client.query(
      `SELECT set_config(name, value, true) FROM (VALUES ('search_path', ''), ('standard_conforming_strings', 'on'), ('quote_all_identifiers', 'off'),
         ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'), ('extra_float_digits', '3'),
         ('bytea_output', 'hex'), ('client_encoding', CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
       ) AS setting(name, value)`,
    );
    const [server] = await rowsOf<{ version: number }>(
      client,
      `SELECT current_setting('server_version_num')::int AS version`,
    );
    const version = server?.version ?? 0;
    const dependencies = await readDependencies(client, version);
    return await read(readerOf(client, version, dependencies));
  } finally {
    // Also after an error: the transaction can be used again. A lost connection has its own error already.
    await client
      .query('ROLLBACK TO SAVEPOINT dms_backup_catalogue; RELEASE SAVEPOINT dms_backup_catalogue')
      .catch(() => undefined);
  }
}

/** Databases of encoding SQL_ASCII can have names that are not valid UTF-8: they were lost on the way. */
function assertReadable(definitions: readonly Definition[]): void {
  const broken = definitions.find(({ name, sql }) => `${name}${sql}`.includes('\uFFFD'));
  if (broken) {
    throw unsupported(
      broken.kind,
      broken.name,
      'Its name or definition is not valid UTF-8. Rename it, or correct the definition.',
    );
  }
}

/** Locale of the database, for information: a restore goes into a database that exists. */
async function readSettings(reader: CatalogueReader): Promise<DatabaseSchema['settings']> {
  const { version } = reader;
  const [row] = await reader.rows<Record<string, string | null>>(
    `SELECT datcollate AS collate, datctype AS ctype,
       ${version < 150_000 ? `'libc'` : `CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END`} AS locale_provider,
       ${version < 150_000 ? 'NULL' : version < 170_000 ? 'daticulocale' : 'datlocale'} AS locale,
       shobj_description(oid, 'pg_database') AS comment
     FROM pg_database WHERE datname = current_database()`,
  );
  return Object.fromEntries(
    Object.entries(row ?? {}).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
