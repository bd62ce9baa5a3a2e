// Sweeps: every file once, whatever is made, renamed and removed between them, and nothing of what was seen before.

import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { DirectorySweep } from './directory-sweep.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let base: string;
beforeEach(() => {
  base = scratchDirectory();
});

function file(path: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), '');
}

async function swept(sweep: DirectorySweep): Promise<string[]> {
  const found: string[] = [];
  for await (const paths of sweep.newFiles()) found.push(...paths.map((path) => path.toString()));
  return found.toSorted();
}

const everything = () => new DirectorySweep(base, () => true);

test('finds all files first, then those that came', async () => {
  file('one');
  file('a/two');
  file('a/b/three');
  const sweep = everything();
  expect(await swept(sweep)).toEqual(['a/b/three', 'a/two', 'one']);
  expect(await swept(sweep)).toEqual([]);
  file('a/late');
  file('new/deep/later');
  renameSync(join(base, 'one'), join(base, 'a/b/renamed'));
  expect(await swept(sweep)).toEqual(['a/b/renamed', 'a/late', 'new/deep/later']);
  expect(await swept(sweep)).toEqual([]);
});

test('beyond its limit lists directories that nobody knows, and keeps nothing of them', async () => {
  for (const path of ['a/1/old', 'a/2/old', 'b/3/old']) file(path);
  const known = new Set(['a', 'b', 'a/1', 'a/2', 'b/3']);
  // the base, a and b
  const sweep = new DirectorySweep(
    base,
    () => true,
    (path) => known.has(path.toString()),
    3,
  );
  expect(await swept(sweep)).toEqual([]);
  file('a/4/new');
  file('a/4/deep/new');
  file('c/5/new');
  const fresh = ['a/4/deep/new', 'a/4/new', 'c/5/new'];
  expect(await swept(sweep)).toEqual(fresh);
  for (const path of ['a/4', 'a/4/deep', 'c', 'c/5']) known.add(path);
  file('b/late');
  file('a/6/new');
  expect(await swept(sweep)).toEqual(['a/6/new', 'b/late']);
});

test('finds more files than one portion in one directory', async () => {
  for (let number = 0; number < 5000; number++) file(`flat/${number}`);
  const sweep = everything();
  expect(await swept(sweep)).toHaveLength(5000);
  file('flat/late');
  expect(await swept(sweep)).toEqual(['flat/late']);
});

test('finds what moved with its directory, and what is there again', async () => {
  file('a/one');
  file('b/two');
  const sweep = everything();
  await swept(sweep);
  renameSync(join(base, 'a'), join(base, 'c'));
  rmSync(join(base, 'b'), { recursive: true });
  expect(await swept(sweep)).toEqual(['c/one']);
  file('b/two');
  expect(await swept(sweep)).toEqual(['b/two']);
});

test('does not list a directory again whose time says that nothing came', async () => {
  file('a/one');
  // long enough ago to be trusted
  utimesSync(join(base, 'a'), 5, 5);
  const listed: string[] = [];
  failOnDisk('opendirSync', 'never', {
    when: (path) => {
      listed.push(String(path));
      return false;
    },
  });
  const sweep = everything();
  await swept(sweep);
  await swept(sweep);
  expect(listed.filter((path) => path.endsWith('/a'))).toHaveLength(1);
});

test('follows no links, and enters only what it may', async () => {
  file('a/one');
  file('cache/two');
  symlinkSync('a', join(base, 'link'));
  symlinkSync('a/one', join(base, 'link to file'));
  const sweep = new DirectorySweep(base, (path) => path.toString() !== 'cache');
  expect(await swept(sweep)).toEqual(['a/one']);
});

test('knows names that are no text', async () => {
  const name = Buffer.from([0x66, 0xff, 0xfe]);
  writeFileSync(Buffer.concat([Buffer.from(`${base}/`), name]), '');
  const found: Buffer[] = [];
  for await (const paths of everything().newFiles()) found.push(...paths);
  expect(found).toEqual([name]);
});

test('leaves out what cannot be listed', async () => {
  file('a/one');
  file('b/two');
  failOnDisk('opendirSync', 'EACCES', { when: (path) => String(path).endsWith('/a') });
  expect(await swept(everything())).toEqual(['b/two']);
  expect(await swept(new DirectorySweep(join(base, 'missing'), () => true))).toEqual([]);
});
