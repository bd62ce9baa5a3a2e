// What a prune removes, and what it never does.

import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { shelve, shelveDays } from '../test/archive-shelf.ts';
import { rejection } from '../test/caught.ts';
import { failOnDisk } from '../test/failing-disk.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { lockDestination } from './destination/lock-destination.ts';
import { prune } from './prune.ts';
import type { KeepCounts } from './retention/choose.ts';
import type { PruneOptions } from './verb.ts';

vi.mock('node:fs', async (original) =>
  (await import('../test/failing-disk.ts')).failingDisk(await original()),
);

const days = ['2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21'];

function run(destination: string, counts: KeepCounts, more: Partial<PruneOptions> = {}) {
  const keep = { counts, within: {} };
  return prune({ destination, workingDirectory: '/', keep, dryRun: false, ...more });
}

function namesIn(shelf: string): string[] {
  return readdirSync(shelf).toSorted();
}

test('what no rule keeps is removed, and nothing else', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  writeFileSync(join(shelf, 'notes.txt'), 'x');
  writeFileSync(join(shelf, '2026-11-17.tar.zst.partial'), 'x');
  const result = await run(shelf, { last: 1, daily: 2 });
  expect(namesIn(shelf)).toEqual([
    '2026-11-17.tar.zst.partial',
    '2026-11-20.tar.zst',
    '2026-11-21.tar.zst',
    'notes.txt',
  ]);
  expect(result).toMatchObject({ kept: 2, removed: 2, exitCode: 0 });
  expect(result.instances[0]?.archives.map(({ fate, reasons }) => [fate, reasons])).toEqual([
    ['kept', ['last', 'daily']],
    ['kept', ['daily']],
    ['removed', []],
    ['removed', []],
  ]);
});

test('a dry run removes nothing and tells the same', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  const before = namesIn(shelf);
  const told = await run(shelf, { last: 1 }, { dryRun: true });
  expect(namesIn(shelf)).toEqual(before);
  const { instances } = await run(shelf, { last: 1 });
  expect(told.instances).toEqual(instances);
  expect(namesIn(shelf)).toEqual(['2026-11-21.tar.zst']);
});

test('applications, installations and parts do not count for each other', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  shelveDays(shelf, ['2026-10-01'], { app: 'other' });
  shelve(shelf, 'second.tar.zst', { createdAt: '2026-10-02T00:00:00Z', directory: '/srv/second' });
  const database = { engine: 'postgres', engineVersion: '15', encoding: 'UTF8' };
  for (const name of ['one', 'two']) {
    const place = `postgres://db:5432/${name}`;
    const facts = { createdAt: '2026-10-03T00:00:00Z', database: { ...database, place } };
    shelve(shelf, `${name}.tar.zst`, { ...facts, parts: ['database', 'media'] });
  }
  await run(shelf, { last: 1 });
  expect(namesIn(shelf)).toEqual([
    '2026-11-21.tar.zst',
    'one.tar.zst',
    'other2026-10-01.tar.zst',
    'second.tar.zst',
    'two.tar.zst',
  ]);
});

test('only the application asked for is pruned', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  shelveDays(shelf, days, { app: 'other' });
  const { instances } = await run(shelf, { last: 1 }, { apps: ['other'] });
  expect(instances).toHaveLength(1);
  expect(namesIn(shelf)).toEqual([
    ...days.map((day) => `${day}.tar.zst`),
    'other2026-11-21.tar.zst',
  ]);
});

test('the newest complete archive outlives incomplete ones', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days.slice(0, 2));
  shelveDays(shelf, days.slice(2), { documents: [3, 2] });
  const { instances } = await run(shelf, { last: 1 });
  expect(namesIn(shelf)).toEqual(['2026-11-19.tar.zst', '2026-11-21.tar.zst']);
  expect(instances[0]?.archives[2]?.reasons).toEqual(['newest complete']);
});

test('copies of an archive stay or go together', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  for (const day of [days[0], days[3]])
    copyFileSync(join(shelf, `${day}.tar.zst`), join(shelf, `copy-${day}.tar.zst`));
  await run(shelf, { last: 2 });
  expect(namesIn(shelf)).toEqual([
    '2026-11-20.tar.zst',
    '2026-11-21.tar.zst',
    'copy-2026-11-21.tar.zst',
  ]);
});

test('without a rule nothing is even looked at', async () => {
  expect((await rejection(run('/nowhere', {}))).code).toBe('usage');
  expect((await rejection(run('/nowhere', { last: 1 }))).code).toBe('archive-not-found');
});

test.each([
  ['cut', (path: string) => truncateSync(path, readFileSync(path).length - 40)],
  ['with another index', (path: string) => spoil(path, 0.6)],
  ['with another beginning', (path: string) => spoil(path, 0)],
])('a newest archive that is %s keeps all of its instance', async (_what, damage) => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  shelveDays(shelf, days, { app: 'other' });
  // the default name: a file whose beginning is destroyed is known by it
  const newest = shelve(shelf, 'shoebox-1.2.3-20261122T120000Z.tar.zst', {
    createdAt: '2026-11-22T12:00:00Z',
  });
  damage(newest);
  utimesSync(newest, new Date('2026-11-22'), new Date('2026-11-22'));
  const result = await run(shelf, { last: 1 }, { apps: ['shoebox'] });
  expect(result).toMatchObject({ exitCode: 20, removed: 0 });
  expect(result.instances[0]?.refused).toContain('shoebox-1.2.3-20261122T120000Z.tar.zst');
  expect(namesIn(shelf)).toHaveLength(9);
});

test('a damaged archive that is not the newest is left alone and named', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  const damaged = join(shelf, '2026-11-19.tar.zst');
  truncateSync(damaged, readFileSync(damaged).length - 40);
  utimesSync(damaged, new Date('2030-01-01'), new Date('2030-01-01'));
  const result = await run(shelf, { last: 1 });
  expect(result).toMatchObject({ exitCode: 0, removed: 2 });
  expect(result.unusable.map(({ name, state }) => [name, state])).toEqual([
    ['2026-11-19.tar.zst', 'damaged'],
  ]);
  expect(namesIn(shelf)).toEqual(['2026-11-19.tar.zst', '2026-11-21.tar.zst']);
});

test('a file that cannot be removed is told, and the others are removed', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  failOnDisk('unlinkSync', 'EROFS', { when: (path) => String(path).includes(days[0]!) });
  const result = await run(shelf, { last: 1 });
  expect(result).toMatchObject({ exitCode: 2, removed: 2 });
  expect(result.instances[0]?.archives.at(-1)).toMatchObject({
    fate: 'failed',
    failure: expect.stringContaining('EROFS'),
  });
  expect(namesIn(shelf)).toEqual(['2026-11-18.tar.zst', '2026-11-21.tar.zst']);
});

test('a backup at the same destination keeps a prune away; a dry run may look', async () => {
  const shelf = scratchDirectory();
  shelveDays(shelf, days);
  const backup = await lockDestination(shelf, 'shared', {});
  const another = await lockDestination(shelf, 'shared', {});
  expect((await rejection(run(shelf, { last: 1 }))).code).toBe('locked');
  await run(shelf, { last: 1 }, { dryRun: true });
  backup.release();
  const waiting = run(shelf, { last: 1 }, { lockTimeoutMs: 60_000 });
  setTimeout(() => another.release(), 1000);
  expect(await waiting).toMatchObject({ removed: 3 });
  expect(existsSync(join(shelf, '.dms-backup.lock'))).toBe(false);
});

/** Destroys some bytes at that part of the file. */
function spoil(path: string, part: number): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length * part);
  bytes.fill(0x55, at, at + 16);
  writeFileSync(path, bytes);
}
