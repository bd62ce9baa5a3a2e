// A Django 5.2 project as a user has it: a virtual environment from the package index, the code of `test/project`, migrated and
// filled by Django itself. The environment is made once per test file.

import { execFile, type ExecFileException } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findMariadb, queryServer, sharedPostgres } from '@dms-backup/test-fixtures/servers';

export type Engine = 'sqlite' | 'postgres' | 'mariadb';

/** Drivers that need no compiler, and both packages that read DATABASE_URL. */
const packages = [
  'Django==5.2.*',
  'psycopg[binary]==3.3.*',
  'PyMySQL==1.2.*',
  'django-environ==0.14.*',
  'dj-database-url==3.1.*',
];

/** Throws with a sentence about what is missing on this machine. */
export async function makeVirtualEnvironment(directory: string): Promise<string> {
  const environment = join(directory, 'venv');
  const needed =
    'the tests of adapter-django need python3 with venv and pip, and the package index';
  await call('python3', ['-m', 'venv', environment]).catch((cause: unknown) => {
    throw new Error(`${needed}: cannot make a virtual environment`, { cause });
  });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  await call(join(environment, 'bin/python'), [...pip, ...packages]).catch((cause: unknown) => {
    throw new Error(`${needed}: cannot install ${packages.join(', ')}`, { cause });
  });
  return environment;
}

/** Standard output. The error of a failure has standard error in its message. */
export function call(
  program: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      words,
      {
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONDONTWRITEBYTECODE: '1' },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error: ExecFileException | null, output, errors) => {
        if (error === null) resolve(output);
        else reject(new Error(`${program} ${words.join(' ')}: ${errors}`, { cause: error }));
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

export interface RealProject {
  readonly directory: string;
  readonly manage: string;
  readonly configPath: string;
  /** What DATABASE_URL says. */
  readonly url: string;
  /** `python manage.py ...` */
  django(words: readonly string[], input?: string): Promise<string>;
}

export const planted = { secretKey: 'secret-key-planted', password: 'p@ss:planted/%' };

/** Databases made by {@link emptyUrl}. */
const drops: (() => Promise<unknown>)[] = [];

export async function dropDatabases(): Promise<void> {
  for (const drop of drops.splice(0)) await drop();
}

/** DATABASE_URL of a database that is empty. */
export async function emptyUrl(engine: Engine): Promise<string> {
  if (engine === 'sqlite') return 'sqlite:///db.sqlite3';
  const database = `dms_test_django_${randomBytes(6).toString('hex')}`;
  const server = engine === 'postgres' ? await sharedPostgres() : await findMariadb();
  if (server === undefined) throw new Error('no MariaDB server answers');
  const { host, port, user } = server;
  const admin = { engine, host, port, user, database: engine === 'postgres' ? engine : 'mysql' };
  const kind = engine === 'postgres' ? '' : ' CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
  await queryServer(admin, `CREATE DATABASE ${database}${kind}`);
  drops.push(() => queryServer(admin, `DROP DATABASE ${database}`));
  // The servers of the tests trust; PostgreSQL does so with a password, too.
  const password = engine === 'postgres' ? `:${encodeURIComponent(planted.password)}` : '';
  return `${engine === 'postgres' ? 'postgres' : 'mysql'}://${user}${password}@${host}:${port}/${database}`;
}

/** The code of the project with an environment and a place for its data; nothing is migrated. */
export function placeProject(scratch: string, environment: string, url: string): RealProject {
  const directory = mkdtempSync(join(scratch, 'project-'));
  cpSync(join(import.meta.dirname, 'project'), directory, { recursive: true });
  mkdirSync(join(directory, 'archive/migrations'));
  writeFileSync(join(directory, 'archive/migrations/__init__.py'), '');
  symlinkSync(environment, join(directory, '.venv'));
  const configPath = join(directory, '.env');
  writeFileSync(configPath, `SECRET_KEY=${planted.secretKey}\nDATABASE_URL=${url}\n`);
  const manage = join(directory, 'manage.py');
  return {
    directory,
    manage,
    configPath,
    url,
    django: (words, input) =>
      call(join(directory, '.venv/bin/python'), [manage, ...words], {
        cwd: directory,
        ...(input === undefined ? {} : { input }),
      }),
  };
}
