import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { instanceOf, noDatabase, rootOf, shoebox } from '../../test/shoebox.ts';
import type { CatalogueDocument } from '../adapter.ts';
import { openSample, pick, type SampleReport } from './sample.ts';

function documentOf(id: string, ...paths: readonly string[]): CatalogueDocument {
  const files = paths.map((path) => ({ role: 'original', root: 'files', path }));
  return {
    id,
    title: `paper ${id}`,
    created: null,
    added: null,
    modified: null,
    owner: null,
    correspondent: null,
    documentType: null,
    tags: [],
    folder: [],
    trashed: false,
    documentVersions: [{ id, label: null, files }],
    extra: {},
  };
}

async function open(directory: string, ...documents: CatalogueDocument[]): Promise<SampleReport> {
  const adapter = {
    ...shoebox(),
    async *documents() {
      yield* documents;
    },
  };
  return await openSample(adapter, noDatabase, instanceOf([rootOf(directory)]), undefined);
}

test('files that open, that do not, and that are not there', async () => {
  const folder = scratchDirectory();
  writeFileSync(join(folder, 'good.pdf'), '%PDF-1.4 %%EOF');
  writeFileSync(join(folder, 'zeros.pdf'), Buffer.alloc(100));
  mkdirSync(join(folder, 'directory.pdf'));
  execFileSync('mkfifo', [join(folder, 'pipe.pdf')]);
  symlinkSync('good.pdf', join(folder, 'inside.pdf'));
  symlinkSync('loop.pdf', join(folder, 'loop.pdf'));
  const report = await open(
    folder,
    documentOf('1', 'good.pdf', 'inside.pdf'),
    documentOf('2', 'zeros.pdf'),
    documentOf('3', 'missing.pdf', 'good.pdf/x', 'n\0l', 'x'.repeat(5000)),
    documentOf('4', 'directory.pdf'),
    documentOf('5', 'pipe.pdf'),
    documentOf('6', 'loop.pdf'),
  );
  expect(report.sampled).toBe(5);
  expect(report.problems.map(({ documentId, text }) => [documentId, text])).toEqual([
    ['2', 'does not begin as a PDF'],
    ['4', 'is no file'],
    ['5', 'is no file'],
    ['6', 'cannot be opened (ELOOP)'],
  ]);
  expect(report.problems[0]).toMatchObject({
    documentTitle: 'paper 2',
    root: 'files',
    path: 'zeros.pdf',
  });
});

test('nothing outside of the root is opened, by whatever way', async () => {
  const folder = scratchDirectory();
  const root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(folder, 'foreign.pdf'), 'no PDF at all');
  symlinkSync('../foreign.pdf', join(root, 'link.pdf'));
  symlinkSync('..', join(root, 'up'));
  const paths = ['../foreign.pdf', 'link.pdf', 'up/foreign.pdf', '.', ''];
  expect(await open(root, documentOf('1', ...paths))).toEqual({ sampled: 0, problems: [] });
});

test('of many documents a hundred, of each its newest version', async () => {
  const folder = scratchDirectory();
  writeFileSync(join(folder, 'old.pdf'), 'bad');
  writeFileSync(join(folder, 'new.pdf'), '%PDF-1.4 %%EOF');
  const [older, newer] = [documentOf('1', 'old.pdf'), documentOf('1', 'new.pdf')];
  const both = {
    ...newer,
    documentVersions: [...older.documentVersions, ...newer.documentVersions],
  };
  const many = Array.from({ length: 250 }, () => both);
  expect(await open(folder, ...many)).toEqual({ sampled: 100, problems: [] });
});

test('each has the same chance to be picked', async () => {
  async function* numbers(): AsyncGenerator<number> {
    for (let number = 0; number < 10; number++) yield await Promise.resolve(number);
  }
  const seen = new Map<number, number>();
  for (let round = 0; round < 2000; round++) {
    const picked = await pick(numbers(), 3);
    expect(new Set(picked).size).toBe(3);
    for (const number of picked) seen.set(number, (seen.get(number) ?? 0) + 1);
  }
  expect(seen.size).toBe(10);
  // 600 expected; seven standard deviations
  for (const count of seen.values()) expect(Math.abs(count - 600)).toBeLessThan(145);
});
