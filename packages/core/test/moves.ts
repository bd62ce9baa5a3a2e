// For the tests of moves between engines: schemas in a few words, and the values of one column on their way.

import { escapeText } from '../src/database/copy-text.ts';
import type {
  Column,
  CopyChunk,
  DatabaseSchema,
  EngineName,
  Table,
} from '../src/database/engine.ts';
import { createLedgerMover, type CensusOptions } from '../src/database/move/census.ts';
import { Counters } from '../src/database/move/counters.ts';
import { FindingLedger } from '../src/database/move/findings.ts';
import { planMove, type Move } from '../src/database/move/plan.ts';
import { RowDigest } from '../src/database/move/row-digest.ts';
import { readBack } from '../src/database/move/row-mover.ts';
import { logicalTypeOf, usualStorage } from '../src/database/sqlite/types.ts';
import { limitsOf, logicalTypeOf as mariadbType } from '../src/database/mariadb/types.ts';

/** Types of PostgreSQL as `format_type` prints them. */
const postgresTypes: readonly (readonly [RegExp, Column['logicalType']])[] = [
  [/^boolean/, 'boolean'],
  [/^(smallint|integer|bigint)/, 'integer'],
  [/^numeric/, 'decimal'],
  [/^(real|double)/, 'float'],
  [/^bytea/, 'bytes'],
  [/^date/, 'date'],
  [/^timestamp.*with time zone/, 'timestamptz'],
  [/^timestamp/, 'timestamp'],
  [/^time/, 'time'],
  [/^interval/, 'interval'],
  [/^uuid/, 'uuid'],
  [/^json/, 'json'],
];

const integerLimits: Readonly<Record<string, bigint>> = {
  smallint: 15n,
  integer: 31n,
  bigint: 63n,
};

function postgresLimits(type: string): Column['limits'] {
  const bits = integerLimits[type];
  if (bits !== undefined)
    return { minimum: String(-(2n ** bits)), maximum: String(2n ** bits - 1n) };
  const [, name, first, second] = /^(\w[\w ]*)\((\d+)(?:,(\d+))?\)/.exec(type) ?? [];
  if (name?.startsWith('character')) return { characters: Number(first) };
  if (name === 'numeric') return { precision: Number(first), scale: Number(second ?? 0) };
  return undefined;
}

export function column(
  engine: EngineName,
  name: string,
  declaredType: string,
  facts: Partial<Column> = {},
): Column {
  const [, size = null, scale = null] = /\((\d+)(?:,(\d+))?\)/.exec(declaredType) ?? [];
  const logicalType =
    engine === 'sqlite'
      ? logicalTypeOf(declaredType)
      : engine === 'mariadb'
        ? mariadbType(declaredType)
        : (postgresTypes.find(([pattern]) => pattern.test(declaredType))?.[1] ?? 'text');
  const limits =
    engine === 'postgres'
      ? postgresLimits(declaredType)
      : engine === 'mariadb'
        ? limitsOf({
            declaredType,
            characters: size,
            octets: declaredType.startsWith('longtext') ? '4294967295' : (size ?? '65535'),
            precision: size,
            scale: scale ?? '0',
          })
        : undefined;
  return {
    name,
    logicalType,
    declaredType,
    nullable: true,
    ...(limits && { limits }),
    ...(engine === 'sqlite' && { storage: usualStorage(logicalType, declaredType) }),
    ...facts,
  };
}

export function table(name: string, columns: Column[], facts: Partial<Table> = {}): Table {
  return { name, columns, primaryKey: [columns[0]?.name ?? ''], ...facts };
}

export function schema(
  engine: EngineName,
  tables: Table[],
  facts: Partial<DatabaseSchema> = {},
): DatabaseSchema {
  return {
    engine,
    engineVersion: '0',
    encoding: 'UTF-8',
    settings: {},
    tables,
    preData: [],
    postData: [],
    sequences: [],
    ...facts,
  };
}

export interface ColumnType {
  readonly engine: EngineName;
  readonly type: string;
  readonly facts?: Partial<Column>;
}

/** Engine and type in one word: `postgres numeric(12,2)`. */
export function columnType(words: string, facts: Partial<Column> = {}): ColumnType {
  const [engine = '', ...type] = words.split(' ');
  return { engine: engine as EngineName, type: type.join(' '), facts };
}

/** A table `t` of the columns `id` and `v`. */
export function planColumn(from: ColumnType, to: ColumnType): Move {
  const side = ({ engine, type, facts }: ColumnType): DatabaseSchema =>
    schema(engine, [
      table('t', [
        column(engine, 'id', engine === 'mariadb' ? 'int(11)' : 'integer'),
        column(engine, 'v', type, facts),
      ]),
    ]);
  return planMove(side(from), side(to));
}

/** One field: text, the words `[class, text]` for a storage class of SQLite, null. */
export type Field = string | null | readonly [storage: string, text: string];

export function chunkOf(fields: readonly Field[]): CopyChunk {
  let bytes = '';
  let storage = '';
  for (const [row, field] of fields.entries()) {
    const text = typeof field === 'string' || field === null ? field : field[1];
    bytes += `${row + 1}\t${text === null ? '\\N' : escapeText(text)}\n`;
    if (Array.isArray(field)) storage += `{"row":${row},"column":1,"storage":"${field[0]}"}\n`;
  }
  return {
    bytes: Buffer.from(bytes),
    rows: fields.length,
    ...(storage !== '' && { storage: Buffer.from(storage) }),
  };
}

export interface Moved {
  readonly chunk: CopyChunk;
  /** Lines without the id; storage lines as `row class`. */
  readonly lines: string[];
  readonly storage: string[];
  readonly problems: string[];
  readonly repaired: string[];
  /** What was moved and what is read from the result have the same digest. */
  readonly same: boolean;
}

/** Moves the values of one column. */
export function moveColumn(move: Move, chunk: CopyChunk, options: CensusOptions = {}): Moved {
  const [moved] = [...move.tables.values()];
  if (!moved) throw new Error('nothing to move');
  const ledger = new FindingLedger();
  const digest = new RowDigest();
  const mover = createLedgerMover(moved, ledger, options);
  const out = mover.move(chunk, { digest, counters: new Counters(move) });
  const found = new RowDigest();
  const isReadable = readBack(moved, out, found);
  const text = Buffer.from(out.bytes).toString();
  return {
    chunk: out,
    lines: text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(line.indexOf('\t') + 1)),
    storage: Buffer.from(out.storage ?? '')
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const parsed = JSON.parse(line) as { row: number; storage: string };
        return `${parsed.row} ${parsed.storage}`;
      }),
    problems: ledger.findings.map(
      ({ kind, values, keys }) => `${kind} ${values} ${keys.join(',')}`,
    ),
    repaired: ledger.repaired.map(({ kind, values }) => `${kind} ${values}`),
    same: isReadable && found.equals(digest),
  };
}
