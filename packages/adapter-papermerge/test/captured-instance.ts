// A captured installation as tests use it: its media copied, its database opened by core's engine. Dumps are loaded into scratch
// databases on the PostgreSQL server of this machine with its own client.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseLocation } from '@dms-backup/core';
import { findPostgis } from '@dms-backup/test-fixtures/servers';

export const captures = join(import.meta.dirname, '../../../../shared/instances');

const scratch = mkdtempSync(join(tmpdir(), 'papermerge-captured-'));
const drops: (() => void)[] = [];

/** Removes all copies and scratch databases. */
export function removeCopies(): void {
  for (const drop of drops.splice(0)) drop();
  rmSync(scratch, { recursive: true, force: true });
}

export function isSqlite(name: string): boolean {
  return name.endsWith('-sqlite');
}

export interface ExpectedDocument {
  readonly id: string | number;
  readonly title: string;
  readonly path: string;
  readonly owner: string;
  readonly tags: readonly string[];
  readonly versions: readonly {
    readonly number: number;
    readonly id?: string;
    readonly file: string | null;
    readonly sha256?: string;
  }[];
}

export interface Expected {
  readonly version: string;
  readonly migrationHead: string;
  readonly migrationsUnknown?: readonly string[];
  readonly files: Readonly<Record<string, { readonly size: number }>>;
  readonly documents: readonly ExpectedDocument[];
  readonly versionsWithoutFile: readonly { readonly document: string | number }[];
  readonly orphanFiles: readonly string[];
  readonly orphanRows?: readonly { readonly file: string }[];
}

export function readExpected(name: string): Expected {
  return JSON.parse(readFileSync(join(captures, name, 'expected.json'), 'utf8')) as Expected;
}

/** A folder with the media of the capture. */
export function copyOf(name: string): string {
  const directory = mkdtempSync(join(scratch, `${name}-`));
  cpSync(join(captures, name, 'media'), join(directory, 'media'), { recursive: true });
  return directory;
}

/** The database of a copy; that of a server is loaded now. */
export async function databaseOf(name: string, directory: string): Promise<DatabaseLocation> {
  if (isSqlite(name)) {
    const path = join(directory, 'db.sqlite3');
    cpSync(join(captures, name, 'db.sqlite3'), path);
    chmodSync(path, 0o600);
    return { engine: 'sqlite', path };
  }
  const server = await findPostgis();
  if (!server) throw new Error('no PostgreSQL server; .ci/servers brings one');
  const { host, port, user } = server;
  const database = `dms_test_papermerge_${randomBytes(4).toString('hex')}`;
  const psql = (on: string, ...words: string[]): void => {
    const login = ['-h', host, '-p', String(port), '-U', user, '-d', on];
    const quiet = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
    execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...login, ...words], quiet);
  };
  const options = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'";
  psql('postgres', '-c', `CREATE DATABASE ${database} ${options}`);
  drops.push(() => psql('postgres', '-c', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
  psql(database, '-f', join(captures, name, 'dump.sql'));
  return { engine: 'postgres', host, port, user, name: database };
}
