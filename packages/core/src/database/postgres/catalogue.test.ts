// What readSchema says about a database besides its definitions, and what it refuses.

import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { schemaOf } from '../../../test/definitions-roundtrip.ts';
import { connect, scratchDatabase } from '../../../test/postgres-server.ts';
import { isDmsBackupError, type DmsBackupError } from '../../errors.ts';
import { readSchema } from './catalogue.ts';

const setup = async (sql: string, options?: string) => {
  const client = await (await scratchDatabase('catalogue', options)).connect();
  await client.query(sql);
  return client;
};

describe('tables', () => {
  test('columns in stored order, with types and limits; keys in the order of the key', async () => {
    const client = await setup(`
      CREATE DOMAIN code AS varchar(7) NOT NULL;
      CREATE TYPE mood AS ENUM ('sad');
      CREATE TABLE t (gone text, b varchar(20), a smallint NOT NULL, n numeric(10,2), m numeric, c char(3), code code, i bigint,
        d double precision, t timestamptz, j jsonb, u uuid, mood mood, list integer[], raw bytea, flag boolean, span interval, at time,
        day date, gen integer GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (i, a));
      ALTER TABLE t DROP COLUMN gone;`);
    const { tables, engine, encoding, engineVersion } = await schemaOf(client);
    expect({ engine, encoding }).toEqual({ engine: 'postgres', encoding: 'UTF8' });
    expect(engineVersion).toMatch(/^\d+/);
    expect(tables).toHaveLength(1);
    const [table] = tables;
    expect(table).toMatchObject({ schema: 'public', name: 't', primaryKey: ['i', 'a'] });
    const column = (
      name: string,
      declaredType: string,
      logicalType: string,
      rest: object = {},
    ) => ({
      name,
      declaredType,
      logicalType,
      nullable: true,
      ...rest,
    });
    expect(table?.columns).toEqual([
      column('b', 'character varying(20)', 'text', { limits: { characters: 20 } }),
      column('a', 'smallint', 'integer', {
        nullable: false,
        limits: { minimum: '-32768', maximum: '32767' },
      }),
      column('n', 'numeric(10,2)', 'decimal', { limits: { precision: 10, scale: 2 } }),
      column('m', 'numeric', 'decimal'),
      column('c', 'character(3)', 'text', { limits: { characters: 3 } }),
      column('code', 'public.code', 'text', { nullable: false, limits: { characters: 7 } }),
      column('i', 'bigint', 'integer', {
        nullable: false,
        limits: { minimum: '-9223372036854775808', maximum: '9223372036854775807' },
      }),
      column('d', 'double precision', 'float'),
      column('t', 'timestamp with time zone', 'timestamptz'),
      column('j', 'jsonb', 'json'),
      column('u', 'uuid', 'uuid'),
      column('mood', 'public.mood', 'text'),
      column('list', 'integer[]', 'text'),
      column('raw', 'bytea', 'bytes'),
      column('flag', 'boolean', 'boolean'),
      column('span', 'interval', 'interval'),
      column('at', 'time without time zone', 'time'),
      column('day', 'date', 'date'),
      column('gen', 'integer', 'integer', {
        generated: 'stored',
        limits: { minimum: '-2147483648', maximum: '2147483647' },
      }),
    ]);
  });

  test('partitions hold rows, their parents do not; temporary tables are not there', async () => {
    const client = await setup(`
      CREATE TABLE p (a integer) PARTITION BY LIST (a);
      CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
      CREATE TEMPORARY TABLE x (id serial PRIMARY KEY);
      CREATE TEMPORARY VIEW v AS SELECT 1;`);
    const schema = await schemaOf(client);
    expect(schema.tables.map(({ name }) => name)).toEqual(['p1']);
    expect(schema.preData.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'table p',
      'table p1',
      'partition p1',
    ]);
    expect(schema.sequences).toEqual([]);
  });

  test('tables of extensions: only those in which users keep rows, with whether they have any', async () => {
    const client = await setup(`
      CREATE TABLE own (id integer PRIMARY KEY);
      CREATE TABLE theirs (id integer PRIMARY KEY);
      CREATE TABLE shared (id integer PRIMARY KEY, note varchar(5));
      CREATE TABLE untouched (id integer PRIMARY KEY);
      INSERT INTO shared VALUES (1, 'stock'), (2, 'mine');
      INSERT INTO untouched VALUES (1);
      CREATE EXTENSION hstore;
      ALTER EXTENSION hstore ADD TABLE theirs;
      ALTER EXTENSION hstore ADD TABLE shared;
      ALTER EXTENSION hstore ADD TABLE untouched;
      UPDATE pg_extension SET extconfig = '{shared, untouched}'::regclass[], extcondition = '{WHERE id > 1, WHERE id > 1}'
        WHERE extname = 'hstore';`);
    const schema = await schemaOf(client);
    expect(schema.tables.map(({ name, extension }) => [name, extension])).toEqual([
      ['own', undefined],
      ['shared', { name: 'hstore', ownRows: true }],
      ['untouched', { name: 'hstore', ownRows: false }],
    ]);
    expect(JSON.stringify([schema.preData, schema.postData])).not.toMatch(
      /theirs|shared|untouched/,
    );
  });
});

test('sequences: used, unused, owned, of identity columns, beyond 2^53', async () => {
  const client = await setup(`
    CREATE SEQUENCE "Free; x" MAXVALUE 9223372036854775807 START 9007199254740993;
    CREATE TABLE t (id serial PRIMARY KEY, other bigint GENERATED ALWAYS AS IDENTITY);
    SELECT nextval('t_id_seq'), nextval('t_id_seq');`);
  const { sequences } = await schemaOf(client);
  const feeds = (column: string) => ({ feeds: { schema: 'public', table: 't', column } });
  expect(sequences).toEqual([
    { schema: 'public', name: 'Free; x', value: '9007199254740993', isCalled: false },
    { schema: 'public', name: 't_id_seq', value: '2', isCalled: true, ...feeds('id') },
    { schema: 'public', name: 't_other_seq', value: '1', isCalled: false, ...feeds('other') },
  ]);
});

test('settings of the session change nothing and stay as they are', async () => {
  const client = await setup(`
    CREATE SCHEMA evil; CREATE TABLE evil.pg_class (oid oid); CREATE VIEW evil.pg_depend AS SELECT 1 AS a;
    CREATE TABLE t (a timestamptz DEFAULT '2020-01-02 03:04:05+00', b interval DEFAULT '1 day 2 hours', c float8 DEFAULT 0.1, "D" bytea DEFAULT '\\x00');`);
  const schema = await schemaOf(client);
  const settings = `SET search_path = evil, public, pg_catalog; SET quote_all_identifiers = on; SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard';
    SET TimeZone = 'Asia/Tokyo'; SET extra_float_digits = -5; SET bytea_output = 'escape'; SET standard_conforming_strings = off`;
  await client.query(settings);
  await client.query('BEGIN');
  expect(await readSchema(client)).toEqual(schema);
  const { rows } = await client.query(
    `SELECT current_setting('search_path') AS path, current_setting('TimeZone') AS zone, current_setting('quote_all_identifiers') AS quote`,
  );
  expect(rows).toEqual([{ path: 'evil, public, pg_catalog', zone: 'Asia/Tokyo', quote: 'on' }]);
});

test('values of the catalogue are understood when the client has parsers of its own', async () => {
  const client = await setup('CREATE TABLE t (id serial PRIMARY KEY)');
  const schema = await schemaOf(client);
  client.setTypeParser(pg.types.builtins.INT4, (text) => `number ${text}`);
  client.setTypeParser(pg.types.builtins.BOOL, () => 'neither');
  expect(await schemaOf(client)).toEqual(schema);
});

test('an ordinary role reads what it may; the transaction lives on after a refusal', async () => {
  const database = await scratchDatabase('ordinary');
  const owner = await database.connect();
  const role = `"${database.name}; role"`;
  await owner.query(
    `CREATE ROLE ${role}; CREATE TABLE t (id serial PRIMARY KEY, j jsonb DEFAULT '{}')`,
  );
  try {
    const schema = await schemaOf(owner);
    await owner.query(
      `GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}; SET ROLE ${role}`,
    );
    expect(await schemaOf(owner)).toEqual(schema);
    await owner.query(
      `RESET ROLE; REVOKE SELECT ON t_id_seq FROM ${role}; BEGIN; SET LOCAL ROLE ${role}`,
    );
    await expect(readSchema(owner)).rejects.toMatchObject({ code: '42501' });
    expect((await owner.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await owner.query('ROLLBACK');
  } finally {
    await owner.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

describe('refused by name', () => {
  const cases: Record<string, [sql: string, message: string]> = {
    'foreign table': [
      `CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE f (a text) SERVER s OPTIONS (filename '/x')`,
      `cannot keep foreign server 's'`,
    ],
    'foreign data wrapper': ['CREATE FOREIGN DATA WRAPPER w', `foreign data wrapper 'w'`],
    'large object': [`SELECT lo_from_bytea(4711, 'a')`, `large object '4711'`],
    'base type': [
      `CREATE TYPE mine; CREATE FUNCTION mine_in(cstring) RETURNS mine LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
       CREATE FUNCTION mine_out(mine) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
       CREATE TYPE mine (INPUT = mine_in, OUTPUT = mine_out, LIKE = integer)`,
      `base type 'public.mine'`,
    ],
    'shell type': ['CREATE TYPE shell', `base type 'public.shell'`],
    'range with canonical function': [
      `CREATE TYPE r; CREATE FUNCTION canon(r) RETURNS r LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
       CREATE TYPE r AS RANGE (SUBTYPE = integer, CANONICAL = canon)`,
      `range type with a canonical function 'public.r'`,
    ],
    'text search template': [
      'CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize)',
      `text search template 'public.t'`,
    ],
    conversion: [
      `CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8`,
      `conversion 'public.c'`,
    ],
    language: ['CREATE LANGUAGE l HANDLER plpgsql_call_handler', `language 'l'`],
    'access method': [
      'CREATE ACCESS METHOD "a m" TYPE TABLE HANDLER heap_tableam_handler',
      `access method '"a m"'`,
    ],
    transform: [
      'CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))',
      `cannot keep transform 'for integer `,
    ],
    'object in pg_catalog': [
      'CREATE FUNCTION pg_catalog.mine() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
      `function in a system schema 'pg_catalog.mine()'`,
    ],
    subscription: [
      `CREATE SUBSCRIPTION "sub'" CONNECTION 'password=secret' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
      `subscription 'sub''`,
    ],
    circle: [
      `CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t;
       CREATE FUNCTION f(v) RETURNS integer LANGUAGE sql AS 'SELECT 1';
       CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE f(NULL) > 0`,
      `cannot keep `,
    ],
  };
  test('each kind', async () => {
    const client = await setup('SELECT');
    for (const [kind, [sql, message]] of Object.entries(cases)) {
      await client.query('BEGIN');
      for (const statement of sql.split(';')) await client.query(statement);
      const error: unknown = await readSchema(client).catch((reason: unknown) => reason);
      await client.query('ROLLBACK');
      expect(error, kind).toSatisfy(isDmsBackupError);
      expect((error as DmsBackupError).code).toBe('database-unsupported');
      expect((error as DmsBackupError).message).toContain(message);
      expect(JSON.stringify(error)).not.toContain('secret');
    }
  });

  test('names that are not UTF-8, in a database without an encoding', async () => {
    const client = await setup('SELECT', "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
    await client.query(
      `DO $$BEGIN EXECUTE 'CREATE TABLE "a' || chr(228) || '" (a integer)'; END$$`,
    );
    await expect(schemaOf(client)).rejects.toThrow('cannot keep table ');
  });

  test('invalid index', async () => {
    const client = await setup('CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (1)');
    await expect(client.query('CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)')).rejects.toThrow();
    await expect(schemaOf(client)).rejects.toThrow("cannot keep invalid index 'public.i'");
  });
});

test('a lost connection is told as such', async () => {
  const client = await setup('SELECT');
  await client.query('BEGIN');
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const other = await connect();
  await other.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
  await expect(readSchema(client)).rejects.toThrow();
});
