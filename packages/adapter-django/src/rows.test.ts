// Version, references and catalogue of built projects.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { GivenLocation } from '@dms-backup/core';
import { openDatabase } from '@dms-backup/core/testkit';
import { buildDjangoInstance, type DjangoOptions } from '@dms-backup/test-fixtures';
import { expect, onTestFinished, test } from 'vitest';
import { folderWith, inputAt, list, refusal } from '../test/scratch.ts';
import { configure } from './configuration.ts';
import { documents } from './documents.ts';
import { externals } from './externals.ts';
import { references } from './references.ts';
import { stamp } from './version.ts';

async function open(
  options: DjangoOptions,
  given: (built: ReturnType<typeof buildDjangoInstance>) => Partial<GivenLocation>,
  prepare: (database: DatabaseSync) => void = () => {},
) {
  const built = buildDjangoInstance(join(folderWith(), 'project'), options);
  const editor = new DatabaseSync(built.databasePath);
  prepare(editor);
  editor.close();
  const instance = await configure(
    inputAt(built.directory, { configFiles: [built.configPath], ...given(built) }),
  );
  const { reader, close } = await openDatabase({ engine: 'sqlite', path: built.databasePath });
  onTestFinished(close);
  return { built, instance, reader };
}

const byColumn = (...columns: string[]) => ({ options: { 'file-column': columns } });

test('rows with a file are documents, in order of their ids as text', async () => {
  const { built, instance, reader } = await open({ traps: true }, ({ fileMapPath }) => ({
    options: { 'file-map': [fileMapPath] },
  }));
  const found = await list(documents(reader, instance));
  expect(found.map(({ id }) => id)).toEqual(built.documentIds);
  expect(found.find(({ id }) => id === 'archive_document/1')).toMatchObject({
    title: 'Letter 1',
    folder: ['archive_document'],
    documentVersions: [
      { id: '1', files: [{ role: 'file', root: 'media', path: 'documents/2026/1.txt' }] },
    ],
  });
  // without a title: the name of the file
  expect(found.find(({ id }) => id === 'archive_document/5')?.title).toBe('5.txt');
  expect(found.find(({ id }) => id === 'archive_revision/3')?.documentVersions).toEqual([
    {
      id: '1',
      label: null,
      files: [{ role: 'content', root: 'media', path: 'revisions/3-1.txt' }],
    },
    {
      id: '2',
      label: null,
      files: [
        { role: 'content', root: 'media', path: 'revisions/3-2.txt' },
        { role: 'preview', root: 'media', path: 'previews/3.txt' },
      ],
    },
  ]);
});

test('every file is a reference, also what lies outside or is named by a detour', async () => {
  const { instance, reader } = await open({ documents: 2, traps: true }, () =>
    byColumn('archive_document.file'),
  );
  const found = await list(references(reader, instance));
  expect(found.map(({ path, documentId }) => [documentId, path])).toEqual([
    ['archive_document/1', 'documents/2026/1.txt'],
    ['archive_document/2', 'documents/2026/2.txt'],
    ['archive_document/3', '(outside)/(..)/outside.txt'],
    ['archive_document/4', '(outside)/etc/passwd'],
    ['archive_document/5', 'documents/gone.txt'],
    ['archive_document/7', 'documents/2026/1.txt'],
    ['archive_document/8', 'documents/2026/2.txt'],
  ]);
  expect(new Set(found.map((each) => each.class))).toEqual(new Set(['essential']));
});

test('two rows of one document that name the same file are one reference', async () => {
  const { instance, reader } = await open(
    { documents: 3 },
    ({ fileMapPath }) => ({ options: { 'file-map': [fileMapPath] } }),
    (database) => database.exec("UPDATE archive_revision SET content = 'revisions/3-1.txt'"),
  );
  const paths = (await list(references(reader, instance)))
    .filter(({ documentId }) => documentId === 'archive_revision/3')
    .map(({ role, path }) => `${role} ${path}`);
  expect(paths).toEqual(['content revisions/3-1.txt', 'preview previews/3.txt']);
});

test('keys of other kinds: text with any character, several columns, none', async () => {
  const { instance, reader } = await open(
    { documents: 1 },
    () => byColumn('named.f', 'pair.f', 'loose.f'),
    (database) =>
      database.exec(`
        CREATE TABLE named (k TEXT COLLATE NOCASE PRIMARY KEY, f TEXT);
        INSERT INTO named VALUES ('b', 'b'), ('A', 'a'), ('é/x', 'c'), ('B2', 'd');
        CREATE TABLE pair (a INTEGER, b TEXT, f TEXT, PRIMARY KEY (a, b));
        INSERT INTO pair VALUES (10, 'x', 'p'), (9, 'y', 'q');
        CREATE TABLE loose (f TEXT);
        INSERT INTO loose VALUES ('l'), (NULL), (''), ('missing');`),
  );
  expect((await list(documents(reader, instance))).map(({ id }) => id)).toEqual([
    'named/A',
    'named/B2',
    'named/b',
    'named/é/x',
    'pair/10,x',
    'pair/9,y',
  ]);
  const loose = (await list(references(reader, instance))).filter(
    ({ documentId }) => documentId === null,
  );
  expect(loose.map(({ path }) => path)).toEqual(['l', 'missing']);
});

test('a document that no row belongs to: its files are needed all the same', async () => {
  const { instance, reader } = await open(
    { documents: 3 },
    ({ fileMapPath }) => ({ options: { 'file-map': [fileMapPath] } }),
    (database) =>
      database.exec(
        'CREATE TABLE x AS SELECT id, content, preview, NULL AS document_id FROM archive_revision;' +
          'DROP TABLE archive_revision; ALTER TABLE x RENAME TO archive_revision',
      ),
  );
  const found = await list(references(reader, instance));
  expect(found.filter(({ documentId }) => documentId === null)).toHaveLength(3);
  expect(await list(documents(reader, instance))).toHaveLength(3);
});

test('nobody said anything: no references, no documents, and the warning', async () => {
  const { instance, reader } = await open({}, () => ({}));
  expect(await list(references(reader, instance))).toEqual([]);
  expect(await list(documents(reader, instance))).toEqual([]);
  expect(instance.warnings[0]).toContain('--file-column');
});

test.each([
  ['archive_document.fiel', 'archive_document.fiel'],
  ['Document.file', 'Document.file'],
])('a column that does not exist is refused: %s', async (column, named) => {
  const { instance, reader } = await open({}, () => byColumn(column));
  const [code, text] = await refusal(() => list(references(reader, instance)));
  expect([code, text.includes(named)]).toEqual(['configuration-invalid', true]);
});

test('a title or document column that does not exist is refused, too', async () => {
  const { instance, reader } = await open({}, () => {
    const map = join(
      folderWith({ 'map.json': '{"archive_document.file": {"title": "name"}}' }),
      'map.json',
    );
    return { options: { 'file-map': [map] } };
  });
  expect((await refusal(() => list(documents(reader, instance))))[1]).toContain(
    'archive_document.name',
  );
});

test('a column of the project that is not migrated yet is passed over, with a warning', async () => {
  const { instance, reader } = await open({}, () => ({}));
  const value = '{"root":"media","folder":"","document":null,"title":null,"isGiven":false}';
  const settings = [{ name: 'file-column archive_document.cover', value, source: 'told' }];
  const ahead = { ...instance, settings };
  expect(await list(references(reader, ahead))).toEqual([]);
  expect((await stamp(reader, ahead)).warnings[0]).toContain('archive_document.cover');
});

test('the version: stated, else the checkout, else metadata; migrations of all apps', async () => {
  const { instance, reader } = await open({}, () => ({}));
  const found = await stamp(reader, instance);
  expect(found).toMatchObject({ appVersion: '1.4.0', range: { from: '1.4.0', to: '1.4.0' } });
  expect(found.foundBy).toContain('pyproject.toml');
  expect(found.migrations).toContain('archive.0001_initial');
  expect(found.migrations).toContain('sessions.0001_initial');
  const git = { name: 'git describe', value: '1.4.1-3-gabc', source: '/srv/.git' };
  const checkout = { ...instance, settings: [...instance.settings, git] };
  expect((await stamp(reader, checkout)).appVersion).toBe('1.4.1-3-gabc');
  const stated = { ...checkout, appVersion: { value: '9', source: '--app-version' } };
  expect((await stamp(reader, stated)).evidence.map(({ says }) => says)).toEqual([
    '9',
    '1.4.1-3-gabc',
    '1.4.0',
    expect.stringMatching(/^\d+ migrations of \d+ apps$/),
  ]);
  const nothing = await stamp(reader, { ...instance, settings: [] });
  expect([nothing.appVersion, nothing.range]).toEqual([null, null]);
});

test('a database that is not Django’s', async () => {
  const { instance, reader } = await open(
    {},
    () => ({}),
    (database) => database.exec('DROP TABLE django_migrations'),
  );
  const found = await stamp(reader, instance);
  expect(found.migrations).toEqual([]);
  expect(found.warnings[0]).toContain('django_migrations');
});

test('what is elsewhere', async () => {
  const { instance, reader } = await open({}, () => ({}));
  const settings = [
    { name: 'files elsewhere archive_export.result', value: 'exports (x.Y)', source: 'told' },
    { name: 'database elsewhere reports', value: 'reports', source: 'told' },
    { name: 'Django', value: '5.2', source: 'told' },
  ];
  expect(await list(externals(reader, { ...instance, settings }))).toEqual([
    { kind: 'bucket', name: 'exports (x.Y)', reason: 'files of archive_export.result are there' },
    {
      kind: 'database',
      name: 'reports',
      reason: 'another of the DATABASES: back it up with --database-alias reports',
    },
  ]);
});
