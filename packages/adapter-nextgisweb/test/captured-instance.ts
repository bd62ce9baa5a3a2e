// A captured installation as tests use it: its folders copied, its dump loaded with `psql` into a scratch database on the
// PostGIS server of this machine.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseLocation } from '@dms-backup/core';
import { findPostgis } from '@dms-backup/test-fixtures/servers';

export const captures = join(import.meta.dirname, '../../../../shared/instances');

export interface Expected {
  readonly version: string;
  readonly instanceId: string;
  readonly extensions: Readonly<Record<string, string>>;
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  readonly vectorLayers: readonly { readonly resourceId: number; readonly table: string }[];
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, { readonly size?: number }>>;
  readonly fileobjs: readonly {
    readonly component: string;
    readonly uuid: string;
    readonly size: number;
  }[];
  readonly orphanFiles: readonly string[];
}

const scratch = mkdtempSync(join(tmpdir(), 'nextgisweb-captured-'));
const drops: (() => void)[] = [];

/** Removes all copies and scratch databases. */
export function removeCopies(): void {
  for (const drop of drops.splice(0)) drop();
  rmSync(scratch, { recursive: true, force: true });
}

export function readExpected(name: string): Expected {
  return JSON.parse(readFileSync(join(captures, name, 'expected.json'), 'utf8')) as Expected;
}

export function copyOf(name: string): string {
  const directory = mkdtempSync(join(scratch, `${name}-`));
  for (const part of ['config', 'sdir']) {
    cpSync(join(captures, name, part), join(directory, part), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
  return directory;
}

/** Loads the dump; `spatial_ref_sys` then holds the rows of the product alone, as in the source. */
export async function databaseOf(name: string): Promise<DatabaseLocation> {
  const server = await findPostgis();
  if (!server) throw new Error('no PostGIS server; .ci/servers brings one');
  const { host, port, user } = server;
  const database = `dms_test_ngw_${randomBytes(4).toString('hex')}`;
  const psql = (where: string, ...words: string[]): void => {
    const login = ['-h', host, '-p', String(port), '-U', user, '-d', where];
    const quiet = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
    execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...login, ...words], quiet);
  };
  const options = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'";
  psql('postgres', '-c', `CREATE DATABASE ${database} ${options}`);
  drops.push(() => psql('postgres', '-c', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
  for (const extension of Object.keys(readExpected(name).extensions)) {
    psql(database, '-c', `CREATE EXTENSION ${extension}`);
  }
  psql(database, '-1', '-f', join(captures, name, 'dump.sql'));
  psql(database, '-c', 'TRUNCATE spatial_ref_sys', '-c', 'UPDATE srs SET id = id');
  return { engine: 'postgres', host, port, user, name: database };
}
