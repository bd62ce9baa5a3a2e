import { expect, test } from 'vitest';
import { refusal } from '../test/scratch.ts';
import { parseAnswer, parsePassword } from './manage-answer.ts';
import { databaseOfAnswer } from './project-database.ts';

const database = {
  engine: 'django.db.backends.postgresql',
  name: 'office',
  user: 'anna',
  host: '',
  port: '5432',
  options: {},
};
const file = { table: 'a', column: 'f', title: '', location: '/m', storage: 'x.Y', bucket: '' };
const sound = {
  database,
  otherDatabases: ['reports'],
  mediaRoot: '/srv/media',
  settingsModule: 'office.settings',
  djangoVersion: '5.2.8',
  projectVersion: '',
  installedApps: ['archive'],
  fixtureDirectories: [],
  files: [file],
};

test('a sound answer, unknown fields ignored', () => {
  const answer = parseAnswer({ ...sound, more: 1 });
  expect(answer.database.engine).toBe('postgres');
  expect(answer.files).toEqual([file]);
});

test.each([
  ['the answer', null],
  ['the answer', []],
  ['database', { ...sound, database: 'x' }],
  ['name', { ...sound, database: { ...database, name: 5 } }],
  ['name', { ...sound, database: { ...database, name: 'a\0b' } }],
  ['sslmode', { ...sound, database: { ...database, options: { sslmode: {} } } }],
  ['mediaRoot', { ...sound, mediaRoot: 'x'.repeat(5000) }],
  ['installedApps', { ...sound, installedApps: [1] }],
  ['files', { ...sound, files: Array.from({ length: 20_001 }, () => file) }],
  ['files', { ...sound, files: [7] }],
  ['column', { ...sound, files: [{ ...file, column: null }] }],
])('wrong: %s', async (field, answer) => {
  const [code, text] = await refusal(() => parseAnswer(answer));
  expect(code).toBe('configuration-invalid');
  expect(text).toContain(`(${field})`);
});

test('a password is text or nothing', async () => {
  expect(parsePassword({ password: 'p' })).toBe('p');
  expect(parsePassword({ password: '' })).toBeUndefined();
  expect((await refusal(() => parsePassword({ password: 1 })))[1]).not.toContain('1)');
});

function located(changes: Partial<typeof database>) {
  const answer = parseAnswer({ ...sound, database: { ...database, ...changes } });
  return databaseOfAnswer(answer, '/srv/app/manage.py', 'DATABASES');
}

test.each([
  ['django.db.backends.postgresql', 'postgres'],
  ['django.contrib.gis.db.backends.postgis', 'postgres'],
  ['django_tenants.postgresql_backend', 'postgres'],
  ['django_prometheus.db.backends.mysql', 'mariadb'],
  ['mysql.connector.django', 'mariadb'],
])('engine %s', (engine, known) => {
  expect(located({ engine })).toMatchObject({ location: { engine: known, host: '', port: 5432 } });
});

test('a path of SQLite counts from manage.py', () => {
  expect(located({ engine: 'django.db.backends.sqlite3', name: 'db.sqlite3' })).toMatchObject({
    location: { engine: 'sqlite', path: '/srv/app/db.sqlite3' },
  });
});

test('sockets and TLS of MySQL', () => {
  const engine = 'django.db.backends.mysql';
  expect(located({ engine, host: '/run/my.sock', options: { ssl_ca: '/ca' } })).toMatchObject({
    location: { host: '', options: { socket: '/run/my.sock', 'ssl-ca': '/ca' } },
  });
});

test.each([
  [{ engine: 'django.db.backends.oracle' }, "its engine is 'django.db.backends.oracle'"],
  [{ engine: '' }, 'It has: reports.'],
  [{ engine: 'django.db.backends.dummy' }, 'the project has no such database'],
  [
    {
      engine: 'django.db.backends.mysql',
      name: '',
      options: { read_default_file: '/etc/my.cnf' },
    },
    '/etc/my.cnf',
  ],
  [{ port: 'x' }, 'port'],
  [{ name: '' }, 'it has no name'],
])('what cannot be used is refused: %j', async (changes, says) => {
  const [code, text] = await refusal(() => located(changes));
  expect([code, text]).toEqual(['configuration-invalid', expect.stringContaining(says)]);
});
