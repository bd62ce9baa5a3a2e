// Moves between engines: into the tables that the same version of the application has made, row by row the same; what the
// target cannot hold is named before anything is touched, and repaired only on demand.

import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { digestSqlite } from '@dms-backup/test-fixtures';
import type { SampleServer } from '@dms-backup/test-fixtures';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  createBench,
  expectRefusal,
  flagsOf,
  lastJson,
  makeArchive,
  namesIn,
  told,
  treeOf,
} from './bench.ts';
import type { Place, ServerPlace } from './bench.ts';
import { leftOut, prove } from './proof.ts';
import type { Declaration } from './proof.ts';
import {
  createServerBench,
  digestServer,
  query,
  serverNames,
  stateOfServer,
} from './server-bench.ts';
import type { ServerName } from './server-bench.ts';

const bench = createBench('moves');
const servers = createServerBench(bench);
const hasMariadb = serverNames.includes('MariaDB');
/** One of each engine. */
const majorServers = serverNames.filter((name) => name !== 'PostgreSQL 12');

type Engine = 'SQLite' | ServerName;
type AnyPlace = Place | ServerPlace;

const appVersion = '3.0.5';

async function build(engine: Engine): Promise<AnyPlace> {
  const options = { appVersion, documents: 10, seed: 1 } as const;
  return engine === 'SQLite' ? bench.build(options) : await servers.build(engine, options);
}

/**
 * Two documents whose names differ only in the Unicode form of letters: on MariaDB they are equal, so one of them is renamed,
 * as its owner would do.
 */
function separateNames(place: Place): void {
  const database = new DatabaseSync(place.databasePath);
  for (const [column, folder] of [
    ['filename', 'originals'],
    ['archive_filename', 'archive'],
  ] as const) {
    const row = database.prepare(`SELECT ${column} AS name FROM documents_document WHERE id = 6`);
    const name = String(row.get()?.['name']);
    const directory = join(place.mediaDirectory, 'documents', folder);
    renameSync(join(directory, name), join(directory, 'renamed.pdf'));
    database.exec(`UPDATE documents_document SET ${column} = 'renamed.pdf' WHERE id = 6`);
  }
  database.close();
}

/** What the application has after its first start: tables, and nothing of anybody. */
async function migrated(engine: Engine): Promise<AnyPlace> {
  if (engine !== 'SQLite') return await servers.migratedPlace(engine, appVersion);
  const { databasePath, rowCounts } = bench.build({ appVersion, documents: 5 });
  emptySqlite(databasePath, Object.keys(rowCounts));
  const { dataDirectory, mediaDirectory } = bench.emptyPlace('target');
  return { dataDirectory, mediaDirectory, databasePath };
}

function emptySqlite(path: string, tables: readonly string[]): void {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  for (const table of tables) {
    if (!/^(django_migrations|django_content_type|auth_permission)$/u.test(table))
      database.exec(`DELETE FROM ${table}`);
  }
  database.close();
}

/** Rows by table, by a look of our own. */
async function countRows(place: AnyPlace): Promise<Record<string, number>> {
  const { tables } =
    'server' in place ? await digestServer(place.server) : digestSqlite(place.databasePath);
  return Object.fromEntries(
    Object.entries(tables).map(([name, { rowCount }]) => [bare(name), rowCount]),
  );
}

const bare = (table: string): string => table.replace(/^public\./u, '');

/** Texts, times, numbers and booleans of rows, in a form that is the same on every engine. */
async function readRows(place: AnyPlace): Promise<string[]> {
  const rows = await Promise.all(
    [
      'SELECT id, title, content, filename, checksum, archive_serial_number, owner_id FROM documents_document ORDER BY id',
      'SELECT id, name, color, is_inbox_tag FROM documents_tag ORDER BY id',
      'SELECT document_id, tag_id FROM documents_document_tags ORDER BY id',
      'SELECT id, username, is_superuser FROM auth_user ORDER BY id',
    ].map((sql) => ask(place, sql)),
  );
  return rows
    .flat()
    .map((row) =>
      JSON.stringify(row, (_, value: unknown) =>
        typeof value === 'boolean' ? Number(value) : value,
      ),
    );
}

async function ask(place: AnyPlace, sql: string): Promise<unknown[]> {
  if ('server' in place) return await query(place.server, sql);
  const database = new DatabaseSync(place.databasePath, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

interface Restored {
  plan: { move: { from: string; to: string; rows: number } | null };
  warnings: string[];
}

const moves: readonly [Engine, Engine][] = [
  ['SQLite', 'PostgreSQL 12'],
  ['PostgreSQL 18', 'SQLite'],
  ...(hasMariadb
    ? ([
        ['SQLite', 'MariaDB'],
        ['MariaDB', 'PostgreSQL 18'],
      ] as const satisfies readonly [Engine, Engine][])
    : []),
];

describe('into empty tables of the same version', () => {
  test.each(moves)('%s -> %s', async (from, to) => {
    const source = await build(from);
    if (to === 'MariaDB' && 'databasePath' in source) separateNames(source);
    const archive = await makeArchive(bench, source);
    const inspected = await bench.done(['inspect', archive, '--json']);
    const { excluded } = lastJson<{ excluded: Declaration[] }>(inspected);
    const left = leftOut(excluded.map((each) => ({ ...each, name: bare(each.name ?? '') })));
    const target = await migrated(to);

    const run = await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--json']);
    const { plan, warnings } = lastJson<Restored>(run);
    expect(plan.move).toMatchObject({ from: engineOf(source), to: engineOf(target) });
    expect(warnings).toEqual([]);

    const rows = Object.entries(await countRows(source)).map(([table, count]) => [
      table,
      left.table(table) ? 0 : count,
    ]);
    expect(await countRows(target)).toEqual(Object.fromEntries(rows));
    expect(await readRows(target)).toEqual(await readRows(source));
    const files = (place: AnyPlace): Parameters<typeof prove>[0] => ({
      database: '',
      data: treeOf(place.dataDirectory, (path) => path.startsWith('db.sqlite3')),
      media: treeOf(place.mediaDirectory),
    });
    expect(prove(files(source), files(target), excluded, 'media').differences).toEqual([]);

    // The next document gets a key that was never used.
    expect(await lastKey(target)).toBe(await lastKey(source));
    const findings = async (place: AnyPlace): Promise<unknown> =>
      lastJson(await bench.done(['check', ...flagsOf(place), '--json'], { code: 3 }))['findings'];
    expect(await findings(target)).toEqual(await findings(source));
  });
});

function engineOf(place: AnyPlace): string {
  return 'server' in place ? place.server.engine : 'sqlite';
}

/** The last automatic key of documents. */
async function lastKey(place: AnyPlace): Promise<number> {
  if (!('server' in place)) {
    const [row] = await ask(
      place,
      "SELECT seq FROM sqlite_sequence WHERE name = 'documents_document'",
    );
    return (row as { seq: number }).seq;
  }
  const { sequences } = await digestServer(place.server);
  const [, state = ''] =
    Object.entries(sequences).find(([name]) => /\bdocuments_document(_id_seq)?$/u.test(name)) ?? [];
  return place.server.engine === 'mariadb' ? Number(state) - 1 : Number.parseInt(state, 10);
}

describe('what is refused', () => {
  let source: Place;
  let archive: string;

  beforeAll(async () => {
    source = bench.build({ appVersion, documents: 10, seed: 1 });
    archive = await makeArchive(bench, source);
  });

  /** Refused, and neither rows nor directories of the target were touched. */
  async function refused(
    target: ServerPlace,
    words: readonly string[],
    refusal: Parameters<typeof expectRefusal>[2],
  ): Promise<void> {
    const before = await stateOfServer(target);
    await expectRefusal(bench, ['restore', ...words, ...flagsOf(target), '--yes'], refusal);
    expect(prove(before, await stateOfServer(target), []).differences).toEqual([]);
  }

  test('a target of another version', async () => {
    const target = await servers.build('PostgreSQL 18', { appVersion: '2.20.15', documents: 5 });
    await refused(target, [archive], {
      exit: 21,
      code: 'app-version-refused',
      says: /older release.*Install/u,
    });
  });

  test.each(majorServers)('%s: a database without tables', async (name) => {
    const target = await servers.emptyPlace(name);
    await refused(target, [archive], {
      exit: 23,
      code: 'move-impossible',
      says: /has no tables yet.*`migrate`/su,
    });
    expect(namesIn(dirname(target.dataDirectory))).toEqual([]);
  });

  test('a NUL that PostgreSQL cannot hold is named, and taken out when asked', async () => {
    const place = bench.copy(source, 'nul');
    change(place, "UPDATE documents_document SET content = 'one' || char(0) || 'two' WHERE id = 4");
    const spoiled = await makeArchive(bench, place);
    const target = await servers.migratedPlace('PostgreSQL 18', appVersion);
    await refused(target, [spoiled], {
      exit: 23,
      code: 'move-impossible',
      says: /column 'content' of table 'documents_document'.*id=4.*--repair nul=strip/su,
    });
    const words = [spoiled, ...flagsOf(target)];
    const plan = await bench.run(['restore', ...words, '--plan']);
    expect(plan.stdout, told(plan)).toMatch(/documents_document/u);

    const run = await bench.done(['restore', ...words, '--yes', '--repair', 'nul=strip']);
    expect(run.stdout + run.stderr).toMatch(
      /repaired \(nul\): 1 values of column 'content' of table 'documents_document'/u,
    );
    const rows = await query(
      target.server,
      'SELECT id, content FROM documents_document WHERE id IN (4, 5) ORDER BY id',
    );
    const [, untouched] = await ask(
      place,
      'SELECT id, content FROM documents_document WHERE id IN (4, 5) ORDER BY id',
    );
    expect(rows).toEqual([{ id: 4, content: 'onetwo' }, { ...(untouched as object) }]);
  });

  test.each(majorServers)(
    '%s: a title that is too long is named, and cut when asked',
    async (name) => {
      const place = bench.copy(source, 'long');
      separateNames(place);
      change(
        place,
        "UPDATE documents_document SET title = replace(hex(zeroblob(100)), '00', 'äß') WHERE id = 5",
      );
      const tooLong = await makeArchive(bench, place);
      const target = await servers.migratedPlace(name, appVersion);
      // A repair for another kind of value does not help.
      await refused(target, [tooLong, '--repair', 'nul=strip'], {
        exit: 23,
        code: 'move-impossible',
        says: /column 'title' of table 'documents_document'.*id=5.*--repair length=truncate/su,
      });
      const words = ['restore', tooLong, ...flagsOf(target), '--yes'];
      const run = await bench.done([...words, '--repair', 'length=truncate']);
      expect(run.stdout + run.stderr).toMatch(/repaired \(length\): 1 values of column 'title'/u);
      const [row] = await query(target.server, 'SELECT title FROM documents_document WHERE id = 5');
      expect(row).toEqual({ title: 'äß'.repeat(64) });
    },
  );

  test.skipIf(!hasMariadb)('names that only MariaDB takes for equal', async () => {
    const target = await servers.migratedPlace('MariaDB', appVersion);
    await refused(target, [archive], {
      exit: 23,
      code: 'move-impossible',
      says: /column 'filename' of table 'documents_document'.*id=5 and id=6/su,
    });
  });

  test('an unknown repair is wrong usage', async () => {
    const target = await servers.migratedPlace('PostgreSQL 18', appVersion);
    await refused(target, [archive, '--repair', 'nul=anything'], {
      exit: 2,
      code: 'usage',
      says: /nul=strip/u,
    });
  });

  test('undo of a move brings back what was there', async () => {
    const target = await servers.build('PostgreSQL 18', { appVersion, documents: 6, seed: 3 });
    const before = await stateOfServer(target);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    expect(await countDocuments(target.server)).toBe(10);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(prove(before, await stateOfServer(target), []).differences).toEqual([]);
  });
});

function change(place: Place, sql: string): void {
  const database = new DatabaseSync(place.databasePath);
  database.exec(sql);
  database.close();
}

async function countDocuments(server: SampleServer): Promise<number> {
  const [row] = await query(server, 'SELECT count(*) AS n FROM documents_document');
  return Number(row?.['n']);
}
