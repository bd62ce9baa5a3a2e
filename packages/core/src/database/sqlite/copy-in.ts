// Rows from COPY text and storage lines into a SQLite table, each value in exactly its storage class. The rows come from an
// archive and may be hostile: what does not fit the format is `archive-damaged`, what SQLite refuses is `restore-failed`.

import { isUtf8 } from 'node:buffer';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { DmsBackupError } from '../../errors.ts';
import { readRows } from '../copy-text.ts';
import type { Column, CopyChunk, Table } from '../engine.ts';
import { loadError, quoted } from './connect.ts';
import { affinityOf, type Affinity, type Storage } from './types.ts';

/** Statements for rows with bytes in text columns, by the set of those columns; more sets than this are rare. */
const statementCacheSize = 32;

/** Inserts the rows of a chunk. */
export type Inserter = (chunk: CopyChunk) => void;

/** Storage classes that a storage line may name; `utf16` is text whose bytes are no valid UTF-16, written like a blob. */
type Deviation = Storage | 'utf16';

/**
 * Prepares inserting into a table; `relax` makes a column take any value. The inserter throws `restore-failed` when the table
 * is missing or has other columns.
 */
export function createInserter(
  database: DatabaseSync,
  table: Table,
  relax: (column: string) => void,
): Inserter {
  const what = `table '${table.name}'`;
  const columns = table.columns.filter((column) => column.generated === undefined);
  const statements = new Map<string, StatementSync>();
  const prepare = (asText: ReadonlySet<number>): StatementSync => {
    const key = [...asText].join();
    const known = statements.get(key);
    if (known) return known;
    if (statements.size >= statementCacheSize) statements.clear();
    const statement = database.prepare(insertSql(table, columns, asText));
    statements.set(key, statement);
    return statement;
  };
  const usual = columns.map((column): Storage => column.storage ?? 'text');
  const rules = rulesOf(database, table.name, columns);
  const relaxColumn = (index: number): void => {
    relax(columns[index]?.name ?? '');
    rules[index] = noRule;
  };
  const none: ReadonlySet<number> = new Set();
  const isUtf16 = database.prepare('PRAGMA encoding').get()?.['encoding'] !== 'UTF-8';
  return (chunk) => {
    const deviations = new DeviationReader(chunk, columns.length, what);
    let count = 0;
    try {
      for (const fields of readRows(chunk.bytes, columns.length, what)) {
        const row = deviations.row(count);
        let asText: Set<number> | undefined;
        const values = fields as SQLInputValue[];
        for (let index = 0; index < fields.length; index++) {
          const field = fields[index] ?? null;
          if (field === null) {
            if (row?.has(index)) throw damaged(what, 'a storage line is for a null');
            if (rules[index]?.notNull) relaxColumn(index);
            continue;
          }
          const storage = row?.get(index) ?? usual[index] ?? 'text';
          const value = toValue(field, storage, isUtf16, what);
          values[index] = value;
          if (!isKept(value, storage, rules[index]?.affinity ?? 'blob')) relaxColumn(index);
          if ((storage === 'text' || storage === 'utf16') && typeof value !== 'string') {
            (asText ??= new Set()).add(index);
          }
        }
        prepare(asText ?? none).run(...values);
        count++;
      }
    } catch (error) {
      throw loadError(error, `insert row ${count} of ${what}`);
    }
    if (count !== chunk.rows)
      throw damaged(what, `a chunk has ${count} rows instead of ${chunk.rows}`);
    deviations.assertUsed();
  };
}

function insertSql(table: Table, columns: readonly Column[], asText: ReadonlySet<number>): string {
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  // A blob cast to text keeps its bytes; node:sqlite can bind texts only from strings.
  const values = columns
    .map((_, index) => (asText.has(index) ? 'CAST(? AS TEXT)' : '?'))
    .join(', ');
  // OR ABORT: a definition may say ON CONFLICT IGNORE or REPLACE, and a row must not vanish silently.
  return columns.length === 0
    ? `INSERT OR ABORT INTO ${quoted(table.name)} DEFAULT VALUES`
    : `INSERT OR ABORT INTO ${quoted(table.name)} (${names}) VALUES (${values})`;
}

const integerForm = /^(?:0|-?[1-9]\d{0,18})$/;
const realForm = /^-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Infinity)$/;
const largest = 2n ** 63n;

function toValue(
  field: string | Uint8Array,
  storage: Deviation,
  isUtf16: boolean,
  what: string,
): SQLInputValue {
  switch (storage) {
    case 'text':
      if (typeof field === 'string' || !isUtf16) return field;
      // A cast would take the bytes for UTF-16.
      if (!isUtf8(field)) break;
      return Buffer.from(field.buffer, field.byteOffset, field.length).toString();
    case 'integer': {
      if (typeof field !== 'string' || !integerForm.test(field)) break;
      const value = BigInt(field);
      if (value >= largest || value < -largest) break;
      return value;
    }
    case 'real':
      if (typeof field !== 'string' || !realForm.test(field)) break;
      return Number(field);
    case 'blob':
    case 'utf16': {
      if (storage === 'utf16' && !isUtf16) break;
      const bytes = toBytes(field);
      if (bytes === undefined) break;
      return bytes;
    }
  }
  throw damaged(what, `a value is not of storage class ${storage}`);
}

/** The bytes of `\x..`, undefined when it is something else. Read in pieces: the text may be too long for one string. */
function toBytes(field: string | Uint8Array): Uint8Array | undefined {
  const text =
    typeof field === 'string' ? field : Buffer.from(field.buffer, field.byteOffset, field.length);
  const part = (start: number, end: number): string =>
    typeof text === 'string' ? text.slice(start, end) : text.toString('latin1', start, end);
  if (text.length % 2 !== 0 || part(0, 2) !== '\\x') return undefined;
  const bytes = Buffer.allocUnsafe(text.length / 2 - 1);
  const piece = 1 << 20;
  for (let start = 2; start < text.length; start += piece) {
    const digits = part(start, Math.min(start + piece, text.length));
    // Checked first: Node takes other characters for digits or stops silently.
    if (/[^0-9a-fA-F]/.test(digits)) return undefined;
    bytes.write(digits, start / 2 - 1, 'hex');
  }
  return bytes;
}

/** What a column does to values that its source may hold all the same. */
interface Rule {
  readonly affinity: Affinity;
  readonly notNull: boolean;
}

const noRule: Rule = { affinity: 'blob', notNull: false };

function rulesOf(database: DatabaseSync, table: string, columns: readonly Column[]): Rule[] {
  const facts = database
    .prepare("SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    .get(table);
  // A strict table converts nothing, and SQLite lets no other value in.
  return columns.map(({ declaredType, nullable }) =>
    facts?.['strict'] === 1 ? noRule : { affinity: affinityOf(declaredType), notNull: !nullable },
  );
}

/** False when the affinity of the column would make another value of it; then the column is relaxed. */
function isKept(value: SQLInputValue, storage: Deviation, affinity: Affinity): boolean {
  switch (storage) {
    case 'integer':
      return affinity !== 'text' && affinity !== 'real';
    case 'real':
      if (affinity === 'text') return false;
      if (affinity === 'blob' || affinity === 'real') return true;
      return !Number.isInteger(value) || Math.abs(value as number) >= 2 ** 63;
    case 'text':
      // Text in bytes is invalid or huge, and no number.
      if (affinity === 'text' || affinity === 'blob' || typeof value !== 'string') return true;
      return !numberForm.test(value);
    case 'blob':
    case 'utf16':
      return true;
  }
}

const numberForm = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** Storage lines of a chunk, row by row. */
export class DeviationReader {
  readonly #rows = new Map<number, Map<number, Deviation>>();
  readonly #what: string;

  constructor(chunk: CopyChunk, columns: number, what: string) {
    this.#what = what;
    if (chunk.storage === undefined) return;
    const text = Buffer.from(chunk.storage).toString('utf8');
    if (!text.endsWith('\n')) throw damaged(what, 'the last storage line has no line feed');
    for (const line of text.slice(0, -1).split('\n')) {
      const { row, column, storage } = parseLine(line, what);
      if (row >= chunk.rows || column >= columns)
        throw damaged(what, 'a storage line is for no value');
      const deviations = this.#rows.get(row) ?? new Map<number, Deviation>();
      if (deviations.has(column)) throw damaged(what, 'two storage lines are for one value');
      this.#rows.set(row, deviations.set(column, storage));
    }
  }

  /** Deviations of a row by column; each row can be asked for once. */
  row(row: number): ReadonlyMap<number, Deviation> | undefined {
    const deviations = this.#rows.get(row);
    if (deviations) this.#rows.delete(row);
    return deviations;
  }

  assertUsed(): void {
    if (this.#rows.size > 0) throw damaged(this.#what, 'a storage line is for no row');
  }
}

const lineForm =
  /^\{"row":(\d{1,15}),"column":(\d{1,4}),"storage":"(integer|real|text|blob|utf16)"\}$/;

function parseLine(
  line: string,
  what: string,
): { row: number; column: number; storage: Deviation } {
  const [, row, column, storage] = lineForm.exec(line) ?? [];
  if (storage === undefined) throw damaged(what, 'a storage line is malformed');
  return { row: Number(row), column: Number(column), storage: storage as Deviation };
}

function damaged(what: string, problem: string): DmsBackupError {
  return new DmsBackupError('archive-damaged', `malformed rows in ${what}: ${problem}`);
}
