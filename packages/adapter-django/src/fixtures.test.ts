import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../test/scratch.ts';
import { findFixtures } from './fixtures.ts';

test('folders of the project with JSON files, and FIXTURE_DIRS', () => {
  const project = folderWith({
    'archive/fixtures/a.json': '[]',
    'archive/fixtures/deep/b.json': '[]',
    'blog/fixtures/c.yaml': '',
    'blog/models/fixtures.json': '[]',
    'common/data/d.json': '[]',
    'src/zoo/fixtures/e.json': '[]',
    'env/pyvenv.cfg': '',
    'env/lib/x/fixtures/no.json': '[]',
    'node_modules/x/fixtures/no.json': '[]',
    '.cache/fixtures/no.json': '[]',
    'media/fixtures/no.json': '[]',
  });
  const elsewhere = folderWith({ 'fixtures/no.json': '[]' });
  symlinkSync(elsewhere, join(project, 'link'));
  mkdirSync(join(project, 'empty'));
  const roots = findFixtures(project, ['common/data', 'empty', 'none'], [join(project, 'media')]);
  expect(roots.map(({ name, directory }) => [name, directory.slice(project.length + 1)])).toEqual([
    ['fixtures', 'archive/fixtures'],
    ['fixtures-2', 'common/data'],
    ['fixtures-3', 'src/zoo/fixtures'],
  ]);
  expect(roots.map(({ source }) => source)[1]).toContain('FIXTURE_DIRS');
});

test('no project, no fixtures', () => {
  expect(findFixtures(null, [], [])).toEqual([]);
  expect(findFixtures('/no/such/place', [], [])).toEqual([]);
});
