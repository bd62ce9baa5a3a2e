// Where the instance is: every place of the configuration, flags over all, and no secret in what comes back.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigureInput, Instance } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nextgisweb-configuration-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function folder(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(scratch, 'place-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

function input(
  workingDirectory: string,
  given: Partial<ConfigureInput['given']> = {},
  environment: ConfigureInput['environment'] = {},
): ConfigureInput {
  return { given: { configFiles: [], ...given }, environment, workingDirectory };
}

const full = [
  '[core]',
  'database.host = db.example',
  'database.port = 5433',
  'database.name = maps',
  'database.user = mapper',
  'database.password = hunter2-database',
  'sdir = data',
  'backup.path = backup',
  'backup.filename = maps-%Y%m%d.ngwbackup',
  '[auth]',
  'oauth.client.secret = hunter2-oauth',
  'oauth.server.url = https://me:hunter2-url@sso.example',
  '[llm_core]',
  'api_key = hunter2-key',
].join('\n');

function rootsOf({ roots }: Instance): Record<string, string> {
  return Object.fromEntries(roots.map(({ name, directory }) => [name, directory]));
}

describe('files', () => {
  test('one file gives database, directory, destination, name, and names of secrets', async () => {
    const place = folder({ 'etc/ngw.ini': full });
    const found = await configure(input(place, { configFiles: ['etc/ngw.ini'] }));
    expect(found.database?.value).toEqual({
      engine: 'postgres',
      host: 'db.example',
      port: 5433,
      name: 'maps',
      user: 'mapper',
    });
    expect(rootsOf(found)).toEqual({ media: join(place, 'data') });
    expect(found.destination?.value).toBe(join(place, 'backup'));
    expect(found.archiveName?.value).toBe('maps-%Y%m%d.ngwbackup');
    expect(found.secrets.map(({ name }) => name)).toEqual([
      'auth.oauth.client.secret',
      'auth.oauth.server.url',
      'core.database.password',
      'llm_core.api_key',
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter2');
    expect(found.warnings).toEqual([]);
  });

  test('several files by --config replace NEXTGISWEB_CONFIG; without --config the variable counts', async () => {
    const place = folder({
      'a.ini': full,
      'b.ini': '[core]\nsdir = other\nbackup.filename =',
      'c.ini': '[core]\nsdir = third\ndatabase.name = third',
    });
    const environment = { NEXTGISWEB_CONFIG: `c.ini:${join(place, 'b.ini')}` };
    const given = await configure(input(place, { configFiles: ['a.ini', 'b.ini'] }, environment));
    expect(rootsOf(given)).toEqual({ media: join(place, 'other') });
    expect(given.database?.value).toMatchObject({ name: 'maps' });
    expect(given.archiveName).toEqual({
      value: '%Y%m%d-%H%M%S.ngwbackup',
      source: 'default of core.backup.filename',
    });
    const stated = await configure(input(place, {}, environment));
    expect(rootsOf(stated)).toEqual({ media: join(place, 'other') });
    expect(stated.database?.value).toMatchObject({ name: 'third', host: 'localhost' });
    expect(stated.archiveName).toBeUndefined();
  });

  test('a file of NEXTGISWEB_CONFIG that is not here is named; one of --config ends the run', async () => {
    const place = folder({ 'a.ini': full });
    const found = await configure(input(place, {}, { NEXTGISWEB_CONFIG: 'a.ini:/no/such.ini' }));
    expect(found.warnings).toEqual([
      "NEXTGISWEB_CONFIG in the environment names '/no/such.ini', which does not exist here",
    ]);
    expect(rootsOf(found)).toEqual({ media: join(place, 'data') });
    await expect(configure(input(place, { configFiles: ['no.ini'] }))).rejects.toMatchObject({
      code: 'configuration-invalid',
    });
  });

  test('the usual places: here, in config/, in the home of the vendor', async () => {
    const here = folder({ 'config.ini': full, 'config/config.ini': '[core]\nsdir = no' });
    expect(rootsOf(await configure(input(here)))).toEqual({ media: join(here, 'data') });
    const home = folder({
      'config/config.ini': '[core]\nlocale.default = ru',
      'env/bin/nextgisweb': '',
      'data/app/file_storage/.keep': '',
    });
    const found = await configure(input(folder(), {}, { NGWROOT: home }));
    expect(found.roots).toEqual([
      {
        name: 'media',
        directory: join(home, 'data/app'),
        source: 'default of the container image',
        required: true,
      },
    ]);
    expect(found.settings.map(({ name }) => name)).toContain('core.locale.default');
  });

  test('an empty place gives nothing', async () => {
    const found = await configure(input(folder()));
    expect(found).toMatchObject({ roots: [], settings: [], secrets: [], warnings: [] });
    expect(found.database).toBeUndefined();
    expect(found.destination).toBeUndefined();
    expect(found.archiveName).toBeUndefined();
    expect(found.lookedAt.every((each) => !each.found)).toBe(true);
  });
});

describe('variables', () => {
  test('they win over files, an env file counts as variables, and the environment wins over it', async () => {
    const place = folder({
      'ngw.env':
        'NEXTGISWEB__CORE__SDIR=from-env-file\nNEXTGISWEB__CORE__DATABASE__HOST=envhost\nHERE=x',
      'a.ini': `${full}\n[pyramid]\nbackup.download = yes`,
    });
    const found = await configure(
      input(
        place,
        { configFiles: ['ngw.env', 'a.ini'] },
        { NEXTGISWEB__CORE__DATABASE__HOST: 'shell', NEXTGISWEB_CORE__DATABASE__PORT: '' },
      ),
    );
    expect(found.database?.value).toEqual({
      engine: 'postgres',
      host: 'shell',
      user: 'mapper',
      name: 'maps',
    });
    expect(rootsOf(found)).toEqual({ media: join(place, 'from-env-file') });
  });

  test('an env file alone is the whole configuration', async () => {
    const place = folder({ 'ngw.env': 'NEXTGISWEB__CORE__SDIR=data', 'config.ini': full });
    const found = await configure(input(place, { configFiles: ['ngw.env'] }));
    expect(found.database?.value).toMatchObject({ name: 'nextgisweb' });
    expect(found.lookedAt.map((each) => each.place)).not.toContain(join(place, 'config.ini'));
  });

  test('NEXTGISWEB_CONFIG_INCLUDE comes after the files and may use the environment', async () => {
    const place = folder({ 'a.ini': full });
    const found = await configure(
      input(
        place,
        { configFiles: ['a.ini'] },
        {
          NEXTGISWEB_CONFIG_INCLUDE: '[core]\nsdir = ${NGW_HOME:/opt}/inline',
          NGW_HOME: '/srv/ngw',
        },
      ),
    );
    expect(found.roots).toEqual([
      {
        name: 'media',
        directory: '/srv/ngw/inline',
        source: 'core.sdir in NEXTGISWEB_CONFIG_INCLUDE in the environment',
        required: true,
      },
    ]);
  });
});

describe('flags and directories', () => {
  const database = { engine: 'postgres', host: 'h', name: 'n' } as const;

  test('flags win; with both nothing is searched for', async () => {
    const place = folder({ 'config.ini': full });
    const found = await configure(
      input(place, { database, media: 'elsewhere', appVersion: '5.4.0' }),
    );
    expect(found.database).toEqual({ value: database, source: '--database' });
    expect(rootsOf(found)).toEqual({ media: join(place, 'elsewhere') });
    expect(found.appVersion?.value).toBe('5.4.0');
    expect(found.lookedAt).toEqual([]);
  });

  test('one flag beside a configuration that nobody named, and --data, are remarked', async () => {
    const place = folder({ 'config.ini': full });
    const source = join(place, 'config.ini');
    const warningsWith = async (given: Partial<ConfigureInput['given']>) =>
      (await configure(input(place, given))).warnings;
    expect(await warningsWith({ media: 'x' })).toEqual([
      `--media given, but the database from core.database in ${source}: check that they belong together`,
    ]);
    expect(await warningsWith({ database })).toEqual([
      `--database given, but the directory from core.sdir in ${source}: check that they belong together`,
    ]);
    expect(await warningsWith({ media: 'x', configFiles: ['config.ini'] })).toEqual([]);
    expect(await warningsWith({ media: 'x', database, data: 'y' })).toEqual([
      '--data is not used: NextGIS Web has one directory (core.sdir), named by --media',
    ]);
  });

  test('a file storage outside of sdir is a root of its own, one inside is not', async () => {
    const place = folder({
      'out.ini': '[core]\nsdir = data\n[file_storage]\npath = /srv/objects',
      'in.ini': '[core]\nsdir = data\nbackup.path = data/kept\n[file_storage]\npath = data/objects',
    });
    const outside = await configure(input(place, { configFiles: ['out.ini'] }));
    expect(rootsOf(outside)).toEqual({
      media: join(place, 'data'),
      'file-storage': '/srv/objects',
    });
    const inside = await configure(
      input(place, { configFiles: ['in.ini'], media: '/mnt/copy-of-data' }),
    );
    expect(rootsOf(inside)).toEqual({ media: '/mnt/copy-of-data' });
    expect(inside.settings).toContainEqual(
      expect.objectContaining({ name: 'file_storage.path', value: '/mnt/copy-of-data/objects' }),
    );
    expect(inside.destination?.value).toBe('/mnt/copy-of-data/kept');
  });

  test('a file storage that holds sdir is named', async () => {
    const place = folder({ 'a.ini': '[core]\nsdir = data/app\n[file_storage]\npath = data' });
    const { warnings } = await configure(input(place, { configFiles: ['a.ini'] }));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/holds the directory of core.sdir/);
  });

  test('a port or a file name that cannot be is not used', async () => {
    const place = folder({
      'port.ini': '[core]\ndatabase.port = 99999',
      'name.ini': '[core]\nbackup.filename = ../%Y',
    });
    await expect(configure(input(place, { configFiles: ['port.ini'] }))).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('core.database.port'),
    });
    const found = await configure(input(place, { configFiles: ['name.ini'] }));
    expect(found.archiveName).toBeUndefined();
    expect(found.warnings[0]).toMatch(/is no file name/);
  });

  test('the installed package is recorded, unless there are two', async () => {
    const metadata = 'env/lib/python3.11/site-packages/nextgisweb-5.3.0.dist-info/METADATA';
    const one = folder({ 'config.ini': full, [metadata]: '' });
    expect((await configure(input(one))).settings).toContainEqual({
      name: 'package nextgisweb',
      value: '5.3.0',
      source: join(one, dirname(metadata)),
    });
    const two = folder({
      'config.ini': full,
      [metadata]: '',
      'env/lib/python3.12/site-packages/nextgisweb-5.4.0.dist-info/METADATA': '',
      'env/lib/python3.12/site-packages/nextgisweb_qgis-3.0.0.dist-info/METADATA': '',
    });
    expect((await configure(input(two))).settings.map(({ name }) => name)).not.toContain(
      'package nextgisweb',
    );
  });
});

describe('password', () => {
  const passwordFile = '[core]\ndatabase.user = mapper\ndatabase.pwfile = secret/postgres';

  test('the option wins over the file, whose end is stripped', async () => {
    const place = folder({
      'both.ini': `${passwordFile}\ndatabase.password = stated`,
      'file.ini': passwordFile,
      'secret/postgres': ' from file \n\n',
    });
    const password = (name: string, given: Partial<ConfigureInput['given']> = {}) =>
      databasePassword(input(place, { configFiles: [name], ...given }));
    expect(await password('both.ini')).toBe('stated');
    expect(await password('file.ini')).toBe(' from file');
    const location = { engine: 'postgres', host: 'x', name: 'y' } as const;
    expect(await password('file.ini', { database: location })).toBe(' from file');
    expect(await password('file.ini', { database: { ...location, user: 'mapper' } })).toBe(
      ' from file',
    );
    expect(await password('file.ini', { database: { ...location, user: 'root' } })).toBeUndefined();
  });

  test('a file that cannot be read gives no password and a warning', async () => {
    const place = folder({ 'a.ini': passwordFile });
    const asked = input(place, { configFiles: ['a.ini'] });
    expect(await databasePassword(asked)).toBeUndefined();
    const { warnings, secrets } = await configure(asked);
    expect(warnings).toEqual([
      `core.database.pwfile in ${join(place, 'a.ini')} names a file that cannot be read here; give the password with --database-password-file`,
    ]);
    expect(secrets.map(({ name }) => name)).toEqual(['core.database.pwfile']);
  });

  test('without configuration there is none', async () => {
    expect(await databasePassword(input(folder()))).toBeUndefined();
  });
});
