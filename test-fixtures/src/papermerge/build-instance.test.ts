// The sample instances hold what they say, and the same options give the same.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { digestSqlite } from '../digest-sqlite.ts';
import { digestTree } from '../digest-tree.ts';
import { createScratchDirectories } from '../scratch-directory.ts';
import { buildPapermergeInstance } from './build-instance.ts';
import { generationOf } from './builder.ts';
import { papermergeMigrations, papermergeReleases, papermergeTables } from './schema.ts';

const FACTS = join(import.meta.dirname, '../../../../shared/products/papermerge');

const scratch = createScratchDirectories();

describe.each(papermergeReleases())('Papermerge %s', (release) => {
  const options = { release, traps: true, more: 5 } as const;

  test('twice the same rows and files', () => {
    const [one, two] = [scratch(), scratch()].map((directory) =>
      buildPapermergeInstance(directory, options),
    );
    expect(digestSqlite(one?.databasePath ?? '')).toEqual(digestSqlite(two?.databasePath ?? ''));
    expect(digestTree(one?.mediaDirectory ?? '')).toEqual(digestTree(two?.mediaDirectory ?? ''));
  });

  test('every stated file is there, every table exists, every secret is planted', () => {
    const built = buildPapermergeInstance(scratch(), options);
    for (const { versions } of built.documents) {
      for (const { path } of versions) {
        if (path !== null) expect(existsSync(join(built.mediaDirectory, path)), path).toBe(true);
      }
    }
    for (const path of built.orphans)
      expect(existsSync(join(built.mediaDirectory, path))).toBe(true);
    const database = new DatabaseSync(built.databasePath ?? '', { readOnly: true });
    const names = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .all()
      .map(({ name }) => String(name));
    database.close();
    expect(names).toEqual(
      papermergeTables(release)
        .map(({ name }) => name)
        .toSorted(),
    );
    const text = readFileSync(built.databasePath ?? '').toString('latin1');
    const planted = built.secrets.filter((secret) => text.includes(secret));
    expect(planted.length).toBeGreaterThan(1);
    expect(planted.filter((secret) => secret.includes('password'))).toHaveLength(2);
  });
});

/** Where the fact sheets are; elsewhere nothing is registered: a skipped test would look like a passed one. */
if (existsSync(FACTS)) {
  describe('facts', () => {
    const read = (name: string): unknown => JSON.parse(readFileSync(join(FACTS, name), 'utf8'));
    const schemas = read('schemas.json') as Record<
      string,
      { tables: Record<string, { columns: unknown; pk?: unknown }> }
    >;
    const { versions } = read('migrations.json') as {
      versions: Record<string, { django?: Record<string, string>; alembic_head?: string }>;
    };

    test.each(papermergeReleases())('%s', (release) => {
      const sheet = schemas[release]?.tables ?? {};
      expect(papermergeTables(release).map(({ name }) => name)).toEqual(
        Object.keys(sheet).toSorted(),
      );
      for (const { name, columns, key } of papermergeTables(release)) {
        expect(columns, name).toEqual(sheet[name]?.columns);
        expect(key, name).toEqual(sheet[name]?.pk ?? []);
      }
      const head = versions[release]?.alembic_head ?? versions[release]?.django?.['core'];
      expect(papermergeMigrations(release).at(-1)).toBe(head);
      expect(generationOf(release) === '3.3+').toBe(versions[release]?.alembic_head !== undefined);
    });
  });
}
