// Adapter packages made on the spot in temporary node_modules folders.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface FakePackage {
  readonly name: string;
  /** Source of the main module. Absent: a sound adapter, named like the package. */
  readonly source?: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly aliases?: readonly string[];
  readonly title?: string;
}

/** Source of an adapter that core's check accepts. */
export function adapterSource(
  name: string,
  aliases: readonly string[] = [],
  title = 'Fake DMS',
): string {
  const facts = {
    contractVersion: 1,
    name,
    title,
    aliases,
    engines: ['sqlite'],
    supportedVersions: '1 - 2',
  };
  return `export const adapter = {
  ...${JSON.stringify(facts)},
  async configure() {
    return { roots: [], settings: [], secrets: [], lookedAt: [], warnings: [] };
  },
  async stamp() {
    return { appVersion: null, range: null, foundBy: '', evidence: [], migrations: [], migrationState: 'unknown', warnings: [] };
  },
  tables: () => [],
  classify: () => ({ class: 'unknown', keep: true }),
  async *references() {},
  async *documents() {},
  compatibility: () => ({ verdict: 'same', explanation: '', steps: [] }),
};
`;
}

/** Writes the package into `<folder>/node_modules` and returns its directory. */
export async function writePackage(folder: string, fake: FakePackage): Promise<string> {
  const directory = join(folder, 'node_modules', fake.name);
  await mkdir(directory, { recursive: true });
  const manifest = {
    name: fake.name,
    version: '1.2.3',
    type: 'module',
    exports: { '.': { types: './index.d.ts', import: './index.js' } },
    ...fake.manifest,
  };
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  const name = fake.name.replace(/^@dms-backup\/adapter-|^dms-backup-adapter-|^@.*\//, '');
  await writeFile(
    join(directory, 'index.js'),
    fake.source ?? adapterSource(name, fake.aliases, fake.title),
  );
  return directory;
}

/** Source of an adapter of a tiny application: one SQLite table `document` (id, title, path, sha256), one media root. */
export function tinyAdapterSource(): string {
  return `${adapterSource('tiny', ['tiny-dms'], 'Tiny DMS').replace('export const adapter', 'const facts')}
const found = (input, key) => ({ value: input.given[key], source: '--' + key });
export const adapter = {
  ...facts,
  async configure(input) {
    if (input.given.appVersion === 'bug') throw new TypeError('tiny is broken');
    if (input.given.appVersion === 'slow') {
      console.log('tiny waits');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    return {
      database: found(input, 'database'),
      roots: [{ name: 'media', directory: input.given.media, source: '--media', required: true }],
      settings: [], secrets: [], lookedAt: [], warnings: [],
    };
  },
  async stamp() {
    return {
      appVersion: '1.0', range: { from: '1.0', to: '1.0' }, foundBy: 'it is always 1.0', evidence: [],
      migrations: [], migrationState: 'complete', warnings: [],
    };
  },
  tables: () => [{ table: 'document', class: 'essential', keepRows: true }],
  classify: () => ({ class: 'essential', keep: true }),
  async *references(database) {
    for await (const row of database.query('SELECT id, title, path, sha256 FROM document ORDER BY id'))
      yield {
        root: 'media', path: row.path, role: 'original', class: 'essential', sizeBytes: null,
        documentId: String(row.id), documentTitle: row.title, checksum: { algorithm: 'sha256', value: row.sha256 },
      };
  },
  async *documents(database) {
    for await (const row of database.query('SELECT id, title, path FROM document ORDER BY id'))
      yield {
        id: String(row.id), title: row.title, created: null, added: null, modified: null, owner: null,
        correspondent: null, documentType: null, tags: [], folder: [], trashed: false, extra: {},
        documentVersions: [{ id: '1', label: null, files: [{ role: 'original', root: 'media', path: row.path }] }],
      };
  },
};
`;
}
