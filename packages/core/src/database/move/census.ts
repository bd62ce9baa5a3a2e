// The pass over all rows of an archive before anything of the target is touched: what the target could not hold, by table,
// column and key.

import type { CopyChunk, Table } from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import { FindingLedger, impossible, type Finding, type Repaired } from './findings.ts';
import type { Move, MovedTable } from './plan.ts';
import type { Repairs } from './repairs.ts';
import { RowMover } from './row-mover.ts';

export interface CensusOptions {
  readonly repairs?: Repairs;
  /** Of columns with secrets: their values are not shown, also not as keys. */
  readonly isSecret?: (table: Table, column: string) => boolean;
}

export interface CensusReport {
  readonly rows: number;
  readonly findings: readonly Finding[];
  /** What the repairs would change. */
  readonly repaired: readonly Repaired[];
}

export class Census {
  readonly #move: Move;
  readonly #options: CensusOptions;
  readonly #ledger = new FindingLedger();
  readonly #others: Finding[] = [];
  readonly #movers = new Map<MovedTable, RowMover>();
  #rows = 0;

  constructor(move: Move, options: CensusOptions = {}) {
    this.#move = move;
    this.#options = options;
  }

  /** Looks at the next rows of a table of the archive. Throws `archive-damaged`. */
  add(sourceTable: Table, chunk: CopyChunk): void {
    const table = this.#move.tables.get(qualifiedName(sourceTable));
    if (!table) return;
    let mover = this.#movers.get(table);
    if (!mover) {
      mover = createLedgerMover(table, this.#ledger, this.#options);
      this.#movers.set(table, mover);
    }
    mover.check(chunk);
    this.#rows += chunk.rows;
  }

  /** Adds what a {@link DuplicateProbe} has found. */
  include(findings: readonly Finding[]): void {
    this.#others.push(...findings);
  }

  report(): CensusReport {
    const { findings, repaired } = this.#ledger;
    return { rows: this.#rows, findings: [...findings, ...this.#others], repaired };
  }

  /** Throws `move-impossible` when anything was found that no repair takes care of. */
  assertClean(): void {
    const { findings } = this.report();
    if (findings.length > 0) throw impossible(findings);
  }
}

/** A mover that writes what it meets into the ledger. */
export function createLedgerMover(
  table: MovedTable,
  ledger: FindingLedger,
  { repairs = new Set(), isSecret }: CensusOptions,
): RowMover {
  return new RowMover(table, {
    repairs,
    ...(isSecret && { isSecret: (column: string) => isSecret(table.source, column) }),
    watcher: {
      found: ({ source }, kind, key) => ledger.add(table, source.column.name, kind, key),
      repaired: ({ source }, kind, key) => ledger.add(table, source.column.name, kind, key, true),
    },
  });
}
