// What a directory holds: archives by their seals, whatever their names and times are, and what only looks like one.

import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { shelve } from '../test/archive-shelf.ts';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { list } from './list.ts';

const look = (destination: string, apps?: string[]) =>
  list({ destination, workingDirectory: '/', ...(apps && { apps }) });

test('archives are listed newest first, by the time in them', async () => {
  const shelf = scratchDirectory();
  const old = shelve(shelf, 'z.tar.zst', { createdAt: '2026-11-01T10:00:00Z' });
  shelve(shelf, 'a.tgz.tar', { createdAt: '2026-11-03T10:00:00Z', documents: [5, 4] });
  shelve(shelf, 'm.tar.zst', { createdAt: '2026-11-02T10:00:00Z', app: 'other' });
  utimesSync(old, new Date('2030-01-01'), new Date('2030-01-01'));
  const { archives, unusable } = await look(shelf);
  expect(unusable).toEqual([]);
  expect(
    archives.map(({ name, app, complete, documents }) => ({ name, app, complete, documents })),
  ).toEqual([
    { name: 'a.tgz.tar', app: 'shoebox', complete: false, documents: 5 },
    { name: 'm.tar.zst', app: 'other', complete: true, documents: 3 },
    { name: 'z.tar.zst', app: 'shoebox', complete: true, documents: 3 },
  ]);
  expect(archives[2]).toMatchObject({
    path: old,
    appVersion: '1.2.3',
    createdAt: '2026-11-01T10:00:00.000Z',
    instance: 'media only; /srv/files',
  });
  expect((await look(shelf, ['shoebox', 'box'])).archives).toHaveLength(2);
});

test('copies and links of an archive are one archive', async () => {
  const shelf = scratchDirectory();
  const path = shelve(shelf, 'b.tar.zst', { createdAt: '2026-11-01T10:00:00Z' });
  copyFileSync(path, join(shelf, 'c.tar.zst'));
  symlinkSync(path, join(shelf, 'latest.tar.zst'));
  symlinkSync('nowhere', join(shelf, 'dangling.tar.zst'));
  symlinkSync('loop.tar.zst', join(shelf, 'loop.tar.zst'));
  const { archives, unusable } = await look(shelf);
  expect(archives.map(({ name, copies }) => [name, copies])).toEqual([
    ['b.tar.zst', ['c.tar.zst', 'latest.tar.zst']],
  ]);
  expect(unusable).toEqual([]);
});

test('what is damaged or unfinished is named as such, and others are left out', async () => {
  const shelf = scratchDirectory();
  const cut = shelve(shelf, 'cut.tar.zst', { createdAt: '2026-11-05T10:00:00Z' });
  truncateSync(cut, readFileSync(cut).length - 40);
  const zeros = 'shoebox-1.2.3-20261104T100000Z.tar.zst';
  writeFileSync(join(shelf, zeros), Buffer.alloc(4096));
  shelve(shelf, 'time.tar.zst', { createdAt: '2026-99-99T99:99:99Z' });
  writeFileSync(join(shelf, 'new.tar.zst.partial'), 'x');
  writeFileSync(join(shelf, 'theirs.tar.gz'), gzipSync('x'.repeat(2000)));
  writeFileSync(join(shelf, 'notes.txt'), 'x');
  writeFileSync(join(shelf, 'film.partial'), 'x');
  mkdirSync(join(shelf, 'folder.tar.zst'));
  const { archives, unusable, others } = await look(shelf);
  expect(archives).toEqual([]);
  expect(others).toBe(2);
  expect(unusable.map(({ name, state, app, createdAt }) => [name, state, app, createdAt])).toEqual([
    ['cut.tar.zst', 'damaged', 'shoebox', '2026-11-05T10:00:00.000Z'],
    [zeros, 'damaged', null, null],
    ['time.tar.zst', 'damaged', null, null],
    ['new.tar.zst.partial', 'unfinished', null, null],
    ['theirs.tar.gz', 'foreign', null, null],
  ]);
});

test('an empty directory has no archives, a missing one is told', async () => {
  const shelf = scratchDirectory();
  expect(await look(shelf)).toMatchObject({ archives: [], unusable: [], exitCode: 0 });
  expect((await rejection(look(join(shelf, 'gone')))).code).toBe('archive-not-found');
});
