// The adapter on captured installations of the real product, compared with what a reader without product code found there
// (`expected.json`). The captures lie beside the repository and are not part of it: without them nothing runs here.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  qualifiedName,
  type CatalogueDocument,
  type ConfigureInput,
  type FileReference,
  type Instance,
  type RowFinding,
} from '@dms-backup/core';
import { contractTests, openDatabase, type OpenedDatabase } from '@dms-backup/core/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapter } from '../src/index.ts';
import { normalRelease } from '../src/release.ts';
import {
  captures,
  copyOf,
  databaseOf,
  engineOf,
  readExpected,
  removeCopies,
} from './captured-instance.ts';
import { list } from './small-database.ts';

const names = existsSync(captures)
  ? readdirSync(captures).filter((name) => name.startsWith('paperless-'))
  : [];

interface ExpectedFile {
  readonly path: string;
  readonly checksum?: string;
  readonly algorithm?: 'md5' | 'sha256';
  readonly present: boolean;
  readonly matches?: boolean;
}

interface ExpectedDocument {
  readonly id: number;
  readonly title: string;
  readonly created: string;
  readonly modified: string;
  readonly correspondent: string | null;
  readonly documentType: string | null;
  readonly storagePath: string | null;
  readonly tags: readonly string[];
  readonly owner: string | null;
  readonly asn: number | null;
  readonly trashed: boolean;
  readonly root: number | null;
  readonly mimeType: string;
  readonly storageType?: string;
  readonly original: ExpectedFile;
  readonly archive: ExpectedFile | null;
  readonly thumbnail: ExpectedFile;
}

interface Expected {
  readonly version: string;
  readonly versionRange: string;
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  readonly files: Readonly<Record<string, unknown>>;
  readonly documents: readonly ExpectedDocument[];
  readonly shareLinkBundles?: readonly {
    readonly status: string;
    readonly path: string | null;
    readonly sizeBytes: number | null;
  }[];
  readonly logo: string;
  readonly unreferencedFiles: readonly string[];
  readonly sanity: {
    readonly errors: readonly { readonly document: number | null; readonly message: string }[];
    readonly warnings: readonly { readonly document: number | null; readonly message: string }[];
    readonly infos: readonly { readonly document: number | null; readonly message: string }[];
  };
  readonly notes: readonly string[];
}

/** What the adapter says of a capture; asked once. */
interface Findings {
  readonly directory: string;
  readonly expected: Expected;
  readonly instance: Instance;
  readonly opened: OpenedDatabase;
  readonly references: FileReference[];
  readonly documents: CatalogueDocument[];
  readonly findings: RowFinding[];
}

const known = new Map<string, Promise<Findings>>();

function findingsOf(name: string): Promise<Findings> {
  const found = known.get(name) ?? gather(name);
  known.set(name, found);
  return found;
}

async function gather(name: string): Promise<Findings> {
  const directory = copyOf(name);
  const database = await databaseOf(name, directory);
  const instance = await adapter.configure({
    given: { configFiles: [join(directory, 'config/paperless.conf')], database },
    environment: {},
    workingDirectory: directory,
  });
  const opened = await openDatabase(database);
  return {
    directory,
    expected: readExpected(name) as Expected,
    instance,
    opened,
    references: await list(adapter.references(opened.reader, instance)),
    documents: await list(adapter.documents(opened.reader, instance)),
    findings: await list(adapter.inspectRows!(opened.reader, instance)),
  };
}

afterAll(async () => {
  for (const found of known.values())
    await found.then(({ opened }) => opened.close()).catch(() => undefined);
  removeCopies();
});

function secretsOf({ notes }: Expected): string[] {
  const planted =
    notes.find((note) => note.includes('must never be printed):'))?.split('printed):')[1] ?? '';
  return [...planted.matchAll(/(\w+)=(.*?)(?=, \w+=|$)/g)]
    .filter(([, name]) => name !== 'bundle_slug') // part of a file name by the product's design
    .map(([, , value]) => value ?? '')
    .filter((value) => value.length >= 8);
}

/** `describe` where the captures are; elsewhere nothing is registered: a skipped test would look like a passed one. */
function where(there: boolean): typeof describe | undefined {
  return there ? describe : undefined;
}

where(names.length > 0)?.('captured installations keep the contract', () => {
  contractTests({
    test,
    adapter,
    samples: names.map((name) => ({
      name,
      open: async () => {
        const directory = copyOf(name);
        const expected = readExpected(name) as Expected;
        return {
          directory,
          given: {
            configFiles: [],
            database: await databaseOf(name, directory),
            media: join(directory, 'media'),
            data: join(directory, 'data'),
          },
          secrets: [...secretsOf(expected), 'main-secret-key-0f1e2d3c4b5a69788796a5b4c3d2e1f0'],
          appVersion: expected.version,
          documents: expected.documents.filter(({ root }) => root === null).length,
          broken: [],
        };
      },
    })),
  });
});

const celeryResults = ['chordcounter', 'groupresult', 'taskresult'].map(
  (name) => `django_celery_results_${name}`,
);

for (const name of names) {
  describe(name, () => {
    let directory: string;
    let expected: Expected;
    let instance: Instance;
    let opened: OpenedDatabase;
    let references: FileReference[];
    let documents: CatalogueDocument[];
    let findings: RowFinding[];

    beforeAll(async () => {
      ({ directory, expected, instance, opened, references, documents, findings } =
        await findingsOf(name));
    });

    test('paperless.conf leads to database, media and data', async () => {
      const input: ConfigureInput = {
        given: { configFiles: [join(directory, 'config/paperless.conf')] },
        environment: {},
        workingDirectory: directory,
      };
      const found = await adapter.configure(input);
      const server = { host: '127.0.0.1', user: 'paperless', name: 'paperless' };
      expect(found.database?.value).toEqual(
        {
          sqlite: { engine: 'sqlite', path: join(directory, 'data/db.sqlite3') },
          postgres: {
            engine: 'postgres',
            ...server,
            port: 5432,
            options: { sslmode: 'prefer' },
          },
          mariadb: { engine: 'mariadb', ...server, port: 3306 },
        }[engineOf(name)],
      );
      expect(found.roots.map((root) => [root.name, root.directory])).toEqual([
        ['media', join(directory, 'media')],
        ['data', join(directory, 'data')],
      ]);
      expect(found.secrets.map((secret) => secret.name)).toContain('PAPERLESS_SECRET_KEY');
      expect(found.warnings).toEqual([]);
    });

    test('the version is exact from the log, and a range from the migrations', async () => {
      const [from = '', to = ''] = expected.versionRange.split('-');
      const exact = await adapter.stamp(opened.reader, instance);
      expect(exact).toMatchObject({
        appVersion: expected.version,
        range: { from, to },
        migrationState: 'complete',
        warnings: [],
      });
      const all = Object.entries(expected.migrations).flatMap(([app, own]) =>
        own.map((each) => `${app}.${each}`),
      );
      expect(exact.migrations).toEqual(all.toSorted());
      const withoutData = {
        ...instance,
        roots: instance.roots.filter((root) => root.name === 'media'),
      };
      expect(await adapter.stamp(opened.reader, withoutData)).toMatchObject({
        appVersion: null,
        range: { from, to },
      });
    });

    test('every table is declared: kept, or left out with the reason', async () => {
      const { schema } = opened.reader;
      const rules = adapter.tables(schema, await adapter.stamp(opened.reader, instance));
      const all = schema.tables.map(qualifiedName);
      expect(rules.map(({ table }) => table).toSorted()).toEqual(all.toSorted());
      expect(all.map((table) => table.replace(/^public\./, '')).toSorted()).toEqual(
        Object.keys(expected.rowCounts).toSorted(),
      );
      const leftOut = rules.filter(({ keepRows }) => !keepRows);
      expect(leftOut.map(({ table }) => table.replace(/^public\./, '')).toSorted()).toEqual([
        ...(expected.version.startsWith('2.') ? celeryResults : []),
        'django_session',
      ]);
      for (const { reason } of leftOut) expect(reason).toMatch(/\w/);
    });

    test('references: every file of every document, by name and checksum', () => {
      const rows = new Map(expected.documents.map((each) => [each.id, each]));
      const wanted = expected.documents.flatMap((document) => {
        const owner = rows.get(document.root ?? document.id)!;
        const parts = [
          ['original', document.original],
          ['pdfaCopy', document.archive],
          ['thumbnail', document.thumbnail],
        ] as const;
        return parts.flatMap(([role, file]) =>
          file === null
            ? []
            : [
                {
                  role,
                  path: file.path,
                  documentId: String(owner.id),
                  documentTitle: owner.title,
                  checksum:
                    file.checksum === undefined || document.storageType === 'gpg'
                      ? null
                      : { algorithm: file.algorithm, value: file.checksum },
                },
              ],
        );
      });
      const found = references
        .filter(({ documentId }) => documentId !== null)
        .map(({ role, path, documentId, documentTitle, checksum }) => ({
          role,
          path,
          documentId,
          documentTitle,
          checksum,
        }));
      expect(found).toEqual(wanted);
    });

    test('references: present, and equal where the application recorded a checksum', () => {
      for (const { path, checksum, sizeBytes } of references) {
        const content = readFileSync(join(directory, 'media', path));
        if (checksum !== null) {
          expect(createHash(checksum.algorithm).update(content).digest('hex'), path).toBe(
            checksum.value,
          );
        }
        if (sizeBytes !== null) expect(content.length, path).toBe(sizeBytes);
      }
    });

    test('references: logo and bundles, and nothing else', () => {
      const others = references.filter(({ documentId }) => documentId === null);
      const bundles = (expected.shareLinkBundles ?? []).filter(({ status }) => status === 'ready');
      expect(others.map(({ role, path, sizeBytes }) => ({ role, path, sizeBytes }))).toEqual([
        ...bundles.map(({ path, sizeBytes }) => ({ role: 'shareLinkBundle', path, sizeBytes })),
        { role: 'logo', path: expected.logo, sizeBytes: null },
      ]);
      const named = new Set(references.map(({ path }) => path));
      expect(
        Object.keys(expected.files)
          .filter((path) => !named.has(path))
          .toSorted(),
      ).toEqual(expected.unreferencedFiles.toSorted());
    });

    test('orphans: what the product reports, without its false alarms and the junk', () => {
      const named = new Set(references.map(({ path }) => path));
      const orphans = Object.keys(expected.files).filter((path) => {
        const rule = adapter.classify('media', path, instance);
        return !named.has(path) && rule.keep && rule.standalone !== true;
      });
      expect(orphans.toSorted()).toEqual(
        [
          'documents/archive/2019/Waise.pdf',
          'documents/originals/Waise Ä.pdf',
          'documents/originals/alt/leer/Waise 2.pdf',
          'documents/thumbnails/0009999.webp',
        ]
          .map(
            (path) =>
              Object.keys(expected.files).find((file) => file.normalize() === path.normalize()) ??
              path,
          )
          .toSorted(),
      );
      const reported = expected.sanity.warnings.map(({ message }) => message);
      for (const path of orphans)
        expect(
          reported.some((message) => message.endsWith(path)),
          path,
        ).toBe(true);
    });

    test('findings: those of the product’s checker, without its wrong mismatches', () => {
      expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
      const withoutText = findings
        .filter(({ reason }) => reason === 'no-text')
        .map(({ documentId }) => Number(documentId));
      expect(withoutText).toEqual(expected.sanity.infos.map(({ document }) => document));
      for (const { document } of expected.sanity.errors) {
        const own = references.filter(
          ({ documentId, role }) => documentId === String(document) && role === 'original',
        );
        // The checker compares an MD5 with SHA-256, and the plaintext's MD5 with the encrypted file.
        expect(own[0]?.checksum?.algorithm ?? null, String(document)).not.toBe('sha256');
      }
    });

    test('documents: titles, tags, names, dates, trash, versions', () => {
      const roots = expected.documents.filter(({ root }) => root === null);
      const found = documents.map((document) => ({
        id: Number(document.id),
        title: document.title,
        created: document.created,
        modified: document.modified,
        correspondent: document.correspondent,
        documentType: document.documentType,
        storagePath: document.extra['storagePath'],
        tags: document.tags,
        owner: document.owner,
        asn: document.extra['archiveSerialNumber'],
        trashed: document.trashed,
        mimeType: document.extra['mimeType'],
        versions: document.documentVersions.map(({ id }) => Number(id)),
      }));
      expect(found).toEqual(
        roots.map((each) => ({
          id: each.id,
          title: each.title,
          created: each.created,
          modified: each.modified,
          correspondent: each.correspondent,
          documentType: each.documentType,
          storagePath: each.storagePath,
          tags: [...each.tags].toSorted(),
          owner: each.owner,
          asn: each.asn,
          trashed: each.trashed,
          mimeType: each.mimeType,
          versions: [
            each.id,
            ...expected.documents.filter(({ root }) => root === each.id).map(({ id }) => id),
          ],
        })),
      );
    });
  });
}

/** Captures of one version hold the same content with the same ids. */
const versions = [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('-'))))];

where(versions.length > 0)?.('the engine makes no difference', () => {
  test.each(versions)('%s', async (version) => {
    const own = names.filter((name) => name.startsWith(`${version}-`));
    expect(own.map(engineOf)).toEqual(['mariadb', 'postgres', 'sqlite']);
    const said = await Promise.all(
      own.map(async (name) => {
        const { opened, instance, references, documents, findings } = await findingsOf(name);
        const stamp = await adapter.stamp(opened.reader, { ...instance, roots: [] });
        const rules = adapter
          .tables(opened.reader.schema, stamp)
          .map((rule) => ({ ...rule, table: rule.table.replace(/^public\./, '') }))
          .toSorted((left, right) => (left.table < right.table ? -1 : 1));
        const unknown = opened.reader.schema.tables
          .map((table) => table.name)
          .filter((table) => rules.every((rule) => rule.table !== table));
        return { stamp, rules, unknown, references, documents, findings };
      }),
    );
    expect(said[0]?.documents.length).toBeGreaterThan(20);
    expect(said[0]?.unknown).toEqual([]);
    expect(said[1]).toEqual(said[0]);
    expect(said[2]).toEqual(said[0]);
    expect(JSON.stringify(said[1])).toBe(JSON.stringify(said[0]));
    expect(JSON.stringify(said[2])).toBe(JSON.stringify(said[0]));
  });
});

where(names.length > 0)?.('configuration files of all captures', () => {
  test.each(names)('%s', async (name) => {
    const directory = copyOf(name);
    const engine = engineOf(name);
    const input = (file: string): ConfigureInput => ({
      given: {
        configFiles: [join(directory, 'config', file)],
        media: join(directory, 'media'),
        data: join(directory, 'data'),
      },
      environment: {},
      workingDirectory: directory,
    });
    const run = (file: string): Promise<Instance> => adapter.configure(input(file));
    for (const file of ['paperless.conf', 'docker-compose.yml']) {
      const { database, secrets } = await run(file);
      const password = engine === 'sqlite' ? undefined : 'paperless';
      expect(await adapter.databasePassword!(input(file)), file).toBe(password);
      expect(database?.value.engine, file).toBe(engine);
      if (database?.value.engine !== 'sqlite') {
        expect(database?.value, file).toMatchObject({
          host: '127.0.0.1',
          user: 'paperless',
          name: 'paperless',
        });
      }
      expect(secrets.map((secret) => secret.name)).toContain('PAPERLESS_SECRET_KEY');
    }
    const image =
      (await run('docker-compose.yml')).settings.find((setting) => setting.name === 'image')
        ?.value ?? '';
    const exact = normalRelease(image.slice(image.indexOf(':') + 1));
    expect((await run('docker-compose.yml')).appVersion?.value ?? null).toBe(exact);
  });
});
