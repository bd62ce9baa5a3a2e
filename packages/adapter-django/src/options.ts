// The flags that only this adapter has: a Django project is told to us, nobody can know it beforehand.

import { resolve } from 'node:path';
import {
  DmsBackupError,
  type AdapterOption,
  type ConfigureInput,
  type GivenLocation,
} from '@dms-backup/core';

export const options: readonly AdapterOption[] = [
  {
    name: 'manage',
    value: 'FILE',
    help: 'manage.py of the project: runs its Python once and asks for its settings',
  },
  {
    name: 'database-alias',
    value: 'NAME',
    help: 'which of the DATABASES, with --manage (default: default)',
  },
  {
    name: 'file-column',
    value: 'TABLE.COLUMN',
    repeatable: true,
    help: 'a column with file names below the media root',
  },
  {
    name: 'file-map',
    value: 'FILE',
    help: 'JSON: {"table.column": {"document": "column", "title": "column"}}',
  },
  { name: 'include-fixtures', help: 'also the folders with JSON fixtures of the project' },
];

/** The flags as this adapter works with them; paths are absolute. */
export interface ProjectFlags {
  readonly manage: string | null;
  readonly alias: string;
  /** As typed: `table.column`. */
  readonly fileColumns: readonly string[];
  readonly fileMap: string | null;
  readonly includeFixtures: boolean;
}

/** Throws `configuration-invalid` for flags that contradict each other. */
export function readFlags({
  given,
  workingDirectory,
}: Pick<ConfigureInput, 'given' | 'workingDirectory'>): ProjectFlags {
  const manage = single(given, 'manage');
  const alias = single(given, 'database-alias');
  const fileMap = single(given, 'file-map');
  if (alias !== null && manage === null) {
    throw new DmsBackupError(
      'configuration-invalid',
      '--database-alias is given without --manage',
      {
        hint: 'Only the project itself knows its aliases: add --manage path/to/manage.py.',
      },
    );
  }
  return {
    manage: manage === null ? null : resolve(workingDirectory, manage),
    alias: alias ?? 'default',
    fileColumns: given.options?.['file-column'] ?? [],
    fileMap: fileMap === null ? null : resolve(workingDirectory, fileMap),
    includeFixtures: given.options?.['include-fixtures'] !== undefined,
  };
}

function single(given: GivenLocation, name: string): string | null {
  const values = given.options?.[name] ?? [];
  if (values.length > 1) {
    throw new DmsBackupError('configuration-invalid', `--${name} is given ${values.length} times`, {
      hint: `Give --${name} once.`,
    });
  }
  return values[0] ?? null;
}
