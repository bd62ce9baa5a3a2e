import { expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import {
  backUp,
  databasesBeside,
  features,
  makeDatabase,
  options,
  prepare,
  quoted,
  restore,
  stateOf,
  withClient,
  type Backup,
} from '../../../test/mariadb-server.ts';
import type { DatabaseSchema } from '../engine.ts';
import { mariadbEngine } from './engine.ts';
import { databaseNames } from './names.ts';

function withRows(backup: Backup, table: string, text: string): Backup {
  const bytes = Buffer.from(text);
  const rows = text.split('\n').length - 1;
  return { ...backup, chunks: new Map(backup.chunks).set(table, [{ bytes, rows }]) };
}

function withDefinition(
  backup: Backup,
  part: 'preData' | 'postData',
  change: Partial<DatabaseSchema['preData'][number]>,
): Backup {
  const [first, ...others] = backup.schema[part];
  return { ...backup, schema: { ...backup.schema, [part]: [{ ...first!, ...change }, ...others] } };
}

test('rows that the server refuses: no value is told, nothing is left', async () => {
  const backup = await backUp(
    await makeDatabase(
      "CREATE TABLE t (id int PRIMARY KEY, v varchar(5), n tinyint, d date, e enum('a'), UNIQUE KEY u (v))",
    ),
  );
  const target = await makeDatabase();
  const refused = async (text: string): Promise<unknown> =>
    await rejection(prepare(withRows(backup, 't', text), target));
  const bad = { code: 'restore-failed', message: expect.not.stringMatching(/secret|300|2024-13/) };
  expect(await refused('1\tsecret\t1\t\\N\t\\N\n')).toMatchObject(bad);
  expect(await refused('1\tSecr\t1\t\\N\t\\N\n2\tsecr\t1\t\\N\t\\N\n')).toMatchObject({
    ...bad,
    message: expect.stringMatching(
      /^cannot load table 't': a value that must be unique comes twice \('(?:t\.)?u'\), error 1062$/,
    ),
  });
  expect(await refused('1\tx\t300\t\\N\t\\N\n')).toMatchObject(bad);
  expect(await refused('1\tx\t1\t2024-13-01\t\\N\n')).toMatchObject(bad);
  expect(await refused('1\tx\t1\t\\N\tsecret\n')).toMatchObject(bad);
  expect(await refused('1\tx\n')).toMatchObject({ code: 'archive-damaged' });
  expect(await databasesBeside(target)).toEqual([]);
});

test('definitions that do something else than they say', async () => {
  const source = await makeDatabase(
    'CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t',
  );
  const backup = await backUp(source);
  const target = await makeDatabase();
  const head = /^SET [^\n]*\n/.exec(backup.schema.postData[0]?.sql ?? '')?.[0] ?? '';
  const other = quoted(source.name);
  for (const hostile of [
    withDefinition(backup, 'preData', { sql: `DROP DATABASE ${other}` }),
    withDefinition(backup, 'preData', { sql: `CREATE TABLE ${other}.t2 (id int PRIMARY KEY)` }),
    withDefinition(backup, 'preData', { sql: `CREATE TABLE t2 (id int PRIMARY KEY)` }),
    withDefinition(backup, 'preData', { sql: `CREATE /*! OR REPLACE */ TABLE t (id int)` }),
    withDefinition(backup, 'preData', { sql: `CREATE TABLE t (id int, more int)` }),
    withDefinition(backup, 'preData', { kind: 'user', sql: `CREATE USER t` }),
    withDefinition(backup, 'postData', { sql: `CREATE VIEW v AS SELECT 1` }),
    withDefinition(backup, 'postData', {
      sql: `${head.replace('SET ', 'SET GLOBAL ')}CREATE VIEW v AS SELECT 1`,
    }),
    withDefinition(backup, 'postData', { sql: `${head}DROP TABLE t` }),
    withDefinition(backup, 'postData', { sql: `${head}CREATE VIEW ${other}.v2 AS SELECT 1` }),
    withDefinition(backup, 'postData', { sql: `${head}CREATE TABLE t9 AS SELECT 1 AS VIEW v` }),
  ]) {
    expect(await rejection(prepare(hostile, target))).toMatchObject({ code: 'archive-damaged' });
  }
  const several = withDefinition(backup, 'preData', {
    sql: `CREATE TABLE t (id int PRIMARY KEY); DROP DATABASE ${other}`,
  });
  expect(await rejection(prepare(several, target))).toMatchObject({ code: 'restore-failed' });
  const reserved = withDefinition(backup, 'preData', {
    name: 'dms_backup_plan',
    sql: 'CREATE TABLE dms_backup_plan (id int)',
  });
  expect(await rejection(prepare(reserved, target))).toMatchObject({ code: 'restore-failed' });
  expect(Object.keys(await stateOf(source))).toEqual(['table t', 'rows t', 'view v']);
  expect(await databasesBeside(target)).toEqual([]);
});

test('definitions that only another server understands', async () => {
  const backup = await backUp(await makeDatabase('CREATE TABLE t (id int PRIMARY KEY)'));
  const { schema } = withDefinition(backup, 'preData', {
    sql: 'CREATE TABLE t (id newer_type PRIMARY KEY)',
  });
  const target = await makeDatabase();
  const ofNewer = { ...backup, schema: { ...schema, engineVersion: '99.1.2-MariaDB-log' } };
  const error = await rejection(prepare(ofNewer, target));
  expect(error.code).toBe('restore-failed');
  expect(error.hint).toMatch(
    /^The database was backed up on MariaDB 99\.1, and this server is (?:MariaDB|MySQL) \d+\.\d+:/,
  );
  const same = await rejection(prepare({ ...backup, schema }, target));
  expect(same.hint).not.toContain('backed up on');
});

test('a session that is lost while rows are loaded', async () => {
  const backup = await backUp(
    await makeDatabase('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)'),
  );
  const target = await makeDatabase('CREATE TABLE old (id int)');
  const before = await stateOf(target);
  const place = { location: target, directory: '', mode: 'rebuild', keepFormer: true } as const;
  const load = await mariadbEngine.openLoad(backup.schema, place, options);
  await load.createTables();
  await withClient(undefined, async (client) => {
    const { workshop } = databaseNames(target.name);
    const [row] = await client.rows(
      `SELECT id FROM information_schema.processlist WHERE db = '${workshop}'`,
    );
    await client.rows(`KILL ${row?.[0]}`);
  });
  const [chunk] = backup.chunks.get('t') ?? [];
  expect(await rejection(load.copyIn(backup.schema.tables[0]!, chunk!))).toMatchObject({
    code: 'restore-failed',
  });
  await load.discard();
  expect(await databasesBeside(target)).toEqual([]);
  expect(await stateOf(target)).toEqual(before);
});

test('rows of many megabytes', async () => {
  const source = await makeDatabase(`CREATE TABLE t (id int PRIMARY KEY, b longblob, v longtext);
    INSERT INTO t VALUES (1, repeat(x'00ff0a5c', 2200000), repeat('ä😀\\\\', 150000)), (2, 'x', 'y'), (3, NULL, repeat('\\\\', 600000))`);
  const backup = await backUp(source);
  const target = await makeDatabase();
  expect(await restore(backup, target)).toEqual(backup.digests);
  expect(backup.chunks.get('t')?.map(({ rows }) => rows)).toEqual([1, 2]);
});

test('a row that is larger than the server takes', async () => {
  const backup = await backUp(
    await makeDatabase('CREATE TABLE t (id int PRIMARY KEY, b longblob)'),
  );
  const size = await withClient(undefined, async (client) =>
    Number((await client.rows('SELECT @@max_allowed_packet'))[0]?.[0]),
  );
  const big = withRows(backup, 't', `1\t\\\\x${'00'.repeat(size)}\n`);
  expect(await rejection(prepare(big, await makeDatabase()))).toMatchObject({
    code: 'restore-failed',
    message: expect.stringContaining('max_allowed_packet'),
  });
});

test('objects of another definer need a right, which is named before anything is switched', async () => {
  const backup = await backUp(
    await makeDatabase(
      "CREATE TABLE t (id int); CREATE DEFINER='root'@'localhost' VIEW v AS SELECT * FROM t",
    ),
  );
  const target = await makeDatabase();
  const user = target.name.slice(0, 20);
  const pattern = target.name.replaceAll('_', String.raw`\_`);
  await withClient(undefined, async (client) => {
    await client.rows(
      `CREATE USER '${user}'@'%'; GRANT ALL PRIVILEGES ON ${quoted(`${pattern}%`)}.* TO '${user}'@'%'`,
    );
    try {
      const error = await rejection(prepare(backup, { ...target, user }));
      expect(error).toMatchObject({
        code: 'database-denied',
        message: expect.stringContaining("view 'v'"),
      });
      const rights = features.isMysql ? 'SET_(?:ANY_DEFINER|USER_ID)' : 'SET USER';
      expect(error.hint).toMatch(new RegExp(`GRANT ${rights} ON \\*\\.\\* TO '${user}'@'%';`));
      await client.rows(/GRANT .*;/.exec(error.hint)?.[0] ?? '');
      if (features.isMysql) {
        const next = await rejection(prepare(backup, { ...target, user }));
        expect(next.hint).toContain(`GRANT SYSTEM_USER ON *.* TO '${user}'@'%';`);
        await client.rows(/GRANT .*;/.exec(next.hint)?.[0] ?? '');
      }
      await restore(backup, { ...target, user });
      expect(Object.keys(await stateOf(target))).toEqual(['table t', 'rows t', 'view v']);
    } finally {
      await client.rows(`DROP USER '${user}'@'%'`);
    }
  });
});

test('names at the limits', async () => {
  const name = `dms_test_${'ä`x'.repeat(18)}`;
  const target = await makeDatabase('CREATE TABLE old (id int)', name);
  const wide = Array.from({ length: 1000 }, (_, index) => `\`column ${index}\` tinyint`).join(', ');
  const source = await makeDatabase(
    `CREATE TABLE wide (${wide}); INSERT INTO wide (\`column 7\`) VALUES (7); CREATE TABLE \`${'t'.repeat(64)}\` (id int)`,
  );
  const backup = await backUp(source);
  expect(await restore(backup, target)).toEqual(backup.digests);
  expect(await stateOf(target)).toEqual(await stateOf(source));
  await mariadbEngine.dropFormer!(target, options);
  expect(await databasesBeside(target)).toEqual([]);
});

// Only MySQL does.
if (features.isMysql) {
  test('a server that gives tables without a key one of its own', async () => {
    const backup = await backUp(
      await makeDatabase('CREATE TABLE t (a int); INSERT INTO t VALUES (1)'),
    );
    const target = await makeDatabase();
    const user = target.name.slice(0, 20);
    const pattern = quoted(`${target.name.replaceAll('_', String.raw`\_`)}%`);
    await withClient(undefined, async (client) => {
      await client.rows(
        `CREATE USER '${user}'@'%'; GRANT ALL PRIVILEGES ON ${pattern}.* TO '${user}'@'%'; SET GLOBAL sql_generate_invisible_primary_key = ON`,
      );
      try {
        const error = await rejection(prepare(backup, { ...target, user }));
        expect([error.code, error.hint]).toEqual([
          'database-denied',
          expect.stringContaining(`GRANT SESSION_VARIABLES_ADMIN ON *.* TO '${user}'@'%';`),
        ]);
        expect(await restore(backup, target)).toEqual(backup.digests);
      } finally {
        await client.rows(
          `SET GLOBAL sql_generate_invisible_primary_key = OFF; DROP USER '${user}'@'%'`,
        );
      }
    });
  });
}

test('an ordinary user restores with the rights that the error names', async () => {
  const backup = await backUp(
    await makeDatabase('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)'),
  );
  const target = await makeDatabase('CREATE TABLE old (id int)');
  const user = target.name.slice(0, 20);
  await withClient(undefined, async (client) => {
    await client.rows(
      `CREATE USER '${user}'@'%'; GRANT ALL PRIVILEGES ON ${quoted(target.name)}.* TO '${user}'@'%'`,
    );
    try {
      const error = await rejection(prepare(backup, { ...target, user }));
      expect(error).toMatchObject({ code: 'database-denied' });
      for (const [grant] of error.hint.matchAll(/GRANT .*?;/g)) await client.rows(grant);
      expect(await restore(backup, { ...target, user })).toEqual(backup.digests);
      const undo = await mariadbEngine.openFormer!({ ...target, user }, options);
      await undo.commit();
      expect(Object.keys(await stateOf(target))).toEqual(['table old', 'rows old']);
    } finally {
      await client.rows(`DROP USER '${user}'@'%'`);
    }
  });
});
