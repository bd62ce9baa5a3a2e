import { expect, test } from 'vitest';
import { parseDatabaseUrl } from './database-url.ts';

test.each([
  ['sqlite:////db/db.sqlite3', { engine: 'sqlite', path: '/db/db.sqlite3' }],
  ['sqlite:///db.sqlite3', { engine: 'sqlite', path: 'db.sqlite3' }],
  ['sqlite+aiosqlite:////a b.db?timeout=5', { engine: 'sqlite', path: '/a b.db' }],
])('%s', (url, wanted) => {
  expect(parseDatabaseUrl(url)).toEqual(wanted);
});

test('servers: drivers, encoded parts, defaults, TLS', () => {
  expect(
    parseDatabaseUrl(
      'postgresql+asyncpg://u%40x:p%2Fw%25@db.example:5433/na%20me?sslmode=verify-full&sslrootcert=/ca.pem&pool=5',
    ),
  ).toEqual({
    engine: 'postgres',
    host: 'db.example',
    port: 5433,
    user: 'u@x',
    password: 'p/w%',
    name: 'na me',
    options: { sslmode: 'verify-full', sslrootcert: '/ca.pem' },
  });
  expect(parseDatabaseUrl('mysql+pymysql://root@[::1]/pm')).toEqual({
    engine: 'mariadb',
    host: '::1',
    port: undefined,
    user: 'root',
    password: undefined,
    name: 'pm',
    options: {},
  });
  expect(parseDatabaseUrl('postgres:///pm?host=/run/postgresql')).toMatchObject({
    host: '/run/postgresql',
    user: undefined,
    name: 'pm',
  });
  expect(parseDatabaseUrl('postgresql://h/d?ssl=true')).toMatchObject({
    options: { sslmode: 'require' },
  });
  expect(parseDatabaseUrl('postgresql://u:100%@h/d')).toMatchObject({ password: '100%' });
});

test.each(['', 'sqlite://', 'sqlite:///', 'oracle://h/d', 'db.sqlite3', 'postgresql:h/d'])(
  '%j is no URL of a database',
  (url) => {
    expect(parseDatabaseUrl(url)).toBeNull();
  },
);
