import type { Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { instanceWith } from '../test/scratch.ts';
import { restoreNotes } from './notes.ts';

const stamp = { appVersion: '1.4.0', migrations: [] } as unknown as Stamp;

test('what is not in an archive is said, in the order of the work', () => {
  const { steps, createDirectories } = restoreNotes(stamp, instanceWith({}));
  const at = (words: string) => steps.findIndex((step) => step.includes(words));
  expect(steps[1]).toContain('1.4.0');
  expect(at('SECRET_KEY')).toBeGreaterThan(0);
  expect(at('manage.py migrate')).toBeLessThan(at('Start the project'));
  expect(at('collectstatic')).toBeGreaterThan(0);
  expect(at('Sessions')).toBeGreaterThan(0);
  expect(at('storages elsewhere')).toBe(-1);
  expect(createDirectories).toEqual([]);
});

test('storages elsewhere and an unknown version', () => {
  const settings = [{ name: 'files elsewhere a.b', value: 'x', source: 'told' }];
  const { steps } = restoreNotes({ ...stamp, appVersion: null }, instanceWith({ settings }));
  expect(steps.some((step) => step.includes('storages elsewhere'))).toBe(true);
  expect(steps[1]).not.toContain('null');
});
