// An adapter of somebody else, as a user gets it: core and the example of docs/adapter-authoring.md are packed, unpacked into
// the node_modules of a scratch folder, proved there with the contract tests, and loaded by name by the built program.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { compareTrees, digestSqlite, digestTree } from '@dms-backup/test-fixtures';
import { beforeAll, expect, test } from 'vitest';

import { createBench, expectRefusal, lastJson } from './bench.ts';

const bench = createBench('outside');
const project = join(import.meta.dirname, '../../../..');
const example = join(project, 'test-fixtures/example-adapter');
const user = bench.directory('user');

/** `npm pack`, and what npm would do with the file: no network, the dependencies are those of the workspace. */
function install(source: string): void {
  const folder = bench.directory('packed');
  const words = ['pack', '--silent', '--ignore-scripts', '--offline', '--pack-destination', folder];
  const file = execFileSync('npm', words, { cwd: source, encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', join(folder, file), '-C', folder]);
  const unpacked = join(folder, 'package');
  const { name, dependencies = {} } = manifestOf(unpacked);
  for (const dependency of Object.keys(dependencies)) {
    const link = join(unpacked, 'node_modules', dependency);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(source, 'node_modules', dependency), link);
  }
  const place = join(user, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  execFileSync('mv', [unpacked, place]);
}

function manifestOf(folder: string): {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
} {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as ReturnType<
    typeof manifestOf
  >;
}

const session = 'planted-session';

/** As Mayan EDMS 4.12 leaves them: the columns that matter, three documents, one of them without a file. */
function buildMayan(): string {
  const media = join(bench.directory('mayan'), 'media');
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(media, path)), { recursive: true });
    writeFileSync(join(media, path), content);
  };
  write('system/SECRET_KEY', 'x');
  write('document_file_page_image_cache/0', 'picture');
  const database = new DatabaseSync(join(media, 'db.sqlite3'));
  database.exec(`
    CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT);
    INSERT INTO django_migrations VALUES (1, 'documents', '0001_initial', ''), (2, 'auth', '0001_initial', '');
    CREATE TABLE django_session (session_key TEXT PRIMARY KEY, session_data TEXT, expire_date TEXT);
    INSERT INTO django_session VALUES ('k', '${session}', '');
    CREATE TABLE auth_user (id INTEGER PRIMARY KEY, username TEXT, password TEXT);
    CREATE TABLE tags_tag (id INTEGER PRIMARY KEY, label TEXT);
    CREATE TABLE documents_document (id INTEGER PRIMARY KEY, label TEXT, datetime_created TEXT, in_trash bool);
    CREATE TABLE documents_documentfile (id INTEGER PRIMARY KEY, document_id INTEGER, timestamp TEXT, file TEXT,
      filename TEXT, checksum TEXT, size INTEGER);
    INSERT INTO documents_document VALUES (1, 'Invoice', '2026-01-02 03:04:05', 0), (2, 'Stub', '2026-01-02', 0),
      (10, 'Trashed', '2026-01-02', 1);`);
  const insert = database.prepare(
    'INSERT INTO documents_documentfile VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  for (const [id, document] of [
    [1, 1],
    [2, 1],
    [3, 10],
  ] as const) {
    const name = `0b3c3f0e-0000-4000-8000-00000000000${id}`;
    const content = `file ${id}`;
    write(`document_file_storage/${name}`, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    insert.run(id, document, `2026-01-0${id}`, name, `${id}.txt`, sha256, content.length);
  }
  database.close();
  return media;
}

beforeAll(() => {
  install(join(project, 'packages/core'));
  install(example);
});

test('the example is small, needs no build and has core as its only peer', () => {
  const files = ['package.json', 'index.js'].map((name) =>
    readFileSync(join(example, name), 'utf8'),
  );
  const lines = files.flatMap((text) => text.trimEnd().split('\n'));
  expect(lines.length).toBeLessThanOrEqual(150);
  const { name, dependencies, peerDependencies } = manifestOf(example);
  expect(name).toMatch(/^dms-backup-adapter-/);
  expect(dependencies).toBeUndefined();
  expect(Object.keys(peerDependencies ?? {})).toEqual(['@dms-backup/core']);
});

test('it passes the contract tests that core packs', () => {
  const media = buildMayan();
  const given = {
    configFiles: [],
    media,
    database: { engine: 'sqlite', path: join(media, 'db.sqlite3') },
    appVersion: '4.12.2',
  };
  const sample = {
    directory: dirname(media),
    given,
    secrets: [session],
    documents: 3,
    appVersion: '4.12.2',
    broken: [],
  };
  writeFileSync(
    join(user, 'contract.test.mjs'),
    `import { test } from 'node:test';
    import { contractTests } from '@dms-backup/core/testkit';
    import { adapter } from 'dms-backup-adapter-mayan';
    const open = async () => (${JSON.stringify(sample)});
    contractTests({ test, adapter, samples: [{ name: 'a small Mayan', open }] });`,
  );
  // Told apart from a test run of its own, which vitest's child would otherwise report to.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  const words = ['--test', '--test-reporter=tap', 'contract.test.mjs'];
  const run = spawnSync(process.execPath, words, { cwd: user, env, encoding: 'utf8' });
  expect(run.status, run.stdout.slice(-4000) + run.stderr).toBe(0);
  expect(run.stdout).toContain('shows no secret');
  expect(Number(/^# pass (\d+)$/mu.exec(run.stdout)?.[1])).toBeGreaterThan(12);
});

test('the program finds it by name, backs up with proof, and restores elsewhere', async () => {
  const here = { cwd: user };
  const listed = lastJson<{ adapters: { name: string; package: string; directory: string }[] }>(
    await bench.done(['apps', '--json'], here),
  );
  const found = JSON.stringify(listed);
  expect(found).toContain('dms-backup-adapter-mayan');
  expect(found).toContain(join(user, 'node_modules/dms-backup-adapter-mayan'));

  const media = buildMayan();
  const destination = bench.directory('archives');
  const place = ['--media', media, '--app-version', '4.12.2'];
  const run = await bench.done(['backup', '--app', 'mayan', ...place, destination, '--json'], here);
  const result = lastJson<{
    path: string;
    proof: Record<string, number>;
    unknownTables: string[];
    excluded: { name: string }[];
  }>(run);
  expect(result.proof).toMatchObject({
    documents: 3,
    documentsComplete: 3,
    references: 3,
    referencesWithChecksum: 3,
  });
  expect(result.excluded.map(({ name }) => name)).toEqual(['django_session']);
  expect(result.unknownTables).toEqual(['django_migrations', 'tags_tag']);
  expect(result.path).toContain('mayan-4.12.2-');
  await bench.done(['verify', result.path], here);

  const target = join(bench.directory('target'), 'media');
  const database = join(target, 'db.sqlite3');
  const words = ['--app', 'mayan-edms', '--media', target, '--database', `sqlite://${database}`];
  await bench.done(['restore', result.path, ...words], here);
  const isDatabase = (path: string): boolean => path.startsWith('db.sqlite3');
  const files = compareTrees(digestTree(media, isDatabase), digestTree(target, isDatabase));
  expect(files).toEqual({ differences: [], equalFiles: 5, leftOut: [] });
  const { django_session: sessions, ...tables } = digestSqlite(database).tables;
  const { django_session: _, ...expected } = digestSqlite(join(media, 'db.sqlite3')).tables;
  expect(tables).toEqual(expected);
  expect(sessions?.rowCount).toBe(0);
});

test('a damaged document is found, and elsewhere the adapter is not known', async () => {
  const media = buildMayan();
  writeFileSync(
    join(media, 'document_file_storage/0b3c3f0e-0000-4000-8000-000000000003'),
    'changed',
  );
  const place = ['--media', media, bench.directory('archives')];
  const run = await bench.done(['backup', '--app', 'mayan', ...place, '--json'], {
    cwd: user,
    code: 3,
  });
  expect(lastJson(run)).toMatchObject({ proof: { documents: 3, documentsComplete: 2 } });
  await expectRefusal(bench, ['backup', '--app', 'mayan', ...place], {
    exit: 2,
    code: 'adapter-not-found',
    says: /no adapter for 'mayan'/u,
  });
});
