// The verb on assembled archives: what is found, where its files are, and that a damaged catalogue is no short list.

import { expect, test } from 'vitest';
import { assembleArchive, withParts } from '../test/assemble-archive.ts';
import type { Assembly } from '../test/assemble-archive.ts';
import { cataloguePart, documentOf } from '../test/catalogue-part.ts';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { find } from './find.ts';
import type { FindOptions } from './verb.ts';

type Found = Parameters<FindOptions['onFound']>[0];

async function search(assembly: Assembly, words: readonly string[], files = false) {
  const found: Found[] = [];
  const archive = assembleArchive(scratchDirectory(), assembly);
  const onFound = (each: Found): void => void found.push(each);
  const result = await find({ archive, words, files, onFound, workingDirectory: '/' });
  return { result, found };
}

const versions = [
  { id: 'v1', label: '1: first', files: [{ role: 'version', root: 'files', path: 'old' }] },
  { id: 'v2', label: null, files: [{ role: 'version', root: 'files', path: 'new' }] },
];
const parts = withParts(
  { path: 'media/files/1', content: 'one' },
  { path: 'media/files/new', content: 'superseded', line: { superseded: true } },
  { path: 'media/files/new', content: 'newest' },
  { path: Buffer.from('media/files/\xff', 'latin1'), content: '?' },
  cataloguePart(documentOf('1'), documentOf('2', { title: 'Two', documentVersions: versions })),
  { path: 'tree/Two', type: 'link', link: '../media/files/new' },
);

test('documents with all their files, and how large these are in the archive', async () => {
  const { result, found } = await search({ parts }, ['two']);
  expect(result).toMatchObject({ app: 'Shoebox', found: 1, exitCode: 0 });
  expect(found).toMatchObject([
    {
      type: 'document',
      id: '2',
      files: [
        { version: '1: first', isCurrent: false, path: 'media/files/old', sizeBytes: null },
        { version: 'v2', isCurrent: true, path: 'media/files/new', sizeBytes: 6 },
      ],
    },
  ]);
});

test('without words all, in the order of the archive; nothing found is no error', async () => {
  const all = await search({ parts }, []);
  expect(all.found.map((each) => (each.type === 'document' ? each.id : each))).toEqual(['1', '2']);
  const none = await search({ parts }, ['no such thing']);
  expect([none.found, none.result.found, none.result.exitCode]).toEqual([[], 0, 0]);
});

test('files and links by their paths; superseded ones are not there', async () => {
  const { found } = await search({ parts }, ['W'], true);
  expect(found).toMatchObject([
    { type: 'entry', path: 'media/files/new', isLink: false, sizeBytes: 6 },
    { type: 'entry', path: 'tree/Two', isLink: true },
  ]);
  const { found: strange } = await search({ parts }, ['\ufffd'], true);
  expect(strange).toHaveLength(1);
});

test.for([
  ['no catalogue', { parts: withParts() }],
  ['a line that is no document', { parts: withParts({ ...cataloguePart(), content: '{}\n' }) }],
  [
    'a catalogue with another hash',
    { parts: withParts({ ...cataloguePart(documentOf('1')), line: { sha256: '0'.repeat(64) } }) },
  ],
  [
    'an index that is not the sealed one',
    {
      parts,
      seal: (seal: object) => ({ ...seal, index: { ...indexOf(seal), sha256: '0'.repeat(64) } }),
    },
  ],
] as const)('%s', async ([, assembly]) => {
  const error = await rejection(search(assembly, ['one']));
  expect(error.code).toBe('archive-damaged');
});

function indexOf(seal: object): object {
  return (seal as { index: object }).index;
}
