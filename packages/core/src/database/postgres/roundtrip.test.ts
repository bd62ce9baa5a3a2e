import { expect, test } from 'vitest';
import { scratchDatabase } from '../../../test/postgres-server.ts';
import { backUp, load, stateOf, targetOf } from '../../../test/postgres-restore.ts';

/** Restores into an empty database; both must hold the same rows in the same order. */
async function roundTrip(
  sql: string,
  create?: string,
  chunkBytes?: number,
): Promise<{ rows: unknown; backup: Awaited<ReturnType<typeof backUp>> }> {
  const source = await scratchDatabase('from', create);
  const target = await scratchDatabase('to', create);
  const client = await source.connect();
  if (sql !== '') await client.query(sql);
  const backup = await backUp(source, chunkBytes === undefined ? {} : { chunkBytes });
  await (await load(backup, targetOf(target))).commit();
  const rows = await stateOf(client);
  expect(await stateOf(await target.connect())).toEqual(rows);
  return { rows, backup };
}

test('awkward values come back as they were', async () => {
  const { rows, backup } = await roundTrip(`
    CREATE TYPE pair AS (a text, b int);
    CREATE DOMAIN short AS text CHECK (length(VALUE) < 5);
    CREATE TABLE texts (id int PRIMARY KEY, t text);
    INSERT INTO texts SELECT n, chr(n) FROM generate_series(1, 700) n WHERE n NOT BETWEEN 55296 AND 57343;
    INSERT INTO texts VALUES (1000, ''), (1001, NULL), (1002, '\\N'), (1003, '\\.'), (1004, E'\\\\\\n\\t'), (1005, '🗂️ 𝄞'),
      (1006, E'a\\r\\nb'), (1007, E'\\\\'), (1008, repeat('x', 9000));
    CREATE TABLE "values" (
      d date, ts timestamp, tz timestamptz, i interval, n numeric, f float8, r real, j json, jb jsonb, u uuid, b bytea,
      a text[], aa int[][], p pair, pa pair[], range int4range, m bit varying, net inet, x xml, s short, bool boolean,
      big bigint, c char(5), v varchar(10), "time" time, tt timetz, tsv tsvector, money money, pt point);
    INSERT INTO "values" (d, ts, tz) VALUES ('infinity', '-infinity', 'infinity'), ('0044-03-15 BC', '4713-01-01 BC', '0001-01-01 BC'),
      ('5874897-12-31', '294276-12-31 23:59:59.999999', '1970-01-01 00:00:00.000001+00');
    INSERT INTO "values" (n, f, r, i) VALUES ('NaN', 'NaN', 'NaN', '-178000000 years'), (1e-100, 'Infinity', '-Infinity', '1 mon -1 day 00:00:00.000001'),
      (12.500, 0.1::float8 + 0.2::float8, 1.17549e-38, '-1 days -02:03:04'), (-1e300, -0.0, 3.4e38, '0');
    INSERT INTO "values" (j, jb, u, b, a, aa, p, pa, range) VALUES
      ('{ "a" :  1, "a": "\\u00e9" }', '{"b": [1.0, null]}', md5('x')::uuid, '\\x00ff0a5c', ARRAY['a,b', '"', NULL, '', E'\\n'],
        '[0:1][2:3]={{1,2},{3,4}}', ROW('(x,"', NULL), ARRAY[ROW('', 1)::pair], '[1,5)'),
      (NULL, NULL, NULL, '', '{}', '{}', ROW(NULL, NULL), NULL, 'empty');
    INSERT INTO "values" (m, net, x, s, bool, big, c, v, "time", tt, tsv, money, pt) VALUES
      (B'0101', '::1/128', '<a>&amp;</a>', 'ab', true, -9223372036854775808, 'a', 'ä  ', '24:00:00', '23:59:60+15:59', '''a b'':1A', '-1.23', '(1e300,-0)');
    CREATE TABLE "; DROP TABLE texts; --" ("a""b
c" int, "select" text);
    INSERT INTO "; DROP TABLE texts; --" VALUES (1, 'x');
    CREATE SCHEMA "Oth er"; CREATE TABLE "Oth er"."T" (a int); INSERT INTO "Oth er"."T" SELECT generate_series(1, 3000);
    DELETE FROM "Oth er"."T" WHERE a % 7 = 0; INSERT INTO "Oth er"."T" VALUES (1), (2);
    UPDATE "Oth er"."T" SET a = -a WHERE a % 5 = 0;
  `);
  expect(Object.keys(rows as object)).toHaveLength(4);
  expect(backup.tables.get('texts')?.digest.rows).toBe(709);
});

test('generated columns are proved and not copied', async () => {
  const { backup } = await roundTrip(
    `CREATE TABLE g (a int, t text GENERATED ALWAYS AS ('n' || a) STORED, u text GENERATED ALWAYS AS (repeat('u', a)) STORED);
     INSERT INTO g SELECT generate_series(1, 400); CREATE INDEX ON g (t);
     CREATE TABLE only_generated (t text GENERATED ALWAYS AS ('x') STORED); INSERT INTO only_generated DEFAULT VALUES`,
    undefined,
    1000,
  );
  expect(
    Buffer.concat(backup.tables.get('g')?.chunks.map(({ bytes }) => bytes) ?? []).toString(),
  ).toBe(Array.from({ length: 400 }, (_, index) => `${index + 1}\n`).join(''));
});

test('empty tables, tables without columns, no tables at all', async () => {
  const { rows } = await roundTrip(
    'CREATE TABLE nothing (a int); CREATE TABLE bare (); INSERT INTO bare SELECT FROM generate_series(1, 3)',
  );
  expect(rows).toMatchObject({ nothing: { n: '0' }, bare: { n: '3' } });
  expect((await roundTrip('')).rows).toEqual({});
});

test('1,600 columns', async () => {
  const columns = Array.from({ length: 1600 }, (_, index) => `c${index} boolean`).join(', ');
  await roundTrip(
    `CREATE TABLE wide (${columns}); INSERT INTO wide (c0, c1599) VALUES (true, false), (NULL, true)`,
  );
});

test('chunks end at row ends; a row of 20 MB is a chunk of its own', async () => {
  const { backup } = await roundTrip(
    `CREATE TABLE big (id int, t text); INSERT INTO big SELECT n, repeat('line' || n || chr(10), 20) FROM generate_series(1, 3000) n;
     INSERT INTO big VALUES (0, repeat(E'0123456789\\\\abcde', 1310720)), (-1, NULL)`,
    undefined,
    64 * 1024,
  );
  const { chunks = [], digest } = backup.tables.get('big') ?? {};
  const large = chunks.filter(({ bytes }) => bytes.length > 64 * 1024);
  expect(large.map(({ rows }) => rows)).toEqual([1]);
  expect(large[0]?.bytes.length).toBeGreaterThan(20 << 20);
  expect(chunks.every(({ bytes }) => bytes.at(-1) === 0x0a)).toBe(true);
  expect(chunks.reduce((sum, { rows }) => sum + rows, 0)).toBe(digest?.rows);
});

test('a database without encoding keeps bytes that are no valid text', async () => {
  const { backup } = await roundTrip(
    `CREATE TABLE t (a text); INSERT INTO t VALUES (E'\\xff\\xfe'), ('ä'), (E'\\xe4')`,
    "ENCODING 'SQL_ASCII' LOCALE 'C'",
  );
  expect(backup.schema.encoding).toBe('SQL_ASCII');
  expect(Buffer.concat(backup.tables.get('t')?.chunks.map(({ bytes }) => bytes) ?? [])).toEqual(
    Buffer.from('fffe0ac3a40ae40a', 'hex'),
  );
});

test('a database in another encoding is archived as UTF-8', async () => {
  const { backup } = await roundTrip(
    `CREATE TABLE t (a text); INSERT INTO t VALUES ('ä')`,
    "ENCODING 'LATIN1' LOCALE 'C'",
  );
  expect(Buffer.from(backup.tables.get('t')?.chunks[0]?.bytes ?? []).toString()).toBe('ä\n');
});

test('sequences continue where they were', async () => {
  const source = await scratchDatabase('from');
  const target = await scratchDatabase('to');
  const client = await source.connect();
  await client.query(`CREATE TABLE t (id serial, i int GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE free START 50 INCREMENT -3 MINVALUE -100 MAXVALUE 100;
    INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES; SELECT nextval('free')`);
  await (await load(await backUp(source), targetOf(target))).commit();
  const next = "SELECT nextval('t_id_seq') AS a, nextval('t_i_seq') AS b, nextval('free') AS c";
  const restored = await (await target.connect()).query(next);
  expect(restored.rows).toEqual((await client.query(next)).rows);
});
