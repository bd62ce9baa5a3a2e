import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  composeSource,
  environmentSource,
  located,
  readCompose,
} from '@dms-backup/core/adapter-kit';
import { afterAll, describe, expect, test } from 'vitest';
import { locateDatabase } from './configuration-database.ts';
import { configure } from './configuration.ts';
import { composeProduct } from './configuration-source.ts';

const empty = mkdtempSync(join(tmpdir(), 'paperless-db-'));
const withFile = mkdtempSync(join(tmpdir(), 'paperless-db-'));
writeFileSync(join(withFile, 'db.sqlite3'), '');
afterAll(() => [empty, withFile].forEach((directory) => rmSync(directory, { recursive: true })));

function locate(
  variables: Record<string, string>,
  major: number | null = null,
  data: string | null = empty,
) {
  const warnings: string[] = [];
  const prefixed = Object.entries(variables).map(([name, value]) => [`PAPERLESS_${name}`, value]);
  const found = locateDatabase({
    sources: [environmentSource(Object.fromEntries(prefixed) as Record<string, string>, '/')],
    dataDirectory: data === null ? null : { directory: data, source: 'test' },
    major,
    warnings,
  });
  return { engine: found?.value.engine, value: found?.value, source: found?.source, warnings };
}

/** DBENGINE, DBHOST (null: not defined), engine in 2.x, engine in 3.x. */
const table: readonly (readonly [string | null, string | null, string, string])[] = [
  [null, null, 'sqlite', 'sqlite'],
  [null, '', 'sqlite', 'postgres'],
  [null, 'db', 'postgres', 'postgres'],
  ['sqlite', null, 'sqlite', 'sqlite'],
  ['sqlite', 'db', 'postgres', 'sqlite'],
  ['postgresql', null, 'sqlite', 'postgres'],
  ['postgresql', 'db', 'postgres', 'postgres'],
  ['postgresql', '', 'sqlite', 'postgres'],
  ['sqlite', '', 'sqlite', 'sqlite'],
  ['mariadb', null, 'sqlite', 'mariadb'],
  ['mariadb', '', 'sqlite', 'mariadb'],
  ['mariadb', 'db', 'mariadb', 'mariadb'],
  // Values that 3.x refuses: the rule of 2.x is all there is.
  ['', null, 'sqlite', 'sqlite'],
  ['', '', 'sqlite', 'sqlite'],
  ['', 'db', 'postgres', 'postgres'],
  ['MariaDB', 'db', 'postgres', 'postgres'],
  ['postgres', 'db', 'postgres', 'postgres'],
  ['mysql', 'db', 'postgres', 'postgres'],
  ['mysql', null, 'sqlite', 'sqlite'],
];

describe('engine by version', () => {
  test.each(table)('DBENGINE=%s DBHOST=%s', (engine, host, before3, since3) => {
    const variables = {
      ...(engine === null ? {} : { DBENGINE: engine }),
      ...(host === null ? {} : { DBHOST: host }),
    };
    expect(locate(variables, 2).engine).toBe(before3);
    expect(locate(variables, 1).engine).toBe(before3);
    expect(locate(variables, 3).engine).toBe(since3);
    const unknown = locate(variables);
    expect(unknown.warnings.length).toBe(before3 === since3 ? 0 : 1);
    if (before3 === since3) expect(unknown.engine).toBe(before3);
    else {
      expect(unknown.engine).not.toBe('sqlite');
      expect(locate(variables, null, withFile).engine).toBe('sqlite');
    }
  });

  test.each(['postgres', 'mysql', ''])('3.x with DBENGINE=%s is told that it refuses', (engine) => {
    expect(locate({ DBENGINE: engine, DBHOST: 'db' }, 3).warnings).toEqual([
      expect.stringContaining('refuses to start'),
    ]);
    expect(locate({ DBENGINE: engine, DBHOST: 'db' }, 2).warnings).toEqual([]);
  });
});

describe('the environment wins over the file, also when it is empty', () => {
  type Variables = Readonly<Record<string, string>>;
  const prefixed = (variables: Variables): [string, string][] =>
    Object.entries(variables).map(([name, value]) => [`PAPERLESS_${name}`, value]);
  function locateBoth(environment: Variables, file: Variables, major: number) {
    const path = '/etc/paperless.conf';
    const found = locateDatabase({
      sources: [
        environmentSource(Object.fromEntries(prefixed(environment)), '/'),
        { ...environmentSource({}, '/'), variables: located(new Map(prefixed(file)), path) },
      ],
      dataDirectory: { directory: empty, source: 'test' },
      major,
      warnings: [],
    });
    const { engine } = found!.value;
    return engine === 'sqlite' ? engine : `${engine} ${(found!.value as { host: string }).host}`;
  }

  /** Environment, file, what 2.x uses, what 3.x uses. */
  const sources: readonly (readonly [Variables, Variables, string, string])[] = [
    [{ DBHOST: '' }, { DBHOST: 'db' }, 'sqlite', 'postgres /var/run/postgresql'],
    [{ DBHOST: '' }, { DBENGINE: 'mariadb', DBHOST: 'db' }, 'sqlite', 'mariadb localhost'],
    [{ DBHOST: '' }, { DBENGINE: 'sqlite' }, 'sqlite', 'sqlite'],
    [{ DBENGINE: '' }, { DBENGINE: 'mariadb', DBHOST: 'db' }, 'postgres db', 'postgres db'],
    [{ DBENGINE: 'sqlite' }, { DBENGINE: 'mariadb', DBHOST: 'db' }, 'postgres db', 'sqlite'],
    [{ DBENGINE: 'mariadb' }, { DBHOST: 'db' }, 'mariadb db', 'mariadb db'],
    [{ DBENGINE: 'postgresql' }, {}, 'sqlite', 'postgres /var/run/postgresql'],
    [{ DBHOST: 'one' }, { DBHOST: 'two' }, 'postgres one', 'postgres one'],
    [{}, { DBHOST: '' }, 'sqlite', 'postgres /var/run/postgresql'],
  ];
  test.each(sources)('%j over %j', (environment, file, in2, in3) => {
    expect(locateBoth(environment, file, 1)).toBe(in2);
    expect(locateBoth(environment, file, 2)).toBe(in2);
    expect(locateBoth(environment, file, 3)).toBe(in3);
  });
});

test('SQLite lies in the data directory, and nowhere without one', () => {
  expect(locate({}).value).toEqual({ engine: 'sqlite', path: join(empty, 'db.sqlite3') });
  expect(locate({}, null, null).value).toBeUndefined();
});

test('a server: defaults, port, user, TLS; the password is not looked at', () => {
  expect(locate({ DBHOST: 'db.example' }).value).toEqual({
    engine: 'postgres',
    host: 'db.example',
    user: 'paperless',
    name: 'paperless',
  });
  const full = locate({
    DBHOST: 'db.example',
    DBPORT: '5433',
    DBNAME: 'docs',
    DBUSER: 'ngx',
    DBPASS: 'hunter2',
    DBSSLMODE: 'require',
    DBSSLROOTCERT: '/etc/ca.pem',
    DB_OPTIONS: 'sslmode=verify-full,pool.max_size=4,password=hunter2',
  });
  expect(full.value).toEqual({
    engine: 'postgres',
    host: 'db.example',
    port: 5433,
    user: 'ngx',
    name: 'docs',
    options: { sslmode: 'verify-full', sslrootcert: '/etc/ca.pem' },
  });
  expect(JSON.stringify(full)).not.toContain('hunter2');
});

describe('TLS, in the words of each client', () => {
  test('MariaDB: from DB_OPTIONS and from the older variables', () => {
    const variables = {
      DBENGINE: 'mariadb',
      DBHOST: 'm',
      DB_OPTIONS: 'ssl_mode=VERIFY_CA, ssl.ca=/ca.pem,sslmode=x',
      DBSSLMODE: 'PREFERRED',
      DBSSLCERT: '/c.pem',
      DBSSLKEY: '/k.pem',
    };
    const found = locate(variables).value;
    expect(found).toMatchObject({ engine: 'mariadb' });
    expect(found?.engine === 'mariadb' ? found.options : null).toEqual({
      'ssl-mode': 'VERIFY_CA',
      'ssl-ca': '/ca.pem',
      'ssl-cert': '/c.pem',
      'ssl-key': '/k.pem',
    });
  });

  test('2.x does not know DB_OPTIONS', () => {
    const variables = { DBHOST: 'p', DB_OPTIONS: 'sslmode=require', DBSSLMODE: 'prefer' };
    expect(locate(variables, 2).value).toMatchObject({ options: { sslmode: 'prefer' } });
    expect(locate(variables, 3).value).toMatchObject({ options: { sslmode: 'require' } });
  });

  test('certificates are paths of their source; `system` is none', () => {
    expect(locate({ DBHOST: 'p', DBSSLROOTCERT: 'ca.pem' }).value).toMatchObject({
      options: { sslrootcert: '/ca.pem' },
    });
    expect(locate({ DBHOST: 'p', DBSSLROOTCERT: 'system' }).value).toMatchObject({
      options: { sslrootcert: 'system' },
    });
    const locateIn = (volumes: string) => {
      const text = `services: {webserver: {image: paperlessngx/paperless-ngx, volumes: [${volumes}]}}`;
      const lookup = () => undefined;
      const compose = readCompose([{ path: '/srv/compose.yaml', text }], composeProduct, lookup)!;
      const values = new Map([
        ['PAPERLESS_DBHOST', 'db.example'],
        ['PAPERLESS_DBSSLROOTCERT', '/certs/ca.pem'],
      ]);
      const source = composeSource(compose, [{ path: '/srv/.env', values }], lookup);
      const warnings: string[] = [];
      const found = locateDatabase({
        sources: [source],
        dataDirectory: null,
        major: 3,
        warnings,
      });
      return { value: found?.value, warnings };
    };
    expect(locateIn('"./tls:/certs"')).toMatchObject({
      value: { options: { sslrootcert: '/srv/tls/ca.pem' } },
      warnings: [],
    });
    const lost = locateIn('');
    expect(lost.value).toMatchObject({ options: { sslrootcert: '/certs/ca.pem' } });
    expect(lost.warnings).toEqual([expect.stringContaining("'/certs/ca.pem' is inside")]);
  });
});

test('an empty host in 3.x is the local socket', () => {
  expect(locate({ DBHOST: '' }, 3).value).toMatchObject({
    engine: 'postgres',
    host: '/var/run/postgresql',
  });
  expect(locate({ DBENGINE: 'mariadb' }, 3).value).toMatchObject({
    engine: 'mariadb',
    host: 'localhost',
  });
});

test('parts that lie in secret files are named, not read', () => {
  const found = locate({
    DBHOST: 'db',
    DBUSER_FILE: '/run/secrets/user',
    DBPASS_FILE: '/run/secrets/pass',
  });
  expect(found.warnings).toEqual([
    expect.stringContaining('PAPERLESS_DBUSER_FILE'),
    expect.stringContaining('PAPERLESS_DBPASS_FILE'),
  ]);
});

test.each([
  ['2.20.15', { PAPERLESS_DBHOST: '' }, 'sqlite'],
  ['3.0.5', { PAPERLESS_DBHOST: '' }, 'postgres'],
  ['2.20.15', { PAPERLESS_DBENGINE: 'mariadb' }, 'mariadb'],
  ['2.20.15', {}, 'postgres'],
])(
  '%s with a paperless.conf that names a host, and %j',
  async (appVersion, environment, engine) => {
    const conf = join(withFile, 'paperless.conf');
    writeFileSync(conf, `PAPERLESS_DBHOST=db.example\nPAPERLESS_DATA_DIR=${withFile}\n`);
    const found = await configure({
      given: { configFiles: [conf], media: empty, appVersion },
      environment,
      workingDirectory: empty,
    });
    expect(found.database?.value.engine).toBe(engine);
  },
);

describe('DBHOST in a compose file', () => {
  function engineIn(environment: string, shell: Readonly<Record<string, string>>, major: number) {
    const text = `services: {webserver: {image: paperlessngx/paperless-ngx, environment: ${environment}}}`;
    const lookup = (name: string) => shell[name];
    const compose = readCompose([{ path: '/srv/compose.yaml', text }], composeProduct, lookup)!;
    const envFile = { path: '/srv/.env', values: new Map([['PAPERLESS_DBHOST', 'db.example']]) };
    const found = locateDatabase({
      sources: [composeSource(compose, [envFile], lookup)],
      dataDirectory: { directory: empty, source: 'test' },
      major,
      warnings: [],
    });
    return found?.value.engine;
  }

  test.each([
    ['defined and empty hides the env file', '{PAPERLESS_DBHOST: ""}', {}, 'sqlite', 'postgres'],
    [
      'without a value it comes from the shell',
      '[PAPERLESS_DBHOST]',
      { PAPERLESS_DBHOST: '' },
      'sqlite',
      'postgres',
    ],
    ['not in the shell: as if it were not there', '[PAPERLESS_DBHOST]', {}, 'postgres', 'postgres'],
    ['a variable that is not set', '{PAPERLESS_DBHOST: "${NOT_SET:-}"}', {}, 'sqlite', 'postgres'],
  ])('%s', (_, environment, shell, in2, in3) => {
    expect(engineIn(environment, shell, 2)).toBe(in2);
    expect(engineIn(environment, shell, 3)).toBe(in3);
  });
});

describe('inside a compose file', () => {
  function locateIn(ports: string) {
    const text = `services:\n  db:\n    image: postgres:15\n${ports}  webserver:\n    image: paperlessngx/paperless-ngx:2.20.15\n    environment: {PAPERLESS_DBHOST: db}\n`;
    const lookup = () => undefined;
    const compose = readCompose([{ path: '/srv/compose.yaml', text }], composeProduct, lookup)!;
    const warnings: string[] = [];
    const found = locateDatabase({
      sources: [composeSource(compose, [], lookup)],
      dataDirectory: null,
      major: 2,
      warnings,
    });
    return { value: found?.value, warnings };
  }

  test('the published port is used', () => {
    expect(locateIn('    ports: ["127.0.0.1:5499:5432"]\n')).toMatchObject({
      value: { host: '127.0.0.1', port: 5499 },
      warnings: [],
    });
  });

  test('without one the service name stays, with a warning', () => {
    const found = locateIn('');
    expect(found.value).toMatchObject({ host: 'db' });
    expect(found.warnings).toEqual([expect.stringContaining("'db' is a service")]);
  });
});
