// What is said after a restore, by release and place.

import type { Instance, Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { restoreNotes } from './notes.ts';

function stampOf(
  release: string | null,
  migrationState: Stamp['migrationState'] = 'complete',
): Stamp {
  return {
    appVersion: null,
    range: release === null ? null : { from: release, to: release },
    foundBy: 'test',
    evidence: [],
    migrations: [],
    migrationState,
    warnings: [],
  };
}

function instanceAt(
  user: string | null,
  settings: Readonly<Record<string, string>> = {},
): Instance {
  return {
    ...(user === null
      ? {}
      : {
          database: {
            value: { engine: 'postgres', host: 'h', name: 'n', user },
            source: 'test',
          } as const,
        }),
    roots: [{ name: 'media', directory: '/srv/sdir', source: 'test', required: true }],
    settings: Object.entries(settings).map(([name, value]) => ({ name, value, source: 'test' })),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

const textOf = (stamp: Stamp, instance = instanceAt('ngw')): string =>
  restoreNotes(stamp, instance).steps.join('\n');

test('the steps of a recent release, in order', () => {
  const steps = textOf(stampOf('5.4.0'));
  const order = [
    'stopped until',
    'Run NextGIS Web 5.4.0',
    'Files come before migrations',
    'ALTER TABLE public.spatial_ref_sys OWNER TO ngw`',
    '`nextgisweb migration upgrade --no-dry-run`',
    '`nextgisweb spatial_ref_sys sync_postgis`',
    'Start the service',
    '`nextgisweb maintenance`',
    '`nextgisweb check_integrity`',
  ].map((words) => steps.indexOf(words));
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((left, right) => left - right));
});

test.each([
  [
    '3.6.0',
    ['dated SQL scripts', 'TRUNCATE public.spatial_ref_sys'],
    ['migration', 'check_integrity'],
  ],
  ['4.3.0', ['nextgisweb migration.upgrade', 'TRUNCATE'], ['check_integrity', 'sync_postgis']],
  ['4.4.0', ['nextgisweb migration upgrade', 'TRUNCATE', 'check_integrity'], ['sync_postgis']],
  ['4.7.0', ['sync_postgis'], ['TRUNCATE', 'SQL scripts']],
])('%s has the commands of its time', (release, there, absent) => {
  const steps = textOf(stampOf(release));
  for (const words of there) expect(steps).toContain(words);
  const commands = [...steps.matchAll(/`([^`]*)`/g)].map(([, command]) => command).join('\n');
  for (const words of absent) expect(commands).not.toContain(words);
});

test('an unfinished upgrade and an odd user are not forgotten', () => {
  expect(textOf(stampOf('4.9.0', 'interrupted'))).toContain('middle of an upgrade');
  expect(textOf(stampOf('4.9.0'))).not.toContain('middle of an upgrade');
  expect(textOf(stampOf(null), instanceAt('Odd "user"'))).toContain('OWNER TO "Odd ""user"""');
  expect(textOf(stampOf(null), instanceAt(null))).toContain('the user of the application');
});

test('the directory for uploads is made where it belongs', () => {
  const made = (settings: Record<string, string>) =>
    restoreNotes(stampOf('4.2.0'), instanceAt('ngw', settings)).createDirectories;
  expect(made({})).toEqual([{ root: 'media', path: 'file_upload' }]);
  expect(made({ 'file_upload.path': '/srv/sdir/tmp/up' })).toEqual([
    { root: 'media', path: 'tmp/up' },
  ]);
  expect(restoreNotes(stampOf('4.2.0'), { ...instanceAt('ngw'), roots: [] })).toMatchObject({
    createDirectories: [],
  });
});
