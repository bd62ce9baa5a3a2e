// A captured installation as tests use it: its folders copied, its database opened by core's engine. Dumps of servers are
// loaded into scratch databases on the servers of this machine, with their own clients (`psql`, `mariadb`).

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseLocation } from '@dms-backup/core';
import { findMariadb, findPostgis } from '@dms-backup/test-fixtures/servers';

export const captures = join(import.meta.dirname, '../../../../shared/instances');

export type ServerLocation = Exclude<DatabaseLocation, { engine: 'sqlite' }>;

const scratch = mkdtempSync(join(tmpdir(), 'paperless-captured-'));
const drops: (() => void)[] = [];

/** Removes all copies and scratch databases. */
export function removeCopies(): void {
  for (const drop of drops.splice(0)) drop();
  rmSync(scratch, { recursive: true, force: true });
}

export function engineOf(name: string): 'sqlite' | 'postgres' | 'mariadb' {
  return name.slice(name.lastIndexOf('-') + 1) as 'sqlite' | 'postgres' | 'mariadb';
}

export function readExpected(name: string): unknown {
  return JSON.parse(readFileSync(join(captures, name, 'expected.json'), 'utf8'));
}

/** A copy of the folders: opening a SQLite database in WAL mode in place would change it. */
export function copyOf(name: string): string {
  const directory = mkdtempSync(join(scratch, `${name}-`));
  for (const part of ['config', 'data', 'media']) {
    cpSync(join(captures, name, part), join(directory, part), {
      recursive: true,
      preserveTimestamps: true,
    });
  }
  return directory;
}

/** The database of a copy; that of a server is loaded now. */
export async function databaseOf(name: string, directory: string): Promise<DatabaseLocation> {
  const engine = engineOf(name);
  if (engine === 'sqlite') return { engine, path: join(directory, 'data/db.sqlite3') };
  const database = `dms_test_paperless_${randomBytes(4).toString('hex')}`;
  const dump = join(captures, name, 'dump.sql');
  return engine === 'postgres'
    ? await loadPostgres(database, dump)
    : await loadMariadb(database, dump);
}

async function loadPostgres(name: string, dump: string): Promise<ServerLocation> {
  const server = await findPostgis();
  if (!server) throw new Error('no PostgreSQL server; .ci/servers brings one');
  const { host, port, user } = server;
  const psql = (database: string, ...words: string[]): void => {
    const login = ['-h', host, '-p', String(port), '-U', user, '-d', database];
    const quiet = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
    execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...login, ...words], quiet);
  };
  const options = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'";
  psql('postgres', '-c', `CREATE DATABASE ${name} ${options}`);
  drops.push(() => psql('postgres', '-c', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  psql(name, '-f', dump);
  return { engine: 'postgres', host, port, user, name };
}

async function loadMariadb(name: string, dump: string): Promise<ServerLocation> {
  const server = await findMariadb();
  if (server === undefined) throw new Error('no MariaDB server answers');
  const { host, port, user } = server;
  const client = (input: number | 'ignore', ...words: string[]): void => {
    const login = ['-h', host, '-P', String(port), '-u', user, '--default-character-set=utf8mb4'];
    execFileSync('mariadb', ['--no-defaults', ...login, ...words], {
      stdio: [input, 'ignore', 'pipe'],
    });
  };
  const options = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
  client('ignore', '-e', `CREATE DATABASE ${name} ${options}`);
  drops.push(() => client('ignore', '-e', `DROP DATABASE IF EXISTS ${name}`));
  const file = openSync(dump, 'r');
  try {
    client(file, name);
  } finally {
    closeSync(file);
  }
  return { engine: 'mariadb', host, port, user, name };
}
