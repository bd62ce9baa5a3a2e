import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, refusal } from '../test/scratch.ts';
import { parseFileColumn, readFileMap } from './file-map.ts';

test('columns with and without further words', async () => {
  const path = join(
    folderWith({ 'map.json': '{"a.file": {"document": "doc_id", "title": "name"}, "x.y.z": {}}' }),
    'map.json',
  );
  expect(await readFileMap(path)).toEqual([
    {
      table: 'a',
      column: 'file',
      document: 'doc_id',
      title: 'name',
      source: `--file-map ${path}`,
    },
    { table: 'x.y', column: 'z', document: null, title: null, source: `--file-map ${path}` },
  ]);
});

test.each([
  ['not json', 'it is no JSON'],
  ['[]', 'no JSON object'],
  ['{"nodot": {}}', "'nodot' is no table.column"],
  ['{"a.": {}}', 'no table.column'],
  ['{"a.b": null}', 'no object'],
  ['{"a.b": {"titel": "x"}}', "unknown key 'titel'"],
  ['{"a.b": {"title": 1}}', "'title' of 'a.b' is no name"],
  ['{"a.b": {"title": ""}}', 'is no name'],
])('%s', async (text, problem) => {
  const path = join(folderWith({ 'map.json': text }), 'map.json');
  const [code, message] = await refusal(() => readFileMap(path));
  expect(code).toBe('configuration-invalid');
  expect(message).toContain(problem);
});

test('a map that does not exist, and one that is too large', async () => {
  const directory = folderWith({ 'map.json': `{"a.b": {}}${' '.repeat(1024 * 1024)}` });
  expect((await refusal(() => readFileMap(join(directory, 'none.json'))))[1]).toContain(
    'there is no such file',
  );
  expect((await refusal(() => readFileMap(join(directory, 'map.json'))))[1]).toContain('1 MiB');
});

test('--file-column', async () => {
  expect(parseFileColumn('a.b')).toEqual({
    table: 'a',
    column: 'b',
    document: null,
    title: null,
    source: '--file-column',
  });
  expect((await refusal(() => parseFileColumn('Document')))[1]).toContain('archive_document.file');
});
