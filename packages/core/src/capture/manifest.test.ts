// The manifest says what is known before any data flows, and nothing of what is not in the archive.

import { expect, test } from 'vitest';
import { archiveId } from '../../test/assemble-archive.ts';
import { instanceOf, noDatabase, rootOf, shoebox, stamp } from '../../test/shoebox.ts';
import type { BackupOptions } from '../verb.ts';
import { tool } from '../tool.ts';
import type { TablePlan } from './database.ts';
import { buildManifest, compressionLevel } from './manifest.ts';

const options: BackupOptions = {
  adapter: shoebox(),
  adapterPackage: { name: '@dms-backup/adapter-shoebox', packageVersion: '1.0.0' },
  given: { configFiles: [] },
  environment: { SECRET: '4711' },
  workingDirectory: '/',
  destination: '.',
  compression: 'zstd',
  parts: ['database', 'media'],
  excludeClasses: ['derived'],
  dryRun: false,
};
const column = { name: 'pin', logicalType: 'text' as const, declaredType: 'text', nullable: true };
const plans: TablePlan[] = [
  {
    table: { name: 'paper', columns: [column], primaryKey: [] },
    rule: { table: 'paper', class: 'essential', keepRows: true, secretColumns: ['pin', 'gone'] },
    keepRows: true,
  },
];

const build = (more: Partial<BackupOptions>) =>
  buildManifest({
    archiveId,
    createdAt: new Date('2026-11-21T03:15:00.123Z'),
    options: { ...options, ...more },
    instance: instanceOf([rootOf('/srv/files')], {
      settings: [{ name: 'LANGUAGE', value: 'deu', source: 'the test' }],
      secrets: [{ name: 'SECRET', source: 'the environment' }],
    }),
    roots: [rootOf('/srv/files')],
    stamp,
    schema: { ...noDatabase.schema, engineVersion: '3.50.0' },
    location: { engine: 'sqlite', path: '/srv/db.sqlite3' },
    plans,
  });

test('a manifest has everything about a whole backup', () => {
  const manifest = build({});
  expect(manifest).toEqual({
    formatVersion: 1,
    archiveId,
    createdAt: '2026-11-21T03:15:00.123Z',
    tool,
    app: { name: 'shoebox', title: 'Shoebox' },
    adapter: { name: '@dms-backup/adapter-shoebox', packageVersion: '1.0.0', contractVersion: 1 },
    stamp,
    database: {
      engine: 'sqlite',
      engineVersion: '3.50.0',
      encoding: 'UTF-8',
      place: 'sqlite:/srv/db.sqlite3',
    },
    roots: [{ name: 'files', directory: '/srv/files' }],
    options: {
      compression: 'zstd',
      level: 1,
      parts: ['database', 'media'],
      excludeClasses: ['derived'],
    },
    settings: [{ name: 'LANGUAGE', value: 'deu', source: 'the test' }],
    secretsElsewhere: ['SECRET'],
    secretColumns: ['paper.pin'],
  });
  expect(JSON.stringify(manifest)).not.toContain('4711');
});

test('a manifest says nothing about parts that are not in the archive', () => {
  expect(build({ parts: ['media'] })).toMatchObject({
    database: null,
    secretColumns: [],
    roots: [{ name: 'files' }],
  });
  expect(build({ parts: ['database'] })).toMatchObject({
    database: { engine: 'sqlite' },
    roots: [],
  });
});

test.each([
  [{ compression: 'zstd' }, 1],
  [{ compression: 'gzip' }, 6],
  [{ compression: 'none' }, 0],
  [{ compression: 'zstd', level: 0 }, 0],
  [{ compression: 'gzip', level: 9 }, 9],
] as const)('the level of %o is %i', (given, level) => {
  expect(compressionLevel(given)).toBe(level);
});
