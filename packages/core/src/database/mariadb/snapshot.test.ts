import { expect, test, vi } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import {
  backUp,
  features,
  makeDatabase,
  numbers,
  options,
  quoted,
  withClient,
} from '../../../test/mariadb-server.ts';
import type { DatabaseSnapshot, SqlRow } from '../engine.ts';
import { mariadbEngine } from './engine.ts';
import type { MariadbLocation } from './names.ts';

async function rowsOf(rows: AsyncIterable<SqlRow>): Promise<SqlRow[]> {
  const list: SqlRow[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

async function withSnapshot<T>(
  location: MariadbLocation,
  work: (snapshot: DatabaseSnapshot) => Promise<T>,
): Promise<T> {
  const snapshot = await mariadbEngine.openSnapshot(location, options);
  try {
    return await work(snapshot);
  } finally {
    await snapshot.close();
  }
}

test('queries of adapters: quoted names, parameters, values', async () => {
  const location =
    await makeDatabase(`CREATE TABLE t (id bigint unsigned PRIMARY KEY, b tinyint(1), d decimal(20,2), f double, at datetime(6), v varchar(20), x varbinary(9), j json, \`a b\` bit(3));
    INSERT INTO t VALUES (1, 1, 12.50, 0.1, '2024-02-29 12:00:00.5', 'ä😀?', x'00ff', '{"k": 1}', b'101'), (18446744073709551615, NULL, NULL, NULL, NULL, '', '', NULL, NULL)`);
  await withSnapshot(location, async (snapshot) => {
    const all = await rowsOf(snapshot.query('SELECT * FROM "t" ORDER BY "id"'));
    expect(all).toEqual([
      {
        id: 1,
        b: 1,
        d: '12.50',
        f: 0.1,
        at: '2024-02-29 12:00:00.500000',
        v: 'ä😀?',
        x: new Uint8Array([0, 255]),
        j: '{"k": 1}',
        'a b': new Uint8Array([5]),
      },
      {
        id: 18446744073709551615n,
        b: null,
        d: null,
        f: null,
        at: null,
        v: '',
        x: new Uint8Array([]),
        j: null,
        'a b': null,
      },
    ]);
    const sql = `SELECT ? AS a, '?' AS "b?", ? AS c, ? AS d, ? AS e /* ? */ FROM t WHERE v LIKE '%?' AND v = ? -- ?`;
    const hostile = String.raw`\'"; DROP TABLE t; -- ?`;
    expect(
      await rowsOf(snapshot.query(sql, [hostile, 9007199254740993n, null, true, 'ä😀?'])),
    ).toEqual([{ a: hostile, 'b?': '?', c: 9007199254740993n, d: null, e: 1 }]);
    expect(snapshot.has('t', 'ID', 'a b')).toBe(true);
    expect(snapshot.has('t', 'nothing')).toBe(false);
    expect(snapshot.has('T')).toBe(false);
  });
});

test('a loop that is left early does not block the next query', async () => {
  const location = await makeDatabase(
    `CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t ${numbers(4)}`,
  );
  await withSnapshot(location, async (snapshot) => {
    for await (const row of snapshot.query('SELECT id FROM t')) if (row['id'] === 3) break;
    expect(await rowsOf(snapshot.query('SELECT count(*) AS n FROM t'))).toEqual([{ n: 10_000 }]);
    const [table] = snapshot.schema.tables;
    for await (const chunk of snapshot.copyOut(table!, { chunkBytes: 1000 })) {
      expect(chunk.rows).toBeGreaterThan(100);
      break;
    }
    expect(await rowsOf(snapshot.query('SELECT max(id) AS n FROM t'))).toEqual([{ n: 10_000 }]);
  });
});

test('a loop over an endless result that is left early', async () => {
  const location = await makeDatabase();
  await withSnapshot(location, async (snapshot) => {
    let seen = 0;
    for await (const row of snapshot.query(numbers(12))) {
      expect(row['n']).toBeGreaterThan(0);
      if (++seen === 3) break;
    }
    expect(await rowsOf(snapshot.query('SELECT 1 AS n'))).toEqual([{ n: 1 }]);
  });
});

test('one instant: later writes are not seen, later definitions are an error', async () => {
  const location = await makeDatabase(
    'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1); CREATE TABLE w (id int)',
  );
  await withSnapshot(location, async (snapshot) => {
    await withClient(location.name, async (client) => {
      await client.rows(
        'INSERT INTO t VALUES (2); DELETE FROM t WHERE id = 1; ALTER TABLE u FORCE; DROP TABLE w',
      );
    });
    expect(await rowsOf(snapshot.query('SELECT id FROM t'))).toEqual([{ id: 1 }]);
    for (const changed of ['u', 'w']) {
      const table = snapshot.schema.tables.find(({ name }) => name === changed);
      expect(await rejection(snapshot.copyOut(table!).next())).toMatchObject({
        code: 'source-changed',
      });
    }
  });
});

test('a session that the server ends while it is read', async () => {
  const location = await makeDatabase(
    `CREATE TABLE t (id int PRIMARY KEY, v varchar(2000)); INSERT INTO t SELECT n, repeat('x', 2000) FROM (${numbers(4)}) AS numbers`,
  );
  const snapshot = await mariadbEngine.openSnapshot(location, options);
  const rows = snapshot.copyOut(snapshot.schema.tables[0]!, { chunkBytes: 1000 });
  await rows.next();
  await withClient(undefined, async (client) => {
    const [row] = await client.rows(
      `SELECT id FROM information_schema.processlist WHERE db = '${location.name}'`,
    );
    await client.rows(`KILL ${row?.[0]}`);
  });
  const drained = async (): Promise<void> => {
    while (!(await rows.next()).done);
  };
  expect(await rejection(drained())).toMatchObject({ code: 'server-unreachable', exitCode: 30 });
  await snapshot.close();
});

test('where nothing answers, nobody is let in, and nothing is there', async () => {
  const location = await makeDatabase();
  const open = async (changes: Partial<MariadbLocation>, password = ''): Promise<unknown> =>
    await rejection(mariadbEngine.openSnapshot({ ...location, ...changes }, { password }));
  expect(await open({ port: 1 })).toMatchObject({ code: 'server-unreachable' });
  expect(await open({ user: 'nobody_at_all' }, 'hunter2')).toMatchObject({
    code: 'server-unreachable',
    message: expect.not.stringContaining('hunter2'),
  });
  expect(await open({ host: 'localhost', options: { socket: '/nowhere.sock' } })).toMatchObject({
    code: 'server-unreachable',
  });
  expect(await open({ options: { 'ssl-mode': 'perhaps' } })).toMatchObject({
    code: 'configuration-invalid',
  });
  const missing = { ...location, name: 'dms_test_`missing' };
  expect(await rejection(mariadbEngine.inspectTarget(missing, options))).toMatchObject({
    code: 'database-not-found',
    hint: expect.stringContaining('CREATE DATABASE `dms_test_``missing`'),
  });
});

test('objects that cannot be kept are named', async () => {
  const refused = async (sql: string): Promise<string> => {
    const error = await rejection(backUp(await makeDatabase(sql)));
    expect(error.code).toBe('database-unsupported');
    return error.message;
  };
  expect(
    await refused('CREATE TABLE t (id int); CREATE VIEW lame AS SELECT * FROM t; DROP TABLE t'),
  ).toContain("'lame'");
  if (features.isMysql) return;
  expect(await refused('CREATE TABLE versioned (id int) WITH SYSTEM VERSIONING')).toContain(
    "'versioned'",
  );
  expect(
    await refused('CREATE SEQUENCE s; CREATE TABLE takes (id int DEFAULT nextval(s))'),
  ).toContain("'takes'");
  expect(await refused("CREATE TABLE t (e enum('ä😀')); INSERT INTO t VALUES ('ä😀')")).toContain(
    "'e'",
  );
});

test('a user without all rights is told which to ask for', async () => {
  const location = await makeDatabase(
    'CREATE TABLE t (id int PRIMARY KEY); CREATE PROCEDURE p() SELECT 1',
  );
  const user = location.name.slice(0, 20);
  await withClient(undefined, async (client) => {
    await client.rows(
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'hunter2'; GRANT SELECT ON ${quoted(location.name)}.* TO '${user}'@'%'`,
    );
    try {
      const open = async (): Promise<unknown> =>
        await rejection(mariadbEngine.openSnapshot({ ...location, user }, { password: 'hunter2' }));
      const grant = String.raw`GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON ${quoted(location.name.replaceAll('_', String.raw`\_`))}.* TO '${user}'@'%';`;
      const denied = { code: 'database-denied', hint: expect.stringContaining(grant) };
      expect(await open()).toMatchObject(denied);
      await client.rows(grant);
      const routines = features.isMysql ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc';
      expect(await open()).toMatchObject({
        code: 'database-denied',
        hint: expect.stringContaining(`GRANT ${routines}`),
      });
      await client.rows(`GRANT ${routines} TO '${user}'@'%'`);
      const snapshot = await mariadbEngine.openSnapshot(
        { ...location, user },
        { environment: { MYSQL_PWD: 'hunter2' } },
      );
      await snapshot.close();
    } finally {
      await client.rows(`DROP USER '${user}'@'%'`);
    }
  });
});

test('a target: empty, occupied, in use', async () => {
  const location = await makeDatabase();
  expect(await mariadbEngine.inspectTarget(location, options)).toEqual({
    state: 'empty',
    tables: 0,
    rows: 0,
  });
  await withClient(location.name, async (client) => {
    await client.rows(
      'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2); CREATE TABLE u (id int); CREATE VIEW v AS SELECT * FROM t',
    );
    expect(await mariadbEngine.inspectTarget(location, options)).toEqual({
      state: 'occupied',
      tables: 2,
      rows: 2,
    });
    await client.rows('START TRANSACTION; INSERT INTO u VALUES (1)');
    const isLocked = async (): Promise<void> => {
      expect(await rejection(mariadbEngine.inspectTarget(location, options))).toMatchObject({
        code: 'database-locked',
      });
    };
    // The server renews its list of transactions only when nobody has asked for it in the last tenth of a second.
    await vi.waitFor(isLocked, { timeout: 10_000, interval: 200 });
  });
});
