// A restored installation in a few lines that can be committed: rows and digest of every table, digest of every file. Made
// without the program; definitions are left out, because servers of other versions spell them differently.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';

import { digestPostgres, digestSqlite, digestTree } from '@dms-backup/test-fixtures';
import type { SampleServer } from '@dms-backup/test-fixtures';

export interface RestoredState {
  readonly tables: Record<string, string>;
  readonly files: Record<string, string>;
}

export interface RestoredPlace {
  /** Path of the file, or the database on a server. */
  readonly database: string | SampleServer;
  /** Roots by name. */
  readonly directories: Readonly<Record<string, string>>;
}

export async function restoredState({
  database,
  directories,
}: RestoredPlace): Promise<RestoredState> {
  const { tables } =
    typeof database === 'string' ? digestSqlite(database) : await digestPostgres(database);
  return {
    tables: Object.fromEntries(
      Object.entries(tables)
        .map(([name, { rowCount, sha256 }]): [string, string] => [
          name,
          `${rowCount} ${short(sha256)}`,
        ])
        .toSorted(byName),
    ),
    files: Object.fromEntries(
      Object.entries(directories)
        .filter(([, directory]) => existsSync(directory))
        .flatMap(([root, directory]) => filesBelow(root, directory, database)),
    ),
  };
}

function filesBelow(
  root: string,
  directory: string,
  database: string | SampleServer,
): [string, string][] {
  return [...digestTree(directory)]
    .filter(([path, { kind }]) => kind !== 'directory' && !isDatabase(directory, path, database))
    .map(([path, { kind, mode, sha256 }]): [string, string] => [
      `${root}/${path}`,
      `${kind} ${mode.toString(8)} ${short(sha256 ?? '')}`,
    ])
    .toSorted(byName);
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}

function isDatabase(directory: string, path: string, database: string | SampleServer): boolean {
  return typeof database === 'string' && `${directory}/${path}`.startsWith(database);
}

/** Enough to tell states apart; the archive itself has the whole digests. */
function short(sha256: string): string {
  return createHash('sha256').update(sha256).digest('hex').slice(0, 16);
}
