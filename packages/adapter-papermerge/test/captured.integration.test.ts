// The adapter on captured installations of the real product, compared with what a reader without product code found there
// (`expected.json`). The captures lie beside the repository and are not part of it: without them nothing runs here.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueDocument, FileReference, Instance, RowFinding } from '@dms-backup/core';
import { contractTests, openDatabase, type OpenedDatabase } from '@dms-backup/core/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapter } from '../src/index.ts';
import { matchMigrations, states, stateOf, type Generation } from '../src/migrations.ts';
import { isWithin } from '../src/release.ts';
import { list } from './built-instance.ts';
import {
  captures,
  copyOf,
  databaseOf,
  isSqlite,
  readExpected,
  removeCopies,
  type Expected,
} from './captured-instance.ts';

const names = existsSync(captures)
  ? readdirSync(captures).filter((name) => name.startsWith('papermerge-'))
  : [];

const facts = join(captures, '../products/papermerge/migrations.json');

afterAll(removeCopies);

/** `describe` where the captures are; elsewhere nothing is registered: a skipped test would look like a passed one. */
function where(there: boolean): typeof describe | undefined {
  return there ? describe : undefined;
}

/** The expected paths keep the form of names (NFC, NFD) that the file system has. */
function withoutFile({ versionsWithoutFile }: Expected): string[] {
  return versionsWithoutFile.map(({ document }) => String(document));
}

where(names.length > 0)?.('captured installations keep the contract', () => {
  contractTests({
    test,
    adapter,
    samples: names.map((name) => ({
      name,
      open: async () => {
        const directory = copyOf(name);
        const expected = readExpected(name);
        const isInteger = expected.version.startsWith('2.0');
        return {
          directory,
          given: {
            configFiles: [],
            database: await databaseOf(name, directory),
            media: join(directory, 'media'),
            appVersion: expected.version,
          },
          secrets: ['pw-admin', 'pbkdf2'],
          appVersion: expected.version,
          documents: expected.documents.length,
          // 2.0 always stores the upload, so a row without one is incomplete
          broken: isInteger ? ['media/docs/user_2/document_27/never uploaded.pdf'] : [],
        };
      },
    })),
  });
});

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
      directory = copyOf(name);
      expected = readExpected(name);
      instance = await adapter.configure({
        given: {
          configFiles: [],
          database: await databaseOf(name, directory),
          media: join(directory, 'media'),
        },
        environment: {},
        workingDirectory: directory,
      });
      opened = await openDatabase(instance.database!.value);
      references = await list(adapter.references(opened.reader, instance));
      documents = await list(adapter.documents(opened.reader, instance));
      findings = await list(adapter.inspectRows!(opened.reader, instance));
    });

    afterAll(() => opened.close());

    test('the stamp is the state of the migrations, and exact where one release alone has it', async () => {
      const stamp = await adapter.stamp(opened.reader, instance);
      const state = states.find(
        ({ migration, from }) =>
          migration === expected.migrationHead && isWithin(expected.version, stateOf(from)!),
      )!;
      expect(stamp).toMatchObject({
        range: { from: state.from, to: state.to },
        appVersion: state.releases.length === 1 ? state.from : null,
        migrationState: 'complete',
        warnings: [],
      });
      for (const unknown of expected.migrationsUnknown ?? []) {
        expect(stamp.migrations).toContain(`core.${unknown}`);
        expect(JSON.stringify(stamp.evidence)).toContain(unknown);
      }
    });

    test('documents: titles, owners, folders, tags', () => {
      const found = documents.map(({ id, title, owner, folder, tags }) => ({
        id,
        title,
        owner,
        path: folder.join('/'),
        tags,
      }));
      const wanted = expected.documents.map(({ id, title, owner, path, tags }) => ({
        id: String(id),
        title,
        owner,
        path,
        tags: tags.toSorted(),
      }));
      const byId = (left: { id: string }, right: { id: string }): number =>
        left.id.localeCompare(right.id);
      expect(found.toSorted(byId)).toEqual(wanted.toSorted(byId));
    });

    test('versions: every file of every version, in order', () => {
      for (const { id, versions } of expected.documents) {
        const found = documents.find((each) => each.id === String(id))!.documentVersions;
        const paths = found.flatMap(({ files }) => files.map(({ path }) => path));
        const wanted = versions.flatMap(({ file }) => (file === null ? [] : [file]));
        if (withoutFile(expected).includes(String(id))) {
          expect(paths.every((path) => path.includes('never uploaded'))).toBe(true);
        } else {
          expect(paths, String(id)).toEqual(wanted);
        }
      }
    });

    test('references: all essential ones are there, with the stated size', () => {
      const isInteger = expected.version.startsWith('2.0');
      const missing = references.filter(({ path }) => !existsSync(join(directory, 'media', path)));
      expect(missing.map(({ documentId }) => documentId)).toEqual(
        isInteger ? withoutFile(expected) : [],
      );
      for (const reference of references) {
        if (reference.sizeBytes === null || missing.includes(reference)) continue;
        const content = readFileSync(join(directory, 'media', reference.path));
        expect(content.length, reference.path).toBe(reference.sizeBytes);
      }
    });

    test('files: each is named by a row, or is one of the known orphans', () => {
      const named = new Set(references.map(({ path }) => path));
      const orphans = Object.keys(expected.files).filter((path) => !named.has(path));
      expect(orphans.toSorted()).toEqual(
        [
          ...expected.orphanFiles,
          ...(expected.orphanRows ?? []).map(({ file }) => file),
        ].toSorted(),
      );
    });

    test('findings: daily life is no error', () => {
      expect(findings.filter(({ level }) => level !== 'info')).toEqual([]);
      const never = findings.filter(({ reason }) => reason === 'never-uploaded');
      expect(never.map(({ documentId }) => documentId)).toEqual(
        expected.version.startsWith('2.0') ? [] : withoutFile(expected),
      );
      const leftOver = findings.filter(({ reason }) => reason === 'left-over-rows');
      expect(leftOver.length > 0).toBe((expected.orphanRows ?? []).length > 0);
    });

    test('tables: each has a rule', async () => {
      const { schema } = opened.reader;
      const stamp = await adapter.stamp(opened.reader, instance);
      const known = new Set(
        adapter.tables(schema, stamp).map(({ table }) => table.replace(/^public\./, '')),
      );
      expect(schema.tables.map((table) => table.name).filter((table) => !known.has(table))).toEqual(
        [],
      );
    });
  });
}

where(names.length > 0)?.('configuration files of all captures', () => {
  const files = names.flatMap((name) =>
    readdirSync(join(captures, name, 'config'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.\w+$/.test(file))
      .map((file) => [name, file] as const),
  );

  test.each(files)('%s: %s', async (name, file) => {
    const input = {
      given: {
        configFiles: [join(captures, name, 'config', file)],
        media: join(captures, name, 'media'),
      },
      environment: {},
      workingDirectory: '/',
    };
    const instance = await adapter.configure(input);
    expect(JSON.stringify(instance.settings)).not.toContain('password');
    if (file === 'docker/papermerge.conf.py') {
      // dead settings of an image that takes the database from variables: read only beside them
      expect(instance.database?.value).toMatchObject({ host: 'not-used.invalid' });
    } else if (isSqlite(name)) {
      if (file.endsWith('.py')) {
        expect(instance.database?.value).toEqual({
          engine: 'sqlite',
          path: '/opt/papermerge/db/db.sqlite3',
        });
      } else {
        expect(instance.database).toBeUndefined();
        expect(instance.warnings.join()).toContain("'/db/db.sqlite3'");
      }
    } else {
      expect(instance.database?.value).toMatchObject({
        engine: 'postgres',
        host: '127.0.0.1',
        port: 5432,
        user: 'papermerge',
        name: 'papermerge',
      });
      expect(await adapter.databasePassword!(input)).toBe('papermerge');
      expect(instance.secrets.length).toBeGreaterThan(0);
    }
  });

  test('2.0 in a container: variables beat the conf file, which names the media', async () => {
    const directory = join(captures, 'papermerge-2.0.1-postgresql/config/docker');
    const instance = await adapter.configure({
      given: {
        configFiles: ['papermerge.conf.py', 'docker.env'].map((file) => join(directory, file)),
      },
      environment: {},
      workingDirectory: '/',
    });
    expect(instance.database?.value).toMatchObject({ host: '127.0.0.1', name: 'papermerge' });
    expect(instance.warnings.join()).toContain("'/opt/media'");
  });
});

where(existsSync(facts))?.('releases and migrations of the fact sheet', () => {
  interface Sheet {
    readonly by_head: Readonly<Record<string, readonly string[]>>;
    readonly versions: Readonly<
      Record<string, { django?: Readonly<Record<string, string>>; alembic_head?: string }>
    >;
    readonly chains: Readonly<Record<string, readonly { name: string; only_in?: string[] }[]>>;
  }
  const sheet = existsSync(facts)
    ? (JSON.parse(readFileSync(facts, 'utf8')) as Sheet)
    : { by_head: {}, versions: {}, chains: {} };

  test.each(Object.entries(sheet.by_head))('%s', (head, releases) => {
    const migration = head.slice(head.lastIndexOf(':') + 1);
    const state = stateOf(releases[0] ?? '')!;
    expect(state).toMatchObject({ migration, releases });
    expect(state.generation === '3.3+').toBe(head.startsWith('alembic:'));
  });

  test.each(Object.entries(sheet.versions))('%s', (release, { django, alembic_head: head }) => {
    expect(stateOf(release)?.migration).toBe(head ?? django?.['core']);
  });

  test('every name of every history is known', () => {
    const generationOf: Readonly<Record<string, Generation>> = {
      'core-1.x-2.0': '1.x-2.0',
      'core-2.1': '2.1',
      'core-3.0-3.2': '3.0-3.2',
      alembic: '3.3+',
    };
    for (const [chain, entries] of Object.entries(sheet.chains)) {
      const label = chain === 'alembic' ? 'alembic' : 'core';
      const all = entries.map(({ name }) => `${label}.${name}`);
      const finding = matchMigrations(generationOf[chain]!, all);
      expect(finding).toMatchObject({ progress: 'complete', unknown: [], made: [], foreign: [] });
      expect(finding.withdrawn).toEqual(
        entries.filter(({ only_in: only }) => only !== undefined).map(({ name }) => name),
      );
    }
  });
});
