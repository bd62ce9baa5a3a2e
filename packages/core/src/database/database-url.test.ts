import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDmsBackupError } from '../errors.ts';
import {
  databasePlaceName,
  describeLocation,
  parseDatabaseUrl,
  parseServerUrl,
} from './database-url.ts';

const parse = (url: string): unknown => parseDatabaseUrl(url, '/srv/app');

describe('parseDatabaseUrl', () => {
  test.each([
    ['sqlite:///data/db.sqlite3', '/data/db.sqlite3'],
    ['sqlite:db.sqlite3', '/srv/app/db.sqlite3'],
    ['sqlite:../data/db.sqlite3', '/srv/data/db.sqlite3'],
    ['sqlite:/data/db.sqlite3', '/data/db.sqlite3'],
    ['sqlite:////data/db.sqlite3', '/data/db.sqlite3'],
    ['SQLite+pysqlite:///a%20b/%3Fc%25.db', '/a b/?c%.db'],
    ['sqlite:///ä#b.db', '/ä#b.db'],
  ])('%s', (url, path) => {
    expect(parse(url)).toEqual({ engine: 'sqlite', path });
  });

  test.each([
    ['postgres://db/paperless', { engine: 'postgres', host: 'db', name: 'paperless' }],
    [
      'postgresql+psycopg://me@db.example:5433/a%2Fb%20c?sslmode=require&connect_timeout=5',
      {
        engine: 'postgres',
        host: 'db.example',
        port: 5433,
        user: 'me',
        name: 'a/b c',
        options: { sslmode: 'require', connect_timeout: '5' },
      },
    ],
    ['postgres:///name', { engine: 'postgres', host: 'localhost', name: 'name' }],
    [
      'postgres://u%40x@%2Fvar%2Frun%2Fpostgresql/name',
      { engine: 'postgres', user: 'u@x', host: '/var/run/postgresql', name: 'name' },
    ],
    [
      'mariadb://u@[::1]:3307/n',
      { engine: 'mariadb', user: 'u', host: '::1', port: 3307, name: 'n' },
    ],
    ['mysql://127.0.0.1/n', { engine: 'mariadb', host: '127.0.0.1', name: 'n' }],
  ])('%s', (url, location) => {
    expect(parse(url)).toEqual(location);
  });

  test.each([
    '',
    'paperless',
    'oracle://host/name',
    'sqlite:',
    'sqlite://',
    'sqlite://relative/path',
    'sqlite::memory:',
    'sqlite:///db?mode=ro',
    'sqlite:///%zz',
    'sqlite:///a%00b',
    'postgres:name',
    'postgres://host',
    'postgres://host/',
    'postgres://host/a/b',
    'postgres://host:0/a',
    'postgres://host:99999/a',
    'postgres://host:x/a',
    'postgres://a,b/name',
    'postgres://[::1/name',
  ])('refuses %j', (url) => {
    expect(() => parse(url)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test.each([
    'postgres://me:hunter2@host/name',
    'postgres://me:hunter2@x@host/name',
    'mysql://:hunter2@host/name',
    'mariadb://me%3Ahunter2:hunter2@host:1/name',
    'postgres://me@host/name?password=hunter2',
    'mysql://me@host/name?passwd=hunter2',
    'postgres://host/name?sslpassword=hunter2',
    'postgres://me:hunter2@host:bad/name',
    'postgres//me:hunter2@host/name',
  ])('never takes or repeats the password of %s', (url) => {
    try {
      parse(url);
      expect.unreachable();
    } catch (error) {
      if (!isDmsBackupError(error)) throw error;
      expect(error.code).toBe('usage');
      expect(JSON.stringify([error.message, error.hint, error.context])).not.toContain('hunter2');
    }
  });

  test('fails on any input only with usage', () => {
    const urls = fc.tuple(
      fc.constantFrom('sqlite:', 'sqlite://', 'postgres://', 'mysql:', 'mariadb://a@', ''),
      fc.string({ unit: fc.constantFrom(...Array.from('a:/@?#%[]2,=&é\0 ')) }),
    );
    fc.assert(
      fc.property(urls, ([scheme, rest]) => {
        try {
          parse(scheme + rest);
        } catch (error) {
          if (!isDmsBackupError(error)) throw error;
          expect(error.code).toBe('usage');
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('describeLocation', () => {
  const lines = [
    'sqlite:db.sqlite3',
    'postgres://me@db:5433/paperless?sslmode=require',
    'mariadb://[::1]:3306/n',
    'postgres://db/n',
  ].map((url) => describeLocation(parseDatabaseUrl(url, '/srv/app')));
  expect(lines).toEqual([
    "SQLite database '/srv/app/db.sqlite3'",
    "PostgreSQL database 'paperless' on db:5433 as user 'me'",
    "MariaDB database 'n' on [::1]:3306",
    "PostgreSQL database 'n' on db",
  ]);
});

describe('parseServerUrl', () => {
  test.each([
    ['postgres://db', { engine: 'postgres', host: 'db' }],
    ['postgresql://me@db:5433/', { engine: 'postgres', host: 'db', port: 5433, user: 'me' }],
    [
      'mysql://root@[::1]:3307?ssl-mode=REQUIRED',
      {
        engine: 'mariadb',
        host: '::1',
        port: 3307,
        user: 'root',
        options: { 'ssl-mode': 'REQUIRED' },
      },
    ],
  ])('%s', (url, server) => {
    expect(parseServerUrl(url)).toEqual(server);
  });

  test.each([
    ['postgres://db/paperless', 'names a database'],
    ['sqlite:x', 'has no server'],
    ['postgres://me:secret@db', 'holds a password'],
    ['db:5432', 'no known kind'],
  ])('%s is refused', (url, says) => {
    let error: unknown;
    try {
      parseServerUrl(url);
    } catch (found) {
      error = found;
    }
    expect(isDmsBackupError(error) && [error.code, error.message]).toEqual([
      'usage',
      expect.stringContaining(says),
    ]);
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});

describe('the name of a place', () => {
  test('is the same whoever logs in, and whether or not the port is said', () => {
    const { engine, host, name } = { engine: 'postgres', host: 'db', name: 'dms' } as const;
    expect(databasePlaceName({ engine, host, name, user: 'anna' })).toBe('postgres://db:5432/dms');
    expect(
      databasePlaceName({ engine, host, port: 5432, name, options: { sslmode: 'require' } }),
    ).toBe('postgres://db:5432/dms');
  });

  test('tells servers, ports, names and engines apart', () => {
    expect(databasePlaceName({ engine: 'mariadb', host: '::1', name: 'dms' })).toBe(
      'mariadb://[::1]:3306/dms',
    );
    expect(databasePlaceName({ engine: 'sqlite', path: '/srv/db.sqlite3' })).toBe(
      'sqlite:/srv/db.sqlite3',
    );
  });
});
