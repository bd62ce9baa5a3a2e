// The sample instance of NextGIS Web: its rows and files are what it says, with and without PostGIS.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { createScratchDirectories } from '../scratch-directory.ts';
import { findPostgis } from '../servers/machine-server.ts';
import { sharedPostgres } from '../servers/postgres-server.ts';
import { createScratchDatabases, queryServer } from '../servers/scratch-database.ts';
import { buildNextgiswebInstance } from './build-instance.ts';
import { layers } from './names.ts';
import type { NextgiswebVersion } from './sample-instance.ts';

const SHEET = join(import.meta.dirname, '../../../../shared/products/nextgisweb/migrations.json');
const VERSIONS: readonly NextgiswebVersion[] = ['3.9.0', '4.9.0', '5.5.0'];

const scratch = createScratchDirectories();
const newDatabase = createScratchDatabases();
const postgis = await findPostgis();

const SERVERS = [
  { title: 'PostgreSQL 12', postgis: false, find: () => sharedPostgres('old') },
  ...(postgis ? [{ title: 'PostGIS', postgis: true, find: async () => postgis }] : []),
];

describe.each(SERVERS)('on $title', ({ postgis: isPostgis, find }) => {
  test.each(VERSIONS)('NextGIS Web %s has its rows and files', async (appVersion) => {
    const server = await newDatabase('postgres', await find());
    const options = { appVersion, postgis: isPostgis };
    const instance = await buildNextgiswebInstance(scratch(), options, server);
    const ask = (sql: string) => queryServer(server, sql);

    expect((await ask('SELECT id FROM resource ORDER BY id')).map((row) => row.id)).toEqual(
      instance.resources,
    );
    const revisions = await ask(
      'SELECT component || \'.\' || revision AS name FROM core_migration ORDER BY component COLLATE "C", revision COLLATE "C"',
    );
    expect(revisions.map((row) => row.name)).toEqual(instance.revisions);
    const objects = await ask('SELECT id, component, uuid FROM fileobj ORDER BY id');
    expect(objects.map((row) => ({ ...row }))).toEqual(
      instance.files.map(({ id, component, uuid }) => ({ id, component, uuid })),
    );
    for (const { path, sizeBytes } of instance.files) {
      expect(statSync(join(instance.mediaDirectory, path)).size, path).toBe(sizeBytes);
    }
    for (const path of [...instance.derived, ...instance.kept, ...instance.orphans]) {
      expect(existsSync(join(instance.mediaDirectory, path)), path).toBe(true);
    }
    expect(readFileSync(instance.configPath, 'utf8')).toContain(
      `database.name = ${server.database}`,
    );
    if (appVersion !== '3.9.0') {
      const codes = await ask(
        `SELECT encode(convert_to(vop, 'UTF8'), 'hex') AS code FROM vector_layer.layer_${layers.versioned}_e ORDER BY fid`,
      );
      expect(codes.map((row) => row.code)).toEqual(['d0a1', '44']);
    }
    if (isPostgis) {
      const systems = await ask('SELECT srid FROM spatial_ref_sys ORDER BY srid');
      expect(systems.map((row) => row.srid)).toEqual([3857, 4326, 990_001]);
    }
  });
});

test('the revisions are those of the releases', async () => {
  const { default: own } = await import('../data/nextgisweb-revisions.json', {
    with: { type: 'json' },
  });
  const rows = (version: NextgiswebVersion): number =>
    Object.values(own[version]).reduce((sum, revisions) => sum + revisions.length, 0);
  expect(VERSIONS.map(rows)).toEqual([54, 120, 141]);
  if (!existsSync(SHEET)) return;
  const sheet = JSON.parse(readFileSync(SHEET, 'utf8')) as {
    versions: Record<
      string,
      { optional_components: string[]; components: Record<string, { revisions: string[] }> }
    >;
  };
  for (const version of VERSIONS) {
    const facts = sheet.versions[version]!;
    const expected = Object.entries(facts.components)
      .filter(([component]) => !facts.optional_components.includes(component))
      .map(([component, { revisions }]) => [component, revisions]);
    expect(own[version]).toEqual(Object.fromEntries(expected));
  }
});
