// The same instance on PostgreSQL and MariaDB: types and keys as the application's migrations make them, the rows of the
// SQLite instance, and digests that notice every change.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { compareServers } from '../compare.ts';
import { readSheets } from '../data/compact-facts.ts';
import { readTables } from '../data/paperless-facts.ts';
import type { AppVersion } from '../data/paperless-facts.ts';
import { digestMariadb } from '../digest-mariadb.ts';
import { digestPostgres } from '../digest-postgres.ts';
import { digestTree } from '../digest-tree.ts';
import { createScratchDirectories } from '../scratch-directory.ts';
import type { ServerDigest } from '../server-digest.ts';
import { findMariadb } from '../servers/machine-server.ts';
import { sharedPostgres } from '../servers/postgres-server.ts';
import { createScratchDatabases, queryServer } from '../servers/scratch-database.ts';
import { buildPaperlessInstance, buildPaperlessServerInstance } from './build-instance.ts';
import type { SampleServer } from './sample-instance.ts';

const SHARED = join(import.meta.dirname, '../../../../shared');
const sheets = existsSync(join(SHARED, 'products/paperless/schema.json'))
  ? readSheets(SHARED).schema
  : undefined;
const VERSIONS: readonly AppVersion[] = ['2.20.15', '3.0.5'];

const scratch = createScratchDirectories();
const newDatabase = createScratchDatabases();
const mariadb = await findMariadb();

type Sheet = 'pg' | 'mariadb';
const ENGINES: [string, Sheet, () => Promise<SampleServer>][] = [
  ['PostgreSQL 12', 'pg', async () => newDatabase('postgres', await sharedPostgres('old'))],
  ['PostgreSQL 18', 'pg', async () => newDatabase('postgres', await sharedPostgres('new'))],
];
if (mariadb) ENGINES.push(['MariaDB', 'mariadb', () => newDatabase('mariadb', mariadb)]);

function digestServer(server: SampleServer): Promise<ServerDigest> {
  return server.engine === 'postgres' ? digestPostgres(server) : digestMariadb(server);
}

const COLUMN_TYPES = {
  pg: `SELECT c.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0`,
  mariadb: `SELECT table_name AS table_name, column_name AS column_name, column_type AS type FROM information_schema.columns WHERE table_schema = DATABASE()`,
};

describe.each(ENGINES)('on %s', (_title, sheet, create) => {
  test.each(VERSIONS)('paperless-ngx %s has its rows and files', async (appVersion) => {
    const server = await create();
    const [here, there] = [scratch(), scratch()];
    const options = { appVersion, documents: 60, traps: true };
    const instance = await buildPaperlessServerInstance(here, options, server);
    const onSqlite = buildPaperlessInstance(there, options);

    const digest = await digestServer(server);
    const counts = Object.fromEntries(
      Object.entries(digest.tables).map(([name, { rowCount }]) => [
        name.replace(/^public\./, ''),
        rowCount,
      ]),
    );
    expect(counts).toEqual(onSqlite.rowCounts);
    const sql =
      'SELECT id, title, content, filename, checksum, archive_filename FROM documents_document ORDER BY id';
    const database = new DatabaseSync(onSqlite.databasePath);
    const rows = database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
    database.close();
    const found = (await queryServer(server, sql)).map((row) => ({ ...row }));
    if (sheet === 'pg') {
      expect(found).toEqual(rows);
      expect([...digestTree(instance.mediaDirectory)]).toEqual([
        ...digestTree(onSqlite.mediaDirectory),
      ]);
    } else {
      expect(found.map((row) => row.content)).toEqual(rows.map((row) => row.content));
    }

    const sequence = Object.entries(digest.sequences).find(([name]) =>
      /documents_document(_id_seq)?$/.test(name),
    );
    expect(Number.parseInt(sequence?.[1] ?? '', 10)).toBeGreaterThan(1000);
    expect(existsSync(join(instance.directory, 'rows.sqlite3'))).toBe(false);
    expect(readFileSync(instance.configPath, 'utf8')).toContain(
      `PAPERLESS_DBNAME=${server.database}`,
    );

    const types = await queryServer(server, COLUMN_TYPES[sheet]);
    const asFound = Object.fromEntries(
      types.map((row) => [`${String(row.table_name)}.${String(row.column_name)}`, row.type]),
    );
    expect(Object.keys(asFound)).toHaveLength(
      readTables(appVersion).flatMap((table) => table.columns).length,
    );
    if (!sheets) return;
    const expected = Object.entries(sheets.versions[appVersion]!).flatMap(([table, { columns }]) =>
      Object.entries(columns).map(([name, facts]) => [
        `${table}.${name}`,
        Reflect.get(facts, sheet),
      ]),
    );
    expect(asFound).toEqual(Object.fromEntries(expected));
  });

  test('the digest is the same for the same instance, and notices a change of each kind', async () => {
    const [left, right] = [await create(), await create()];
    const options = { appVersion: '3.0.5', documents: 20 } as const;
    await buildPaperlessServerInstance(scratch(), options, left);
    await buildPaperlessServerInstance(scratch(), options, right);
    const source = await digestServer(left);
    expect(compareServers(source, await digestServer(right)).differences).toEqual([]);

    await queryServer(right, "UPDATE documents_tag SET color = '#000000' WHERE id = 1");
    await queryServer(right, 'DELETE FROM documents_note WHERE id = 1');
    await queryServer(right, 'CREATE INDEX one_more ON documents_tag (color)');
    const other = await digestServer(right);
    const { differences } = compareServers(source, other);
    expect(differences).toHaveLength(3);
    expect(differences.join('\n')).toMatch(/one_more/);
    expect(differences.join('\n')).toMatch(/documents_note: \d+ rows became \d+/);
    expect(differences.join('\n')).toMatch(/documents_tag: content of rows differs/);
  });
});
