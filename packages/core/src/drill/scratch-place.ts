// Where a drill restores: a folder of its own, and for servers a database of its own. Whatever happens, both go at the end; what
// cannot be removed is named.

import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Instance } from '../adapter.ts';
import type { Manifest } from '../archive/schema.ts';
import { describeLocation } from '../database/database-url.ts';
import type { DatabaseLocation } from '../database/engine.ts';
import { oldScratchNames, scratchName } from '../database/scratch-name.ts';
import { DmsBackupError } from '../errors.ts';
import { findDatabase } from '../instance.ts';
import type { InstanceDatabase } from '../instance.ts';
import type { DrillOptions, InstanceOptions } from '../verb.ts';
import { makeScratchFolder, removeScratchFolder } from './scratch-folder.ts';
import { stateFolder, trialAdapter, trialEnvironment, trialInstance } from './trial-instance.ts';

export interface ScratchPlace {
  readonly folder: string;
  /** For people: a path, or words for a database on a server. */
  readonly database: string;
  readonly instance: Instance;
  /** What the verbs get that work on the restored state. */
  readonly options: InstanceOptions;
  /** Names of databases that killed drills left on the server more than a day ago. */
  readonly leftovers: readonly string[];
  /** Removes all of it, also after an abort. Never throws: returns what stays and why, for people. */
  discard(): Promise<string[]>;
  /** Leaves it standing, but for what only the drill needed: locks, and notes of a restore. */
  keep(): void;
}

const titles: Readonly<Record<string, string>> = { postgres: 'PostgreSQL', mariadb: 'MariaDB' };

/** Throws `usage` when the server does not fit the archive. */
export function assertServer(manifest: Manifest, { server }: Pick<DrillOptions, 'server'>): void {
  const engine = manifest.database?.engine ?? '';
  if (engine === (server?.engine ?? 'sqlite')) return;
  const title = titles[engine];
  if (title === undefined) {
    throw new DmsBackupError('usage', 'the archive is of a SQLite database, which has no server', {
      hint: 'Leave out --server: the database is made in the scratch folder.',
    });
  }
  throw new DmsBackupError(
    'usage',
    `the archive is of a ${title} database, and no ${title} server is named for the drill`,
    {
      hint: `Add --server ${engine}://user@host:port: a scratch database is made there and dropped at the end. The password comes from --database-password-file or ${engine === 'postgres' ? 'PGPASSWORD' : 'MYSQL_PWD'}.`,
    },
  );
}

/** Throws `destination-unwritable`, `no-space`, `database-denied`, `server-unreachable`, ...; nothing stays then. */
export async function makeScratchPlace(
  manifest: Manifest,
  options: DrillOptions,
): Promise<ScratchPlace> {
  const { server, workingDirectory, signal, onEvent } = options;
  const parent = options.to === undefined ? tmpdir() : resolve(workingDirectory, options.to);
  const folder = makeScratchFolder(parent);
  try {
    const location: DatabaseLocation = server
      ? { ...server, name: scratchName(new Date()) }
      : { engine: 'sqlite', path: join(folder, 'database', 'database.sqlite3') };
    const instance = trialInstance(manifest, folder, location);
    const own = instanceOptions(manifest, instance, folder, options);
    const found = await findDatabase(instance, own);
    const others = server ? await createDatabase(found, manifest, signal) : [];
    return {
      folder,
      database: location.engine === 'sqlite' ? location.path : describeLocation(location),
      instance,
      options: { ...own, ...(onEvent && { onEvent }), ...(signal && { signal }) },
      leftovers: oldScratchNames(others, new Date()),
      keep: () => removeScratchFolder(stateFolder(folder)),
      discard: async () => [...(await dropDatabase(found)), ...removeFolder(folder)],
    };
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
}

function instanceOptions(
  manifest: Manifest,
  instance: Instance,
  folder: string,
  { adapter, adapterPackage, databasePasswordFile, environment, workingDirectory }: DrillOptions,
): InstanceOptions {
  return {
    adapter: trialAdapter(adapter, manifest, instance),
    adapterPackage,
    given: { configFiles: [] },
    ...(databasePasswordFile !== undefined && {
      databasePasswordFile: resolve(workingDirectory, databasePasswordFile),
    }),
    environment: trialEnvironment(environment, folder),
    workingDirectory: folder,
  };
}

/** Names of the others that are there. An abort may come after the server has made it: then it is dropped. */
async function createDatabase(
  found: InstanceDatabase,
  manifest: Manifest,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { engine, location, connect } = found;
  const encoding = manifest.database?.encoding ?? '';
  try {
    const withSignal = { ...connect, ...(signal && { signal }) };
    return (await engine.createScratch?.(location, { encoding }, withSignal)) ?? [];
  } catch (error) {
    if (signal?.aborted) await dropDatabase(found);
    throw error;
  }
}

async function dropDatabase({ engine, location, connect }: InstanceDatabase): Promise<string[]> {
  try {
    await engine.dropScratch?.(location, connect);
    return [];
  } catch (error) {
    return [`${describeLocation(location)} was not dropped: ${messageOf(error)}`];
  }
}

function removeFolder(folder: string): string[] {
  try {
    removeScratchFolder(folder);
    return [];
  } catch (error) {
    return [`the folder '${folder}' was not removed: ${messageOf(error)}`];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
