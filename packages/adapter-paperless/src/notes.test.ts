import type { Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { instanceAt } from '../test/small-database.ts';
import { restoreNotes } from './notes.ts';
import { imageOf } from './release.ts';

function stampOf(appVersion: string | null, range: Stamp['range'] = null): Stamp {
  return {
    appVersion,
    range,
    foundBy: 'test',
    evidence: [],
    migrations: [],
    migrationState: 'complete',
    warnings: [],
  };
}
const notes = (stamp: Stamp, settings = {}) =>
  restoreNotes(stamp, instanceAt('/srv/media', settings));
const text = (stamp: Stamp, settings = {}) => notes(stamp, settings).steps.join('\n');

test('the index directory is made when there is a data directory', () => {
  expect(notes(stampOf('3.0.5')).createDirectories).toEqual([{ root: 'data', path: 'index' }]);
  const instance = {
    ...instanceAt('/srv/media'),
    roots: instanceAt('/srv/media').roots.slice(0, 1),
  };
  expect(restoreNotes(stampOf('3.0.5'), instance).createDirectories).toEqual([]);
});

test.each([
  [
    '3.0.5',
    [
      'before the first start of 3.x',
      'which 3.x requires',
      'PAPERLESS_WORKFLOW_SCHEDULED_TASK_CRON',
      'purged',
    ],
    ['index_version', 'GPG'],
  ],
  [
    '2.20.15',
    ['.index_version', 'GPG', 'PAPERLESS_WORKFLOW_SCHEDULED_TASK_CRON', 'purged'],
    ['3.x requires'],
  ],
  ['2.10.0', ['purged', 'PAPERLESS_EMAIL_TASK_CRON'], ['PAPERLESS_WORKFLOW_SCHEDULED_TASK_CRON']],
  [
    '1.7.0',
    ['PAPERLESS_SECRET_KEY', 'Redis', 'document_index reindex', 'paperless-ngx:ngx-1.7.0'],
    ['purged', 'invalidate_cachalot'],
  ],
])('%s', (release, present, absent) => {
  const steps = text(stampOf(release));
  for (const part of [
    ...present,
    `Run paperless-ngx ${release} (${imageOf(release)})`,
    'document_sanity_checker',
  ])
    expect(steps).toContain(part);
  for (const part of absent) expect(steps).not.toContain(part);
});

test('steps before the start come before the start', () => {
  const { steps } = notes(stampOf('3.0.5'));
  const start = steps.indexOf('Start the application.');
  expect(steps.findIndex((step) => step.includes('Redis'))).toBeLessThan(start);
  expect(steps.findIndex((step) => step.includes('PAPERLESS_EMAIL_TASK_CRON'))).toBeLessThan(start);
  expect(steps.findIndex((step) => step.includes('document_sanity_checker'))).toBeGreaterThan(
    start,
  );
});

test('settings of the target matter', () => {
  expect(text(stampOf('2.20.15'), { PAPERLESS_DB_READ_CACHE_ENABLED: 'true' })).toContain(
    'invalidate_cachalot',
  );
  expect(text(stampOf('2.20.15'), { PAPERLESS_EMPTY_TRASH_DELAY: '7' })).toContain(
    'more than 7 days',
  );
});

test('a range counts by its newest release, an unknown version gets all notes', () => {
  expect(text(stampOf(null, { from: '2.20.5', to: '2.20.15' }))).toContain('paperless-ngx:2.20.15');
  expect(text(stampOf(null))).toContain('purged');
});
