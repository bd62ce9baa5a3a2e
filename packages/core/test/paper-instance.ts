// An installation of `Shoebox` with papers in a table, one file each, for tests that compare states.

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Adapter, CatalogueDocument } from '../src/adapter.ts';
import type { InstanceOptions } from '../src/verb.ts';
import { scratchDirectory } from './scratch-directory.ts';
import { instanceOf, rootOf, shoebox } from './shoebox.ts';

export interface Paper {
  readonly title: string;
  readonly content: string;
  readonly tags?: string;
}

/** Papers by id. The working directory has the database as `db`, and `files/`. */
export function paperInstance(
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

export function documentOf(id: string, title: string, tags: string): CatalogueDocument {
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
