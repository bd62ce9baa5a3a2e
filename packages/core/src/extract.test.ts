// The verb on assembled archives: what goes where, what is refused before anything is written, and hostile archives.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { assembleArchive, withParts } from '../test/assemble-archive.ts';
import type { Part } from '../test/assemble-archive.ts';
import { cataloguePart, documentOf } from '../test/catalogue-part.ts';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { extract } from './extract.ts';
import type { ExtractOptions, ExtractResult } from './verb.ts';

interface Taken {
  readonly to: string;
  readonly result: Promise<ExtractResult>;
}

/** Extracts into a directory of its own, which is there already when `before` fills it. */
function take(
  parts: readonly Part[],
  choice: Partial<ExtractOptions>,
  before?: (to: string) => void,
): Taken {
  const scratch = scratchDirectory();
  const archive = assembleArchive(scratch, { parts });
  const to = join(scratch, 'to');
  if (before) mkdirSync(to);
  before?.(to);
  const none = { paths: [], documents: [], allVersions: false };
  const result = extract({ archive, workingDirectory: scratch, to: 'to', ...none, ...choice });
  return { to, result };
}

/** Files below the directory with their contents. */
function filesIn(to: string): Record<string, string> {
  const names = existsSync(to) ? readdirSync(to, { recursive: true, encoding: 'utf8' }) : [];
  return Object.fromEntries(
    names
      .filter((name) => !statSync(join(to, name)).isDirectory())
      .map((name) => [name, readFileSync(join(to, name), 'utf8')]),
  );
}

const twoVersions = [
  { id: 'a', label: '1', files: [{ role: 'original', root: 'files', path: 'old.pdf' }] },
  {
    id: 'b',
    label: '2',
    files: [
      { role: 'original', root: 'files', path: 'new.pdf' },
      { role: 'pdfaCopy', root: 'files', path: 'copy.pdf' },
    ],
  },
];
const parts = withParts(
  { path: 'media/files/1', content: 'one', mode: 0o4755 },
  { path: 'media/files/old.pdf', content: 'old' },
  { path: 'media/files/new.pdf', content: 'superseded', line: { superseded: true } },
  { path: 'media/files/copy.pdf', content: 'copy' },
  { path: 'media/files/new.pdf', content: 'new', newFrame: true },
  { path: 'media/files/empty', type: 'directory' },
  { path: 'media/files/link', type: 'link', link: '/etc/passwd' },
  { path: 'database/tables/main.papers/000001.copy', content: '1\ta\n' },
  cataloguePart(
    documentOf('1', { title: '../../evil\u0000' }),
    documentOf('2', { title: 'Offer', documentVersions: twoVersions }),
    documentOf('3', { title: 'offer' }),
  ),
  { path: 'tree/anna', type: 'directory' },
  { path: 'tree/anna/Offer.pdf', type: 'link', link: '../../media/files/new.pdf' },
);

test('documents under their titles, which lead nowhere', async () => {
  const { to, result } = take(parts, { documents: ['2', '1'] });
  expect(await result).toMatchObject({ counts: { files: 3, missing: 0 }, exitCode: 0 });
  expect(filesIn(to)).toEqual({
    '__.._evil_': 'one',
    'Offer.pdf': 'new',
    'Offer - pdfaCopy.pdf': 'copy',
  });
});

test('all versions of a document', async () => {
  const { to, result } = take(parts, { documents: ['2'], allVersions: true });
  await result;
  expect(filesIn(to)['Offer - version 1.pdf']).toBe('old');
});

test('files, directories, rows and links of the tree under their paths; other links are told', async () => {
  const paths = ['./media/files/', 'database/tables/main.papers', 'tree/anna/Offer.pdf'];
  const { to, result } = take(parts, { paths });
  expect(await result).toMatchObject({
    counts: { files: 6, skippedLinks: 1 },
    skippedLinks: ['media/files/link'],
  });
  expect(filesIn(to)).toEqual({
    'media/files/1': 'one',
    'media/files/old.pdf': 'old',
    'media/files/copy.pdf': 'copy',
    'media/files/new.pdf': 'new',
    'database/tables/main.papers/000001.copy': '1\ta\n',
    'tree/anna/Offer.pdf': 'new',
  });
  expect(readdirSync(to).toSorted()).toEqual(['database', 'media', 'tree']);
  expect(statSync(join(to, 'media/files/empty')).isDirectory()).toBe(true);
  const { mode, mtimeMs } = statSync(join(to, 'media/files/1'));
  expect([mode & 0o7777, mtimeMs]).toEqual([0o755, 1_700_000_000_000]);
});

test('one file to a stream, and not two', async () => {
  const stdout = new PassThrough();
  const { result } = take(parts, { paths: ['media/files/old.pdf'], to: '-', stdout });
  expect(await result).toMatchObject({ to: '-', files: [{ path: '-', sizeBytes: 3 }] });
  expect(String(stdout.read())).toBe('old');
  const two = take(parts, { documents: ['2'], to: '-', stdout });
  expect(await rejection(two.result)).toMatchObject({
    code: 'usage',
    hint: 'Name one of those that were chosen: media/files/copy.pdf, media/files/new.pdf.',
  });
});

test.for([
  ['a path', { paths: ['media/files/1', 'media/files/none'] }, 'not-in-archive'],
  ['a part of a name', { paths: ['media/files/old'] }, 'not-in-archive'],
  ['a document', { documents: ['1', '99'] }, 'not-in-archive'],
  ['a document without files', { documents: ['3'] }, 'not-in-archive'],
  ['only links', { paths: ['media/files/link'] }, 'not-in-archive'],
  ['nothing at all', {}, 'usage'],
  ['a way out', { paths: ['../etc'] }, 'usage'],
] as const)('%s that is not there: nothing is written', async ([, choice, code]) => {
  const { to, result } = take(parts, choice);
  expect((await rejection(result)).code).toBe(code);
  expect(existsSync(to)).toBe(false);
});

test('a file that the archive lacks is named, and the others are taken', async () => {
  const [old, current] = twoVersions;
  const gone = { role: 'original', root: 'files', path: 'gone.pdf' };
  const documentVersions = [old!, { ...current!, files: [gone, ...current!.files] }];
  const some = withParts(
    { path: 'media/files/copy.pdf', content: 'copy' },
    { path: 'media/files/new.pdf', content: 'new' },
    cataloguePart(documentOf('2', { title: 'Offer', documentVersions })),
  );
  const { to, result } = take(some, { documents: ['2'] });
  expect(await result).toMatchObject({
    missing: [{ source: 'media/files/gone.pdf', documentId: '2' }],
    exitCode: 3,
  });
  expect(Object.keys(filesIn(to)).toSorted()).toEqual([
    'Offer - original.pdf',
    'Offer - pdfaCopy.pdf',
  ]);
});

test('nothing is overwritten and no link followed; what is there stays', async () => {
  const exists = take(parts, { paths: ['media'] }, (to) => {
    mkdirSync(join(to, 'media/files'), { recursive: true });
    writeFileSync(join(to, 'media/files/old.pdf'), 'mine');
  });
  expect((await rejection(exists.result)).code).toBe('destination-exists');
  expect(filesIn(exists.to)).toEqual({ 'media/files/old.pdf': 'mine' });

  const elsewhere = scratchDirectory();
  const linked = take(parts, { paths: ['media'] }, (to) =>
    symlinkSync(elsewhere, join(to, 'media')),
  );
  expect((await rejection(linked.result)).code).toBe('target-unsafe');
  const dangling = take(parts, { documents: ['2'] }, (to) =>
    symlinkSync(join(elsewhere, 'x'), join(to, 'Offer.pdf')),
  );
  expect((await rejection(dangling.result)).code).toBe('destination-exists');
  expect(readdirSync(elsewhere)).toEqual([]);
});

test.for<[string, Part[]]>([
  ['another content', [{ path: 'media/files/x', content: 'x', line: { sha256: '0'.repeat(64) } }]],
  ['another head', [{ path: 'media/files/x', content: 'x', line: { mode: 0o600 } }]],
  [
    'bytes in the padding',
    [{ path: 'media/files/x', content: 'x', padding: Buffer.alloc(511, 1) }],
  ],
  [
    'a name twice',
    [
      { path: 'media/files/x', content: 'x' },
      { path: 'media/files/x', content: 'y' },
    ],
  ],
  ['a link out', [{ path: 'tree/x', type: 'link', link: '../../etc/passwd' }]],
  ['an absolute link', [{ path: 'tree/x', type: 'link', link: '/etc/passwd' }]],
  ['a link out and in again', [{ path: 'tree/x', type: 'link', link: '../../x/media/files/x' }]],
  ['a place behind the index', [{ path: 'media/files/x', line: { offset: 1 << 30 } }]],
])('a hostile archive: %s', async ([, hostile]) => {
  const paths = hostile.map(({ path }) => String(path)).slice(0, 1);
  for (const to of ['to', '-']) {
    const stdout = new PassThrough();
    const taken = take(withParts(...hostile), { paths, to, stdout });
    expect((await rejection(taken.result)).code).toBe('archive-damaged');
    expect(existsSync(taken.to)).toBe(false);
    expect(stdout.read()).toBe(null);
  }
});

test('a hostile archive: a file that is a directory, too', async () => {
  const both = withParts({ path: 'media/files/x' }, { path: 'media/files/x/y', content: 'y' });
  const { to, result } = take(both, { paths: ['media/files/x'] });
  expect((await rejection(result)).code).toBe('archive-damaged');
  expect(existsSync(to)).toBe(false);
});

test('an aborted run leaves nothing', async () => {
  const { to, result } = take(parts, { paths: ['media'], signal: AbortSignal.abort() });
  expect((await rejection(result)).code).toBe('interrupted');
  expect(existsSync(to)).toBe(false);
});
