// Instances that the project builds itself, as tests use them: in SQLite, or in scratch databases on the servers of the machine.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseLocation, GivenLocation, Instance } from '@dms-backup/core';
import {
  buildPapermergeInstance,
  buildPapermergeServerInstance,
  type PapermergeInstance,
  type PapermergeOptions,
  type SampleServer,
} from '@dms-backup/test-fixtures';
import { findMariadb, queryServer, sharedPostgres } from '@dms-backup/test-fixtures/servers';

/** Made by the first instance: files that only want {@link instanceAt} leave nothing behind. */
let scratch: string | null = null;
const made: SampleServer[] = [];

/** Removes all instances and databases of this file. */
export async function removeInstances(): Promise<void> {
  for (const server of made.splice(0)) {
    const database = server.engine === 'postgres' ? 'postgres' : 'mysql';
    await queryServer({ ...server, database }, `DROP DATABASE ${server.database}`);
  }
  if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
  scratch = null;
}

export function emptyDirectory(): string {
  scratch ??= mkdtempSync(join(tmpdir(), 'papermerge-built-'));
  return mkdtempSync(join(scratch, 'instance-'));
}

export interface BuiltInstance extends PapermergeInstance {
  readonly location: DatabaseLocation;
}

export async function build(
  options: PapermergeOptions,
  engine: 'sqlite' | 'postgres' | 'mariadb' = 'sqlite',
): Promise<BuiltInstance> {
  const directory = emptyDirectory();
  if (engine === 'sqlite') {
    const built = buildPapermergeInstance(directory, options);
    return { ...built, location: { engine, path: built.databasePath ?? '' } };
  }
  const server = await createDatabase(engine);
  const built = await buildPapermergeServerInstance(directory, server, options);
  const { host, port, user, database } = server;
  return { ...built, location: { engine, host, port, user, name: database } };
}

async function createDatabase(engine: 'postgres' | 'mariadb'): Promise<SampleServer> {
  const place = engine === 'postgres' ? await sharedPostgres() : await findMariadb();
  if (place === undefined) throw new Error('no MariaDB server answers');
  const { host, port, user } = place;
  const server = {
    engine,
    host,
    port,
    user,
    database: `dms_papermerge_${randomBytes(6).toString('hex')}`,
  };
  const [admin, kind] =
    engine === 'postgres'
      ? ['postgres', "TEMPLATE template0 ENCODING 'UTF8'"]
      : ['mysql', 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci'];
  await queryServer({ ...server, database: admin }, `CREATE DATABASE ${server.database} ${kind}`);
  made.push(server);
  return server;
}

export function flagsOf({ location, mediaDirectory }: BuiltInstance): GivenLocation {
  return { configFiles: [], database: location, media: mediaDirectory };
}

/** An instance as `configure` gives it for flags alone. */
export function instanceAt(
  media: string | null,
  settings: Readonly<Record<string, string>> = {},
): Instance {
  return {
    roots:
      media === null
        ? []
        : [{ name: 'media', directory: media, source: '--media', required: true }],
    settings: Object.entries(settings).map(([name, value]) => ({ name, value, source: 'test' })),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

export async function list<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
