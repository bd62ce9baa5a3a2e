// The stamp of real tables: each release that the fixtures have, and every state of the migrations on the tables of its generation.

import { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '@dms-backup/core/testkit';
import type { Instance, Stamp } from '@dms-backup/core';
import {
  createPapermergeStatements,
  papermergeReleases,
  papermergeTables,
  type PapermergeRelease,
} from '@dms-backup/test-fixtures';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { build, emptyDirectory, instanceAt, removeInstances } from '../test/built-instance.ts';
import { states, stateOf, type Generation } from './migrations.ts';
import { stamp } from './version.ts';

afterAll(removeInstances);

const tablesOf: Readonly<Record<Generation, PapermergeRelease>> = {
  '1.x-2.0': '2.0.1',
  '2.1': '2.1.9',
  '3.0-3.2': '3.2.0',
  '3.3+': '3.4.1',
};

interface State {
  readonly releases: readonly PapermergeRelease[];
  readonly core?: readonly string[];
  readonly revisions?: readonly string[];
  readonly statements?: readonly string[];
}

/** The stamp of a database with the tables of these releases and these migrations. */
async function stampOf(
  { releases, core = [], revisions = [], statements = [] }: State,
  instance: Instance = instanceAt(null),
): Promise<Stamp> {
  const path = join(emptyDirectory(), 'db.sqlite3');
  const database = new DatabaseSync(path);
  for (const release of releases) {
    for (const sql of createPapermergeStatements(papermergeTables(release), 'sqlite')) {
      database.exec(sql);
    }
  }
  for (const name of core) {
    database
      .prepare("INSERT INTO django_migrations (app, name, applied) VALUES ('core', ?, '')")
      .run(name);
  }
  for (const name of revisions) {
    database.prepare('INSERT INTO alembic_version (version_num) VALUES (?)').run(name);
  }
  for (const sql of statements) database.exec(sql);
  database.close();
  const opened = await openDatabase({ engine: 'sqlite', path });
  try {
    return await stamp(opened.reader, instance);
  } finally {
    await opened.close();
  }
}

function stated(value: string, settings: Instance['settings'] = []): Instance {
  return { ...instanceAt(null), settings, appVersion: { value, source: '--app-version' } };
}

describe('every state of the migrations', () => {
  test.each(states)('$from - $to', async ({ generation, migration, from, to, releases }) => {
    const names = generation === '3.3+' ? { revisions: [migration] } : { core: [migration] };
    expect(await stampOf({ releases: [tablesOf[generation]], ...names })).toMatchObject({
      range: { from, to },
      appVersion: releases.length === 1 ? from : null,
      migrationState: 'complete',
      warnings: [],
    });
  });

  test.each(papermergeReleases())('%s as installed', async (release) => {
    const built = await build({ release });
    const opened = await openDatabase(built.location);
    const found = await stamp(opened.reader, instanceAt(null));
    await opened.close();
    const { from, to } = stateOf(release)!;
    expect(found).toMatchObject({ range: { from, to }, migrationState: 'complete', warnings: [] });
    expect(found.migrations).toEqual(found.migrations.toSorted());
    expect(found.evidence.map(({ source }) => source)).toContain('shape of the tables');
  });
});

describe('statements beside the database', () => {
  const state: State = { releases: ['3.2.0'], core: ['0001_initial'] };

  test('a stated release that fits is exact', async () => {
    for (const release of ['3.0.3', '3.2', '3.2.0']) {
      expect(await stampOf(state, stated(release))).toMatchObject({
        appVersion: release,
        foundBy: 'stated by --app-version',
        range: { from: '3.0.0', to: '3.2.0' },
        warnings: [],
      });
    }
  });

  test('one that contradicts the tables is not trusted', async () => {
    const found = await stampOf(state, stated('2.1.9'));
    expect(found).toMatchObject({ appVersion: null, range: { from: '3.0.0', to: '3.2.0' } });
    expect(found.warnings).toEqual([expect.stringContaining('not trusted')]);
    const nonsense = await stampOf(state, stated('newest'));
    expect(nonsense.warnings).toEqual([expect.stringContaining("'newest'")]);
  });

  test('a version file that two releases carry leaves a range', async () => {
    const settings = [{ name: 'version file', value: '3.3', source: '/app/pyproject.toml' }];
    const found = await stampOf(
      { releases: ['3.3.1'], revisions: ['f0e0da122a9a'] },
      { ...instanceAt(null), settings },
    );
    expect(found).toMatchObject({ appVersion: null, foundBy: 'from /app/pyproject.toml' });
  });

  test('a moving image tag is only a hint', async () => {
    const settings = [{ name: 'image', value: 'papermerge/papermerge:latest', source: 'compose' }];
    const found = await stampOf(state, { ...instanceAt(null), settings });
    expect(found.appVersion).toBeNull();
    expect(found.evidence.at(-1)?.says).toContain('only a hint');
  });

  test('an unknown revision: newer than all we know, and what is stated may be', async () => {
    const unknown: State = { releases: ['3.6.0a16'], revisions: ['0123456789ab'] };
    const found = await stampOf(unknown);
    expect(found).toMatchObject({ appVersion: null, range: null, migrationState: 'unknown' });
    expect(found.warnings).toEqual([expect.stringContaining('0123456789ab')]);
    expect((await stampOf(unknown, stated('3.7.0'))).appVersion).toBe('3.7.0');
    expect((await stampOf(unknown, stated('3.5.3'))).appVersion).toBeNull();
  });
});

describe('mixed and half-migrated databases', () => {
  const g3Migrations = ['f0e0da122a9a'];

  test('3.3 was started on 3.2: the tables without users are the leftovers', async () => {
    const mixed: State = {
      releases: ['3.2.0', '3.3.1'],
      core: ['0001_initial'],
      revisions: g3Migrations,
    };
    const before = await stampOf(mixed);
    expect(before).toMatchObject({
      migrationState: 'interrupted',
      range: { from: '3.0.0', to: '3.2.0' },
      warnings: [expect.stringContaining('those of before count')],
    });
    const after = await stampOf({
      ...mixed,
      statements: [
        "INSERT INTO users (id, username, email, password, first_name, last_name, is_superuser, is_staff, is_active, created_at, date_joined, updated_at) VALUES ('00', 'x', 'x', '', '', '', 0, 0, 1, '', '', '')",
      ],
    });
    expect(after).toMatchObject({
      migrationState: 'interrupted',
      range: { from: '3.3.0', to: '3.3.1' },
      warnings: [expect.stringContaining('have users and count')],
    });
  });

  test('alembic_version empty, with two rows, without nodes', async () => {
    expect(await stampOf({ releases: ['3.4.1'] })).toMatchObject({
      migrationState: 'interrupted',
      warnings: expect.arrayContaining([expect.stringContaining('alembic_version is empty')]),
    });
    const two = await stampOf({
      releases: ['3.4.1'],
      revisions: ['f0e0da122a9a', 'bafd773c8533'],
    });
    expect(two).toMatchObject({
      migrationState: 'interrupted',
      warnings: [expect.stringContaining('2 rows instead of one')],
    });
    const lost = await stampOf({
      releases: ['3.4.1'],
      revisions: g3Migrations,
      statements: ['DROP TABLE nodes'],
    });
    expect(lost).toMatchObject({
      migrationState: 'interrupted',
      range: null,
      warnings: [expect.stringContaining('nodes is not')],
    });
  });

  test('2.1 was started on 2.0: foreign names, integer ids', async () => {
    const foreign = await stampOf({
      releases: ['2.0.1'],
      core: ['0039_auto_20210216_1014', '0002_auto_20220619_0847'],
    });
    expect(foreign).toMatchObject({
      migrationState: 'interrupted',
      range: { from: '2.0.0rc35', to: '2.0.1' },
      warnings: [expect.stringContaining('0002_auto_20220619_0847')],
    });
    const types = await stampOf({
      releases: ['2.1.9'],
      core: ['0009_remove_basetreenode_unique title per parent_and_more'],
      statements: ['DROP TABLE core_user', 'CREATE TABLE core_user (id integer PRIMARY KEY)'],
    });
    expect(types).toMatchObject({
      migrationState: 'interrupted',
      warnings: [expect.stringContaining('core_user.id has integers and not UUIDs')],
    });
  });

  test('names that an image made are shown and harmless; development images are told', async () => {
    const made = await stampOf({
      releases: ['2.0.1'],
      core: ['0039_auto_20210216_1014', '0040_alter_tag_slug'],
    });
    expect(made).toMatchObject({ migrationState: 'complete', warnings: [] });
    expect(JSON.stringify(made.evidence)).toContain('0040_alter_tag_slug');
    const development = await stampOf({
      releases: ['3.2.0'],
      core: ['0001_initial', '0009_alter_customfieldvalue_value_monetary'],
    });
    expect(development).toMatchObject({
      migrationState: 'unknown',
      warnings: [expect.stringContaining('development image')],
    });
    const candidate = await stampOf({
      releases: ['2.0.1'],
      core: ['0039_auto_20210216_1014', '0026_remove_document_digest'],
    });
    expect(candidate.warnings).toEqual([expect.stringContaining('2.0.0rc35')]);
  });

  test('no migrations, no tables', async () => {
    expect(await stampOf({ releases: ['2.1.9'] })).toMatchObject({
      migrationState: 'unknown',
      range: null,
      warnings: [expect.stringContaining('2.1')],
    });
    expect(
      await stampOf({ releases: ['3.4.1'], statements: ['DROP TABLE alembic_version'] }),
    ).toMatchObject({
      migrationState: 'unknown',
      range: null,
      warnings: expect.arrayContaining(['alembic_version is missing']),
    });
    expect(
      await stampOf({ releases: [], statements: ['CREATE TABLE other (id integer)'] }),
    ).toMatchObject({ migrationState: 'unknown', range: null, migrations: [] });
  });
});
