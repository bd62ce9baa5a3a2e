// Rows that the source tells apart and a unique rule of the target does not: under the target's collation, or under partial and
// expression indexes that the source has not. Only the target's own engine can say, so the values of those columns go into
// temporary tables of a session of its own; nothing that the application could see is touched.

import type { ConnectOptions, CopyChunk, DatabaseLocation, Table } from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import { createLedgerMover, type CensusOptions } from './census.ts';
import { Counters } from './counters.ts';
import { FindingLedger, keptKeys, type Finding } from './findings.ts';
import type { Move, MovedTable } from './plan.ts';
import { RowDigest } from './row-digest.ts';
import type { RowMover } from './row-mover.ts';

/** A unique rule of the target. The texts are SQL of the target, over the columns of its table. */
export interface UniqueRule {
  readonly name: string;
  /** Columns that the rule reads. */
  readonly columns: readonly string[];
  /** Rows of which these are equal, and none is null, are duplicates. */
  readonly keys: readonly string[];
  readonly condition?: string;
}

/** Groups of rows that a rule takes for equal. */
export interface DuplicateGroups {
  readonly groups: number;
  /** Primary keys of two rows of the first groups. */
  readonly examples: readonly (readonly (readonly (string | null)[])[])[];
}

/** What an engine does for the search. One file for each engine beside this one. */
export interface ProbeSession {
  /** The rules of a table that may judge otherwise than the source's. */
  rules(table: Table): Promise<readonly UniqueRule[]>;
  /** Makes an empty temporary table of some columns of `like`, in which no rule holds, and returns it. */
  create(like: Table, columns: readonly string[]): Promise<Table>;
  copyIn(table: Table, chunk: CopyChunk): Promise<void>;
  find(table: Table, rule: UniqueRule, limit: number): Promise<DuplicateGroups>;
  close(): Promise<void>;
}

/** Opens a session with the target. Throws what connecting throws. */
export async function openDuplicateProbe(
  move: Move,
  location: DatabaseLocation,
  options: CensusOptions & { readonly connect?: ConnectOptions } = {},
): Promise<DuplicateProbe> {
  const { connect = {} } = options;
  switch (location.engine) {
    case 'sqlite': {
      const { openSqliteProbe } = await import('./probe-sqlite.ts');
      return new DuplicateProbe(move, openSqliteProbe(move.target), options);
    }
    case 'postgres': {
      const { openPostgresProbe } = await import('./probe-postgres.ts');
      return new DuplicateProbe(move, await openPostgresProbe(location, connect), options);
    }
    case 'mariadb': {
      const { openMariadbProbe } = await import('./probe-mariadb.ts');
      return new DuplicateProbe(move, await openMariadbProbe(location, connect), options);
    }
  }
}

/** One table with rules to ask about. */
interface ProbedTable {
  readonly moved: MovedTable;
  readonly mover: RowMover;
  readonly probe: Table;
  readonly rules: readonly UniqueRule[];
}

export class DuplicateProbe {
  readonly #move: Move;
  readonly #session: ProbeSession;
  readonly #options: CensusOptions;
  /** Null: nothing to ask. */
  readonly #tables = new Map<string, ProbedTable | null>();
  readonly #ledger = new FindingLedger();
  readonly #counters: Counters;

  constructor(move: Move, session: ProbeSession, options: CensusOptions) {
    this.#move = move;
    this.#session = session;
    this.#options = options;
    this.#counters = new Counters(move);
  }

  /** Takes the next rows of a table of the archive. Rows with other problems are the census's, and are left out with their chunk. */
  async add(sourceTable: Table, chunk: CopyChunk): Promise<void> {
    const name = qualifiedName(sourceTable);
    let table = this.#tables.get(name);
    if (table === undefined) {
      const moved = this.#move.tables.get(name);
      table = moved ? await this.#begin(moved) : null;
      this.#tables.set(name, table);
    }
    if (!table) return;
    const before = this.#ledger.count;
    const converted = table.mover.move(chunk, {
      digest: new RowDigest(),
      counters: this.#counters,
    });
    if (this.#ledger.count === before) await this.#session.copyIn(table.probe, converted);
  }

  /** What was found in all rows so far; `column` has the columns of the rule, `rule` its name. */
  async findings(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const table of this.#tables.values()) {
      if (!table) continue;
      for (const rule of table.rules) {
        const { groups, examples } = await this.#session.find(table.probe, rule, keptKeys);
        if (groups === 0) continue;
        findings.push({
          table: qualifiedName(table.moved.source),
          column: rule.columns.join(', '),
          rule: rule.name,
          kind: 'duplicate',
          values: groups,
          keys: examples.map((rows) =>
            rows.map((key) => this.#keyText(table.moved, key)).join(' and '),
          ),
        });
      }
    }
    return findings;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #begin(moved: MovedTable): Promise<ProbedTable | null> {
    const isMoved = (column: string): boolean =>
      moved.columns.some(({ target }) => target.column.name === column);
    const rules = (await this.#session.rules(moved.target)).filter(({ columns }) =>
      columns.every(isMoved),
    );
    if (rules.length === 0) return null;
    const wanted = new Set([
      ...moved.target.primaryKey,
      ...rules.flatMap(({ columns }) => columns),
    ]);
    const columns = moved.columns.filter(({ target }) => wanted.has(target.column.name));
    const probe = await this.#session.create(
      moved.target,
      columns.map(({ target }) => target.column.name),
    );
    const mover = createLedgerMover({ ...moved, columns }, this.#ledger, this.#options);
    return { moved, mover, probe, rules };
  }

  #keyText({ source, target }: MovedTable, values: readonly (string | null)[]): string {
    if (target.primaryKey.length === 0) return 'a row without a key';
    return target.primaryKey
      .map((name, index) => {
        const value =
          this.#options.isSecret?.(source, name) === true ? '***' : (values[index] ?? 'null');
        return `${name}=${value.length > 60 ? `${value.slice(0, 60)}...` : value}`;
      })
      .join(' ');
  }
}

/** JSON of `find`: one array for each group, of arrays of key values. */
export function parseExamples(
  lines: readonly (string | null | undefined)[],
): (string | null)[][][] {
  return lines.map((line) => JSON.parse(line ?? '[]') as (string | null)[][]);
}
