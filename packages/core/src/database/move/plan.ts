// Which table and column of the source becomes which of the target. Both schemas were made by the same migrations of one
// application, on different engines; whatever does not fit is named, all of it at once.

import { DmsBackupError } from '../../errors.ts';
import type { Column, DatabaseSchema, Table } from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import { kindOf, type Kind, type Side } from './kind.ts';

export interface MovedColumn {
  readonly kind: Kind;
  readonly source: Side;
  readonly target: Side;
  /** Position among the stored columns of the source, as in its COPY text. */
  readonly from: number;
}

export interface MovedTable {
  readonly source: Table;
  readonly target: Table;
  /** In the order of the target's stored columns. */
  readonly columns: readonly MovedColumn[];
  /** Stored columns of the source. */
  readonly width: number;
}

export interface Move {
  readonly source: DatabaseSchema;
  readonly target: DatabaseSchema;
  /** By {@link qualifiedName} of the source's table. */
  readonly tables: ReadonlyMap<string, MovedTable>;
}

export interface PlanOptions {
  /** Rows of a source table that the archive holds; 0 when they were not kept. Default: every table has rows. */
  readonly sourceRows?: (table: Table) => number;
  /** Rows that a table of the target holds now. Asked for tables that only the target has; default: it has rows. */
  readonly targetRows?: (table: Table) => number;
}

/** Throws `move-impossible` that names every table and column without a counterpart; `context.problems` has them all. */
export function planMove(
  source: DatabaseSchema,
  target: DatabaseSchema,
  options: PlanOptions = {},
): Move {
  const { sourceRows = () => 1, targetRows = () => 1 } = options;
  const problems: string[] = [];
  const tables = new Map<string, MovedTable>();
  const taken = new Set<Table>();
  const findTarget = createFinder(source, target);
  for (const table of withoutExtensions(source)) {
    const name = qualifiedName(table);
    const isNeeded = sourceRows(table) > 0;
    const other = findTarget(table);
    if (!other || taken.has(other)) {
      if (isNeeded) problems.push(`table '${name}' is not in the target`);
      continue;
    }
    taken.add(other);
    const { moved, faults } = matchColumns(source, table, target, other);
    if (faults.length === 0) tables.set(name, moved);
    else if (isNeeded) problems.push(...faults);
  }
  for (const table of withoutExtensions(target)) {
    if (!taken.has(table) && targetRows(table) > 0) {
      problems.push(`table '${qualifiedName(table)}' is only in the target`);
    }
  }
  if (problems.length > 0) throw misfit(source, target, problems);
  return { source, target, tables };
}

/** What an extension of the server makes is the server's. */
function withoutExtensions({ tables }: DatabaseSchema): Table[] {
  return tables.filter(({ extension }) => extension === undefined);
}

type Finder = (table: Table) => Table | undefined;

/** By schema and name when both have schemas, by name, by name without case; never by guessing between two. */
function createFinder(source: DatabaseSchema, target: DatabaseSchema): Finder {
  const lower = ({ name }: Table): string => name.toLowerCase();
  const bare = ({ name }: Table): string => name;
  const steps = [qualifiedName, bare, lower].map((key) => {
    const candidates = Map.groupBy(target.tables, key);
    const askers = Map.groupBy(source.tables, key);
    return (table: Table): Table | undefined => {
      const found = candidates.get(key(table)) ?? [];
      return found.length === 1 && askers.get(key(table))?.length === 1 ? found[0] : undefined;
    };
  });
  return (table) => {
    for (const step of steps) {
      const found = step(table);
      if (found) return found;
    }
    return undefined;
  };
}

function matchColumns(
  source: DatabaseSchema,
  table: Table,
  target: DatabaseSchema,
  other: Table,
): { moved: MovedTable; faults: string[] } {
  const faults: string[] = [];
  const name = qualifiedName(table);
  const stored = table.columns.filter(({ generated }) => generated === undefined);
  const used = new Set<Column>();
  const columns: MovedColumn[] = [];
  for (const column of other.columns) {
    const match = findColumn(table.columns, column.name);
    if (match) used.add(match);
    // The target computes it.
    if (column.generated !== undefined) continue;
    if (!match) faults.push(`column '${column.name}' of table '${name}' is only in the target`);
    else if (match.generated !== undefined) {
      faults.push(`column '${column.name}' of table '${name}' is generated in the source only`);
    } else {
      const sides = {
        source: { engine: source.engine, column: match },
        target: { engine: target.engine, column },
      };
      const kind = kindOf(sides.source, sides.target);
      if (kind) columns.push({ ...sides, kind, from: stored.indexOf(match) });
      else {
        const types = `${typeText(match)} in the source and ${typeText(column)} in the target`;
        faults.push(`column '${column.name}' of table '${name}' is ${types}`);
      }
    }
  }
  for (const column of stored) {
    if (!used.has(column)) {
      faults.push(`column '${column.name}' of table '${name}' is not in the target`);
    }
  }
  return { moved: { source: table, target: other, columns, width: stored.length }, faults };
}

function findColumn(columns: readonly Column[], name: string): Column | undefined {
  const exact = columns.find((column) => column.name === name);
  if (exact) return exact;
  const similar = columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  return similar.length === 1 ? similar[0] : undefined;
}

function typeText({ declaredType, logicalType }: Column): string {
  return declaredType === '' ? logicalType : declaredType;
}

const shown = 5;

function misfit(
  source: DatabaseSchema,
  target: DatabaseSchema,
  problems: string[],
): DmsBackupError {
  const more = problems.length > shown ? ` and ${problems.length - shown} more` : '';
  return new DmsBackupError(
    'move-impossible',
    `cannot move the ${source.engine} database into this ${target.engine} database: ${problems.slice(0, shown).join('; ')}${more}`,
    {
      hint: 'Let the same release of the application create its tables in the target (the same set of migrations), then restore again.',
      context: { problems },
    },
  );
}
