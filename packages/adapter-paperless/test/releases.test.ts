// Every release of paperless-ngx from 1.7.0 to 3.0.5, from the facts that the fixtures have of their own: the contract tests on an
// instance of each range, the stamp of each release, the verdict for each pair, and a rule for each table.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Compatibility, Instance, Stamp } from '@dms-backup/core';
import { contractTests, openDatabase } from '@dms-backup/core/testkit';
import {
  buildPaperlessRelease,
  paperlessMigrationsAt,
  paperlessRanges,
  paperlessReleases,
  paperlessTablesAt,
} from '@dms-backup/test-fixtures';
import { afterAll, describe, expect, test } from 'vitest';
import { rangeText } from '@dms-backup/core/adapter-kit';
import tableFacts from '../src/data/tables.json' with { type: 'json' };
import { adapter } from '../src/index.ts';
import { generationOf, generations } from '../src/migrations.ts';
import { imageOf } from '../src/release.ts';
import { schemaOf } from './schema-of.ts';
import { list } from './small-database.ts';
import { createReader } from './sqlite-reader.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-releases-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const paths = ['upgraded', 'fresh'] as const;
type Path = (typeof paths)[number];
const nowhere: Instance = { roots: [], settings: [], secrets: [], lookedAt: [], warnings: [] };

/** The range that a release must be recognised as: the fact sheet's table, section 1. */
function rangeOf(release: string) {
  const { from, to } = generations[generationOf(release)]!;
  return { from, to };
}

function stampAt(release: string, path: Path, stated?: string): Promise<Stamp> {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT)');
  const insert = database.prepare('INSERT INTO django_migrations (app, name) VALUES (?, ?)');
  for (const each of paperlessMigrationsAt(release, path)) {
    const dot = each.indexOf('.');
    insert.run(each.slice(0, dot), each.slice(dot + 1));
  }
  const instance =
    stated === undefined
      ? nowhere
      : { ...nowhere, appVersion: { value: stated, source: '--app-version' } };
  return adapter.stamp(createReader(database), instance);
}

describe('an instance of each range keeps the contract', () => {
  contractTests({
    test,
    adapter,
    samples: paperlessRanges.map(({ from, to }) => ({
      name: rangeText({ from, to }),
      open: async () => {
        const built = buildPaperlessRelease(mkdtempSync(join(scratch, 'at-')), to, 'upgraded');
        return {
          directory: built.directory,
          given: {
            configFiles: [],
            database: { engine: 'sqlite', path: built.databasePath },
            media: built.mediaDirectory,
            data: built.dataDirectory,
            appVersion: to,
          },
          appVersion: to,
          documents: built.documents,
          broken: [],
        };
      },
    })),
  });
});

test.each(paperlessRanges)(
  'a fresh $from: references are the files, the range is right',
  async (range) => {
    const built = buildPaperlessRelease(mkdtempSync(join(scratch, 'at-')), range.from, 'fresh');
    const location = { engine: 'sqlite', path: built.databasePath } as const;
    const instance = await adapter.configure({
      given: {
        configFiles: [],
        database: location,
        media: built.mediaDirectory,
        data: built.dataDirectory,
      },
      environment: {},
      workingDirectory: built.directory,
    });
    const { reader, close } = await openDatabase(location);
    try {
      const found = await list(adapter.references(reader, instance));
      expect(found.map(({ path }) => path).toSorted()).toEqual(built.files);
      expect(await adapter.stamp(reader, instance)).toMatchObject({
        appVersion: null,
        range: rangeOf(range.from),
        migrationState: 'complete',
        warnings: [],
      });
      const documents = await list(adapter.documents(reader, instance));
      expect(documents).toHaveLength(built.documents);
      expect(documents[0]).toMatchObject({ correspondent: 'Stadtwerke', tags: ['Eingang'] });
    } finally {
      await close();
    }
  },
);

describe('the stamp of every release', () => {
  test.each(paperlessReleases)('%s', async (release) => {
    for (const path of paths) {
      expect(await stampAt(release, path), path).toMatchObject({
        appVersion: null,
        range: rangeOf(release),
        migrationState: 'complete',
        warnings: [],
      });
      expect(await stampAt(release, path, release), path).toMatchObject({
        appVersion: release,
        range: rangeOf(release),
        foundBy: 'stated by --app-version',
        warnings: [],
      });
    }
  });
});

describe('every pair of ranges, upgraded and fresh', async () => {
  const stamps = await Promise.all(
    paperlessRanges.flatMap(({ to }) =>
      paths.map(async (path) => ({ release: to, stamp: await stampAt(to, path) })),
    ),
  );
  const gate = generationOf('2.20.5');
  const three = generationOf('3.0.0-beta.rc1');

  function expected(from: number, to: number): Compatibility['verdict'] {
    if (from === to) return 'same';
    if (from > to) return 'too-new';
    return from < gate && to >= three ? 'impossible' : 'migrates';
  }

  test.each(stamps)('from $release', ({ release, stamp: archive }) => {
    const from = generationOf(release);
    for (const { release: there, stamp: target } of stamps) {
      const to = generationOf(there);
      const found = adapter.compatibility(archive, target);
      expect(found.verdict, `into ${there}`).toBe(expected(from, to));
      expect(found.explanation).toContain(rangeText(generations[from]!));
      const steps = found.steps.join('\n');
      if (found.verdict === 'same') expect(found.steps).toEqual([]);
      if (found.verdict === 'too-new') {
        const newest = generations[from]!.to;
        expect(found.explanation).toContain(rangeText(generations[to]!));
        expect(found.steps).toEqual([
          `Install paperless-ngx ${newest} (${imageOf(newest)}) at the target, then restore.`,
        ]);
      }
      if (found.verdict === 'migrates') {
        expect(found.explanation).toContain(`${rangeText(generations[to]!)} migrates the database`);
        expect(steps).toMatch(
          /Pending migrations: (?:(?:documents|paperless|paperless_mail) \d+(?:, )?)+\./,
        );
        expect(steps).toContain('Start the application');
        expect(steps.includes('PAPERLESS_SECRET_KEY')).toBe(from === gate && to >= three);
      }
      if (found.verdict === 'impossible') {
        expect(found.explanation).toContain('refuses databases older than 2.20.5');
        expect(found.steps[0]).toContain('paperlessngx/paperless-ngx:2.20.15');
        expect(found.steps.at(-1)).toBe(`Then upgrade that instance to ${generations[to]!.to}.`);
      }
    }
  });
});

describe('guard against forgetting', () => {
  const columnsOf = (release: string) =>
    new Map(
      paperlessTablesAt(release).map((table) => [
        table.name,
        table.columns.map(({ name }) => name),
      ]),
    );

  test.each(paperlessReleases)('every table of %s is declared', async (release) => {
    const tables = columnsOf(release);
    const rules = new Map(
      adapter
        .tables(schemaOf(tables), await stampAt(release, 'upgraded'))
        .map((rule) => [rule.table, rule]),
    );
    expect([...tables.keys()].filter((name) => !rules.has(name))).toEqual([]);
    const leftOut = [...rules.values()].filter(({ keepRows }) => !keepRows);
    for (const rule of leftOut) expect(rule.reason, rule.table).toMatch(/\w/);
    expect(
      leftOut.map(({ table }) => table).every((name) => /session|celery|django_q/.test(name)),
    ).toBe(true);
  });

  test('a table that nobody declared would be noticed', async () => {
    const tables = new Map([...columnsOf('3.0.5'), ['documents_invented', ['id']]]);
    const rules = adapter.tables(schemaOf(tables), await stampAt('3.0.5', 'fresh'));
    expect(rules.some(({ table }) => table === 'documents_invented')).toBe(false);
    expect(rules).toHaveLength(tables.size - 1);
  });

  test('no table is declared that no release has', () => {
    const declared = [
      ...tableFacts.essential,
      ...tableFacts.history,
      ...tableFacts.ephemeral,
      ...Object.keys(tableFacts.ephemeralRowsLeftOut),
    ];
    const real = new Set(paperlessReleases.flatMap((release) => [...columnsOf(release).keys()]));
    expect(declared.filter((table) => !real.has(table))).toEqual([]);
    expect(new Set(declared).size).toBe(declared.length);
  });

  test('secret columns are columns of some release', () => {
    const real = new Set(
      paperlessReleases.flatMap((release) =>
        [...columnsOf(release)].flatMap(([table, columns]) =>
          columns.map((column) => `${table}.${column}`),
        ),
      ),
    );
    const secrets = Object.entries(tableFacts.secretColumns).flatMap(([table, columns]) =>
      columns.map((column) => `${table}.${column}`),
    );
    expect(secrets.filter((column) => !real.has(column))).toEqual([]);
  });
});
