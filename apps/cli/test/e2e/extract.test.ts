// `find` and `extract` as a user calls them: what is taken out equals what the installation had.

import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { goldenDirectory, goldens, pathOf } from '../golden/golden-archives.ts';
import {
  createBench,
  expectNoTrace,
  expectRefusal,
  jsonLines,
  lastJson,
  makeArchive,
  namesIn,
  treeOf,
} from './bench.ts';

vi.setConfig({ testTimeout: 120_000 });
const bench = createBench('extract');

interface Found {
  readonly type: string;
  readonly id: string;
  readonly title: string;
  readonly files: readonly {
    readonly isCurrent: boolean;
    readonly path: string;
    readonly sizeBytes: number | null;
  }[];
}

interface Taken {
  readonly files: readonly { readonly path: string; readonly source: string }[];
  readonly counts: { readonly files: number };
}

async function findAll(archive: string, ...words: readonly string[]): Promise<Found[]> {
  const run = await bench.done(['find', archive, ...words, '--json']);
  return (jsonLines(run) as unknown as Found[]).filter(({ type }) => type === 'document');
}

describe('an archive of a changing installation', () => {
  const place = bench.build({ appVersion: '3.0.5', documents: 12 });
  const made = makeArchive(bench, place);
  const live = (source: string): Buffer =>
    readFileSync(join(place.mediaDirectory, relative('media/media', source)));

  test('a document is found by its title and comes out as it was', async () => {
    const archive = await made;
    const all = await findAll(archive);
    expect(all.length).toBeGreaterThanOrEqual(12);
    const wanted = all.find(({ files }) => files.every(({ sizeBytes }) => sizeBytes !== null))!;
    const again = await findAll(archive, wanted.title.toUpperCase(), `id:${wanted.id}`);
    expect(again).toEqual([wanted]);

    const to = bench.directory('to');
    const words = ['extract', archive, '--document', wanted.id, '--to', to];
    const { files } = lastJson<Taken>(await bench.done([...words, '--json']));
    const current = wanted.files.filter(({ isCurrent }) => isCurrent);
    expect(files.map(({ source }) => source).toSorted()).toEqual(
      current.map(({ path }) => path).toSorted(),
    );
    for (const { path, source } of files)
      expect(readFileSync(path).equals(live(source)), path).toBe(true);
    expect(namesIn(to)).toHaveLength(files.length);

    await expectRefusal(bench, words, {
      exit: 22,
      code: 'destination-exists',
      says: /there is already a file/u,
    });
    expect(namesIn(to)).toHaveLength(files.length);

    const page = await bench.done(['find', archive, `id:${wanted.id}`]);
    expect(page.stdout).toContain(current[0]!.path);
    expect(page.stderr).toContain('1 of ');
    expectNoTrace(page);
  });

  test('a directory comes out as the tree it was', async () => {
    const to = bench.directory('to');
    await bench.done(['extract', await made, 'media/media', '--to', to]);
    const [taken, before] = [treeOf(join(to, 'media/media')), treeOf(place.mediaDirectory)];
    const files = [...taken].filter(([, { kind }]) => kind === 'file');
    expect(files.length).toBeGreaterThan(20);
    for (const [path, file] of files) expect(file, path).toEqual(before.get(path));
  });

  test('one file goes to a pipe, alone, and the archive may come from one', async () => {
    const archive = await made;
    const stdin = readFileSync(archive);
    const [first] = await findAll(archive);
    const { path } = first!.files[0]!;
    const run = await bench.done(['extract', '-', path, '--to', '-', '--json'], { stdin });
    expect(run.bytes.equals(live(path))).toBe(true);
    expect(run.stderr).toContain('"type":"result"');
    expect(namesIn(bench.temporary)).toEqual([]);
  });

  test('what is not there, and words that mean nothing', async () => {
    const archive = await made;
    const missing = { exit: 10, code: 'not-in-archive' };
    const usage = { exit: 2, code: 'usage' };
    const to = bench.directory('to');
    await expectRefusal(bench, ['extract', archive, 'media/none', '--to', to], {
      ...missing,
      says: /nothing at 'media\/none'/u,
    });
    await expectRefusal(bench, ['extract', archive, '--document', '999999', '--to', to], {
      ...missing,
      says: /no document with the id '999999'/u,
    });
    await expectRefusal(bench, ['extract', archive], { ...usage, says: /what to extract/u });
    await expectRefusal(bench, ['extract', archive, 'tree', '--all-versions'], {
      ...usage,
      says: /--all-versions needs --document/u,
    });
    await expectRefusal(bench, ['find', archive, 'created:soon'], { ...usage, says: /no date/u });
    expect(namesIn(to)).toEqual([]);
    const none = await bench.done(['find', archive, 'no such words at all']);
    expect(none.stdout).toBe('');
  });
});

test.each(goldens)('every document of $name comes out', async (golden) => {
  const archive = pathOf(golden);
  const documents = await findAll(archive);
  const whole = documents.filter(({ files }) =>
    files.some(({ isCurrent, sizeBytes }) => isCurrent && sizeBytes !== null),
  );
  expect(whole.length).toBeGreaterThan(0);
  const to = bench.directory('to');
  const ids = whole.flatMap(({ id }) => ['--document', id]);
  const run = await bench.run(['extract', archive, ...ids, '--to', to, '--json']);
  const { counts } = lastJson<Taken>(run);
  const known = whole.flatMap(({ files }) =>
    files.filter(({ isCurrent, sizeBytes }) => isCurrent && sizeBytes !== null),
  );
  expect(counts.files).toBe(known.length);
  expect(readdirSync(to)).toHaveLength(known.length);
});

test('a damaged archive gives nothing', async () => {
  const archive = join(bench.directory('damaged'), 'archive.tar.zst');
  const name = readdirSync(join(goldenDirectory, 'damaged')).find((each) =>
    /hash|frame/u.test(each),
  );
  copyFileSync(join(goldenDirectory, 'damaged', name!), archive);
  const to = bench.directory('to');
  const run = await bench.run(['extract', archive, 'media', 'database', '--to', to]);
  expect(run.code).toBe(20);
  expect(namesIn(to)).toEqual([]);
});
