// Compares two descriptions and says every difference in one line. What may be missing is named by the caller.

import type { SqliteDigest, TableDigest } from './digest-sqlite.ts';
import type { TreeDigest, TreeEntry } from './digest-tree.ts';
import type { ServerDigest } from './server-digest.ts';

export interface TreeComparison {
  differences: string[];
  /** Files and links that are equal in content, mode and time. */
  equalFiles: number;
  /** Files and links of the source that `mayBeMissing` allowed to be missing, and that are missing. */
  leftOut: string[];
}

export interface TreeComparisonOptions {
  /** Sees paths as `showPath` gives them. */
  mayBeMissing?: (path: string) => boolean;
  /** For what only the target has. */
  mayBeExtra?: (path: string) => boolean;
}

export interface DatabaseComparison {
  differences: string[];
  equalTables: number;
  equalRows: number;
}

/** Node sets times as floating-point seconds, so a tool cannot do better than a microsecond. */
const TIME_TOLERANCE_NS = 1_000n;

/** Times of links and directories are not compared: many tools cannot set the one and touch the other. */
export function compareTrees(
  source: TreeDigest,
  target: TreeDigest,
  options: TreeComparisonOptions = {},
): TreeComparison {
  const { mayBeMissing = () => false, mayBeExtra = () => false } = options;
  const result: TreeComparison = { differences: [], equalFiles: 0, leftOut: [] };
  for (const [path, before] of source) {
    const after = target.get(path);
    if (after) {
      const differences = compareEntries(before, after);
      result.differences.push(...differences.map((text) => `${path}: ${text}`));
      if (differences.length === 0 && before.kind !== 'directory') result.equalFiles++;
    } else if (mayBeMissing(path)) {
      if (before.kind !== 'directory') result.leftOut.push(path);
    } else if (before.kind !== 'directory' || !holdsOnly(source, path, mayBeMissing)) {
      result.differences.push(`${path}: ${before.kind} is missing`);
    }
  }
  for (const [path, after] of target) {
    if (!source.has(path) && !mayBeExtra(path))
      result.differences.push(`${path}: ${after.kind} is new`);
  }
  return result;
}

function compareEntries(before: TreeEntry, after: TreeEntry): string[] {
  if (before.kind !== after.kind) return [`${before.kind} became ${after.kind}`];
  const differences: string[] = [];
  if (before.sizeBytes !== after.sizeBytes)
    differences.push(`size ${before.sizeBytes} became ${after.sizeBytes}`);
  else if (before.sha256 !== after.sha256) differences.push('content differs');
  if (before.mode !== after.mode) {
    differences.push(`mode ${before.mode.toString(8)} became ${after.mode.toString(8)}`);
  }
  const later = after.mtimeNs - before.mtimeNs;
  if (before.kind === 'file' && (later > TIME_TOLERANCE_NS || -later > TIME_TOLERANCE_NS)) {
    differences.push(`mtime ${before.mtimeNs} ns became ${after.mtimeNs} ns`);
  }
  return differences;
}

/** A directory may go with its files, when there were any. */
function holdsOnly(
  tree: TreeDigest,
  directory: string,
  mayBeMissing: (path: string) => boolean,
): boolean {
  const inside = [...tree].filter(
    ([path, entry]) => path.startsWith(`${directory}/`) && entry.kind !== 'directory',
  );
  return inside.length > 0 && inside.every(([path]) => mayBeMissing(path));
}

/** Rows of tables for which `mayBeEmpty` holds may be gone, all or none. The journal mode is not compared. */
export function compareSqlite(
  source: SqliteDigest,
  target: SqliteDigest,
  mayBeEmpty: (table: string) => boolean = () => false,
): DatabaseComparison {
  const result: DatabaseComparison = { differences: [], equalTables: 0, equalRows: 0 };
  const { differences } = result;
  compareRecords('definition of', source.definitions, target.definitions, differences);
  const sequences = (digest: SqliteDigest): Record<string, bigint> =>
    Object.fromEntries(Object.entries(digest.sequences).filter(([table]) => !mayBeEmpty(table)));
  compareRecords('last id of', sequences(source), sequences(target), differences);
  for (const name of ['encoding', 'user_version', 'application_id']) {
    compareRecords('pragma', pick(source.pragmas, name), pick(target.pragmas, name), differences);
  }
  compareTables(source.tables, target.tables, mayBeEmpty, result);
  if (target.integrityCheck !== source.integrityCheck)
    differences.push(`integrity check: ${target.integrityCheck}`);
  if (target.foreignKeyViolations !== source.foreignKeyViolations) {
    differences.push(
      `${target.foreignKeyViolations} rows refer to nothing, ${source.foreignKeyViolations} before`,
    );
  }
  return result;
}

/** Two databases of one engine. Rows of tables for which `mayBeEmpty` holds may be gone, all or none. */
export function compareServers(
  source: ServerDigest,
  target: ServerDigest,
  mayBeEmpty: (table: string) => boolean = () => false,
): DatabaseComparison {
  const result: DatabaseComparison = { differences: [], equalTables: 0, equalRows: 0 };
  const { differences } = result;
  compareRecords('definition of', source.definitions, target.definitions, differences);
  compareRecords('sequence', source.sequences, target.sequences, differences);
  compareRecords('setting', source.settings, target.settings, differences);
  compareTables(source.tables, target.tables, mayBeEmpty, result);
  return result;
}

/** That a table is missing is said by its definition. */
function compareTables(
  source: Record<string, TableDigest>,
  target: Record<string, TableDigest>,
  mayBeEmpty: (table: string) => boolean,
  result: DatabaseComparison,
): void {
  const { differences } = result;
  for (const [table, before] of Object.entries(source)) {
    const after = target[table];
    if (!after || (mayBeEmpty(table) && after.rowCount === 0 && before.rowCount > 0)) continue;
    if (before.rowCount !== after.rowCount) {
      differences.push(`table ${table}: ${before.rowCount} rows became ${after.rowCount}`);
    } else if (before.sha256 === after.sha256) {
      result.equalTables++;
      result.equalRows += before.rowCount;
    } else {
      differences.push(`table ${table}: content of rows differs`);
    }
  }
}

function pick(values: Record<string, string>, name: string): Record<string, string> {
  return { [name]: values[name] ?? '' };
}

function compareRecords(
  what: string,
  before: Record<string, string | bigint>,
  after: Record<string, string | bigint>,
  differences: string[],
): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!(name in after)) differences.push(`${what} ${name}: is missing`);
    else if (!(name in before)) differences.push(`${what} ${name}: is new`);
    else if (before[name] !== after[name])
      differences.push(`${what} ${name}: ${before[name]} became ${after[name]}`);
  }
}
