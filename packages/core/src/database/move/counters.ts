// What ids come next in the target: behind the highest one in use, and behind the source's own counter, whichever is higher, so
// that no id of a deleted row is given away again.

import type { DatabaseSchema, Table } from '../engine.ts';
import type { Move, MovedTable } from './plan.ts';
import type { Value } from './read-value.ts';

type Sequence = DatabaseSchema['sequences'][number];

/** A column of the target whose values are counted. */
interface Counter {
  /** Position among the target's stored columns. */
  readonly at: number;
  /** What the source's counter gives next; 1 when it has none. */
  readonly sourceNext: bigint;
  highest: bigint | undefined;
}

export class Counters {
  readonly #move: Move;
  readonly #byTable = new Map<Table, Map<string, Counter>>();

  constructor(move: Move) {
    this.#move = move;
    for (const moved of move.tables.values()) {
      const counters = new Map<string, Counter>();
      for (const column of countedColumns(move.target, moved.target)) {
        const at = moved.columns.findIndex(({ target }) => target.column.name === column);
        const from = moved.columns[at]?.source.column.name;
        if (from === undefined) continue;
        const sourceNext = nextOf(move.source, moved.source, from);
        counters.set(column, { at, sourceNext, highest: undefined });
      }
      if (counters.size > 0) this.#byTable.set(moved.target, counters);
    }
  }

  /** Fields of a row as they go to the target. */
  see(table: MovedTable, fields: readonly (Value | null)[]): void {
    const counters = this.#byTable.get(table.target);
    if (!counters) return;
    for (const counter of counters.values()) {
      const field = fields[counter.at];
      if (typeof field !== 'string' || !/^-?\d{1,20}$/.test(field)) continue;
      const value = BigInt(field);
      if (counter.highest === undefined || value > counter.highest) counter.highest = value;
    }
  }

  /** The target's sequences as they must be when all rows are in it; those that count no moved column stay as they are. */
  sequences(): Sequence[] {
    const { source, target } = this.#move;
    if (target.engine === 'postgres') {
      return target.sequences.map((sequence) => this.#postgresSequence(sequence));
    }
    const kept = new Map(target.sequences.map((sequence) => [sequence.name, sequence]));
    for (const [table, counters] of this.#byTable) {
      for (const counter of counters.values()) {
        const next = nextId(counter);
        const value = target.engine === 'sqlite' ? next - 1n : next;
        if (next > 1n) kept.set(table.name, { name: table.name, value: value.toString() });
      }
    }
    for (const sequence of target.engine === source.engine ? source.sequences : []) {
      if (isFree(sequence) && kept.has(sequence.name)) kept.set(sequence.name, sequence);
    }
    return [...kept.values()];
  }

  #postgresSequence(sequence: Sequence): Sequence {
    const { source } = this.#move;
    const { feeds } = sequence;
    if (!feeds) {
      const same = source.sequences.find(
        ({ name, schema }) => name === sequence.name && schema === sequence.schema,
      );
      return same && source.engine === 'postgres' && !same.feeds
        ? { ...sequence, ...same }
        : sequence;
    }
    for (const [table, counters] of this.#byTable) {
      const counter = counters.get(feeds.column);
      if (!counter || table.name !== feeds.table || table.schema !== feeds.schema) continue;
      const next = nextId(counter);
      if (next <= 1n) return sequence;
      return { ...sequence, value: (next - 1n).toString(), isCalled: true };
    }
    return sequence;
  }
}

function nextId({ highest, sourceNext }: Counter): bigint {
  const next = (highest ?? 0n) + 1n;
  return next > sourceNext ? next : sourceNext;
}

/** MariaDB's own SEQUENCE objects, which belong to no table. */
function isFree(sequence: Sequence): boolean {
  return sequence.isCalled !== undefined && !sequence.feeds;
}

function countedColumns(schema: DatabaseSchema, table: Table): string[] {
  if (schema.engine === 'postgres') {
    return schema.sequences.flatMap(({ feeds }) =>
      feeds && feeds.table === table.name && feeds.schema === table.schema ? [feeds.column] : [],
    );
  }
  const sql =
    schema.preData.find(({ kind, name }) => kind === 'table' && name === table.name)?.sql ?? '';
  if (schema.engine === 'sqlite') {
    return /\bAUTOINCREMENT\b/i.test(sql) ? table.primaryKey.slice(0, 1) : [];
  }
  // One column per line, as SHOW CREATE TABLE prints it; there is at most one.
  const name = /^\s*`((?:[^`]|``)+)`[^\n]*\bAUTO_INCREMENT\b/m.exec(sql)?.[1];
  return name === undefined ? [] : [name.replaceAll('``', '`')];
}

/** The id that the source would have given next to this column. */
function nextOf(schema: DatabaseSchema, table: Table, column: string): bigint {
  let next = 1n;
  for (const { schema: folder, name, value, isCalled, feeds } of schema.sequences) {
    if (!/^-?\d{1,20}$/.test(value)) continue;
    const isOurs = feeds
      ? feeds.table === table.name && feeds.schema === table.schema && feeds.column === column
      : folder === undefined && isCalled === undefined && name === table.name;
    if (!isOurs) continue;
    // MariaDB keeps the next value, SQLite the last one; PostgreSQL says which of both it is.
    const isNext = schema.engine === 'mariadb' || isCalled === false;
    const found = BigInt(value) + (isNext ? 0n : 1n);
    if (found > next) next = found;
  }
  return next;
}
