import { expect, test } from 'vitest';
import { refusal } from '../test/scratch.ts';
import { parseProjectUrl } from './database-url.ts';

const postgres = { engine: 'postgres', host: 'db', name: 'n' };
const mariadb = { engine: 'mariadb', host: 'db', name: 'n' };

// Each line was compared with dj-database-url 3.1.2 and django-environ 0.14.0; test/project.integration.test.ts does it again.
test.each([
  ['sqlite:///db.sqlite3', { engine: 'sqlite', path: '/srv/app/db.sqlite3' }, null],
  ['sqlite:////var/db.sqlite3', { engine: 'sqlite', path: '/var/db.sqlite3' }, null],
  ['sqlite:////var/a%20b.sqlite3', { engine: 'sqlite', path: '/var/a b.sqlite3' }, null],
  ['spatialite:///geo.db', { engine: 'sqlite', path: '/srv/app/geo.db' }, null],
  ['postgres://u:p%40%3A%2F%23w@db:5433/n', { ...postgres, port: 5433, user: 'u' }, 'p@:/#w'],
  ['postgresql://u%40x@db/n', { ...postgres, user: 'u@x' }, null],
  ['postgis://u:p@db/n', { ...postgres, user: 'u' }, 'p'],
  ['psql://db/n', postgres, null],
  ['pgsql://db/n', postgres, null],
  ['POSTGRES://db/n', postgres, null],
  ['postgres://u:100%@db/n', { ...postgres, user: 'u' }, '100%'],
  ['postgres://u:a:b@db/n', { ...postgres, user: 'u' }, 'a:b'],
  ['postgres://u:a@b@db/n', { ...postgres, user: 'u' }, 'a@b'],
  ['postgres://[::1]:5432/n', { ...postgres, host: '::1', port: 5432 }, null],
  ['postgres:///n', { ...postgres, host: '' }, null],
  ['postgres://%2Frun%2Fpostgresql/n', { ...postgres, host: '/run/postgresql' }, null],
  ['postgres:////run/postgresql/n', { ...postgres, host: '/run/postgresql' }, null],
  [
    'postgres://db/n?sslmode=require&conn_max_age=600&CONN_HEALTH_CHECKS=true&pool=true',
    { ...postgres, options: { sslmode: 'require' } },
    null,
  ],
  [
    'postgres://db/n?currentSchema=tenant',
    { ...postgres, options: { options: '-c search_path=tenant' } },
    null,
  ],
  ['postgres://u@db/n?password=inside', { ...postgres, user: 'u' }, 'inside'],
  ['mysql://u:p@db:3307/n', { ...mariadb, port: 3307, user: 'u' }, 'p'],
  ['mariadb://db/n', mariadb, null],
  ['mysql2://db/n', mariadb, null],
  [
    'mysql://db/n?ssl-ca=/ca.pem&charset=utf8mb4',
    { ...mariadb, options: { 'ssl-ca': '/ca.pem' } },
    null,
  ],
  [
    'mysql:///n?unix_socket=/run/my.sock',
    { ...mariadb, host: '', options: { socket: '/run/my.sock' } },
    null,
  ],
])('%s', (url, location, password) => {
  expect(parseProjectUrl(url, '/srv/app', 'test')).toEqual({ location, password });
});

test.each([
  'oracle://u:hidden@db/n',
  'postgres:u:hidden@db/n',
  'postgres://u:hidden@db:99999/n',
  'postgres://u:hidden@db:x/n',
  'postgres://u:hidden@a,b/n',
  'postgres://u:hidden@db/',
  'postgres://u:hidden@db/n%00x',
  'sqlite://:memory:?hidden',
  'sqlite://',
  'hidden',
  '',
])('%s is refused without being repeated', async (url) => {
  const [code, text] = await refusal(() =>
    parseProjectUrl(url, '/srv/app', 'DATABASE_URL in .env'),
  );
  expect(code).toBe('configuration-invalid');
  expect(text).toContain('DATABASE_URL in .env');
  expect(text).not.toContain('hidden');
});
