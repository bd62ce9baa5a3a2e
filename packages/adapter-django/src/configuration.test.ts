import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, inputAt, refusal } from '../test/scratch.ts';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';

const env = [
  "SECRET_KEY='planted'",
  'DATABASE_URL=postgres://anna:planted@db.example:5433/office?sslmode=require',
  'MEDIA_ROOT=files',
  'AWS_SECRET_ACCESS_KEY=planted',
  'DEBUG=off',
].join('\n');

test('an .env named with --config: database, media beside it, names of secrets', async () => {
  const directory = folderWith({ 'conf/.env': env, 'other/x': '' });
  const place = join(directory, 'conf');
  const instance = await configure(
    inputAt(join(directory, 'other'), { configFiles: [join(place, '.env')] }),
  );
  expect(instance.database).toEqual({
    value: {
      engine: 'postgres',
      host: 'db.example',
      port: 5433,
      user: 'anna',
      name: 'office',
      options: { sslmode: 'require' },
    },
    source: `DATABASE_URL in ${place}/.env`,
  });
  expect(instance.roots).toEqual([
    {
      name: 'media',
      directory: join(place, 'files'),
      source: `MEDIA_ROOT in ${place}/.env`,
      required: true,
    },
  ]);
  expect(instance.secrets.map(({ name }) => name)).toEqual([
    'SECRET_KEY',
    'DATABASE_URL',
    'AWS_SECRET_ACCESS_KEY',
  ]);
  expect(JSON.stringify(instance)).not.toContain('planted');
  expect(instance.warnings).toEqual([
    expect.stringContaining('nobody said which columns hold file names'),
  ]);
});

test('the environment wins over .env of the working directory, value by value', async () => {
  const directory = folderWith({ '.env': env });
  const environment = { DATABASE_URL: 'sqlite:///db.sqlite3', PGPASSWORD: 'x' };
  const instance = await configure(inputAt(directory, {}, environment));
  expect(instance.database).toEqual({
    value: { engine: 'sqlite', path: join(directory, 'db.sqlite3') },
    source: 'DATABASE_URL in the environment',
  });
  expect(instance.roots[0]?.directory).toBe(join(directory, 'files'));
  expect(instance.secrets.map(({ name }) => name)).not.toContain('PGPASSWORD');
});

test('flags win, and with both no .env is looked for', async () => {
  const directory = folderWith({ '.env': 'DATABASE_URL=oracle://x', 'elsewhere/x': '' });
  const instance = await configure(
    inputAt(directory, {
      database: { engine: 'sqlite', path: 'a.db' },
      media: 'elsewhere',
      data: 'more',
      appVersion: '7',
      options: { 'file-column': ['a.file'] },
    }),
  );
  expect(instance.database?.value).toEqual({ engine: 'sqlite', path: join(directory, 'a.db') });
  expect(instance.roots.map(({ name, source }) => [name, source])).toEqual([
    ['media', '--media'],
    ['data', '--data'],
  ]);
  expect(instance.appVersion).toEqual({ value: '7', source: '--app-version' });
  expect(instance.lookedAt).toEqual([]);
  expect(instance.warnings).toEqual([]);
  expect(instance.settings.map(({ name }) => name)).toEqual(['file-column a.file']);
});

test('--database helps where DATABASE_URL cannot be followed', async () => {
  const directory = folderWith({ '.env': 'DATABASE_URL=oracle://x:planted@db/y' });
  const given = { database: { engine: 'sqlite', path: '/srv/a.db' } } as const;
  const instance = await configure(inputAt(directory, given));
  expect(instance.database?.source).toBe('--database');
  expect(instance.warnings[0]).toContain('cannot understand the database URL');
  expect(JSON.stringify(instance)).not.toContain('planted');
  const [code, text] = await refusal(() => configure(inputAt(directory)));
  expect([code, text.includes('planted')]).toEqual(['configuration-invalid', false]);
});

test('files that are no env files are refused with the way out', async () => {
  const directory = folderWith({
    'settings.py': 'DEBUG = True',
    'compose.yml': 'services:\n  web: {}\n',
    'broken.env': 'A="open\n',
  });
  const refused = async (name: string) =>
    (
      await refusal(() => configure(inputAt(directory, { configFiles: [join(directory, name)] })))
    )[1];
  expect(await refused('settings.py')).toContain('--manage');
  expect(await refused('compose.yml')).toContain('compose file');
  expect(await refused('broken.env')).toContain('line 1');
  expect(await refused('none.env')).toContain('there is no file');
});

test('fixtures only when asked, and nested roots are named', async () => {
  const directory = folderWith({
    '.env': env,
    'files/fixtures/a.json': '[]',
    'b/fixtures/c.json': '[]',
  });
  mkdirSync(join(directory, 'files/more'));
  expect((await configure(inputAt(directory))).roots).toHaveLength(1);
  const options = { 'include-fixtures': ['true'] };
  const instance = await configure(inputAt(directory, { options, data: 'files/more' }));
  expect(instance.roots.map(({ name }) => name)).toEqual(['media', 'data', 'fixtures']);
  expect(instance.warnings[0]).toContain('lies inside the media directory');
  const nothing = await configure(inputAt(folderWith(), { options }));
  expect(nothing.warnings[0]).toContain('no folder with JSON fixtures');
});

test('an empty place gives nothing', async () => {
  const instance = await configure(inputAt(folderWith()));
  expect([instance.database, instance.roots, instance.settings]).toEqual([undefined, [], []]);
});

test('the password is the one of DATABASE_URL, for its own server and user only', async () => {
  const directory = folderWith({ '.env': env });
  const ask = (database?: object) =>
    databasePassword(inputAt(directory, database ? ({ database } as object) : {}));
  expect(await ask()).toBe('planted');
  const other = { engine: 'postgres', host: 'new.example', name: 'office' };
  expect(await ask(other)).toBe('planted');
  expect(await ask({ ...other, user: 'anna' })).toBe('planted');
  expect(await ask({ ...other, user: 'bert' })).toBeUndefined();
  expect(await ask({ ...other, engine: 'mariadb' })).toBeUndefined();
  expect(await ask({ engine: 'sqlite', path: '/x' })).toBeUndefined();
  expect(await databasePassword(inputAt(folderWith()))).toBeUndefined();
});
