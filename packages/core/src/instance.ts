// Finds the instance that a verb works on: the adapter's word, checked and completed with clear errors.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Instance } from './adapter.ts';
import { checked } from './adapter-check.ts';
import { InstanceSchema } from './adapter-schema.ts';
import { defaultPorts } from './database/database-url.ts';
import type { ConnectOptions, DatabaseEngine, DatabaseLocation } from './database/engine.ts';
import { loadEngine } from './database/engines.ts';
import { DmsBackupError } from './errors.ts';
import type { InstanceOptions } from './verb.ts';

/** Asks the adapter where everything is. Throws `configuration-invalid`, `adapter-invalid`. */
export async function findInstance(options: InstanceOptions): Promise<Instance> {
  const { adapter, given, environment, workingDirectory } = options;
  const found = await adapter.configure({ given, environment, workingDirectory });
  return checked(InstanceSchema, found, adapter.name, 'configure');
}

/** The database of an instance, and all that is needed to use it. */
export interface InstanceDatabase {
  readonly engine: DatabaseEngine;
  readonly location: DatabaseLocation;
  /** Where the location was found, for people. */
  readonly source: string;
  /** Passed to every call of the engine. Holds the password: never printed, never written. */
  readonly connect: ConnectOptions;
}

/**
 * The database of the instance and its engine. Throws `instance-not-found`, `configuration-invalid` (password file), or
 * `database-unsupported`.
 */
export async function findDatabase(
  instance: Instance,
  options: InstanceOptions,
): Promise<InstanceDatabase> {
  if (!instance.database) {
    const looked = instance.lookedAt
      .map(({ place, found }) => `${place}${found ? '' : ' (not there)'}`)
      .join(', ');
    throw new DmsBackupError(
      'instance-not-found',
      `no database found; looked at: ${looked || 'nothing'}`,
    );
  }
  const { value, source } = instance.database;
  // zod's inferred union and the interface differ only in how absent options are written
  const location = value as DatabaseLocation;
  const engine = await loadEngine(location.engine);
  return { engine, location, source, connect: await connectOptions(location, options) };
}

async function connectOptions(
  location: DatabaseLocation,
  options: InstanceOptions,
): Promise<ConnectOptions> {
  const { environment, signal } = options;
  const password = location.engine === 'sqlite' ? undefined : await passwordOf(location, options);
  return {
    environment,
    ...(signal && { signal }),
    ...(password !== undefined && { password }),
  };
}

/** The first that is there: a file that the user named, the variable of the server's own clients, the application's word. */
async function passwordOf(
  location: DatabaseLocation,
  { adapter, given, environment, workingDirectory, databasePasswordFile }: InstanceOptions,
): Promise<string | undefined> {
  if (databasePasswordFile !== undefined)
    return readPassword(resolve(workingDirectory, databasePasswordFile));
  if (environment[location.engine === 'postgres' ? 'PGPASSWORD' : 'MYSQL_PWD'] !== undefined)
    return undefined;
  return await adapter.databasePassword?.({ given, environment, workingDirectory });
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new DmsBackupError('configuration-invalid', `cannot read the password file '${path}'`, {
      cause,
      hint: 'Name a file that this user can read and that holds nothing but the password.',
    });
  }
}

/** True when both name the same database, however the user or options are given. */
export function isSameDatabase(one: DatabaseLocation, other: DatabaseLocation): boolean {
  if (one.engine === 'sqlite' || other.engine === 'sqlite')
    return one.engine === 'sqlite' && other.engine === 'sqlite' && one.path === other.path;
  return (
    one.engine === other.engine &&
    one.host === other.host &&
    (one.port ?? defaultPorts[one.engine]) === (other.port ?? defaultPorts[other.engine]) &&
    one.name === other.name
  );
}
