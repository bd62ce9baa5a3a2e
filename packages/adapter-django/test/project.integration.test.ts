// The adapter on a real Django 5.2 project, on SQLite, PostgreSQL and MariaDB. Django itself says what has to come out, before
// a backup and after a restore.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  backup,
  restore,
  verify,
  type BackupResult,
  type CatalogueDocument,
  type FileReference,
  type GivenLocation,
  type Instance,
  type InstanceOptions,
} from '@dms-backup/core';
import { contractTests, openDatabase } from '@dms-backup/core/testkit';
import { findMariadb } from '@dms-backup/test-fixtures/servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseProjectUrl } from '../src/database-url.ts';
import { adapter } from '../src/index.ts';
import {
  call,
  dropDatabases,
  emptyUrl,
  makeVirtualEnvironment,
  placeProject,
  planted,
  type Engine,
  type RealProject,
} from './real-project.ts';
import { inputAt, list } from './scratch.ts';

const scratch = mkdtempSync(join(tmpdir(), 'django-project-'));
const engines: Engine[] = ['sqlite', 'postgres', 'mariadb'];
const hasMariadb = (await findMariadb()) !== undefined;
const usable = engines.filter((engine) => engine !== 'mariadb' || hasMariadb);

let environment: Promise<string> | undefined;
const projects = new Map<Engine, Promise<RealProject>>();

/** Migrated and filled, once per engine. */
function projectOn(engine: Engine): Promise<RealProject> {
  const made = projects.get(engine) ?? makeProject(engine);
  projects.set(engine, made);
  return made;
}

async function makeProject(engine: Engine): Promise<RealProject> {
  const project = placeProject(scratch, await venv(), await emptyUrl(engine));
  if (engine === 'sqlite') await project.django(['makemigrations', 'archive']);
  else
    cpSync(await migrations(), join(project.directory, 'archive/migrations'), { recursive: true });
  await project.django(['migrate', '--verbosity', '0']);
  await project.django(['shell'], readFileSync(join(project.directory, 'seed.py'), 'utf8'));
  return project;
}

/** Made once: the same for all engines. */
async function migrations(): Promise<string> {
  return join((await projectOn('sqlite')).directory, 'archive/migrations');
}

function venv(): Promise<string> {
  environment ??= makeVirtualEnvironment(scratch);
  return environment;
}

beforeAll(async () => {
  await venv();
});

afterAll(async () => {
  await dropDatabases();
  rmSync(scratch, { recursive: true, force: true });
});

/** `table column path size` for every file, by Django itself. */
async function filesByDjango(project: RealProject): Promise<string[]> {
  const program = readFileSync(join(project.directory, 'expected.py'), 'utf8');
  const output = await project.django(['shell'], program);
  const line = output.split('\n').find((each) => each.startsWith('EXPECTED ')) ?? '';
  return (JSON.parse(line.slice('EXPECTED '.length)) as unknown[][]).map((each) => each.join(' '));
}

const byManage = (options: Record<string, string[]> = {}): GivenLocation => ({
  configFiles: [],
  options: { manage: ['manage.py'], ...options },
});

interface Read {
  readonly instance: Instance;
  readonly references: readonly FileReference[];
  readonly documents: readonly CatalogueDocument[];
  readonly ruled: readonly string[];
  readonly tables: readonly string[];
}

async function read(project: RealProject, given: GivenLocation): Promise<Read> {
  const instance = await adapter.configure(inputAt(project.directory, given));
  const { reader, close } = await openDatabase(instance.database!.value);
  try {
    const stamp = await adapter.stamp(reader, instance);
    return {
      instance,
      references: await list(adapter.references(reader, instance)),
      documents: await list(adapter.documents(reader, instance)),
      ruled: adapter
        .tables(reader.schema, stamp)
        .map(({ table }) => table.replace(/^public\./, '')),
      tables: reader.schema.tables.map(({ name }) => name),
    };
  } finally {
    await close();
  }
}

function optionsFor(project: RealProject, given: GivenLocation): InstanceOptions {
  return {
    adapter,
    adapterPackage: { name: '@dms-backup/adapter-django', packageVersion: '0.0.0' },
    given,
    environment: { PATH: process.env['PATH'] },
    workingDirectory: project.directory,
  };
}

async function backUp(project: RealProject, given = byManage()): Promise<BackupResult> {
  return await backup({
    ...optionsFor(project, given),
    destination: mkdtempSync(join(scratch, 'archive-')),
    compression: 'zstd',
    parts: ['database', 'media'],
    excludeClasses: [],
    dryRun: false,
  });
}

const restoring = {
  parts: ['database', 'media'],
  mediaStrategy: 'replace',
  planOnly: false,
  keepUndo: false,
  acceptUnknownVersion: false,
} as const;

/** The same code elsewhere, with an empty database. */
async function emptyCopy(project: RealProject, engine: Engine): Promise<RealProject> {
  const copy = placeProject(scratch, await venv(), await emptyUrl(engine));
  cpSync(join(project.directory, 'archive'), join(copy.directory, 'archive'), { recursive: true });
  return copy;
}

describe.each(usable)('%s', (engine) => {
  test('the project tells everything but secrets, and .env leads to the same database', async () => {
    const project = await projectOn(engine);
    const { instance, tables, ruled } = await read(project, byManage());
    expect(instance.database?.value.engine).toBe(engine);
    const byEnv = await adapter.configure(
      inputAt(project.directory, { configFiles: [project.configPath] }),
    );
    expect(byEnv.database?.value).toEqual(instance.database?.value);
    expect(instance.roots.map(({ name, directory }) => [name, directory])).toEqual([
      ['media', join(project.directory, 'media')],
      ['storage-private', join(project.directory, 'private')],
    ]);
    const settings = Object.fromEntries(instance.settings.map(({ name, value }) => [name, value]));
    expect(settings).toMatchObject({
      'settings module': 'office.settings',
      Django: expect.stringMatching(/^5\.2\./),
      INSTALLED_APPS: expect.stringContaining('archive'),
      'version in pyproject.toml': '1.4.0',
      'database elsewhere reports': 'reports',
      'files elsewhere archive_export.result': 'exports (office.storage.BucketStorage)',
    });
    expect(instance.secrets.map(({ name }) => name)).toContain('SECRET_KEY');
    expect(instance.warnings).toEqual([]);
    for (const secret of [
      planted.secretKey,
      planted.password,
      encodeURIComponent(planted.password),
    ])
      expect(JSON.stringify([instance, byEnv])).not.toContain(secret);
    // the guard against forgetting: each table that Django made has a rule
    expect(tables.filter((table) => !ruled.includes(table))).toEqual([]);
    expect(tables.length).toBeGreaterThan(14);
  });

  test('references are exactly the files that Django names', async () => {
    const project = await projectOn(engine);
    const { instance, references } = await read(project, byManage());
    const expected = await filesByDjango(project);
    const found = references.map(({ root, path, role, documentId }) => {
      const directory = instance.roots.find(({ name }) => name === root)?.directory ?? '';
      const file = join(directory, path);
      const size = readFileSync(file).length;
      return `${documentId?.split('/')[0]} ${role} ${file.slice(project.directory.length + 1)} ${size}`;
    });
    expect(found.toSorted()).toEqual(expected.toSorted());
    expect(found.length).toBe(12 + 12 + 4 + 3);
  });

  test('the catalogue does not depend on the engine', async () => {
    const given = { 'file-map': [join(scratch, 'map.json')] };
    writeFileSync(
      join(scratch, 'map.json'),
      '{"archive_revision.content": {"document": "document_id"}}',
    );
    const one = await read(await projectOn(engine), byManage(given));
    const other = await read(await projectOn('sqlite'), byManage(given));
    const unnamed = (documents: readonly CatalogueDocument[]) =>
      // Django makes a name unique with random letters where one is taken
      JSON.parse(JSON.stringify(documents).replaceAll(/_\w{7}\.txt/g, '.txt')) as unknown;
    expect(unnamed(one.documents)).toEqual(unnamed(other.documents));
    expect(one.documents.map(({ id }) => id)).toEqual(one.documents.map(({ id }) => id).toSorted());
    expect(one.documents.length).toBe(12 + 8 + 3);
    expect(
      one.documents.find(({ id }) => id === 'archive_revision/2')?.documentVersions.length,
    ).toBe(2);
    expect(one.documents.at(-1)?.id).toBe(`archive_revision/8`);
  });

  test('backup, restore into an empty copy: Django finds everything and has nothing to migrate', async () => {
    const project = await projectOn(engine);
    const given = byManage({ 'include-fixtures': ['true'] });
    const result = await backUp(project, given);
    expect(result.exitCode).toBe(0);
    expect(result.proof).toMatchObject({
      documents: 31 - 4,
      documentsComplete: 31 - 4,
      references: 31,
    });
    expect(result.unknownTables).toEqual([]);
    expect(result.excluded.map(({ kind, class: kind2 }) => [kind, kind2])).toEqual([
      ['table', 'ephemeral'],
    ]);
    expect(result.externals.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'database reports',
      'bucket exports (office.storage.BucketStorage)',
    ]);
    const archive = result.path ?? '';
    await verify({ archive, workingDirectory: scratch, quick: false });

    const copy = await emptyCopy(project, engine);
    const restored = await restore({
      ...optionsFor(copy, given),
      ...restoring,
      archive,
      confirm: async () => true,
    });
    expect(restored.exitCode).toBe(0);
    expect(restored.nextSteps.join(' ')).toContain('manage.py migrate');
    expect(await filesByDjango(copy)).toEqual(await filesByDjango(project));
    await copy.django(['migrate', '--check']);
    await copy.django(['check', '--database', 'default']);
    const count =
      'from django.contrib.sessions.models import Session\nfrom django.contrib.auth import authenticate\nprint("COUNT", Session.objects.count(), authenticate(username="anna", password="swordfish-planted") is not None)';
    expect(await copy.django(['shell'], count)).toContain('COUNT 0 True');
  });
});

test('an older archive migrates, a newer one is refused', async () => {
  const project = await projectOn('sqlite');
  const older = (await backUp(project)).path ?? '';
  const newer = await emptyCopy(project, 'sqlite');
  const models = join(newer.directory, 'archive/models.py');
  writeFileSync(
    models,
    readFileSync(models, 'utf8').replace(
      'title = models',
      'color = models.CharField(max_length=9, default="red")\n    title = models',
    ),
  );
  await newer.django(['makemigrations', 'archive', '--name', 'color']);
  await newer.django(['migrate', '--verbosity', '0']);
  const given = byManage();
  const asked = { ...optionsFor(newer, given), ...restoring, archive: older };
  const { plan } = await restore({ ...asked, planOnly: true });
  expect(plan.compatibility).toMatchObject({
    verdict: 'migrates',
    explanation: expect.stringContaining('archive: 0002_color'),
  });
  await restore({ ...asked, confirm: async () => true });
  await newer.django(['migrate', '--verbosity', '0']);
  expect((await filesByDjango(newer)).length).toBe(31);

  const newest = (await backUp(newer)).path ?? '';
  const back = { ...optionsFor(project, given), ...restoring, archive: newest, planOnly: true };
  expect((await restore(back)).plan.compatibility.verdict).toBe('too-new');
});

test('a file that is missing is named, and the backup says so with code 3', async () => {
  const project = await emptyCopy(await projectOn('sqlite'), 'sqlite');
  await project.django(['migrate', '--verbosity', '0']);
  await project.django(['shell'], readFileSync(join(project.directory, 'seed.py'), 'utf8'));
  const { references } = await read(project, byManage());
  const gone = references.find(({ root }) => root === 'media')?.path ?? '';
  rmSync(join(project.directory, 'media', gone));
  const result = await backUp(project);
  expect(result.exitCode).toBe(3);
  expect(result.proof.exceptionsListed).toMatchObject([{ reason: 'missing', path: gone }]);
});

test('the password comes from the project, and only through its own member', async () => {
  const project = await projectOn('postgres');
  const ask = (given: GivenLocation) =>
    adapter.databasePassword?.(inputAt(project.directory, given));
  expect(await ask(byManage())).toBe(planted.password);
  expect(await ask({ configFiles: [project.configPath] })).toBe(planted.password);
  const database = { engine: 'postgres', host: 'x', name: 'y', user: 'somebody else' } as const;
  expect(await ask({ ...byManage(), database })).toBeUndefined();
});

test('another alias, and one that does not exist', async () => {
  const project = await projectOn('sqlite');
  const configured = (alias: string) =>
    adapter.configure(inputAt(project.directory, byManage({ 'database-alias': [alias] })));
  expect((await configured('reports')).database?.value).toEqual({
    engine: 'sqlite',
    path: join(project.directory, 'reports.sqlite3'),
  });
  await expect(configured('nothing')).rejects.toMatchObject({
    code: 'configuration-invalid',
    hint: expect.stringContaining('default, reports'),
  });
});

test('a project that cannot start says why, without its secrets', async () => {
  const project = placeProject(scratch, await venv(), 'oracle://u:hidden-planted@db/x');
  await expect(adapter.configure(inputAt(project.directory, byManage()))).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.not.stringContaining('planted'),
  });
  writeFileSync(project.configPath, '');
  await expect(adapter.configure(inputAt(project.directory, byManage()))).rejects.toMatchObject({
    message: expect.stringContaining('ImproperlyConfigured'),
  });
});

test('DATABASE_URL is read as dj-database-url and django-environ read it', async () => {
  const urls = [
    'sqlite:///db.sqlite3',
    'sqlite:////var/data/db.sqlite3',
    'sqlite:////var/a%20b.sqlite3',
    'spatialite:///geo.db',
    'postgres://u:p%40%3A%2F%23w@db:5433/n',
    'postgresql://u%40x:p@db/n',
    'postgis://u:p@db/n?sslmode=require',
    'psql://u:p@db/n',
    'pgsql://u:p@db:5432/n',
    'postgres://u:100%@db/n',
    'postgres://u:a:b@db/n',
    'postgres://u:a@b@db/n',
    'postgres://u:p@[::1]:5432/n',
    'postgres:///n',
    'postgres://%2Frun%2Fpostgresql/n',
    'postgres:////run/postgresql/n',
    'mysql://u:p@db:3307/n',
    'mysql2://u:p@db/n',
    'mysqlgis://u:p%C3%A4@db/n%20x',
  ];
  const program = `
import json, sys, warnings
warnings.simplefilter("ignore")
import dj_database_url, environ
def facts(parse, url):
    try:
        found = parse(url)
        return [str(found.get(key) or "") for key in ("NAME", "HOST", "PORT", "USER", "PASSWORD")]
    except Exception:
        return None
print(json.dumps([[facts(dj_database_url.parse, url), facts(environ.Env.db_url_config, url)] for url in json.loads(sys.argv[1])]))
`;
  const output = await call(join(await venv(), 'bin/python'), [
    '-c',
    program,
    JSON.stringify(urls),
  ]);
  const theirs = JSON.parse(output) as (string[] | null)[][];
  for (const [index, url] of urls.entries()) {
    const { location, password } = parseProjectUrl(url, '', 'test');
    const ours =
      location.engine === 'sqlite'
        ? [location.path.replace(`${process.cwd()}/`, ''), '', '', '', '']
        : [
            location.name,
            location.host,
            String(location.port ?? ''),
            location.user ?? '',
            password ?? '',
          ];
    // One of them reads it this way; where both can, they mostly agree.
    expect(theirs[index], url).toContainEqual(ours);
  }
});

contractTests({
  test,
  adapter,
  samples: usable.map((engine) => ({
    name: `a real project on ${engine}`,
    open: async () => {
      const project = await projectOn(engine);
      return {
        directory: project.directory,
        given: byManage({ 'include-fixtures': ['true'] }),
        secrets: [planted.secretKey, planted.password, 'session-planted', 'swordfish-planted'],
        appVersion: '1.4.0',
        documents: 12 + 12 + 3,
        broken: [],
      };
    },
  })),
});
