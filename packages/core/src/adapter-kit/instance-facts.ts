// Reading access to what `configure` found, for the other members of an adapter.

import { resolve } from 'node:path';
import type { GivenLocation, Instance, Root } from '../adapter.ts';

/** A recorded setting; paths among them are absolute host paths. */
export function settingOf(
  instance: Instance,
  name: string,
): Instance['settings'][number] | undefined {
  return instance.settings.find((setting) => setting.name === name);
}

export function rootOf(instance: Instance, name: string): Root | undefined {
  return instance.roots.find((root) => root.name === name);
}

/** The part of `path` below `directory` with `/` between parts, or null when it lies elsewhere. Both are absolute. */
export function pathBelow(directory: string, path: string): string | null {
  const base = directory.endsWith('/') ? directory : `${directory}/`;
  return path.startsWith(base) && path.length > base.length ? path.slice(base.length) : null;
}

/** The location of `--database` as an instance has it: the file of SQLite absolute. */
export function absoluteLocation(
  database: NonNullable<GivenLocation['database']>,
  workingDirectory: string,
): NonNullable<Instance['database']>['value'] {
  if (database.engine === 'sqlite') {
    return { engine: 'sqlite', path: resolve(workingDirectory, database.path) };
  }
  const { options, ...rest } = database;
  return options === undefined ? rest : { ...rest, options: { ...options } };
}
