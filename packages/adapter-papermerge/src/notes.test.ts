import type { Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { instanceAt } from '../test/built-instance.ts';
import { stateOf } from './migrations.ts';
import { restoreNotes } from './notes.ts';

function stampOf(release: string | null, exact = true): Stamp {
  const state = release === null ? undefined : stateOf(release);
  return {
    appVersion: exact ? release : null,
    range: state === undefined ? null : { from: state.from, to: state.to },
    foundBy: 'test',
    evidence: [],
    migrations: [],
    migrationState: 'complete',
    warnings: [],
  };
}

function stepsOf(release: string | null, settings: Readonly<Record<string, string>> = {}): string {
  return restoreNotes(stampOf(release), instanceAt('/media', settings)).steps.join('\n');
}

test.each([
  ['1.5.5', 'uid 1001', null],
  ['2.1.9', 'run as root', 'manage.py update_index'],
  ['3.2', 'run as root', 'manage.py index_schema apply'],
  ['3.5.3', 'run as root', 'paper-cli index'],
  ['3.6.0a16', 'run as root', 'pm search build'],
])('%s', (release, owner, index) => {
  const steps = stepsOf(release);
  expect(steps).toContain(release);
  expect(steps).toContain(owner);
  if (index === null) expect(steps).not.toMatch(/index/);
  else expect(steps).toContain(index);
  expect(steps).toContain('Never start another image');
});

test('a range names the newest release that fits, and the others', () => {
  const { steps, createDirectories } = restoreNotes(stampOf('3.0.0', false), instanceAt('/media'));
  expect(steps.join('\n')).toContain(
    'Run Papermerge 3.2.0 (papermerge/papermerge:3.2) (any of 3.0.0 - 3.2.0',
  );
  expect(createDirectories).toEqual([]);
});

test('nobody knows the release', () => {
  expect(stepsOf(null)).not.toContain('Run Papermerge');
});

test('storage elsewhere', () => {
  expect(stepsOf('3.5.3', { PAPERMERGE__MAIN__FILE_SERVER: 's3' })).toContain('bucket');
  expect(stepsOf('3.6.0a16', { PM_STORAGE_BACKEND: 'r2' })).toContain('bucket');
  expect(stepsOf('3.6.0a16', { PM_STORAGE_BACKEND: 'local' })).not.toContain('bucket');
});
