// Archives of former releases are read and restored for ever, and damaged ones are refused with the code they had.

import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { defects } from '../golden/defects.ts';
import { expectedOf, goldenDirectory, goldens, pathOf } from '../golden/golden-archives.ts';
import { restoredState } from '../golden/restored-state.ts';
import type { RestoredPlace } from '../golden/restored-state.ts';
import { createBench, expectNoTrace, lastJson, namesIn, told, urlOf } from './bench.ts';
import { createServerBench } from './server-bench.ts';

vi.setConfig({ testTimeout: 120_000 });
const bench = createBench('golden');
const servers = createServerBench(bench);

test('every archive has its description, and every defect its file', () => {
  const names = readdirSync(goldenDirectory).filter((name) => /\.(tar\.zst|json)$/u.test(name));
  expect(names.toSorted()).toEqual(
    goldens.flatMap(({ name }) => [`${name}.json`, `${name}.tar.zst`]).toSorted(),
  );
  expect(namesIn(join(goldenDirectory, 'damaged'))).toEqual(
    defects.map(({ name }) => `${name}.tar.zst`).toSorted(),
  );
});

describe.each(goldens)('$name', (golden) => {
  const archive = pathOf(golden);
  const expected = expectedOf(golden);

  test('is proved', async () => {
    await bench.done(['verify', archive]);
    const inspected = await bench.done(['inspect', archive, '--json']);
    const { documents, documentsComplete } = expected;
    expect(lastJson(inspected)).toMatchObject({ proof: { documents, documentsComplete } });
  });

  test('is restored to what it was', async () => {
    const target = bench.directory('target');
    const place: RestoredPlace = {
      database:
        golden.engine === 'sqlite'
          ? join(target, 'db.sqlite3')
          : await servers.database('PostgreSQL 18'),
      directories: Object.fromEntries(
        ['media', ...golden.roots].map((root) => [root, join(target, root)]),
      ),
    };
    const { database } = place;
    const url = typeof database === 'string' ? `sqlite://${database}` : urlOf(database);
    const roots = Object.entries(place.directories).flatMap(([root, path]) => [`--${root}`, path]);
    const words = ['restore', archive, '--app', golden.app, '--database', url, ...roots, '--yes'];
    const run = await bench.run(words);
    expect(run.code, told(run)).toBe(0);
    expect(await restoredState(place)).toEqual(expected.state);
  });
});

describe.each(defects)('$name', ({ name, exitCode }) => {
  test(`is refused with ${exitCode}, and nothing is restored`, async () => {
    // not where it lies: nothing may be written beside it
    const folder = bench.directory('damaged');
    const archive = join(folder, `${name}.tar.zst`);
    copyFileSync(join(goldenDirectory, 'damaged', `${name}.tar.zst`), archive);
    const verify = await bench.run(['verify', archive]);
    expect(verify.code, told(verify)).toBe(exitCode);
    expectNoTrace(verify);
    const target = bench.directory('target');
    const place = [
      '--database',
      `sqlite://${join(target, 'db')}`,
      '--media',
      join(target, 'media'),
    ];
    const restore = await bench.run(['restore', archive, '--app', 'papermerge', ...place, '--yes']);
    expect(restore.code, told(restore)).toBe(exitCode);
    expectNoTrace(restore);
    expect(namesIn(target)).toEqual([]);
    expect(namesIn(folder)).toEqual([`${name}.tar.zst`]);
  });
});
