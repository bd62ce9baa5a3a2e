import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isDmsBackupError } from '../errors.ts';
import { publishedPort, toHostPath } from './compose-paths.ts';
import { readCompose, type ComposeFacts, type ComposeProduct } from './compose.ts';

const product: ComposeProduct = {
  title: 'paperless-ngx',
  image: /(?:^|\/)paperless-ngx(?:[:@]|$)/,
  serviceNames: ['webserver'],
  mountPoint: '/usr/src/paperless/media',
  workingDirectory: '/usr/src/paperless/src',
};

const scratch = mkdtempSync(join(tmpdir(), 'paperless-compose-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const path = '/srv/Paperless Docs/compose.yaml';
function read(
  text: string,
  environment: Record<string, string> = {},
  ...more: string[]
): ComposeFacts {
  const files = [text, ...more].map((each, index) => ({
    path: index === 0 ? path : `/srv/${index}.yaml`,
    text: each,
  }));
  const compose = readCompose(files, product, (name) => environment[name]);
  if (compose === null) throw new Error('no service found');
  return compose;
}

describe('the service', () => {
  test('is found by image, wherever it comes from', () => {
    const images = [
      'paperlessngx/paperless-ngx:3.0.5',
      'ghcr.io/paperless-ngx/paperless-ngx',
      'registry.local:5000/mirror/paperless-ngx@sha256:abc',
    ];
    for (const image of images) {
      const compose = read(`services:\n  db: {image: postgres:15}\n  docs: {image: "${image}"}\n`);
      expect(compose.service).toMatchObject({ name: 'docs', image });
    }
  });

  test('is found by name or mounts when the image is built at home', () => {
    expect(
      read('services:\n  broker: {image: redis}\n  webserver: {build: .}\n').service.name,
    ).toBe('webserver');
    const mounts = 'services:\n  app:\n    build: .\n    volumes: [./m:/usr/src/paperless/media]\n';
    expect(read(mounts).service.name).toBe('app');
  });

  test('several of them: a worker like the first one is silent, anything else is told', () => {
    const two = (volumes: string) =>
      read(
        `services:\n  web: {image: paperless-ngx, volumes: ["a:/m"]}\n  worker: {image: paperless-ngx, volumes: ["${volumes}"]}\n`,
      );
    expect(two('a:/m')).toMatchObject({ service: { name: 'web' }, warnings: [] });
    expect(two('b:/m').warnings).toEqual([
      "several services run paperless-ngx (web, worker); 'web' is used",
    ]);
  });

  test('is not invented', () => {
    const text = 'services:\n  app: {image: nextcloud}\n';
    expect(readCompose([{ path, text }], product, () => undefined)).toBeNull();
  });

  test('other tools of the family are not the service', () => {
    const text =
      'services:\n  ai: {image: clusterzx/paperless-ngx-ai}\n  docs: {image: paperlessngx/paperless-ngx:latest}\n';
    expect(read(text).service.name).toBe('docs');
  });
});

test('environment as map and as list, values of all kinds, null from outside', () => {
  const map = read(
    'services:\n  webserver:\n    environment:\n      A: text\n      B: 3306\n      C: true\n      D:\n',
  );
  expect([...map.service.environment]).toEqual([
    ['A', 'text'],
    ['B', '3306'],
    ['C', 'true'],
    ['D', null],
  ]);
  const list = read('services:\n  webserver:\n    environment:\n      - A=text=more\n      - D\n');
  expect([...list.service.environment]).toEqual([
    ['A', 'text=more'],
    ['D', null],
  ]);
});

test('env_file in its three forms', () => {
  const forms = [
    'env_file: a.env',
    'env_file: [a.env, b.env]',
    'env_file:\n      - path: a.env\n        required: false\n        format: raw',
  ];
  const found = forms.map(
    (form) => read(`services:\n  webserver:\n    ${form}\n`).service.envFiles,
  );
  expect(found).toEqual([
    [{ path: 'a.env', required: true, raw: false }],
    [
      { path: 'a.env', required: true, raw: false },
      { path: 'b.env', required: true, raw: false },
    ],
    [{ path: 'a.env', required: false, raw: true }],
  ]);
});

test('anchors, merge keys and interpolation', () => {
  const text = [
    'x-common: &common',
    '  image: paperlessngx/paperless-ngx:${PAPERLESS_VERSION:-2.20.15}',
    '  environment: {PAPERLESS_DBHOST: "${DB:?set it}"}',
    'services:',
    '  webserver:',
    '    <<: *common',
  ].join('\n');
  const compose = read(text, { PAPERLESS_VERSION: '3.0.5', DB: 'db' });
  expect(compose.service.image).toBe('paperlessngx/paperless-ngx:3.0.5');
  expect(compose.service.environment.get('PAPERLESS_DBHOST')).toBe('db');
});

test('unset names are told for paths, never for values that may be passwords', () => {
  const text =
    'services:\n  webserver:\n    image: paperless-ngx:${TAG}\n    environment: {PAPERLESS_DBPASS: "pa$word"}\n';
  expect(read(text).warnings).toEqual([`${path} refers to TAG, which is not set: taken as empty`]);
});

test('several files are merged as Compose does', () => {
  const override = [
    'services:',
    '  webserver:',
    '    image: paperlessngx/paperless-ngx:3.0.4',
    '    environment: [PAPERLESS_DBHOST=other, NEW=1]',
    '    volumes: ["/mnt/media:/usr/src/paperless/media"]',
    'volumes: {data: {name: renamed}}',
  ].join('\n');
  const compose = read(
    'services:\n  webserver:\n    image: paperlessngx/paperless-ngx:3.0.5\n    environment: {PAPERLESS_DBHOST: db, KEPT: 1}\n    volumes: [data:/usr/src/paperless/data, media:/usr/src/paperless/media]\nvolumes: {data: , media: }\n',
    {},
    override,
  );
  expect(compose.service.image).toBe('paperlessngx/paperless-ngx:3.0.4');
  expect(Object.fromEntries(compose.service.environment)).toEqual({
    PAPERLESS_DBHOST: 'other',
    KEPT: '1',
    NEW: '1',
  });
  expect(compose.service.mounts.map(({ source, target }) => `${source}:${target}`)).toEqual([
    'data:/usr/src/paperless/data',
    '/mnt/media:/usr/src/paperless/media',
  ]);
  expect(compose.volumes.get('data')).toEqual({ name: 'renamed' });
});

test.each([
  ['the directory', '', {}, 'paperlessdocs'],
  ['name', 'name: Docs_1\n', {}, 'docs_1'],
  ['the variable', 'name: docs\n', { COMPOSE_PROJECT_NAME: 'paperless' }, 'paperless'],
])('project name from %s', (_, head, environment, project) => {
  expect(read(`${head}services:\n  webserver: {image: paperless-ngx}\n`, environment).project).toBe(
    project,
  );
});

test.each([
  [
    'a broken list',
    'services:\n  webserver:\n    image: [unclosed\n    environment: {P: hunter2}\n',
    4,
  ],
  ['a key twice', 'services:\n  webserver:\n    image: a\n    image: hunter2\n', 4],
  ['a tab', 'services:\n\twebserver: hunter2\n', 2],
  ['services as a text', 'name: x\nservices: hunter2\n', 2],
  ['no mapping', 'hunter2\n', 1],
])('%s is refused with file and line, without values', (_, text, line) => {
  let thrown: unknown;
  try {
    read(text);
  } catch (error) {
    thrown = error;
  }
  expect(isDmsBackupError(thrown) && thrown.code).toBe('configuration-invalid');
  expect(thrown).toMatchObject({ context: { file: path, line } });
  expect((thrown as Error).message).toContain(`line ${line} of '${path}'`);
  const told = JSON.stringify([
    (thrown as Error).message,
    (thrown as { hint: string }).hint,
    String((thrown as Error).cause),
  ]);
  expect(told).not.toContain('hunter2');
});

test('a file that explodes by its aliases is refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [index, name] of 'bcdefghi'.split('').entries()) {
    const before = 'abcdefghi'[index];
    bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`);
  }
  expect(() => read(`${bomb.join('\n')}\nservices:\n  webserver: {image: *i}\n`)).toThrow(
    /too many aliases/,
  );
});

describe('paths inside the container', () => {
  const home = join(scratch, 'home');
  const environment = { HOME: home };
  const lookup = (name: string) => (environment as Record<string, string>)[name];
  const withVolumes = (volumes: string, definitions = '') =>
    read(
      `services:\n  webserver:\n    image: paperless-ngx\n    volumes:\n${volumes}${definitions}`,
      environment,
    );

  test('bind mounts, short and long, relative, home and absolute', () => {
    const forms: [string, string][] = [
      ['      - ./media:/usr/src/paperless/media\n', '/srv/Paperless Docs/media'],
      ['      - ../media:/usr/src/paperless/media/:ro\n', '/srv/media'],
      ['      - ~/docs:/usr/src/paperless/media\n', join(home, 'docs')],
      ['      - /mnt/nas/media:/usr/src/paperless/media:z\n', '/mnt/nas/media'],
      [
        '      - {type: bind, source: ./long, target: /usr/src/paperless/media}\n',
        '/srv/Paperless Docs/long',
      ],
    ];
    for (const [form, expected] of forms) {
      expect(toHostPath(withVolumes(form), '../media', lookup)).toMatchObject({ path: expected });
    }
  });

  test('the innermost mount counts', () => {
    const compose = withVolumes(
      '      - /a:/usr/src/paperless\n      - /b:/usr/src/paperless/media\n',
    );
    expect(toHostPath(compose, '/usr/src/paperless/media/trash', lookup)).toMatchObject({
      path: '/b/trash',
    });
    expect(toHostPath(compose, '../data', lookup)).toMatchObject({ path: '/a/data' });
    expect(toHostPath(compose, '/usr/src/paperless-other', lookup)).toHaveProperty('problem');
  });

  test('a named volume where rootless Docker keeps it', () => {
    const place = join(home, '.local/share/docker/volumes/paperlessdocs_media/_data');
    mkdirSync(place, { recursive: true });
    const compose = withVolumes('      - media:/usr/src/paperless/media\n', 'volumes: {media: }\n');
    expect(toHostPath(compose, '../media/x', lookup)).toEqual({
      path: join(place, 'x'),
      how: `volume 'paperlessdocs_media' of ${path}`,
    });
  });

  test.each([
    ['its own name', 'volumes: {other: {name: docs-media}}\n', 'docs-media'],
    ['external', 'volumes: {other: {external: true}}\n', 'other'],
    ['external with a name', 'volumes: {other: {external: {name: old}}}\n', 'old'],
    ['the project', '', 'paperlessdocs_other'],
  ])('a volume that is not here: %s', (_, definitions, name) => {
    const compose = withVolumes('      - other:/usr/src/paperless/media\n', definitions);
    const found = toHostPath(compose, '../media', lookup);
    expect(found).toHaveProperty(
      'problem',
      expect.stringContaining(`\`docker volume inspect ${name}\``),
    );
  });

  test('a volume that is a bind mount, a subpath, an anonymous volume', () => {
    const bound =
      'volumes: {media: {driver: local, driver_opts: {type: none, o: bind, device: /mnt/disk}}}\n';
    expect(
      toHostPath(
        withVolumes('      - media:/usr/src/paperless/media\n', bound),
        '../media',
        lookup,
      ),
    ).toMatchObject({ path: '/mnt/disk' });
    const sub =
      '      - {type: volume, source: media, target: /usr/src/paperless/media, volume: {subpath: ngx}}\n';
    expect(toHostPath(withVolumes(sub, bound), '../media', lookup)).toMatchObject({
      path: '/mnt/disk/ngx',
    });
    expect(
      toHostPath(withVolumes('      - /usr/src/paperless/media\n'), '../media', lookup),
    ).toHaveProperty('problem', expect.stringContaining('anonymous volume'));
  });
});

test.each([
  ['"127.0.0.1:5433:5432"', { host: '127.0.0.1', port: 5433 }],
  ['"5432:5432"', { host: '127.0.0.1', port: 5432 }],
  ['"0.0.0.0:5432:5432/tcp"', { host: '127.0.0.1', port: 5432 }],
  ['"192.168.1.5:5432:5432"', { host: '192.168.1.5', port: 5432 }],
  ['{target: 5432, published: "5434", host_ip: 127.0.0.1}', { host: '127.0.0.1', port: 5434 }],
  ['"5432"', null],
  ['"8080:80"', null],
])('published port %s', (port, expected) => {
  const compose = read(
    `services:\n  webserver: {image: paperless-ngx}\n  db:\n    ports: [${port}]\n`,
  );
  expect(publishedPort(compose, 'db', 5432)).toEqual(expected);
});
