import { expect, test } from 'vitest';
import { instanceWith, refusal } from '../test/scratch.ts';
import { fileColumnsOf, hasFileColumns } from './file-columns.ts';
import { gatherFileKnowledge, type ToldFiles } from './file-knowledge.ts';
import type { MappedColumn } from './file-map.ts';

function told(locations: Readonly<Record<string, string>>, mediaRoot = '/srv/media'): ToldFiles {
  return {
    files: Object.entries(locations).map(([name, location]) => ({
      table: name.split('.')[0] ?? '',
      column: name.split('.')[1] ?? '',
      title: name.startsWith('doc') ? 'title' : '',
      location,
      storage: 'some.Storage',
      bucket: location === '' ? 'reports' : '',
    })),
    mediaRoot,
    directory: '/srv/app',
    source: 'told',
  };
}

function mapped(table: string, column: string, more: Partial<MappedColumn> = {}): MappedColumn {
  return { table, column, document: null, title: null, source: 'map', ...more };
}

const columnsOf = (knowledge: ReturnType<typeof gatherFileKnowledge>) =>
  fileColumnsOf(instanceWith({ settings: [...knowledge.settings] }));

test('each storage gets its root, storages below the media root a folder of it', () => {
  const knowledge = gatherFileKnowledge(
    [],
    told({
      'doc.file': '/srv/media',
      'scan.file': '/srv/media/scans/',
      'b.file': '/srv/private',
      'a.file': 'relative',
      'a.other': '/srv/private/',
      'z.file': '/var/Private!',
      'remote.file': '',
    }),
    true,
  );
  expect(knowledge.roots.map(({ name, directory }) => [name, directory])).toEqual([
    ['storage-relative', '/srv/app/relative'],
    ['storage-private', '/srv/private'],
    ['storage-private-2', '/var/Private!'],
  ]);
  expect(
    columnsOf(knowledge).map(({ table, column, root, folder, title }) =>
      [table, column, root, folder, title].join(' '),
    ),
  ).toEqual([
    'a file storage-relative  ',
    'a other storage-private  ',
    'b file storage-private  ',
    'doc file media  title',
    'scan file media scans/ ',
    'z file storage-private-2  ',
  ]);
  expect(knowledge.settings.find(({ name }) => name.includes('elsewhere'))).toEqual({
    name: 'files elsewhere remote.file',
    value: 'reports (some.Storage)',
    source: 'told',
  });
});

test('what the user maps wins over the project and keeps its place', () => {
  const knowledge = gatherFileKnowledge(
    [mapped('scan', 'file', { document: 'doc_id' }), mapped('doc', 'cover', { title: 'subject' })],
    told({ 'scan.file': '/srv/media/scans', 'scan.thumb': '/srv/media', 'doc.file': '/srv/media' }),
    true,
  );
  const facts = columnsOf(knowledge).map(({ table, column, folder, document, title, isGiven }) => [
    `${table}.${column}`,
    folder,
    document,
    title,
    isGiven,
  ]);
  // one document and one title for all columns of a table
  expect(facts).toEqual([
    ['doc.file', '', null, 'subject', false],
    ['doc.cover', '', null, 'subject', true],
    ['scan.file', 'scans/', 'doc_id', null, true],
    ['scan.thumb', '', 'doc_id', null, false],
  ]);
});

test('without a media root columns that need it are named, and nothing is made up', () => {
  const knowledge = gatherFileKnowledge([mapped('a', 'file')], told({}, ''), false);
  expect(knowledge.settings).toEqual([]);
  expect(knowledge.warnings[0]).toContain('a.file names files below the media root');
});

test('an empty MEDIA_ROOT means the working directory, which is no root', () => {
  const knowledge = gatherFileKnowledge(
    [],
    told({ 'a.file': '/srv/app', 'b.file': '/srv/app/private' }, ''),
    false,
  );
  expect(knowledge.roots.map(({ directory }) => directory)).toEqual(['/srv/app/private']);
  expect(columnsOf(knowledge).map(({ table }) => table)).toEqual(['b']);
  expect(knowledge.warnings).toHaveLength(1);
});

test('contradictions in a map are refused', async () => {
  const two = [mapped('a', 'x', { document: 'p' }), mapped('a', 'y', { document: 'q' })];
  expect((await refusal(() => gatherFileKnowledge(two, null, true)))[1]).toContain(
    "different values of 'document'",
  );
});

test('nothing known', () => {
  const { settings } = gatherFileKnowledge([], null, true);
  expect(hasFileColumns(instanceWith({ settings: [...settings] }))).toBe(false);
});
