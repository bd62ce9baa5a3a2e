// The proof of the definitions: what PostgreSQL says about a database made from them is what it says about the source.

import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { applySchema, schemaOf } from '../../../test/definitions-roundtrip.ts';
import { catalogueLines, dumpedObjects, pgDumpMajor } from '../../../test/pg-dump.ts';
import { scratchDatabase } from '../../../test/postgres-server.ts';
import { postgisSchema, tortureSchema } from '../../../test/torture-schema.ts';

async function majorOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  return rows[0]?.major ?? 0;
}

/** Makes a database of `sql`, and another one from its definitions; compares them in three ways. */
async function expectSameDefinitions(sql: (major: number) => string): Promise<void> {
  const source = await scratchDatabase('source');
  const target = await scratchDatabase('target');
  const client = await source.connect();
  const major = await majorOf(client);
  await client.query(sql(major));
  const schema = await schemaOf(client);
  const restored = await target.connect();
  await applySchema(restored, schema);

  const { sequences, ...definitions } = await schemaOf(restored);
  expect(definitions).toEqual({ ...schema, sequences: undefined });
  expect(sequences.map(({ name }) => name)).toEqual(schema.sequences.map(({ name }) => name));
  expect(await catalogueLines(restored, major)).toEqual(await catalogueLines(client, major));
  if (major <= pgDumpMajor()) {
    expect(dumpedObjects(target.name)).toEqual(dumpedObjects(source.name));
  }
}

test('one of each: the same after a restore', async () => {
  await expectSameDefinitions(tortureSchema);
});

test('an empty database', async () => {
  await expectSameDefinitions(() => 'SELECT');
});

test('PostGIS, where the server has it', async () => {
  const client = await (await scratchDatabase('postgis')).connect();
  const { rows } = await client.query("SELECT FROM pg_available_extensions WHERE name = 'postgis'");
  if (rows.length > 0) await expectSameDefinitions(() => postgisSchema);
});

test('types, tables, functions and views that use each other', async () => {
  await expectSameDefinitions(
    () => `
    CREATE SCHEMA z; CREATE SCHEMA a;
    CREATE TABLE z.thing (id integer PRIMARY KEY, name text);
    CREATE VIEW z.names AS SELECT id, name FROM z.thing;
    CREATE FUNCTION a.first_name(z.names) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
    CREATE TABLE a.cache (row z.names, rows z.names[], label text DEFAULT a.first_name(NULL));
    CREATE DOMAIN a.known AS z.thing CHECK ((VALUE).id > 0);
    CREATE TABLE a.holds (one a.known);
    CREATE FUNCTION a.next_id() RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT max(id) + 1 FROM z.thing); END$$;
    ALTER TABLE z.thing ALTER id SET DEFAULT a.next_id(), ADD CHECK (a.next_id() > 0), ADD parent integer REFERENCES z.thing;
    CREATE VIEW a.a_last AS SELECT count(*) FROM a.cache;
    CREATE VIEW a.a_first AS SELECT * FROM a.a_last;`,
  );
});
