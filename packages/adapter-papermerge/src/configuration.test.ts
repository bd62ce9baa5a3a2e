import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigureInput, GivenLocation, Instance } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';

const scratch = mkdtempSync(join(tmpdir(), 'papermerge-configuration-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder with these files; a name that ends with a slash is a directory. */
function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(scratch, 'folder-'));
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, text);
  }
  return root;
}

function inputOf(
  workingDirectory: string,
  given: Partial<GivenLocation> = {},
  environment: Readonly<Record<string, string>> = {},
): ConfigureInput {
  return { given: { configFiles: [], ...given }, environment, workingDirectory };
}

function run(...input: Parameters<typeof inputOf>): Promise<Instance> {
  return configure(inputOf(...input));
}

function rootsOf({ roots }: Instance): Record<string, string> {
  return Object.fromEntries(roots.map(({ name, directory }) => [name, directory]));
}

function settingsOf({ settings }: Instance): Record<string, string> {
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

test('flags alone', async () => {
  const here = folder({ 'm/': '' });
  const instance = await run(here, {
    database: { engine: 'sqlite', path: 'db.sqlite3' },
    media: 'm',
    data: 'd',
    appVersion: '3.2',
  });
  expect(instance).toEqual({
    database: { value: { engine: 'sqlite', path: join(here, 'db.sqlite3') }, source: '--database' },
    roots: [
      { name: 'media', directory: join(here, 'm'), source: '--media', required: true },
      { name: 'data', directory: join(here, 'd'), source: '--data', required: false },
    ],
    appVersion: { value: '3.2', source: '--app-version' },
    settings: [],
    secrets: [],
    lookedAt: [],
    warnings: [],
  });
});

test('nothing anywhere is no error, and the places are listed', async () => {
  const here = folder({});
  const instance = await run(here);
  expect(instance).toMatchObject({ roots: [], settings: [], secrets: [], warnings: [] });
  expect(instance.database).toBeUndefined();
  const places = instance.lookedAt.map(({ place }) => place);
  expect(places).toEqual(
    expect.arrayContaining([
      join(here, 'docker-compose.yml'),
      '/etc/papermerge/papermerge.toml',
      '/etc/papermerge.conf.py',
      join(here, 'papermerge.conf.py'),
      join(here, 'papermerge.toml'),
    ]),
  );
});

describe('papermerge.conf.py (1.3 - 2.0)', () => {
  test('a server', async () => {
    const here = folder({
      'papermerge.conf.py':
        'DBTYPE = "mysql"\nDBHOST = "db.example"\nDBPORT = 3307\nDBPASS = "hunter2"\nMEDIA_DIR = "/srv/media"\nOCR_DEFAULT_LANGUAGE = "deu"\n',
    });
    const instance = await run(here);
    expect(instance.database).toEqual({
      value: {
        engine: 'mariadb',
        host: 'db.example',
        port: 3307,
        user: 'papermerge',
        name: 'papermerge',
      },
      source: `DBHOST in ${join(here, 'papermerge.conf.py')}`,
    });
    expect(rootsOf(instance)).toEqual({ media: '/srv/media' });
    expect(settingsOf(instance)).toEqual({ DBTYPE: 'mysql', OCR_DEFAULT_LANGUAGE: 'deu' });
    expect(instance.secrets).toEqual([
      { name: 'DBPASS', source: join(here, 'papermerge.conf.py') },
    ]);
    expect(JSON.stringify(instance)).not.toContain('hunter2');
    expect(await databasePassword(inputOf(here))).toBe('hunter2');
  });

  test.each(['pg', 'postgre', 'postgres', 'postgresql', 'PG'])('DBTYPE %s', async (word) => {
    const instance = await run(folder({ 'papermerge.conf.py': `DBTYPE = "${word}"` }));
    expect(instance.database?.value).toEqual({
      engine: 'postgres',
      host: 'localhost',
      user: 'papermerge',
      name: 'papermerge',
    });
  });

  test('SQLite: DBDIR, else beside the file', async () => {
    const named = await run(folder({ 'papermerge.conf.py': 'DBDIR = "/srv/db"' }));
    expect(named.database?.value).toEqual({ engine: 'sqlite', path: '/srv/db/db.sqlite3' });
    const here = folder({ 'papermerge.conf.py': '', 'db.sqlite3': '', 'media/': '' });
    const beside = await run(here);
    expect(beside.database?.value).toEqual({ engine: 'sqlite', path: join(here, 'db.sqlite3') });
    expect(rootsOf(beside)).toEqual({ media: join(here, 'media') });
    const nowhere = await run(folder({ 'papermerge.conf.py': '' }));
    expect(nowhere.database).toBeUndefined();
    expect(nowhere.roots).toEqual([]);
  });

  test('nothing is executed: computed values are told', async () => {
    const here = folder({
      'papermerge.conf.py': 'import os\nMEDIA_DIR = os.environ["X"]\nDBNAME = f()\n',
      'media/': '',
    });
    const instance = await run(here);
    expect(instance.roots).toEqual([]);
    expect(instance.warnings).toEqual([
      expect.stringContaining('MEDIA_DIR'),
      expect.stringContaining('DBNAME'),
    ]);
  });

  test('an unknown type', async () => {
    const instance = await run(folder({ 'papermerge.conf.py': 'DBTYPE = "oracle"' }));
    expect(instance.database).toBeUndefined();
    expect(instance.warnings).toEqual([expect.stringContaining('DBTYPE')]);
  });

  test('PAPERMERGE_CONFIG names the file when the usual places have none', async () => {
    const here = folder({ 'other.py': 'MEDIA_DIR = "/other"' });
    expect(rootsOf(await run(here, {}, { PAPERMERGE_CONFIG: 'other.py' }))).toEqual({
      media: '/other',
    });
  });

  test('the version that the installation states', async () => {
    const here = folder({
      'papermerge.conf.py': '',
      'papermerge/__init__.py': "VERSION = (1, 5, 5, 'final', 0)\n",
    });
    expect(settingsOf(await run(here))['version file']).toBe('1.5.5');
  });

  test('a storage class of its own', async () => {
    const here = folder({ 'papermerge.conf.py': 'DEFAULT_FILE_STORAGE = "pm_s3.Storage"' });
    expect((await run(here)).warnings).toEqual([expect.stringContaining('pm_s3.Storage')]);
    const usual = folder({
      'papermerge.conf.py': 'DEFAULT_FILE_STORAGE = "mglib.storage.FileSystemStorage"',
    });
    expect((await run(usual)).warnings).toEqual([]);
  });
});

describe('papermerge.toml and PAPERMERGE__SECTION__NAME (2.1)', () => {
  const toml =
    '[main]\nmedia_root = "/srv/media"\nsecret_key = "hunter2"\n[database]\ntype = "postgres"\nhost = "db.example"\nuser = "pm"\npassword = "hunter2"\n';

  test('the file', async () => {
    const here = folder({ 'papermerge.toml': toml });
    const instance = await run(here);
    const file = join(here, 'papermerge.toml');
    expect(instance.database).toEqual({
      value: { engine: 'postgres', host: 'db.example', user: 'pm', name: 'papermerge' },
      source: `[database] host in ${file}`,
    });
    expect(rootsOf(instance)).toEqual({ media: '/srv/media' });
    expect(instance.secrets.map(({ name }) => name)).toEqual([
      'PAPERMERGE__DATABASE__PASSWORD',
      'PAPERMERGE__MAIN__SECRET_KEY',
    ]);
    expect(JSON.stringify(instance)).not.toContain('hunter2');
    expect(await databasePassword(inputOf(here))).toBe('hunter2');
  });

  test('the environment wins; an empty variable counts as not set', async () => {
    const here = folder({ 'papermerge.toml': toml });
    const instance = await run(
      here,
      {},
      {
        PAPERMERGE__DATABASE__HOST: 'other.example',
        PAPERMERGE__DATABASE__USER: '',
        PAPERMERGE__MAIN__MEDIA_ROOT: 'relative',
      },
    );
    expect(instance.database?.value).toMatchObject({ host: 'other.example', user: 'pm' });
    expect(rootsOf(instance)).toEqual({ media: join(here, 'relative') });
  });

  test('PAPERMERGE__CONFIG; SQLite in DATABASE__DIR', async () => {
    const here = folder({ 'x.toml': '[database]\ndir = "/srv/db"\n' });
    const instance = await run(here, {}, { PAPERMERGE__CONFIG: 'x.toml' });
    expect(instance.database?.value).toEqual({ engine: 'sqlite', path: '/srv/db/db.sqlite3' });
  });

  test('a conf file of 2.0 beside it is told', async () => {
    const here = folder({ 'papermerge.toml': toml, 'papermerge.conf.py': 'MEDIA_DIR = "/old"' });
    const instance = await run(here);
    expect(rootsOf(instance)).toEqual({ media: '/srv/media' });
    expect(instance.warnings).toEqual([expect.stringContaining('name one with --config')]);
  });
});

describe('variables of 3.0 and later', () => {
  test('the environment, in any case', async () => {
    const here = folder({ 'media/': '' });
    const instance = await run(
      here,
      {},
      { papermerge__database__url: 'postgresql://pm:hunter2@db.example:5433/docs' },
    );
    expect(instance.database).toEqual({
      value: { engine: 'postgres', host: 'db.example', port: 5433, user: 'pm', name: 'docs' },
      source: 'papermerge__database__url in the environment',
    });
    expect(rootsOf(instance)).toEqual({ media: join(here, 'media') });
    expect(instance.secrets.map(({ name }) => name)).toContain('PAPERMERGE__DATABASE__URL');
    expect(JSON.stringify(instance)).not.toContain('hunter2');
  });

  test('PM_ of 3.6, with TLS', async () => {
    const environment = {
      PM_DB_URL: 'postgresql://pm:hunter2@db.example/pmdb',
      PM_DB_SSL: 'true',
      PM_MEDIA_ROOT: '/srv/media',
      PM_SECRET_KEY: 'hunter2',
    };
    const here = folder({});
    const instance = await run(here, {}, environment);
    expect(instance.database?.value).toEqual({
      engine: 'postgres',
      host: 'db.example',
      user: 'pm',
      name: 'pmdb',
      options: { sslmode: 'require' },
    });
    expect(rootsOf(instance)).toEqual({ media: '/srv/media' });
    expect(JSON.stringify(instance)).not.toContain('hunter2');
    expect(await databasePassword(inputOf(here, {}, environment))).toBe('hunter2');
  });

  test('a URL that is none', async () => {
    const instance = await run(folder({}), {}, { PM_DB_URL: 'postgres-hunter2' });
    expect(instance.database).toBeUndefined();
    expect(instance.warnings).toEqual([expect.stringContaining('PM_DB_URL')]);
    expect(instance.warnings.join()).not.toContain('hunter2');
  });

  test('an env file alone speaks of paths inside the container', async () => {
    const here = folder({ 'docker.env': 'PAPERMERGE__DATABASE__URL=sqlite:////db/db.sqlite3\n' });
    const instance = await run(here, { configFiles: ['docker.env'] });
    expect(instance.roots).toEqual([]);
    expect(instance.database).toBeUndefined();
    expect(instance.warnings).toEqual([
      expect.stringContaining("'/core_app/media'"),
      expect.stringContaining("'/db/db.sqlite3'"),
    ]);
  });

  test.each([
    [{ PAPERMERGE__MAIN__FILE_SERVER: 's3', PAPERMERGE__S3__BUCKET_NAME: 'b' }, 'FILE_SERVER=s3'],
    [{ PM_STORAGE_BACKEND: 'r2', PM_BUCKET_NAME: 'b', PM_PREFIX: 'p' }, '(b/p)'],
    [{ PM_STORAGE_BACKEND: 's3' }, 'PM_STORAGE_BACKEND=s3'],
  ])('storage elsewhere is told loudly: %o', async (environment, words) => {
    const { warnings } = await run(folder({}), {}, environment);
    expect(warnings).toEqual([expect.stringContaining(words)]);
    expect(warnings[0]).toContain('no archive');
  });

  test.each([{ PM_STORAGE_BACKEND: 'local' }, { PAPERMERGE__MAIN__FILE_SERVER: 'local' }])(
    'storage here: %o',
    async (environment) => {
      expect((await run(folder({}), {}, environment)).warnings).toEqual([]);
    },
  );
});
