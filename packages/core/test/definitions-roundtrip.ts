// Makes a second database from the definitions of a first one, as a restore does: one transaction, nothing in the search path.

import type { Client } from 'pg';
import { readSchema } from '../src/database/postgres/catalogue.ts';
import type { DatabaseSchema } from '../src/database/engine.ts';

/** The schema as a backup reads it. */
export async function schemaOf(client: Client): Promise<DatabaseSchema> {
  await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE');
  try {
    return await readSchema(client);
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The server's complaint names the statement that it did not take. */
export async function applySchema(client: Client, schema: DatabaseSchema): Promise<void> {
  await client.query("BEGIN; SET LOCAL search_path = ''; SET LOCAL check_function_bodies = off");
  for (const { sql } of [...schema.preData, ...schema.postData]) {
    await client.query(sql).catch((error: unknown) => {
      throw new Error(`not taken: ${sql.slice(0, 4000)}`, { cause: error });
    });
  }
  await client.query('COMMIT');
}
