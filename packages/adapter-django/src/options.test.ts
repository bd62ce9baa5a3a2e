import { expect, test } from 'vitest';
import { inputAt, refusal } from '../test/scratch.ts';
import { readFlags } from './options.ts';

test('paths count from the working directory', () => {
  const options = {
    manage: ['src/manage.py'],
    'database-alias': ['archive'],
    'file-column': ['a.b', 'a.c'],
    'file-map': ['map.json'],
    'include-fixtures': ['true'],
  };
  expect(readFlags(inputAt('/srv', { options }))).toEqual({
    manage: '/srv/src/manage.py',
    alias: 'archive',
    fileColumns: ['a.b', 'a.c'],
    fileMap: '/srv/map.json',
    includeFixtures: true,
  });
});

test('nothing given', () => {
  expect(readFlags(inputAt('/srv'))).toEqual({
    manage: null,
    alias: 'default',
    fileColumns: [],
    fileMap: null,
    includeFixtures: false,
  });
});

test('flags that contradict each other are refused', async () => {
  const refused = (options: Record<string, string[]>) =>
    refusal(() => readFlags(inputAt('/srv', { options })));
  expect((await refused({ 'database-alias': ['x'] }))[1]).toContain('--manage');
  expect((await refused({ manage: ['a', 'b'] }))[1]).toContain('--manage is given 2 times');
  expect((await refused({ 'file-map': ['a', 'b'] }))[0]).toBe('configuration-invalid');
});
