// The adapter's own facts against the fact sheets that they were taken from: fingerprints, migrations of every release tag,
// tables. The sheets lie beside the repository and are not part of it: without them this file is left out.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '@dms-backup/core';
import { describe, expect, test } from 'vitest';
import migrationFacts from '../src/data/migrations.json' with { type: 'json' };
import { adapter } from '../src/index.ts';
import { generationOf, generations, matchMigrations, productApps } from '../src/migrations.ts';
import { compareReleases, isWithin } from '../src/release.ts';
import { schemaOf } from './schema-of.ts';
import { smallDatabase } from './small-database.ts';

type App = (typeof productApps)[number];
type ByApp<T> = Readonly<Partial<Record<App, T>>>;

interface Fingerprint extends Readonly<Record<App, string | null>> {
  readonly from: string;
  readonly to: string;
  readonly added?: ByApp<readonly string[]>;
}

interface MigrationSheet {
  readonly versions: Readonly<
    Record<string, Readonly<Record<App, string | null>> & { readonly prerelease: boolean }>
  >;
  readonly fingerprints: readonly Fingerprint[];
  readonly squashes: readonly { readonly app: App; readonly name: string }[];
  readonly migrations: Readonly<
    Record<App, Readonly<Record<string, { readonly first: string; readonly last: string }>>>
  >;
}

type Columns = Readonly<Record<string, readonly string[]>>;

interface SchemaSheet {
  readonly versions: Readonly<
    Record<string, Readonly<Record<string, { readonly columns: Readonly<Record<string, object>> }>>>
  >;
  readonly base_1_7_0: Columns;
  readonly history: readonly { readonly version: string; readonly tables_added?: Columns }[];
}

const products = join(import.meta.dirname, '../../../../shared/products/paperless');
const read = (name: string): unknown => JSON.parse(readFileSync(join(products, name), 'utf8'));
const sheet = read('migrations.json') as MigrationSheet;
const schemas = read('schema.json') as SchemaSheet;

const isPrerelease = (release: string): boolean => sheet.versions[release]!.prerelease;
const nowhere: Instance = { roots: [], settings: [], secrets: [], lookedAt: [], warnings: [] };

/** Rule 2 of the sheet: neighbours with equal names are one; of prereleases only those that are all there is count. */
function joinedFingerprints() {
  const runs: { leaves: Record<App, string | null>; releases: string[] }[] = [];
  for (const [release, { documents, paperless, paperless_mail }] of Object.entries(
    sheet.versions,
  )) {
    const leaves = { documents, paperless, paperless_mail };
    const last = runs.at(-1);
    if (last !== undefined && JSON.stringify(last.leaves) === JSON.stringify(leaves)) {
      last.releases.push(release);
    } else runs.push({ leaves, releases: [release] });
  }
  return runs.map(({ leaves, releases }) => {
    const final = releases.filter((release) => !isPrerelease(release));
    const bounds = final.length > 0 ? final : releases;
    const betas = final.length > 0 ? releases.filter(isPrerelease) : [];
    return {
      from: bounds[0],
      to: bounds.at(-1),
      ...(final.length > 0 ? {} : { prerelease: true }),
      ...(betas.length > 0 ? { betas } : {}),
      leaves,
    };
  });
}

describe('our copy agrees with the sheet', () => {
  test('generations', () => {
    expect(generations).toEqual(
      joinedFingerprints().map((each) => ({ ...each, added: expect.any(Object) })),
    );
  });

  test('every fingerprint is in one generation', () => {
    expect(sheet.fingerprints).toHaveLength(40);
    for (const { from, to, documents, paperless, paperless_mail } of sheet.fingerprints) {
      expect(generations[generationOf(from)]?.leaves, from).toEqual({
        documents,
        paperless,
        paperless_mail,
      });
      expect(generationOf(to), to).toBe(generationOf(from));
    }
  });

  test('names', () => {
    for (const app of productApps) {
      expect(migrationFacts.names[app].toSorted(), app).toEqual(
        Object.keys(sheet.migrations[app]).toSorted(),
      );
    }
    expect(migrationFacts.newestRelease).toBe(
      Object.keys(sheet.versions).toSorted(compareReleases).at(-1),
    );
  });

  test('what each generation added', () => {
    const squashes = new Set(
      sheet.squashes
        .filter(({ app, name }) => !sheet.migrations[app][name]!.first.startsWith('3.'))
        .map(({ app, name }) => `${app}.${name}`),
    );
    const unlike = new Set([...squashes, 'paperless_mail.0001_1_clamp_mailrule_maximum_age']);
    const added = generations.map(() => [] as string[]);
    for (const { from, added: names = {} } of sheet.fingerprints) {
      for (const app of productApps) {
        const own = (names[app] ?? []).map((name) => `${app}.${name}`);
        added[generationOf(from)]!.push(...own.filter((name) => !unlike.has(name)));
      }
    }
    const ours = generations.map(({ added: names }) =>
      productApps.flatMap((app) => (names[app] ?? []).map((name) => `${app}.${name}`)).toSorted(),
    );
    expect(ours).toEqual(added.map((names) => names.toSorted()));
  });
});

/** All names whose file existed in the release or before. */
function upgradedTo(release: string): string[] {
  const released = (first: string): boolean =>
    compareReleases(first.startsWith('1.6') ? '1.6.0' : first, release) <= 0;
  return productApps.flatMap((app) =>
    Object.entries(sheet.migrations[app])
      .filter(([, { first }]) => released(first))
      .map(([name]) => `${app}.${name}`),
  );
}

describe('every fingerprint of the sheet', () => {
  test.each(sheet.fingerprints)('$from - $to', async ({ from, to }) => {
    for (const release of [from, to]) {
      const rows = upgradedTo(release).map((each) => {
        const dot = each.indexOf('.');
        return { app: each.slice(0, dot), name: each.slice(dot + 1) };
      });
      const database = smallDatabase('2.20', [], { tables: { django_migrations: rows } });
      const { from: first, to: last } = generations[generationOf(release)]!;
      expect(await adapter.stamp(database, nowhere), release).toMatchObject({
        range: { from: first, to: last },
        migrationState: 'complete',
        warnings: [],
      });
    }
  });
});

describe('migrations of every release tag', () => {
  test.each(Object.keys(sheet.versions))('%s', (release) => {
    const found = matchMigrations(upgradedTo(release));
    expect(found.state).toBe('complete');
    expect(found.generation).toBe(generationOf(release));
    if (!isPrerelease(release)) expect(isWithin(release, found.range!)).toBe(true);
  });
});

test('every table that the sheet describes is declared', async () => {
  const described: (readonly [string, Columns])[] = [
    ...Object.entries(schemas.versions).map(
      ([version, tables]) =>
        [
          version,
          Object.fromEntries(
            Object.entries(tables).map(([name, { columns }]) => [name, Object.keys(columns)]),
          ),
        ] as const,
    ),
    ['1.7.0', schemas.base_1_7_0],
    ...schemas.history.map(({ version, tables_added: tables = {} }) => [version, tables] as const),
  ];
  const stamp = await adapter.stamp(smallDatabase('3.0', []), nowhere);
  for (const [version, tables] of described) {
    const schema = schemaOf(new Map(Object.entries(tables)));
    const declared = adapter.tables(schema, stamp).map(({ table }) => table);
    expect(declared.toSorted(), version).toEqual(Object.keys(tables).toSorted());
  }
});
