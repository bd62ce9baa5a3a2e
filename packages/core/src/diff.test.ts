// The verb with an invented application: papers in a table, one file each. Archives are made by the verb `backup`.

import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { instanceOf, rootOf, shoebox } from '../test/shoebox.ts';
import type { Adapter, CatalogueDocument } from './adapter.ts';
import { backup } from './backup.ts';
import { diff } from './diff.ts';
import type { InstanceOptions, Part } from './verb.ts';

interface Paper {
  readonly title: string;
  readonly content: string;
  readonly tags?: string;
}

/** An installation of the papers, by id. */
function install(
  papers: Readonly<Record<string, Paper>>,
  members: Partial<Adapter> = {},
): InstanceOptions {
  const scratch = scratchDirectory();
  const files = join(scratch, 'files');
  mkdirSync(files);
  const database = new DatabaseSync(join(scratch, 'db'));
  database.exec(
    'CREATE TABLE papers (id TEXT, title TEXT, tags TEXT); CREATE TABLE users (name TEXT)',
  );
  for (const [id, { title, content, tags = '' }] of Object.entries(papers)) {
    database.prepare('INSERT INTO papers VALUES (?, ?, ?)').run(id, title, tags);
    writeFileSync(join(files, id), content);
    // whoever writes other content does it at another time
    const seconds = 1_700_000_000 + (content.codePointAt(0) ?? 0);
    utimesSync(join(files, id), seconds, seconds);
  }
  database.close();
  const instance = instanceOf([rootOf(files)], {
    database: { value: { engine: 'sqlite', path: join(scratch, 'db') }, source: 'the test' },
  });
  const adapter = shoebox({
    configure: async () => instance,
    async *documents(reader) {
      for await (const row of reader.query(
        'SELECT id, title, tags FROM papers ORDER BY CAST(id AS INTEGER)',
      )) {
        yield documentOf(String(row['id']), String(row['title']), String(row['tags']));
      }
    },
    ...members,
  });
  return {
    adapter,
    adapterPackage: { name: 'shoebox', packageVersion: '1.0.0' },
    given: { configFiles: [] },
    environment: {},
    workingDirectory: scratch,
  };
}

function documentOf(id: string, title: string, tags: string): CatalogueDocument {
  return {
    id,
    title,
    created: null,
    added: null,
    modified: null,
    owner: 'anna',
    correspondent: null,
    documentType: null,
    tags: tags.split(' ').filter((tag) => tag !== ''),
    folder: [],
    trashed: false,
    documentVersions: [{ id, label: null, files: [{ role: 'original', root: 'files', path: id }] }],
    extra: {},
  };
}

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
  const result = await compare(await archiveOf(install(before)), await archiveOf(install(after)));
  expect(result).toMatchObject({ ...expected, tables: [], exitCode: 0 });
});

test('an archive and the live instance, whose changed files are read', async () => {
  const result = await compare(await archiveOf(install(before)), install(after));
  expect(result).toMatchObject(expected);
  expect(result.after).toEqual({ name: 'live Shoebox', createdAt: null });
});

test('nothing changed', async () => {
  const options = install(before);
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
  const options = install(before);
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
  const result = await compare(await archiveOf(install(before), ['database']), install(after));
  expect(result.counts).toEqual({ added: 1, removed: 1, changed: 1, same: 2 });
});

test('another application is refused', async () => {
  const error = await rejection(
    compare(await archiveOf(install(before)), install(after, { name: 'other', aliases: [] })),
  );
  expect(error.code).toBe('wrong-application');
});

test('documents out of order are a fault of the adapter, not a difference', async () => {
  const broken = install(after, {
    async *documents() {
      yield documentOf('10', '', '');
      yield documentOf('9', '', '');
    },
  });
  const error = await rejection(compare(await archiveOf(install(before)), broken));
  expect(error.code).toBe('adapter-invalid');
});
