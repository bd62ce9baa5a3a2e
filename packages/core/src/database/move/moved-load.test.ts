import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backUp, make, type Backup } from '../../../test/sqlite-databases.ts';
import type { DatabaseLoad, LoadTarget } from '../engine.ts';
import { sqliteEngine } from '../sqlite/engine.ts';
import { Census, type CensusOptions } from './census.ts';
import { MovedLoad, openMovedLoad } from './moved-load.ts';
import { planMove, type Move } from './plan.ts';
import { parseRepairs } from './repairs.ts';

/** As SQLAlchemy declares what Django declares otherwise: the same application on the same engine, with other types. */
const source = `
  CREATE TABLE doc (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, title varchar(20) NOT NULL, content text NOT NULL,
    length integer GENERATED ALWAYS AS (length(content)) STORED, price decimal, created datetime, key char(32), seen bool, meta text);
  CREATE TABLE empty (id integer NOT NULL PRIMARY KEY AUTOINCREMENT);
  INSERT INTO doc (title, content, price, created, key, seen, meta) VALUES
    ('a', 'one' || char(10) || 'two', 12.5, '2024-01-02 03:04:05.678900', '0123456789abcdef0123456789abcdef', 1, '{"b": 1.0, "a": 2}'),
    ('b', '', 12, NULL, NULL, NULL, NULL), ('B', 'ü', -3, '2024-01-02 03:04:05', NULL, 0, '[]');
  INSERT INTO doc (id, title, content) VALUES (70, 'deleted', ''); DELETE FROM doc WHERE id = 70;`;
const target = `
  CREATE TABLE empty (id integer NOT NULL PRIMARY KEY AUTOINCREMENT);
  CREATE TABLE doc (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, meta JSON, title varchar(20) NOT NULL, content text NOT NULL,
    length integer GENERATED ALWAYS AS (length(content)) STORED, price numeric(10, 2), created timestamp, key UUID, seen boolean);
  INSERT INTO doc (id, title, content) VALUES (5, 'of the target', '');
  CREATE INDEX doc_title ON doc (title);`;

interface Prepared {
  readonly backup: Backup;
  readonly move: Move;
  readonly directory: string;
  readonly place: LoadTarget;
  readonly open: (options?: CensusOptions) => Promise<MovedLoad>;
}

async function prepare(sourceSql: string, targetSql: string): Promise<Prepared> {
  const backup = await backUp(make(sourceSql));
  const { schema } = await backUp(make(targetSql));
  const move = planMove(backup.schema, schema);
  const directory = mkdtempSync(join(tmpdir(), 'move-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const place = {
    location: { engine: 'sqlite', path: join(directory, 'target.sqlite3') },
    directory,
    mode: 'fill',
    keepFormer: false,
  } as const;
  return {
    backup,
    move,
    directory,
    place,
    open: async (options) => await openMovedLoad(sqliteEngine, move, place, options),
  };
}

async function loadAll(load: MovedLoad, { schema, chunks }: Backup): Promise<void> {
  await load.createTables();
  for (const table of schema.tables) {
    for (const chunk of chunks.get(table.name) ?? []) await load.copyIn(table, chunk);
  }
  await load.finish();
}

describe('a moved load', () => {
  test('fills the schema of the target with the rows of the source and proves it', async () => {
    const { backup, directory, open } = await prepare(source, target);
    const load = await open();
    await loadAll(load, backup);
    for (const table of backup.schema.tables) {
      const rows = table.name === 'doc' ? 3 : 0;
      expect(await load.prove(table)).toEqual({ rows, same: true });
      const isComplete = table.columns.every(({ generated }) => generated === undefined);
      if (isComplete) expect(load.received(table)).toEqual(backup.digests.get(table.name));
    }
    await load.commit();
    const database = new DatabaseSync(join(directory, 'db.sqlite3'));
    expect(database.prepare('SELECT *, typeof(price) AS class FROM doc ORDER BY id').all()).toEqual(
      [
        {
          id: 1,
          title: 'a',
          content: 'one\ntwo',
          length: 7,
          price: 12.5,
          created: '2024-01-02 03:04:05.678900',
          key: '01234567-89ab-cdef-0123-456789abcdef',
          seen: 1,
          meta: '{"b": 1.0, "a": 2}',
          class: 'real',
        },
        {
          id: 2,
          title: 'b',
          content: '',
          length: 0,
          price: 12,
          created: null,
          key: null,
          seen: null,
          meta: null,
          class: 'integer',
        },
        {
          id: 3,
          title: 'B',
          content: 'ü',
          length: 1,
          price: -3,
          created: '2024-01-02 03:04:05',
          key: null,
          seen: 0,
          meta: '[]',
          class: 'integer',
        },
      ],
    );
    expect(database.prepare('SELECT name, seq FROM sqlite_sequence').all()).toEqual([
      { name: 'doc', seq: 70 },
    ]);
    expect(database.prepare("SELECT name FROM sqlite_schema WHERE type = 'index'").all()).toEqual([
      { name: 'doc_title' },
    ]);
    database.close();
  });

  test.each<[string, (text: string) => string, number]>([
    ['a row too many', (text) => `${text}9\t\\N\tc\t\t\\N\t\\N\t\\N\t\\N\n`, 4],
    [
      'a row twice instead of another',
      (text) => text.replace('\tb\t', '\tB\t').replace('\tB\tü', '\tb\tü'),
      3,
    ],
    ['a value that differs', (text) => text.replace('ü', 'u'), 3],
    ['a value that has become null', (text) => text.replace('[]', String.raw`\N`), 3],
    ['a value that cannot be read', (text) => text.replace('2024', 'year'), 3],
  ])('does not prove %s', async (_, tamper, rows) => {
    const { backup, move, place } = await prepare(source, target);
    const inner = await sqliteEngine.openLoad(move.target, place);
    const faulty: DatabaseLoad = {
      createTables: () => inner.createTables(),
      async copyIn(table, chunk) {
        const bytes = Buffer.from(tamper(Buffer.from(chunk.bytes).toString()));
        await inner.copyIn(table, { ...chunk, bytes, rows });
      },
      finish: () => inner.finish(),
      digest: (table) => inner.digest(table),
      copyOut: (table) => inner.copyOut?.(table) ?? expect.fail('no copyOut'),
      ticket: () => inner.ticket(),
      commit: () => inner.commit(),
      discard: () => inner.discard(),
    };
    const load = new MovedLoad(faulty, move, [], {});
    await loadAll(load, backup);
    const table = backup.schema.tables.find(({ name }) => name === 'doc');
    if (!table) throw new Error('no table');
    expect(await load.prove(table)).toEqual({ rows, same: false });
    await load.discard();
  });

  test('refuses a value that the target cannot hold', async () => {
    const strict = target.replace('meta JSON', 'meta JSON NOT NULL').replace(/INSERT.*/, '');
    const { backup, open } = await prepare(source, strict);
    const load = await open();
    await expect(loadAll(load, backup)).rejects.toMatchObject({
      code: 'move-impossible',
      message: expect.stringContaining(
        "column 'meta' of table 'doc' is null, and the target column takes no null (row id=2)",
      ),
    });
    await load.discard();
  });

  test('maps a broken unique rule to what it means', async () => {
    const unique = `${target} CREATE UNIQUE INDEX doc_unique ON doc (title COLLATE NOCASE);`;
    const { backup, open } = await prepare(source, unique);
    const load = await open();
    await expect(loadAll(load, backup)).rejects.toMatchObject({
      code: 'move-impossible',
      message: expect.stringContaining('doc_unique'),
    });
    await load.discard();
  });

  test('refuses rows of a table that is not in the move', async () => {
    const { backup, open } = await prepare(source, target);
    const load = await open();
    const [table] = backup.schema.tables;
    if (!table) throw new Error('no table');
    const rows = load.copyIn({ ...table, name: 'forged' }, { bytes: Buffer.from('1\n'), rows: 1 });
    await expect(rows).rejects.toMatchObject({ code: 'archive-damaged' });
    await load.discard();
  });
});

describe('a census', () => {
  const bad = `
    CREATE TABLE t (id integer NOT NULL PRIMARY KEY, secret text, price decimal);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
    INSERT INTO t SELECT i, 'x', 'many' FROM n;
    UPDATE t SET price = 1.005 WHERE id = 7;`;
  const good =
    'CREATE TABLE t (id integer NOT NULL PRIMARY KEY, secret text, price numeric(5, 2) NOT NULL)';

  test('counts all, keeps the keys of the first rows, and the error names the first', async () => {
    const { backup, move } = await prepare(bad, good);
    const census = new Census(move);
    for (const table of backup.schema.tables) {
      for (const chunk of backup.chunks.get(table.name) ?? []) census.add(table, chunk);
    }
    const { rows, findings, repaired } = census.report();
    expect([rows, findings.length, repaired]).toEqual([50, 1, []]);
    expect(findings[0]).toMatchObject({ table: 't', column: 'price', kind: 'type', values: 49 });
    expect(findings[0]?.keys).toHaveLength(20);
    expect(() => census.assertClean()).toThrow(
      "the target cannot hold every value: column 'price' of table 't' is not of the type of its column (49 rows: id=1, id=2, id=3, ...)",
    );
  });

  test('does not show secrets', async () => {
    const { backup, move } = await prepare(
      bad
        .replace(
          'id integer NOT NULL PRIMARY KEY, secret text',
          'id integer, secret text NOT NULL PRIMARY KEY',
        )
        .replace("i, 'x'", "i, 'geheim' || i"),
      good.replace(
        'id integer NOT NULL PRIMARY KEY, secret text',
        'id integer, secret text NOT NULL PRIMARY KEY',
      ),
    );
    const census = new Census(move, {
      isSecret: (_, name) => name === 'secret',
      repairs: parseRepairs(['nul=strip']),
    });
    for (const table of backup.schema.tables) {
      for (const chunk of backup.chunks.get(table.name) ?? []) census.add(table, chunk);
    }
    expect(JSON.stringify(census.report())).not.toContain('geheim');
    expect(census.report().findings[0]?.keys[0]).toBe('secret=***');
  });
});
