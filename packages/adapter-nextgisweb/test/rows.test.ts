// The members that ask the database, on built instances: stamp, references, catalogue, what lies elsewhere, faults of rows,
// and the rule for every table.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualifiedName, type Instance } from '@dms-backup/core';
import type { OpenedDatabase } from '@dms-backup/core/testkit';
import {
  buildNextgiswebInstance,
  type NextgiswebInstance,
  type NextgiswebVersion,
} from '@dms-backup/test-fixtures';
import { sharedPostgres } from '@dms-backup/test-fixtures/servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapter } from '../src/index.ts';
import { createScratchDatabases, list } from './scratch-databases.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nextgisweb-rows-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const databases = createScratchDatabases();

interface Built {
  readonly built: NextgiswebInstance;
  readonly opened: OpenedDatabase;
  readonly instance: Instance;
}

/** `change`: statements that run before the state is taken. */
async function build(appVersion: NextgiswebVersion, ...change: string[]): Promise<Built> {
  const server = await databases.create(await sharedPostgres());
  const directory = mkdtempSync(join(scratch, 'instance-'));
  const built = await buildNextgiswebInstance(directory, { appVersion, postgis: false }, server);
  await databases.run(server, ...change);
  return { built, opened: await databases.open(server), instance: await configure(built) };
}

async function configure(built: NextgiswebInstance): Promise<Instance> {
  return adapter.configure({
    given: { configFiles: [built.configPath] },
    environment: {},
    workingDirectory: built.directory,
  });
}

describe.each(['3.9.0', '4.9.0', '5.5.0'] as const)('%s', (appVersion) => {
  let it: Built;
  beforeAll(async () => {
    it = await build(appVersion);
  });

  test('stamp', async () => {
    const stamp = await adapter.stamp(it.opened.reader, it.instance);
    const isSeries = appVersion === '3.9.0';
    expect(stamp).toMatchObject({
      appVersion: isSeries ? null : appVersion,
      range: { from: appVersion, to: isSeries ? '3.9.3' : appVersion },
      migrations: it.built.revisions,
      migrationState: 'complete',
      warnings: [],
    });
    expect(stamp.evidence).toEqual(
      expect.arrayContaining([
        { source: 'setting core.instance_id', says: '5d2f7a10-93c4-4f0e-8f5e-0a1b2c3d4e5f' },
        { source: 'core_migration', says: 'components of other packages: acme_inspection (2)' },
      ]),
    );
  });

  test('every row of fileobj is a reference with its resource, and its size from 4.7 on', async () => {
    const found = await list(adapter.references(it.opened.reader, it.instance));
    expect(
      found.map(({ path, role, documentId, sizeBytes }) => ({ path, role, documentId, sizeBytes })),
    ).toEqual(
      it.built.files.map(({ path, role, resource, sizeBytes }) => ({
        path,
        role,
        documentId: resource === null ? null : String(resource),
        sizeBytes: appVersion === '3.9.0' || sizeBytes === 0 ? null : sizeBytes,
      })),
    );
  });

  test('the catalogue has every resource in the folders of its parents', async () => {
    const found = await list(adapter.documents(it.opened.reader, it.instance));
    expect(found.map(({ id }) => Number(id))).toEqual(it.built.resources);
    expect(found[0]).toMatchObject({ title: 'Основная группа', folder: [] });
    expect(found[7]).toMatchObject({
      id: '7',
      title: 'Style',
      documentType: 'raster_style',
      folder: ['Основная группа', 'Maps / Karten', 'Raster ohne COG'],
      created: '2026-01-02 03:04:05.678900',
      owner: 'administrator',
    });
    expect(found[2]?.extra).toEqual({
      keyname: null,
      geometryType: appVersion === '5.5.0' ? 'NONE' : 'POINT',
      table: 'vector_layer.layer_0b1f4c7e5a6d4e0f9c3b2a1d0e9f8c7b',
    });
    expect(found[2]?.documentVersions[0]?.files.map(({ role }) => role)).toEqual([
      'attachment',
      'attachment',
    ]);
  });

  test('what lies elsewhere is named without credentials', async () => {
    const found = await list(adapter.externals!(it.opened.reader, it.instance));
    const storage = { kind: 'bucket', name: 'https://s3.example.invalid/rasters/ngw' };
    expect(found.map(({ kind, name }) => ({ kind, name }))).toEqual([
      ...(appVersion === '5.5.0' ? [storage] : []),
      { kind: 'database', name: 'db.example.invalid:5433/gis' },
      { kind: 'service', name: 'https://tiles.example.invalid/{z}/{x}/{y}.png' },
    ]);
    expect(found.at(-1)?.reason).toBe(
      "tiles of the TMS connection 'Плитки' (resource 10) come from there",
    );
  });

  test('a sound instance has no faults in its rows', async () => {
    expect(await list(adapter.inspectRows!(it.opened.reader, it.instance))).toEqual([]);
  });

  test('every table has a rule, but that of another package', async () => {
    const stamp = await adapter.stamp(it.opened.reader, it.instance);
    const ruled = new Set(adapter.tables(it.opened.reader.schema, stamp).map(({ table }) => table));
    const names = it.opened.reader.schema.tables.map(qualifiedName);
    expect(names.filter((name) => !ruled.has(name))).toEqual(['public.acme_inspection']);
  });
});

describe('the version', () => {
  const withoutFramework = ['DROP TABLE core_migration'];

  test.each([
    ['3.6', withoutFramework, { from: '3.6.0', to: '3.6.0' }, '3.6.0'],
    [
      '3.5',
      [
        ...withoutFramework,
        'DROP TABLE svg_marker, svg_marker_library',
        'CREATE TABLE marker (id int)',
      ],
      { from: '3.5.1', to: '3.5.1' },
      null,
    ],
    [
      'one of both',
      [...withoutFramework, 'DROP TABLE svg_marker, svg_marker_library'],
      { from: '3.5.1', to: '3.6.0' },
      null,
    ],
    [
      'upgraded to 3.6, with the tables of 3.5 left behind',
      [...withoutFramework, 'CREATE TABLE marker_collection (id int)'],
      { from: '3.6.0', to: '3.6.0' },
      '3.6.0',
    ],
  ])('without core_migration: %s', async (_title, change, range, exact) => {
    const { opened, instance } = await build('3.9.0', ...change);
    const stamp = await adapter.stamp(opened.reader, instance);
    expect(stamp).toMatchObject({
      appVersion: exact,
      range,
      migrations: [],
      migrationState: 'complete',
    });
    expect(adapter.compatibility(stamp, stamp).verdict).toBe('same');
  });

  test('no tables of the product', async () => {
    const server = await databases.create(await sharedPostgres());
    await databases.run(server, 'CREATE TABLE resource (id int)');
    const { reader } = await databases.open(server);
    const { instance } = await build('3.9.0');
    expect(await adapter.stamp(reader, instance)).toMatchObject({
      appVersion: null,
      range: null,
      migrationState: 'unknown',
      foundBy: 'not found: no tables of NextGIS Web in the database',
    });
    expect(await list(adapter.references(reader, instance))).toEqual([]);
    expect(await list(adapter.documents(reader, instance))).toEqual([]);
    expect(await list(adapter.externals!(reader, instance))).toEqual([]);
    expect(await list(adapter.inspectRows!(reader, instance))).toEqual([]);
  });

  test('what is stated or installed is used where the revisions allow it', async () => {
    const { opened, built, instance } = await build('5.5.0');
    const stampWith = (appVersion: string, installed?: string) =>
      adapter.stamp(opened.reader, {
        ...instance,
        appVersion: { value: appVersion, source: '--app-version' },
        settings: [
          ...instance.settings,
          ...(installed === undefined
            ? []
            : [{ name: 'package nextgisweb', value: installed, source: built.directory }]),
        ],
      });
    const wrong = await stampWith('4.9.0', '5.5.0');
    expect(wrong.appVersion).toBe('5.5.0');
    expect(wrong.warnings).toEqual([
      '--app-version says 4.9.0, but the database has the revisions of 5.5.0: not trusted',
    ]);
    expect((await stampWith('five')).warnings[0]).toMatch(/is no release of NextGIS Web/);
  });

  test('newer code on an older database: migrations are pending', async () => {
    const { opened, instance } = await build('4.9.0');
    const installed = { name: 'package nextgisweb', value: '5.4.0', source: '/opt/ngw/env' };
    const stamp = await adapter.stamp(opened.reader, {
      ...instance,
      settings: [...instance.settings, installed],
    });
    expect(stamp.appVersion).toBe('4.9.0');
    expect(stamp.warnings).toEqual([
      '/opt/ngw/env says 5.4.0, but the database has the revisions of 4.9.0: `migration upgrade` is pending',
    ]);
  });

  test.each([
    ["INSERT INTO core_migration VALUES ('vector_layer', 'fe525857')", 'interrupted'],
    ["INSERT INTO core_migration VALUES ('core', '54e20d45')", 'unknown'],
  ])('a mixed state is reported and not guessed: %s', async (change, state) => {
    const { opened, instance } = await build('4.9.0', change);
    const stamp = await adapter.stamp(opened.reader, instance);
    expect(stamp.migrationState).toBe(state);
    expect(stamp.warnings).toHaveLength(1);
    expect(stamp.range).toEqual(state === 'interrupted' ? { from: '4.9.0', to: '4.9.0' } : null);
  });
});

describe('rows that no healthy instance has', () => {
  test('names of files that lead elsewhere are never followed, and reported', async () => {
    const { opened, instance } = await build(
      '5.5.0',
      "INSERT INTO fileobj VALUES (20, '..', 'aa00112233445566778899aabbccdd00', 1)",
      "INSERT INTO fileobj VALUES (21, 'social', '../../../../../etc/passwd', 1)",
      "INSERT INTO fileobj VALUES (22, 'a/../../b', 'aa00112233445566778899aabbccdd01', 1)",
      "INSERT INTO fileobj VALUES (23, 'Odd name', 'aa00112233445566778899aabbccdd02', 1)",
      "INSERT INTO fileobj VALUES (24, 'social', '', 1)",
    );
    const references = await list(adapter.references(opened.reader, instance));
    expect(references.slice(-5).map(({ path }) => path)).toEqual([
      'file_storage/(no usable name)/fileobj 20',
      'file_storage/(no usable name)/fileobj 21',
      'file_storage/(no usable name)/fileobj 22',
      'file_storage/Odd name/aa/00/aa00112233445566778899aabbccdd02',
      'file_storage/(no usable name)/fileobj 24',
    ]);
    const findings = await list(adapter.inspectRows!(opened.reader, instance));
    expect(findings.map(({ level, reason }) => `${level} ${reason}`)).toEqual([
      'error unsafe-name',
      'error unsafe-name',
      'error unsafe-name',
      'warning unusual-name',
      'error unsafe-name',
    ]);
  });

  test('layers without tables, tables without layers, fields without columns', async () => {
    const orphan = 'vector_layer.layer_ffffffffffffffffffffffffffffffff';
    const { opened, instance } = await build(
      '4.9.0',
      `CREATE TABLE ${orphan} (id int)`,
      "UPDATE vector_layer SET tbl_uuid = 'e' WHERE id = 2",
      "INSERT INTO layer_field VALUES (9, 3, 'layer_field_vector_layer', 2, 'lost', 'STRING', 'Lost')",
      "INSERT INTO layer_field_vector_layer VALUES (9, 'abc')",
      'DROP TABLE vector_layer.layer_c4d5e6f708194a2bb3c4d5e6f7081920_h',
    );
    const findings = await list(adapter.inspectRows!(opened.reader, instance));
    expect(findings.map(({ level, reason, documentId }) => [level, reason, documentId])).toEqual([
      ['error', 'missing-table', '2'],
      ['error', 'missing-table', '3'],
      ['info', 'orphan-table', null],
      ['info', 'orphan-table', null],
      ['error', 'missing-column', '3'],
    ]);
    expect(findings.map(({ text }) => text).join('\n')).toContain(orphan);
  });

  test('resources in a circle, without names and without owners come to an end', async () => {
    const { opened, instance } = await build(
      '5.5.0',
      'UPDATE resource SET parent_id = 3 WHERE id = 1',
      'UPDATE resource SET parent_id = 1 WHERE id = 3',
      "UPDATE resource SET display_name = '' WHERE id = 0",
      'DELETE FROM auth_user',
    );
    const found = await list(adapter.documents(opened.reader, instance));
    expect(found).toHaveLength(12);
    expect(found[1]?.folder.length).toBeLessThanOrEqual(64);
    expect(found[6]).toMatchObject({ folder: ['resource 0'], owner: null });
  });

  test('more resources than one batch, a file that two resources own, and a table of another package', async () => {
    const { opened, instance, built } = await build(
      '5.5.0',
      "INSERT INTO resource SELECT n, 'resource_group', 0, NULL, 'Group ' || n, '2026-01-02', 5 FROM generate_series(100, 350) n",
      'INSERT INTO resource_social VALUES (200, 6)',
      'CREATE TABLE qgis_vector_style (id int PRIMARY KEY REFERENCES resource, "odd ""column" int REFERENCES fileobj)',
      'INSERT INTO qgis_vector_style VALUES (300, 7)',
    );
    const documents = await list(adapter.documents(opened.reader, instance));
    expect(documents.map(({ id }) => Number(id))).toEqual([
      ...built.resources,
      ...Array.from({ length: 251 }, (_, index) => index + 100),
    ]);
    const owners = (await list(adapter.references(opened.reader, instance)))
      .filter(({ path }) => /\/(?:social|acme_inspection)\//.test(path))
      .map(({ documentId, role }) => [documentId, role]);
    expect(owners).toEqual([
      ['8', 'preview'],
      ['200', 'preview'],
      ['300', 'file'],
    ]);
  });
});

test('a file storage elsewhere is the root of all references', async () => {
  const { built, opened } = await build('5.5.0');
  const text = readFileSync(built.configPath, 'utf8');
  const instance = await adapter.configure({
    given: { configFiles: [built.configPath] },
    environment: { NEXTGISWEB__FILE_STORAGE__PATH: '/srv/objects' },
    workingDirectory: built.directory,
  });
  expect(text).not.toContain('/srv/objects');
  const [first] = await list(adapter.references(opened.reader, instance));
  expect(first).toMatchObject({
    root: 'file-storage',
    path: 'feature_attachment/aa/00/aa00112233445566778899aabbccddee',
  });
  const documents = await list(adapter.documents(opened.reader, instance));
  expect(documents[2]?.documentVersions[0]?.files[0]).toMatchObject({ root: 'file-storage' });
});
