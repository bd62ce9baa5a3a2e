// The equality that a restore promises: every row, definition and sequence, every file with content, mode and time; left out
// is only what the archive declares, and declared is only what the application makes anew.

import { compareServers, compareSqlite, compareTrees } from '@dms-backup/test-fixtures';
import type { DatabaseComparison } from '@dms-backup/test-fixtures';
import { expect } from 'vitest';

import type { State } from './bench.ts';

export interface Declaration {
  readonly kind: 'table' | 'file';
  readonly name?: string;
  readonly root?: string;
  readonly path?: string;
  readonly class: string;
  readonly reason: string;
}

/** What may be left out without being asked: sessions, task results, and what paperless-ngx builds again or locks with. */
const replaceable = [
  /^table (public\.)?django_session$/u,
  /^table (public\.)?django_celery_results_(chordcounter|groupresult|taskresult)$/u,
  /^media media\.lock$/u,
  /^data (index|log|llm_index)\/$/u,
  /^data (\.index_version|classification_model\.pickle|celerybeat-schedule\.db|migration_lock)$/u,
];

function nameOf({ kind, name, root, path }: Declaration): string {
  return kind === 'table' ? `table ${name}` : `${root} ${path}`;
}

/** Each declaration has a reason, and each is one of those that need no permission. */
export function expectReplaceable(excluded: readonly Declaration[]): void {
  for (const each of excluded) {
    expect(each.reason).not.toBe('');
    expect(['derived', 'ephemeral']).toContain(each.class);
    expect(replaceable.some((pattern) => pattern.test(nameOf(each)))).toBe(true);
  }
}

export interface Left {
  table(name: string): boolean;
  file(root: string, path: string): boolean;
}

/** Names as they are; a directory ends with a slash. */
export function leftOut(excluded: readonly Declaration[]): Left {
  const names = new Set(excluded.map(nameOf));
  const folders = [...names].filter((name) => name.endsWith('/'));
  return {
    table: (name) => names.has(`table ${name}`),
    file: (root, path) =>
      names.has(`${root} ${path}`) ||
      folders.some((folder) => `${root} ${path}/`.startsWith(folder)),
  };
}

export interface Proof {
  differences: string[];
  equalRows: number;
  equalFiles: number;
}

type Digest = Exclude<State['database'], string>;

function compareDatabases(before: Digest, after: Digest, left: Left): DatabaseComparison {
  // PostgreSQL quotes names that need it, declarations have them as they are
  const mayBeEmpty = (table: string): boolean => left.table(table.replaceAll('"', ''));
  if ('pragmas' in before && 'pragmas' in after) return compareSqlite(before, after, mayBeEmpty);
  if ('settings' in before && 'settings' in after) return compareServers(before, after, mayBeEmpty);
  return { differences: ['another engine'], equalTables: 0, equalRows: 0 };
}

/** Compares without the program. `only` looks at one part. */
export function prove(
  before: State,
  after: State,
  excluded: readonly Declaration[],
  only?: 'database' | 'media',
): Proof {
  const left = leftOut(excluded);
  const proof: Proof = { differences: [], equalRows: 0, equalFiles: 0 };
  const note = (what: string, differences: readonly string[]): void => {
    proof.differences.push(...differences.map((each) => `${what}: ${each}`));
  };
  if (only !== 'media') {
    if (typeof before.database === 'string' || typeof after.database === 'string') {
      if (before.database !== after.database) note('database', ['is missing']);
    } else {
      const { differences, equalRows } = compareDatabases(before.database, after.database, left);
      note('database', differences);
      proof.equalRows = equalRows;
    }
  }
  if (only === 'database') return proof;
  for (const root of ['data', 'media'] as const) {
    const found = compareTrees(before[root], after[root], {
      mayBeMissing: (path) => left.file(root, path),
      // An empty index directory is made for the application; logs and locks of the target stay.
      mayBeExtra: (path) => left.file(root, path),
    });
    note(root, found.differences);
    proof.equalFiles += found.equalFiles;
  }
  return proof;
}

/** Without what the archive leaves out by rule: of that a target may have its own. */
export function withoutLeftOut<Some extends State>(
  state: Some,
  excluded: readonly Declaration[],
): Some {
  const left = leftOut(excluded);
  const of = (root: 'data' | 'media'): State['data'] =>
    new Map([...state[root]].filter(([path]) => !left.file(root, path)));
  return { ...state, data: of('data'), media: of('media') };
}

/** Database and files in a form that compares quickly; without what the archive leaves out, and without times. */
export interface Look {
  readonly database: string;
  readonly files: string;
}

export function lookAt(state: State, excluded: readonly Declaration[]): Look {
  const left = leftOut(excluded);
  const { data, media } = withoutLeftOut(state, excluded);
  const files = Object.entries({ data, media }).flatMap(([root, tree]) =>
    [...tree]
      .filter(([, { kind }]) => kind !== 'directory')
      .map(([path, { sha256 }]) => `${root} ${path} ${sha256}`),
  );
  return { database: lookAtDatabase(state.database, left), files: JSON.stringify(files) };
}

function lookAtDatabase(database: State['database'], left: Left): string {
  if (typeof database === 'string') return database;
  const sorted = <Value>(record: Record<string, Value>): [string, Value][] =>
    Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const kept = sorted(database.tables).filter(([table]) => !left.table(table));
  const sound =
    'pragmas' in database
      ? database.integrityCheck
      : [sorted(database.definitions), sorted(database.sequences)];
  return JSON.stringify([sound, kept]);
}

/** `old`, `new`, or what is wrong. */
export function verdictOf(seen: Look, before: Look, after: Look): string {
  const of = (part: keyof Look): string =>
    seen[part] === before[part] ? 'old' : seen[part] === after[part] ? 'new' : 'neither';
  const parts = [of('database'), of('files')];
  return parts[0] === parts[1] ? String(parts[0]) : `database ${parts[0]}, files ${parts[1]}`;
}
