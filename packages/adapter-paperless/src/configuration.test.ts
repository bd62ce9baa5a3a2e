import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigureInput, GivenLocation, Instance } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { configure } from './configuration.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-conf-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let made = 0;
/** Writes files (a path that ends with `/` is a directory) into a new folder and returns it. */
function folder(files: Readonly<Record<string, string>>): string {
  made += 1;
  const root = join(scratch, `${made}`);
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, text);
  }
  return root;
}

function run(
  workingDirectory: string,
  given: Partial<GivenLocation> = {},
  environment: ConfigureInput['environment'] = {},
): Promise<Instance> {
  return configure({ given: { configFiles: [], ...given }, environment, workingDirectory });
}

const rootsOf = (instance: Instance): Record<string, string> =>
  Object.fromEntries(instance.roots.map(({ name, directory }) => [name, directory]));
const settingsOf = (instance: Instance): Record<string, string> =>
  Object.fromEntries(instance.settings.map(({ name, value }) => [name, value]));

describe('flags', () => {
  test('are enough, and then nothing is looked for', async () => {
    const here = folder({
      'paperless.conf': 'PAPERLESS_DATA_DIR=/elsewhere\n',
      'compose.yaml': 'broken: [',
    });
    const instance = await run(here, {
      database: { engine: 'sqlite', path: 'db.sqlite3' },
      media: 'media',
      appVersion: '2.20.15',
    });
    expect(instance).toEqual({
      database: {
        value: { engine: 'sqlite', path: join(here, 'db.sqlite3') },
        source: '--database',
      },
      roots: [{ name: 'media', directory: join(here, 'media'), source: '--media', required: true }],
      appVersion: { value: '2.20.15', source: '--app-version' },
      settings: [],
      secrets: [],
      lookedAt: [],
      warnings: [],
    });
  });

  test('--data moves the SQLite database', async () => {
    const here = folder({});
    const instance = await run(here, { data: '/srv/d', media: '/srv/m' });
    expect(instance.database?.value).toEqual({ engine: 'sqlite', path: '/srv/d/db.sqlite3' });
    expect(rootsOf(instance)).toEqual({ media: '/srv/m', data: '/srv/d' });
    expect(instance.warnings).toEqual([]);
  });

  test('win over environment and files; a mixture is told', async () => {
    const here = folder({
      'paperless.conf': 'PAPERLESS_MEDIA_ROOT=../media\nPAPERLESS_DATA_DIR=../data\n',
      'data/': '',
      'media/': '',
    });
    const instance = await run(here, { media: '/mnt/m' }, { PAPERLESS_MEDIA_ROOT: '/env/m' });
    expect(rootsOf(instance)['media']).toBe('/mnt/m');
    expect(instance.warnings).toEqual([expect.stringContaining('check that they belong together')]);
  });
});

describe('paperless.conf', () => {
  test('bare metal: relative to src beside it', async () => {
    const root = folder({
      'paperless.conf': 'PAPERLESS_DATA_DIR=../data\nPAPERLESS_MEDIA_ROOT=../media\n',
      'src/manage.py': '',
      'src/paperless/version.py': '__version__: Final[tuple[int, int, int]] = (2, 20, 3)\n',
      'data/db.sqlite3': '',
      'media/': '',
    });
    const instance = await run('/', { configFiles: [join(root, 'paperless.conf')] });
    expect(rootsOf(instance)).toEqual({ media: join(root, 'media'), data: join(root, 'data') });
    expect(instance.roots[0]?.source).toContain(`relative to ${join(root, 'src')}`);
    expect(settingsOf(instance)['version.py']).toBe('2.20.3');
  });

  test('in a folder beside data and media: relative to itself', async () => {
    const root = folder({
      'config/paperless.conf': 'PAPERLESS_DATA_DIR=../data\nPAPERLESS_MEDIA_ROOT=../media\n',
      'data/': '',
      'media/': '',
    });
    const instance = await run('/', { configFiles: [join(root, 'config/paperless.conf')] });
    expect(rootsOf(instance)).toEqual({ media: join(root, 'media'), data: join(root, 'data') });
    expect(instance.roots[0]?.source).toContain(`relative to ${join(root, 'config')}`);
  });

  test('the defaults lie beside it, where they exist', async () => {
    const root = folder({
      'paperless.conf': 'PAPERLESS_TIME_ZONE=UTC\n',
      'data/': '',
      'media/': '',
    });
    const instance = await run(root);
    expect(rootsOf(instance)).toEqual({ media: join(root, 'media'), data: join(root, 'data') });
    expect(instance.database?.value).toEqual({
      engine: 'sqlite',
      path: join(root, 'data/db.sqlite3'),
    });
    const bare = folder({ 'paperless.conf': 'PAPERLESS_TIME_ZONE=UTC\n' });
    expect((await run(bare)).roots).toEqual([]);
  });

  test('absolute paths need no base', async () => {
    const root = folder({
      'x.conf': 'PAPERLESS_DATA_DIR=/srv/data/\nPAPERLESS_MEDIA_ROOT="/srv/my media"\n',
    });
    expect(rootsOf(await run('/', { configFiles: [join(root, 'x.conf')] }))).toEqual({
      media: '/srv/my media',
      data: '/srv/data',
    });
  });

  test('the environment is stronger, and its relative paths count from here', async () => {
    const root = folder({
      'paperless.conf':
        'PAPERLESS_DATA_DIR=/a\nPAPERLESS_MEDIA_ROOT=/b\nPAPERLESS_URL=https://file\n',
    });
    const instance = await run(
      root,
      {},
      { PAPERLESS_DATA_DIR: 'mine', PAPERLESS_URL: 'https://shell' },
    );
    expect(rootsOf(instance)).toEqual({ media: '/b', data: join(root, 'mine') });
    expect(settingsOf(instance)['PAPERLESS_URL']).toBe('https://shell');
  });

  test('the first of the product’s places counts, as seen from src', async () => {
    const root = folder({
      'paperless.conf': 'PAPERLESS_MEDIA_ROOT=/above\n',
      'src/paperless.conf': 'PAPERLESS_MEDIA_ROOT=/here\n',
      'other.conf': 'PAPERLESS_MEDIA_ROOT=/named\n',
    });
    const source = join(root, 'src');
    expect(rootsOf(await run(source))['media']).toBe('/above');
    expect(rootsOf(await run(root))['media']).toBe('/above');
    const named = await run(source, {}, { PAPERLESS_CONFIGURATION_PATH: join(root, 'other.conf') });
    expect(rootsOf(named)['media']).toBe('/named');
    expect(named.lookedAt[0]).toEqual({ place: join(root, 'other.conf'), found: true });
  });

  test('several --config: the first that defines a value', async () => {
    const root = folder({
      'a.conf': 'PAPERLESS_MEDIA_ROOT=/a\n',
      'b.conf': 'PAPERLESS_MEDIA_ROOT=/b\nPAPERLESS_DATA_DIR=/b\n',
    });
    const instance = await run(root, { configFiles: ['a.conf', 'b.conf'] });
    expect(rootsOf(instance)).toEqual({ media: '/a', data: '/b' });
  });
});

describe('compose files', () => {
  const compose = (image: string, more = '') =>
    [
      'services:',
      '  broker: {image: redis:8}',
      '  webserver:',
      `    image: ${image}`,
      '    env_file: docker-compose.env',
      '    environment:',
      '      PAPERLESS_REDIS: redis://broker:6379',
      '      PAPERLESS_TIME_ZONE: Europe/Vienna',
      '    volumes:',
      '      - ./data:/usr/src/paperless/data',
      '      - /mnt/media:/usr/src/paperless/media',
      more,
    ].join('\n');
  const env =
    'PAPERLESS_TIME_ZONE=Europe/Berlin\nPAPERLESS_SECRET_KEY=hunter2-secret\nPAPERLESS_EMPTY_TRASH_DIR=/usr/src/paperless/media/trash\n';

  test('found in the folder the administrator stands in', async () => {
    const here = folder({
      'docker-compose.yml': compose('paperlessngx/paperless-ngx:3.0.5'),
      'docker-compose.env': env,
    });
    const instance = await run(here);
    expect(rootsOf(instance)).toEqual({ media: '/mnt/media', data: join(here, 'data') });
    expect(instance.database?.value).toEqual({
      engine: 'sqlite',
      path: join(here, 'data/db.sqlite3'),
    });
    expect(instance.appVersion).toEqual({
      value: '3.0.5',
      source: `image tag in ${join(here, 'docker-compose.yml')}`,
    });
    expect(settingsOf(instance)).toMatchObject({
      PAPERLESS_TIME_ZONE: 'Europe/Vienna',
      PAPERLESS_EMPTY_TRASH_DIR: '/mnt/media/trash',
      image: 'paperlessngx/paperless-ngx:3.0.5',
    });
    expect(instance.secrets).toEqual([
      {
        name: 'PAPERLESS_SECRET_KEY',
        source: join(here, 'docker-compose.env'),
      },
    ]);
    expect(JSON.stringify(instance)).not.toContain('hunter2');
    expect(instance.warnings).toEqual([]);
  });

  test.each(['latest', '3.0', '3', 'dev'])('tag %s states no version', async (tag) => {
    const here = folder({
      'compose.yaml': compose(`paperlessngx/paperless-ngx:${tag}`),
      'docker-compose.env': '',
    });
    const instance = await run(here);
    expect(instance.appVersion).toBeUndefined();
    expect(settingsOf(instance)['image']).toBe(`paperlessngx/paperless-ngx:${tag}`);
  });

  test('with an override file beside it', async () => {
    const here = folder({
      'compose.yaml': compose('paperlessngx/paperless-ngx:3.0.5'),
      'compose.override.yaml':
        'services:\n  webserver:\n    volumes: ["/new:/usr/src/paperless/media"]\n',
      'docker-compose.env': '',
    });
    expect(rootsOf(await run(here))['media']).toBe('/new');
  });

  test('a volume that is nowhere is left out with the way to find it', async () => {
    const text = compose('paperless-ngx').replace('/mnt/media:', 'media:');
    const here = folder({
      'compose.yaml': `${text}\nvolumes: {media: }\n`,
      '.env': 'COMPOSE_PROJECT_NAME=docs\n',
      'docker-compose.env': '',
    });
    const instance = await run(here);
    expect(rootsOf(instance)).toEqual({ data: join(here, 'data') });
    expect(instance.warnings).toEqual([
      expect.stringMatching(
        /'docs_media'.*`docker volume inspect docs_media` shows its Mountpoint; name it with --media/,
      ),
    ]);
  });

  test('a missing env file is told; one that is optional is not', async () => {
    const here = folder({ 'compose.yaml': compose('paperless-ngx') });
    expect((await run(here)).warnings).toEqual([expect.stringContaining('docker-compose.env')]);
  });

  test('a paperless.conf mounted into the container counts less than the environment', async () => {
    const more = '      - ./ngx.conf:/usr/src/paperless/paperless.conf:ro';
    const here = folder({
      'compose.yaml': compose('paperless-ngx', more),
      'docker-compose.env': '',
      'ngx.conf':
        'PAPERLESS_TIME_ZONE=UTC\nPAPERLESS_OCR_LANGUAGE=deu\nPAPERLESS_EMPTY_TRASH_DIR=../media/bin\n',
    });
    expect(settingsOf(await run(here))).toMatchObject({
      PAPERLESS_TIME_ZONE: 'Europe/Vienna',
      PAPERLESS_OCR_LANGUAGE: 'deu',
      PAPERLESS_EMPTY_TRASH_DIR: '/mnt/media/bin',
    });
  });

  test('an env file alone: its paths are inside the container', async () => {
    const here = folder({ 'docker-compose.env': env });
    const instance = await run(here, {
      configFiles: ['docker-compose.env'],
      media: '/mnt/m',
      data: '/mnt/d',
    });
    expect(settingsOf(instance)['PAPERLESS_EMPTY_TRASH_DIR']).toBe('/mnt/m/trash');
    expect(await run(here, { configFiles: ['docker-compose.env'] })).toMatchObject({
      roots: [],
      warnings: [],
    });
    const elsewhere = folder({ 'stack.env': 'PAPERLESS_EMPTY_TRASH_DIR=/trash-of-mine\n' });
    expect((await run(elsewhere)).warnings).toEqual([
      expect.stringContaining('is inside the container'),
    ]);
  });

  test('a compose file of something else is passed over, unless it was named', async () => {
    const here = folder({ 'compose.yaml': 'services:\n  cloud: {image: nextcloud}\n' });
    expect((await run(here)).roots).toEqual([]);
    await expect(run(here, { configFiles: ['compose.yaml'] })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: `no service in '${join(here, 'compose.yaml')}' runs paperless-ngx`,
    });
  });
});

describe('the trash directory', () => {
  const media = 'PAPERLESS_MEDIA_ROOT=/srv/media\n';
  test.each([
    ['outside', 'PAPERLESS_EMPTY_TRASH_DIR=/srv/trash\n', '/srv/trash'],
    [
      'by its old name, which wins',
      'PAPERLESS_TRASH_DIR=/srv/old\nPAPERLESS_EMPTY_TRASH_DIR=/srv/new\n',
      '/srv/old',
    ],
    ['inside the media', 'PAPERLESS_EMPTY_TRASH_DIR=/srv/media/trash\n', undefined],
    [
      'a neighbour with a longer name',
      'PAPERLESS_EMPTY_TRASH_DIR=/srv/media-trash\n',
      '/srv/media-trash',
    ],
    ['not set', '', undefined],
    ['empty', 'PAPERLESS_EMPTY_TRASH_DIR=\n', undefined],
  ])('%s', async (_, text, expected) => {
    const root = folder({ 'paperless.conf': media + text });
    const instance = await run(root, { configFiles: ['paperless.conf'] });
    expect(rootsOf(instance)['trash']).toBe(expected);
    if (expected !== undefined)
      expect(instance.roots.at(-1)).toMatchObject({ name: 'trash', required: false });
  });
});

test('directories inside each other are told', async () => {
  const root = folder({
    'a.conf': 'PAPERLESS_DATA_DIR=/srv/d\nPAPERLESS_MEDIA_ROOT=/srv/d/media\n',
    'b.conf':
      'PAPERLESS_DATA_DIR=/srv/d\nPAPERLESS_MEDIA_ROOT=/srv/m\nPAPERLESS_EMPTY_TRASH_DIR=/srv\n',
  });
  const nested = await run(root, { configFiles: ['a.conf'] });
  expect(nested.warnings).toEqual([
    expect.stringContaining("'/srv/d/media' lies inside the data directory"),
  ]);
  const trash = await run(root, { configFiles: ['b.conf'] });
  expect(Object.keys(rootsOf(trash))).toEqual(['media', 'data']);
  expect(trash.warnings).toEqual([expect.stringContaining('contains another directory')]);
});

test('secrets are named whatever their name, never shown', async () => {
  const root = folder({
    'paperless.conf': [
      'PAPERLESS_SECRET_KEY="hunter2"',
      'PAPERLESS_DBPASS=hunter2',
      'PAPERLESS_PASSPHRASE=hunter2',
      'PAPERLESS_EMAIL_HOST_PASSWORD=hunter2',
      'PAPERLESS_AI_LLM_API_KEY=hunter2',
      'PAPERLESS_GMAIL_OAUTH_CLIENT_SECRET=hunter2',
      'PAPERLESS_SOCIALACCOUNT_PROVIDERS={"x": "hunter2"}',
      'PAPERLESS_REDIS=redis://:hunter2@localhost:6379',
      'PAPERLESS_ADMIN_PASSWORD_FILE=/run/secrets/hunter2-file',
      'PAPERLESS_MODEL_FILE=/srv/model.pickle',
      'PAPERLESS_ADMIN_USER=admin',
      'PAPERLESS_FUTURE_TOKEN=hunter2',
    ].join('\n'),
  });
  const instance = await run(root, { configFiles: ['paperless.conf'] });
  expect(instance.secrets.map(({ name }) => name)).toEqual([
    'PAPERLESS_ADMIN_PASSWORD',
    'PAPERLESS_AI_LLM_API_KEY',
    'PAPERLESS_DBPASS',
    'PAPERLESS_EMAIL_HOST_PASSWORD',
    'PAPERLESS_FUTURE_TOKEN',
    'PAPERLESS_GMAIL_OAUTH_CLIENT_SECRET',
    'PAPERLESS_PASSPHRASE',
    'PAPERLESS_REDIS',
    'PAPERLESS_SECRET_KEY',
    'PAPERLESS_SOCIALACCOUNT_PROVIDERS',
  ]);
  expect(JSON.stringify(instance)).not.toContain('hunter2');
  expect(settingsOf(instance)).toEqual({ PAPERLESS_MODEL_FILE: '/srv/model.pickle' });
});

test('files that cannot be understood or are missing', async () => {
  const root = folder({ 'paperless.conf': 'A="open\n', 'compose.yaml': 'services: [\n' });
  await expect(run(root)).rejects.toMatchObject({
    code: 'configuration-invalid',
    context: { line: 1 },
  });
  await expect(run(root, { configFiles: ['nowhere.conf'] })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: `there is no file '${join(root, 'nowhere.conf')}'`,
  });
  await expect(run(root, { configFiles: ['compose.yaml'] })).rejects.toMatchObject({
    code: 'configuration-invalid',
  });
});

test('nothing anywhere is no error, and all places are listed', async () => {
  const here = folder({ 'x/': '' });
  const instance = await run(join(here, 'x'));
  expect(instance).toMatchObject({ roots: [], settings: [], secrets: [], warnings: [] });
  expect(instance.database).toBeUndefined();
  expect(instance.lookedAt.map(({ place }) => place)).toEqual(
    expect.arrayContaining([
      join(here, 'paperless.conf'),
      join(here, 'x/paperless.conf'),
      join(here, 'x/docker-compose.yml'),
      join(here, 'x/compose.yaml'),
      '/etc/paperless.conf',
      '/usr/local/etc/paperless.conf',
    ]),
  );
});
