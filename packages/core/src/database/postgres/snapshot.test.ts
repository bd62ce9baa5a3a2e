import { expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { scratchDatabase } from '../../../test/postgres-server.ts';
import { collect, locationOf, quick, readTable } from '../../../test/postgres-restore.ts';
import type { SqlRow } from '../engine.ts';
import { postgresEngine } from './engine.ts';

test('a snapshot shows one state, in all of its sessions', async () => {
  const database = await scratchDatabase('snap');
  const client = await database.connect();
  await client.query(`CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE "C" ("Id" int);
    INSERT INTO a VALUES (1); INSERT INTO b VALUES (2); CREATE SCHEMA other; CREATE TABLE other.d (id int)`);
  const snapshot = await postgresEngine.openSnapshot(locationOf(database), quick);
  await client.query('INSERT INTO a VALUES (3); UPDATE b SET id = 4; SET lock_timeout = 50');
  // Neither definition nor rows can be taken away.
  for (const sql of ['TRUNCATE a', 'ALTER TABLE b ADD COLUMN x int', 'DROP TABLE other.d']) {
    await expect(client.query(sql)).rejects.toThrow('lock timeout');
  }
  const text = async (name: string): Promise<string> => {
    const table = snapshot.schema.tables.find((other) => other.name === name);
    const { chunks } = await readTable(snapshot, table!);
    return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
  };
  expect(await Promise.all(['a', 'b', 'C', 'a'].map(text))).toEqual(['1\n', '2\n', '', '1\n']);
  expect(await collect(snapshot.query('SELECT id FROM a UNION ALL SELECT id FROM b'))).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
  expect([
    snapshot.has('a', 'id'),
    snapshot.has('C', 'Id'),
    snapshot.has('c'),
    snapshot.has('a', 'ID'),
    snapshot.has('d'),
    snapshot.has('other.d', 'id'),
    snapshot.has('constructor', 'toString'),
  ]).toEqual([true, true, false, false, false, true, false]);
  await snapshot.close();
  await snapshot.close();
  await client.query('TRUNCATE a');
});

test('a serialisable writer is not waited for longer than locks are', async () => {
  const database = await scratchDatabase('snap');
  const client = await database.connect();
  await client.query('CREATE TABLE t (id int)');
  const isolation = async (): Promise<unknown> => {
    const snapshot = await postgresEngine.openSnapshot(locationOf(database), quick);
    const [row] = await collect(
      snapshot.query("SELECT current_setting('transaction_isolation') AS level"),
    );
    await snapshot.close();
    return row?.['level'];
  };
  expect(await isolation()).toBe('serializable');
  await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t SELECT count(*) FROM t');
  expect(await isolation()).toBe('repeatable read');
});

test('queries give values, take parameters and can fail', async () => {
  const database = await scratchDatabase('snap');
  const client = await database.connect();
  await client.query(
    `CREATE TABLE t (id int, t text); INSERT INTO t SELECT n, 'text' || n FROM generate_series(1, 2500) n`,
  );
  const snapshot = await postgresEngine.openSnapshot(locationOf(database), quick);
  const all = (sql: string, parameters?: never[]): Promise<SqlRow[]> =>
    collect(snapshot.query(sql, parameters));
  expect(
    await all(`SELECT 1 AS int, 2::bigint AS small, 9007199254740993 AS big, 1.50 AS numeric, 0.5::float8 AS float, true AS yes,
      '\\x00ff'::bytea AS bytes, NULL AS nothing, '{"a": 1}'::jsonb AS json, DATE '2020-02-03' AS day, 'NaN'::float4 AS nan,
      TIMESTAMPTZ '2020-02-03 04:05:06.7+02' AS moment, INTERVAL '1 day 2 hours' AS span, ARRAY[1] AS list, 7::oid AS oid`),
  ).toEqual([
    {
      int: 1,
      small: 2,
      big: 9007199254740993n,
      numeric: '1.50',
      float: 0.5,
      yes: true,
      bytes: Buffer.from([0, 255]),
      nothing: null,
      json: '{"a": 1}',
      day: '2020-02-03',
      nan: NaN,
      moment: '2020-02-03 02:05:06.7+00',
      span: '1 day 02:00:00',
      list: '{1}',
      oid: 7,
    },
  ]);
  expect(
    await collect(
      snapshot.query(
        `SELECT "id" AS "a?", '?' AS b, $$?$$ AS c, E'\\'?' AS d /* ? /* ? */ ? */ FROM t -- ?
         WHERE id = ? AND t = ? AND ? = 'x'`,
        [7, 'text7', 'x'],
      ),
    ),
  ).toEqual([{ 'a?': 7, b: '?', c: '?', d: "'?" }]);
  expect(await all('SELECT id FROM t ORDER BY id')).toHaveLength(2500);
  // Leaving early, failing, and one inside of another: the next query works, and so does the copy.
  for await (const row of snapshot.query('SELECT id FROM t ORDER BY id')) {
    expect(row).toEqual({ id: 1 });
    expect(await all('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    break;
  }
  const error = await rejection(all('SELECT * FROM nowhere'));
  expect([error.code, error.message]).toEqual([
    'database-unsupported',
    expect.stringContaining('relation "nowhere" does not exist'),
  ]);
  expect((await rejection(all("SELECT 'secret'::int"))).message).not.toContain('secret');
  await rejection(all('INSERT INTO t VALUES (1) RETURNING 1'));
  expect(await all('SELECT count(*) AS n FROM t')).toEqual([{ n: 2500 }]);
  expect((await readTable(snapshot, snapshot.schema.tables[0]!)).digest.rows).toBe(2500);
  await snapshot.close();
});

test('the default schema is the first of the search path that has tables', async () => {
  const database = await scratchDatabase('snap');
  const client = await database.connect();
  await client.query(`CREATE SCHEMA app; CREATE TABLE app.mine (id int); CREATE TABLE other (id int);
    ALTER DATABASE "${database.name}" SET search_path = nothing, app, public`);
  const snapshot = await postgresEngine.openSnapshot(locationOf(database), quick);
  expect([snapshot.has('mine'), snapshot.has('other')]).toEqual([true, false]);
  expect(await collect(snapshot.query('SELECT count(*) AS n FROM mine'))).toEqual([{ n: 0 }]);
  await snapshot.close();
});

test('a reader that stops early leaves nothing running', async () => {
  const database = await scratchDatabase('snap');
  const client = await database.connect();
  await client.query(
    `CREATE TABLE t AS SELECT repeat('x', 1000) AS t FROM generate_series(1, 20000)`,
  );
  const snapshot = await postgresEngine.openSnapshot(locationOf(database), quick);
  const [table] = snapshot.schema.tables;
  for (let turn = 0; turn < 4; turn++) {
    for await (const chunk of snapshot.copyOut(table!, { chunkBytes: 5000 })) {
      expect(chunk.rows).toBeGreaterThan(0);
      break;
    }
  }
  const active = await client.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY%'`,
  );
  expect(active.rowCount).toBe(0);
  expect((await readTable(snapshot, table!)).digest.rows).toBe(20_000);
  await snapshot.close();
});

test('constraints that the server does not vouch for are reported', async () => {
  const database = await scratchDatabase('snap');
  const client = await database.connect();
  await client.query(
    `CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1) NOT VALID`,
  );
  const snapshot = await postgresEngine.openSnapshot(locationOf(database), quick);
  expect(await snapshot.checkIntegrity()).toEqual({
    damage: [],
    brokenRules: ['constraint c of table public.t is not validated'],
  });
  await snapshot.close();
});
