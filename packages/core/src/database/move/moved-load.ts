// A load that takes the rows of another engine: it converts them, hands them to the target engine's own load, and proves at the
// end that the target holds rows of the same meaning.

import { DmsBackupError, isDmsBackupError } from '../../errors.ts';
import type {
  CommitTicket,
  ConnectOptions,
  CopyChunk,
  DatabaseEngine,
  DatabaseLoad,
  DatabaseSchema,
  LoadTarget,
  Table,
  TableDigest,
} from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import { createTableDigester, type TableDigester } from '../table-digest.ts';
import { createLedgerMover, type CensusOptions } from './census.ts';
import { Counters } from './counters.ts';
import { FindingLedger, impossible, type Repaired } from './findings.ts';
import type { Move, MovedTable } from './plan.ts';
import { RowDigest } from './row-digest.ts';
import { readBack, type RowMover } from './row-mover.ts';

/** What is known of one table while its rows pass. */
interface Passage {
  readonly table: MovedTable;
  readonly mover: RowMover;
  readonly digest: RowDigest;
  readonly received: TableDigester;
  /** What `received` gave at the end. */
  sealed?: TableDigest;
}

export interface TableProof {
  readonly rows: number;
  /** The target holds the rows of the archive, by meaning. */
  readonly same: boolean;
}

/**
 * Opens the target engine's load for `move.target` and wraps it. Pass `mode: 'fill'` for servers; a SQLite target is built anew
 * from its own definitions. Errors as {@link DatabaseEngine.openLoad}.
 */
export async function openMovedLoad(
  engine: DatabaseEngine,
  move: Move,
  target: LoadTarget,
  options: CensusOptions & { readonly connect?: ConnectOptions } = {},
): Promise<MovedLoad> {
  // MariaDB reads this array when it creates the tables and counts on by itself, the others when they finish: then it holds
  // what the rows have shown.
  const schema: DatabaseSchema = { ...move.target, sequences: new Counters(move).sequences() };
  const load = await engine.openLoad(schema, target, options.connect);
  return new MovedLoad(load, move, schema.sequences, options);
}

export class MovedLoad implements DatabaseLoad {
  readonly #load: DatabaseLoad;
  readonly #move: Move;
  readonly #sequences: DatabaseSchema['sequences'];
  readonly #options: CensusOptions;
  readonly #ledger = new FindingLedger();
  readonly #counters: Counters;
  readonly #passages = new Map<string, Passage>();

  /** `sequences` is the array of the schema with which `load` was opened: it is filled anew before `load.finish`. */
  constructor(
    load: DatabaseLoad,
    move: Move,
    sequences: DatabaseSchema['sequences'],
    options: CensusOptions,
  ) {
    this.#load = load;
    this.#move = move;
    this.#sequences = sequences;
    this.#options = options;
    this.#counters = new Counters(move);
  }

  /** Values that were repaired on their way. */
  get repaired(): Repaired[] {
    return this.#ledger.repaired;
  }

  async createTables(): Promise<void> {
    await this.#load.createTables();
  }

  /** Takes the rows of a table of the source. Throws `move-impossible` for a value that the target cannot hold. */
  async copyIn(sourceTable: Table, chunk: CopyChunk): Promise<void> {
    const passage = this.#passage(sourceTable);
    if (!passage) {
      throw new DmsBackupError(
        'archive-damaged',
        `the archive holds rows of table '${qualifiedName(sourceTable)}', which is not in the target`,
      );
    }
    const { table, mover, digest, received } = passage;
    received.add(chunk);
    const converted = mover.move(chunk, { digest, counters: this.#counters });
    if (this.#ledger.count > 0) throw impossible(this.#ledger.findings);
    if (converted.rows !== chunk.rows) {
      throw new DmsBackupError(
        'archive-damaged',
        `malformed rows in table '${qualifiedName(sourceTable)}': a chunk has ${converted.rows} rows instead of ${chunk.rows}`,
      );
    }
    await this.#guard(table, () => this.#load.copyIn(table.target, converted));
  }

  async finish(): Promise<void> {
    this.#sequences.splice(0, this.#sequences.length, ...this.#counters.sequences());
    await this.#guard(undefined, () => this.#load.finish());
  }

  /** Reads the target's table back, in the target's own form. For the proof of a move see {@link prove}. */
  async digest(sourceTable: Table): Promise<TableDigest> {
    const table = this.#move.tables.get(qualifiedName(sourceTable));
    if (!table) throw new TypeError(`no table '${qualifiedName(sourceTable)}' in this move`);
    return await this.#load.digest(table.target);
  }

  /**
   * Rows and digest of what {@link copyIn} was given. The same as in the seal for tables without generated columns, whose
   * values the archive does not hold.
   */
  received(sourceTable: Table): TableDigest {
    const passage = this.#passage(sourceTable);
    if (!passage) return createTableDigester().finish();
    passage.sealed ??= passage.received.finish();
    return passage.sealed;
  }

  /** Reads a table back and compares what it means with what came in. After `finish`, once for each table. */
  async prove(sourceTable: Table): Promise<TableProof> {
    const passage = this.#passage(sourceTable);
    if (!passage) return { rows: 0, same: true };
    if (!this.#load.copyOut) throw new TypeError('the load of the target engine cannot read back');
    const found = new RowDigest();
    let isReadable = true;
    for await (const chunk of this.#load.copyOut(passage.table.target)) {
      isReadable = readBack(passage.table, chunk, found) && isReadable;
    }
    return { rows: found.rows, same: isReadable && found.equals(passage.digest) };
  }

  async ticket(): Promise<CommitTicket | null> {
    return await this.#load.ticket();
  }

  async commit(): Promise<void> {
    await this.#guard(undefined, () => this.#load.commit());
  }

  async discard(): Promise<void> {
    await this.#load.discard();
  }

  #passage(sourceTable: Table): Passage | undefined {
    const name = qualifiedName(sourceTable);
    const known = this.#passages.get(name);
    if (known) return known;
    const table = this.#move.tables.get(name);
    if (!table) return undefined;
    const passage: Passage = {
      table,
      mover: createLedgerMover(table, this.#ledger, this.#options),
      digest: new RowDigest(),
      received: createTableDigester(),
    };
    this.#passages.set(name, passage);
    return passage;
  }

  /** Runs a step of the target's load. A broken unique rule is a fact about the rows, not a failure. */
  async #guard(table: MovedTable | undefined, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!isDmsBackupError(error) || !isDuplicate(error)) throw error;
      const place = table ? ` in table '${qualifiedName(table.target)}'` : '';
      throw new DmsBackupError(
        'move-impossible',
        `rows that differ in the source are equal for the target${place}: ${error.message}`,
        {
          hint: 'The target has a unique rule, or a collation, that the source has not. Change one of the rows in the source and make another archive.',
          context: error.context,
          cause: error,
        },
      );
    }
  }
}

/** SQLSTATE of PostgreSQL, error numbers of MariaDB and of SQLite (SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY). */
function isDuplicate(error: DmsBackupError): boolean {
  const cause = (error.cause ?? {}) as { errno?: unknown; errcode?: unknown };
  return (
    error.context['sqlState'] === '23505' ||
    [1062, 1169, 1586].includes(Number(cause.errno)) ||
    [2067, 1555].includes(Number(cause.errcode))
  );
}
