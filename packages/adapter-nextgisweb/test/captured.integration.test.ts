// The adapter on captured installations of the real product, compared with what a reader without product code found there
// (`expected.json`). The captures lie beside the repository and are not part of it: without them nothing runs here.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  qualifiedName,
  type CatalogueDocument,
  type FileReference,
  type Instance,
} from '@dms-backup/core';
import { contractTests, openDatabase, type OpenedDatabase } from '@dms-backup/core/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import tableFacts from '../src/data/tables.json' with { type: 'json' };
import { adapter } from '../src/index.ts';
import { groupOf, groups, matchRevisions } from '../src/revisions.ts';
import {
  captures,
  copyOf,
  databaseOf,
  readExpected,
  removeCopies,
  type Expected,
} from './captured-instance.ts';
import { list } from './scratch-databases.ts';

const migrationFacts = join(captures, '../products/nextgisweb/migrations.json');
const names = readdirSync(captures).filter((name) => name.startsWith('nextgisweb-'));
/** `config.ini` of the captures. */
const secrets = ['placeholder-secret'];

const opened: OpenedDatabase[] = [];
afterAll(async () => {
  for (const each of opened) await each.close();
  removeCopies();
});

describe('captured installations keep the contract', () => {
  contractTests({
    test,
    adapter,
    samples: names.map((name) => ({
      name,
      open: async () => {
        const directory = copyOf(name);
        const expected = readExpected(name);
        return {
          directory,
          given: {
            configFiles: [],
            database: await databaseOf(name),
            media: join(directory, 'sdir'),
          },
          secrets,
          appVersion: expected.version,
          documents: expected.rowCounts['public.resource']!,
          broken: [],
        };
      },
    })),
  });
});

describe.each(names)('%s', (name) => {
  let directory: string;
  let expected: Expected;
  let instance: Instance;
  let database: OpenedDatabase;
  let references: FileReference[];
  let documents: CatalogueDocument[];

  beforeAll(async () => {
    directory = copyOf(name);
    expected = readExpected(name);
    const location = await databaseOf(name);
    instance = await adapter.configure({
      given: { configFiles: [join(directory, 'config/config.ini')], database: location },
      environment: {},
      workingDirectory: directory,
    });
    database = await openDatabase(location);
    opened.push(database);
    references = await list(adapter.references(database.reader, instance));
    documents = await list(adapter.documents(database.reader, instance));
  });

  test.each(['config.ini', 'docker.env'])(
    '%s leads to database, files and backups',
    async (file) => {
      const found = await adapter.configure({
        given: { configFiles: [join('config', file)] },
        environment: {},
        workingDirectory: directory,
      });
      expect(found.database?.value).toEqual({
        engine: 'postgres',
        host: '127.0.0.1',
        port: 5432,
        user: 'nextgisweb',
        name: 'nextgisweb',
      });
      expect(found.roots.map((root) => [root.name, root.directory])).toEqual([
        ['media', join(directory, 'sdir')],
      ]);
      expect(found.destination?.value).toBe(join(directory, 'backup'));
      expect(found.archiveName?.value).toBe('nextgisweb-%Y%m%d-%H%M%S.ngwbackup');
      expect(found.warnings).toEqual([]);
      expect(JSON.stringify(found)).not.toContain(secrets[0]);
      expect(found.secrets.map((each) => each.name)).toEqual([
        'auth.oauth.client.secret',
        'core.database.password',
      ]);
    },
  );

  test('the version is exact, from the revisions', async () => {
    const stamp = await adapter.stamp(database.reader, instance);
    expect(stamp).toMatchObject({
      appVersion: expected.version,
      range: { from: expected.version, to: expected.version },
      migrationState: 'complete',
      warnings: [],
    });
    const all = Object.entries(expected.migrations).flatMap(([component, own]) =>
      own.map((each) => `${component}.${each}`),
    );
    expect(stamp.migrations).toEqual(all.toSorted());
    expect(stamp.evidence).toContainEqual({
      source: 'setting core.instance_id',
      says: expected.instanceId,
    });
  });

  test('every table is declared, and what is left out is what the product leaves out', async () => {
    const stamp = await adapter.stamp(database.reader, instance);
    const rules = adapter.tables(database.reader.schema, stamp);
    const known = new Set(rules.map(({ table }) => table));
    const all = database.reader.schema.tables.map(qualifiedName);
    expect(all.toSorted()).toEqual(
      [...Object.keys(expected.rowCounts), 'public.spatial_ref_sys'].toSorted(),
    );
    // the one table of a package that is no part of the product
    expect(all.filter((table) => !known.has(table))).toEqual(['public.acme_inspection']);
    expect(rules.flatMap(({ table, keepRows }) => (keepRows ? [] : [table])).toSorted()).toEqual(
      all
        .filter((table) => /^tile_cache\.|^public\.(?:pyramid_session|auth_oauth_)/.test(table))
        .toSorted(),
    );
    expect(rules.find(({ table }) => table === 'public.spatial_ref_sys')).toEqual({
      table: 'public.spatial_ref_sys',
      class: 'essential',
      keepRows: true,
    });
  });

  test('references: every row of fileobj, with its size and an existing file', () => {
    const sizes = references.map(({ path, sizeBytes }) => [path, sizeBytes] as const);
    expect(new Map(sizes)).toEqual(
      new Map(
        expected.fileobjs.map(({ component, uuid, size }) => [
          `file_storage/${component}/${uuid.slice(0, 2)}/${uuid.slice(2, 4)}/${uuid}`,
          size === 0 ? null : size,
        ]),
      ),
    );
    expect(references).toHaveLength(expected.fileobjs.length);
    for (const { path, sizeBytes } of references) {
      const { size } = statSync(join(directory, 'sdir', path));
      if (sizeBytes !== null) expect(size, path).toBe(sizeBytes);
    }
    const owned = references.filter(({ documentId }) => documentId !== null);
    expect(references.length - owned.length).toBe(1);
    expect(references.find(({ documentId }) => documentId === null)?.path).toContain(
      '/acme_inspection/',
    );
  });

  test('paths: orphans are found, derived files left out, everything else kept', () => {
    const named = new Set(references.map(({ path }) => path));
    const kinds = Object.keys(expected.files).map((path) => ({
      path,
      rule: adapter.classify('media', path, instance),
    }));
    expect(
      kinds
        .filter(({ path, rule }) => rule.keep && rule.standalone !== true && !named.has(path))
        .map(({ path }) => path),
    ).toEqual(expected.orphanFiles);
    const kept = kinds.filter(({ rule }) => rule.keep).map(({ path }) => path);
    expect(kept.filter((path) => !path.startsWith('file_storage/'))).toEqual([
      'core/fontconfig/Capture-Test_1.ttf',
    ]);
    expect(kinds.filter(({ rule }) => rule.class === 'unknown')).toEqual([]);
  });

  test('the catalogue names the tables of all layers', () => {
    const tables = documents.flatMap(({ id, extra }) =>
      extra['table'] === undefined ? [] : [[Number(id), extra['table']]],
    );
    expect(tables).toEqual(
      expected.vectorLayers.map(({ resourceId, table }) => [resourceId, `vector_layer.${table}`]),
    );
    expect(documents[0]).toMatchObject({ id: '0', folder: [], owner: 'administrator' });
  });

  test('rows are sound, and what lies elsewhere is named', async () => {
    expect(await list(adapter.inspectRows!(database.reader, instance))).toEqual([]);
    const elsewhere = await list(adapter.externals!(database.reader, instance));
    expect(elsewhere.map(({ kind, name: where }) => [kind, where])).toEqual([
      ['database', 'db.example.invalid:5433/gis'],
      ['service', 'http://tiles.example.invalid/{z}/{x}/{y}.png'],
    ]);
  });
});

/** Section 4.2 of the fact sheet writes tables as `name(column, ...)`; what older releases had is in section 4.8. */
describe('tables that the fact sheet describes', () => {
  const sheet = readFileSync(join(captures, '../products/nextgisweb.md'), 'utf8');
  const section = sheet.slice(sheet.indexOf('### 4.2 '), sheet.indexOf('### 4.3 '));
  const described = [...section.matchAll(/`([a-z][a-z0-9_]+)\((?!\))/g)].map(([, table]) => table!);
  const gone = [
    'auth_oauth_password_token',
    'auth_oauth_token',
    'marker',
    'marker_category',
    'marker_collection',
    'wmsclient_layer_vendor_param',
  ];

  test('each has a rule', () => {
    expect(described.length).toBeGreaterThan(55);
    const known = new Set([
      ...tableFacts.essential,
      ...tableFacts.history,
      ...tableFacts.derived,
      ...Object.keys(tableFacts.leftOut),
    ]);
    expect([...described, ...gone].filter((table) => !known.has(table))).toEqual([]);
  });
});

interface Facts {
  readonly groups: readonly (readonly string[])[];
  readonly versions: Readonly<
    Record<
      string,
      {
        readonly optional_components: readonly string[];
        readonly components: Readonly<
          Record<
            string,
            { readonly heads: readonly string[]; readonly revisions: readonly string[] }
          >
        > | null;
      }
    >
  >;
}

/** Beside the captures, where the captures are. */
const facts: Facts = existsSync(migrationFacts)
  ? (JSON.parse(readFileSync(migrationFacts, 'utf8')) as Facts)
  : { groups: [], versions: {} };

describe('every release of the facts', () => {
  const releases = Object.entries(facts.versions);
  test('all are there', () => expect(releases).toHaveLength(38));

  test.each(releases)('%s', (release, { components, optional_components: optional }) => {
    const group = groups[groupOf(release)];
    expect(group).toBeDefined();
    if (components === null) {
      expect(group?.components).toBeNull();
      return;
    }
    const sameSet = facts.groups.find((each) => each.includes(release))!;
    const range = { from: sameSet[0], to: sameSet.at(-1) };
    const rows = (withOptional: boolean): string[] =>
      Object.entries(components)
        .filter(([component]) => withOptional || !optional.includes(component))
        .flatMap(([component, { revisions }]) => revisions.map((each) => `${component}.${each}`));
    for (const applied of [
      rows(true),
      rows(false),
      [...rows(false), 'qgis.00000000', 'tracker.12345678'],
      rows(false).filter((each) => !/^(?:social|sld|wmsserver)\./.test(each)),
      Object.entries(components).map(([component, { heads }]) => `${component}.${heads[0]}`),
    ]) {
      expect(matchRevisions(applied)).toMatchObject({ range, state: 'complete', unknown: [] });
    }
  });
});
