// The verb with an invented application: papers in a table, one file each. Archives are made by the verb `backup`.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { rejection } from '../test/caught.ts';
import { documentOf, paperInstance } from '../test/paper-instance.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { backup } from './backup.ts';
import { diff } from './diff.ts';
import type { InstanceOptions, Part } from './verb.ts';

async function archiveOf(
  options: InstanceOptions,
  parts: readonly Part[] = ['database', 'media'],
): Promise<string> {
  const result = await backup({
    ...options,
    destination: scratchDirectory(),
    compression: 'zstd',
    parts,
    excludeClasses: [],
    dryRun: false,
  });
  return result.path ?? '';
}

const compare = (archive: string, other: string | InstanceOptions) =>
  diff({ archive, with: other, workingDirectory: '/' });

const before = {
  2: { title: 'stays', content: 'a' },
  9: { title: 'goes', content: 'b' },
  10: { title: 'is renamed', content: 'c', tags: 'x y' },
  11: { title: 'other content', content: 'd' },
};
const after = {
  2: { title: 'stays', content: 'a' },
  10: { title: 'has another name', content: 'c', tags: 'y x z' },
  11: { title: 'other content', content: 'D' },
  100: { title: 'comes', content: 'e' },
};

const expected = {
  counts: { added: 1, removed: 1, changed: 2, same: 1 },
  documents: [
    { change: 'removed', id: '9', title: 'goes', owner: 'anna', fields: [] },
    { change: 'added', id: '100', title: 'comes', owner: 'anna', fields: [] },
    {
      change: 'changed',
      id: '10',
      title: 'has another name',
      owner: 'anna',
      fields: ['title', 'tags'],
    },
    { change: 'changed', id: '11', title: 'other content', owner: 'anna', fields: ['content'] },
  ],
};

test('two archives: removed, added, changed with what changed, in the order of numbers', async () => {
  const result = await compare(
    await archiveOf(paperInstance(before)),
    await archiveOf(paperInstance(after)),
  );
  expect(result).toMatchObject({ ...expected, tables: [], exitCode: 0 });
});

test('an archive and the live instance, whose changed files are read', async () => {
  const result = await compare(await archiveOf(paperInstance(before)), paperInstance(after));
  expect(result).toMatchObject(expected);
  expect(result.after).toEqual({ name: 'live Shoebox', createdAt: null });
});

test('nothing changed', async () => {
  const options = paperInstance(before);
  const archive = await archiveOf(options);
  for (const other of [archive, options]) {
    expect(await compare(archive, other)).toMatchObject({
      counts: { added: 0, removed: 0, changed: 0, same: 4 },
      documents: [],
      tables: [],
    });
  }
});

test('rows of other tables, and files that are gone', async () => {
  const options = paperInstance(before);
  const archive = await archiveOf(options);
  const { workingDirectory } = options;
  const database = new DatabaseSync(join(workingDirectory, 'db'));
  database.exec("INSERT INTO users VALUES ('eve')");
  database.close();
  rmSync(join(workingDirectory, 'files/2'));
  const result = await compare(archive, options);
  expect(result.tables).toEqual([{ table: 'users', before: 0, after: 1 }]);
  expect(result.documents).toEqual([
    { change: 'changed', id: '2', title: 'stays', owner: 'anna', fields: ['content'] },
  ]);
});

test('an archive without media says nothing of contents', async () => {
  const result = await compare(
    await archiveOf(paperInstance(before), ['database']),
    paperInstance(after),
  );
  expect(result.counts).toEqual({ added: 1, removed: 1, changed: 1, same: 2 });
});

test('another application is refused', async () => {
  const error = await rejection(
    compare(
      await archiveOf(paperInstance(before)),
      paperInstance(after, { name: 'other', aliases: [] }),
    ),
  );
  expect(error.code).toBe('wrong-application');
});

test('documents out of order are a fault of the adapter, not a difference', async () => {
  const broken = paperInstance(after, {
    async *documents() {
      yield documentOf('10', '', '');
      yield documentOf('9', '', '');
    },
  });
  const error = await rejection(compare(await archiveOf(paperInstance(before)), broken));
  expect(error.code).toBe('adapter-invalid');
});
