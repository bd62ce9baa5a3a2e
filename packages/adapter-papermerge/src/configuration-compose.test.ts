import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigureInput, GivenLocation, Instance } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';

const scratch = mkdtempSync(join(tmpdir(), 'papermerge-compose-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(scratch, 'folder-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

function inputOf(here: string, given: Partial<GivenLocation> = {}): ConfigureInput {
  return { given: { configFiles: [], ...given }, environment: {}, workingDirectory: here };
}

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}

function composeOf(services: Readonly<Record<string, Service>>): string {
  return JSON.stringify({ services });
}

/** The instance that a compose file with this service leads to; `here` in volumes is its folder. */
async function see(
  service: Service,
  others: Readonly<Record<string, Service>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<{ here: string; instance: Instance }> {
  const here = folder({ 'compose.yaml': composeOf({ web: service, ...others }), ...files });
  return { here, instance: await configure(inputOf(here)) };
}

describe('defaults of the images', () => {
  test.each([
    ['papermerge/papermerge:3.2', '/core_app/media', '/db', 'db.sqlite3', '3.2'],
    ['papermerge/papermerge:3.4.1', '/core_app/media', '/db', 'db.sqlite3', '3.4.1'],
    ['papermerge/papermerge', '/core_app/media', '/db', 'db.sqlite3', undefined],
    ['papermerge/papermerge:2.1.9', '/app/media', '/app', 'db.sqlite3', '2.1.9'],
    [
      'lscr.io/linuxserver/papermerge:v1.5.5-ls31',
      '/data/media',
      '/data',
      'papermerge.db',
      '1.5.5',
    ],
  ])('%s', async (image, media, directory, file, release) => {
    const { here, instance } = await see({
      image,
      volumes: [`./m:${media}`, `./d:${directory}`],
    });
    expect(instance.roots).toMatchObject([{ name: 'media', directory: join(here, 'm') }]);
    expect(instance.database?.value).toEqual({ engine: 'sqlite', path: join(here, 'd', file) });
    expect(instance.appVersion?.value).toBe(release);
    expect(instance.warnings).toEqual([]);
  });

  test('1.4 - 2.0: PostgreSQL by POSTGRES_*, whatever the mounted conf file says', async () => {
    const { here, instance } = await see(
      {
        image: 'eugenci/papermerge:v2.0.1',
        environment: { POSTGRES_HOST: 'db', POSTGRES_PASSWORD: 'hunter2' },
        volumes: ['./media:/opt/media', './etc:/opt/etc'],
      },
      { db: { image: 'postgres:12', ports: ['127.0.0.1:5499:5432'] } },
      { 'etc/papermerge.conf.py': 'DBTYPE = "mysql"\nDBNAME = "dead"\nMEDIA_DIR = "/opt/media"\n' },
    );
    expect(instance.database?.value).toEqual({
      engine: 'postgres',
      host: '127.0.0.1',
      port: 5499,
      user: 'dbuser',
      name: 'dbname',
    });
    expect(instance.roots).toMatchObject([
      { directory: join(here, 'media'), source: expect.stringContaining('MEDIA_DIR in') },
    ]);
    expect(await databasePassword(inputOf(here))).toBe('hunter2');
    expect(JSON.stringify(instance)).not.toContain('hunter2');
  });

  test('the password that the image uses when none is set', async () => {
    const { here } = await see({ image: 'eugenci/papermerge:v1.5.5' });
    expect(await databasePassword(inputOf(here))).toBe('dbpass');
  });

  test('3.6 has no default database', async () => {
    const { instance } = await see({
      image: 'papermerge/papermerge:3.6.0a16',
      environment: { PM_MEDIA_ROOT: 'media' },
      volumes: ['./m:/core_app/media'],
    });
    expect(instance.database).toBeUndefined();
    expect(instance.roots).toHaveLength(1);
  });
});

describe('media that is on no mount', () => {
  const lost = 'in the layer of the container';

  test('the quick-start example', async () => {
    const { instance } = await see({
      image: 'papermerge/papermerge:3.5.3',
      environment: { PAPERMERGE__DATABASE__URL: 'postgresql://pm:x@db.example/pm' },
    });
    expect(instance.roots).toEqual([]);
    expect(instance.warnings[0]).toContain(lost);
    expect(instance.warnings[0]).toContain("'/core_app/media'");
    expect(instance.warnings.at(-1)).toContain('--media');
  });

  test('a media root elsewhere than the volume; told with --media, too', async () => {
    const text = composeOf({
      web: {
        image: 'papermerge/papermerge:3.5.3',
        environment: { PAPERMERGE__MAIN__MEDIA_ROOT: '/var/media/pmg' },
        volumes: ['./m:/core_app/media'],
      },
    });
    const here = folder({ 'compose.yaml': text });
    const instance = await configure(inputOf(here, { media: 'copy' }));
    expect(instance.roots).toMatchObject([{ directory: join(here, 'copy'), source: '--media' }]);
    expect(instance.warnings.filter((warning) => warning.includes(lost))).toHaveLength(1);
  });

  test('a media root below a mount is none of these', async () => {
    const { here, instance } = await see({
      image: 'papermerge/papermerge:3.5.3',
      environment: { PAPERMERGE__MAIN__MEDIA_ROOT: '/var/media/pmg' },
      volumes: ['./m:/var/media', './db:/db'],
    });
    expect(instance.roots).toMatchObject([{ directory: join(here, 'm/pmg') }]);
    expect(instance.warnings).toEqual([]);
  });
});

test('service by name for images of one’s own, other programs of the family are not it', async () => {
  const here = folder({
    'compose.yaml': composeOf({
      auth: { image: 'papermerge/auth-server:1.1.0' },
      s3: {
        image: 'papermerge/s3worker:0.4',
        environment: { PAPERMERGE__S3__BUCKET_NAME: 'my-bucket' },
      },
      webapp: {
        image: 'registry.example/own:1',
        environment: { PAPERMERGE__MAIN__FILE_SERVER: 's3', PAPERMERGE__MAIN__PREFIX: 'tenant' },
        volumes: ['./m:/core_app/media', './db:/db'],
      },
    }),
  });
  const instance = await configure(inputOf(here));
  expect(instance.roots).toMatchObject([{ directory: join(here, 'm') }]);
  expect(instance.warnings).toEqual([expect.stringContaining('(my-bucket/tenant)')]);
});

test('an image tag that moves is a setting, not a version', async () => {
  const { instance } = await see({
    image: 'papermerge/papermerge:latest@sha256:0123',
    volumes: ['./m:/core_app/media', './db:/db'],
  });
  expect(instance.appVersion).toBeUndefined();
  expect(instance.settings).toContainEqual(
    expect.objectContaining({ name: 'image', value: 'papermerge/papermerge:latest' }),
  );
});

describe('passwords', () => {
  const service = (database: string): Service => ({
    image: 'papermerge/papermerge:3.5.3',
    environment: { PAPERMERGE__DATABASE__URL: database },
    volumes: ['./m:/core_app/media'],
  });
  const database: Service = {
    image: 'postgres:16.1',
    environment: { POSTGRES_USER: 'pm', POSTGRES_PASSWORD: 'of-the-service' },
    ports: ['5432:5432'],
  };

  test('of the service when the URL has none', async () => {
    const { here } = await see(service('postgresql://pm@db/pm'), { db: database });
    expect(await databasePassword(inputOf(here))).toBe('of-the-service');
  });

  test('never for another account or engine', async () => {
    const { here } = await see(service('postgresql://pm:hunter2@db/pm'), { db: database });
    const given = (user: string | undefined, engine: 'postgres' | 'mariadb'): ConfigureInput =>
      inputOf(here, {
        database: { engine, host: 'x', name: 'x', ...(user === undefined ? {} : { user }) },
      });
    expect(await databasePassword(given('pm', 'postgres'))).toBe('hunter2');
    expect(await databasePassword(given(undefined, 'postgres'))).toBe('hunter2');
    expect(await databasePassword(given('root', 'postgres'))).toBeUndefined();
    expect(await databasePassword(given('pm', 'mariadb'))).toBeUndefined();
  });

  test('none for SQLite', async () => {
    const { here } = await see({ image: 'papermerge/papermerge:3.2', volumes: ['./db:/db'] });
    expect(await databasePassword(inputOf(here))).toBeUndefined();
  });
});

test('files that cannot be understood or are missing', async () => {
  const here = folder({
    'compose.yaml': 'services: [\n',
    'other.yaml': composeOf({ db: { image: 'postgres' } }),
    'bad.toml': '[main\n',
  });
  for (const file of ['compose.yaml', 'other.yaml', 'bad.toml', 'nowhere.py']) {
    await expect(configure(inputOf(here, { configFiles: [file] })), file).rejects.toMatchObject({
      code: 'configuration-invalid',
    });
  }
});

test('flags for one part and files for the other are told', async () => {
  const here = folder({ 'papermerge.conf.py': 'DBDIR = "/srv"\nMEDIA_DIR = "/srv/media"\n' });
  const instance = await configure(inputOf(here, { media: 'copy' }));
  expect(instance.warnings).toEqual([expect.stringContaining('check that they belong together')]);
});
