// The rows of one table from the source's form into the target's, chunk by chunk. One chunk and one row are in memory.

import { escapeText, encodeField, readRows } from '../copy-text.ts';
import type { CopyChunk } from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import { DeviationReader } from '../sqlite/copy-in.ts';
import { ByteBuffer } from '../byte-buffer.ts';
import type { Counters } from './counters.ts';
import type { MovedColumn, MovedTable } from './plan.ts';
import { Problem, type ProblemKind } from './problem.ts';
import { createReader, type StorageClass, type Value, type ValueReader } from './read-value.ts';
import { isRepairable, repair, type RepairableKind, type Repairs } from './repairs.ts';
import type { RowDigest } from './row-digest.ts';
import { createWriter, storageOf, type ValueWriter } from './write-value.ts';

/** Told while rows are read. `key` gives the primary key of the row, for people. */
export interface MoveWatcher {
  found(column: MovedColumn, kind: ProblemKind, key: () => string): void;
  repaired(column: MovedColumn, kind: RepairableKind, key: () => string): void;
}

export interface RowMoverOptions {
  readonly repairs: Repairs;
  readonly watcher: MoveWatcher;
  /** Of columns whose values are not shown, also not as keys. */
  readonly isSecret?: (column: string) => boolean;
}

/** Where the rows go. */
export interface MoveSink {
  readonly digest: RowDigest;
  readonly counters: Counters;
}

/** Longer key values are cut. */
const keyLength = 60;

export class RowMover {
  readonly #table: MovedTable;
  readonly #what: string;
  readonly #options: RowMoverOptions;
  readonly #columns: readonly ValueMover[];
  readonly #keys: readonly { name: string; at: number }[];
  #fields: readonly (Value | null)[] = [];
  readonly #key = (): string => this.#keyText();

  constructor(table: MovedTable, options: RowMoverOptions) {
    this.#table = table;
    this.#what = `table '${qualifiedName(table.source)}'`;
    this.#options = options;
    this.#columns = table.columns.map((column) => new ValueMover(column, options, this.#key));
    const stored = table.source.columns.filter(({ generated }) => generated === undefined);
    this.#keys = table.source.primaryKey.map((name) => ({
      name,
      at: stored.findIndex((column) => column.name === name),
    }));
  }

  /** Looks at the rows only. Throws `archive-damaged`. */
  check(chunk: CopyChunk): void {
    for (const column of this.#columns) column.tellsIdentity = false;
    this.#walk(chunk, () => {});
    for (const column of this.#columns) column.tellsIdentity = true;
  }

  /** The chunk for the target. Values with problems have become nulls; the watcher knows, and throws if it wants. */
  move(chunk: CopyChunk, { digest, counters }: MoveSink): CopyChunk {
    const out = new ByteBuffer();
    const identities: (Value | null)[] = Array.from({ length: this.#columns.length }, () => null);
    let storage = '';
    const rows = this.#walk(chunk, (values, number) => {
      let line = '';
      for (const [index, column] of this.#columns.entries()) {
        const value = values[index] ?? null;
        identities[index] = column.identity;
        if (index > 0) line += '\t';
        if (value === null) line += String.raw`\N`;
        else if (typeof value === 'string') line += escapeText(value);
        else {
          out.addText(line);
          line = '';
          out.addBytes(encodeField(value));
        }
        if (column.deviation !== undefined) {
          storage += `{"row":${number},"column":${index},"storage":"${column.deviation}"}\n`;
        }
      }
      out.addText(`${line}\n`);
      digest.add(identities);
      counters.see(this.#table, values);
    });
    return {
      bytes: out.take(),
      rows,
      ...(storage !== '' && { storage: Buffer.from(storage, 'latin1') }),
    };
  }

  #walk(chunk: CopyChunk, visit: (values: (Value | null)[], number: number) => void): number {
    const { width } = this.#table;
    const deviations = new DeviationReader(chunk, width, this.#what);
    const values: (Value | null)[] = [];
    let number = 0;
    for (const fields of readRows(chunk.bytes, width, this.#what)) {
      this.#fields = fields;
      const row = deviations.row(number);
      for (const [index, column] of this.#columns.entries()) {
        values[index] = column.move(fields[column.from] ?? null, row?.get(column.from));
      }
      visit(values, number++);
    }
    deviations.assertUsed();
    return number;
  }

  #keyText(): string {
    if (this.#keys.length === 0) return 'without a key';
    return this.#keys
      .map(({ name, at }) => {
        if (this.#options.isSecret?.(name)) return `${name}=***`;
        const field = this.#fields[at] ?? 'null';
        const text = typeof field === 'string' ? field : 'a long or unreadable text';
        return `${name}=${text.length > keyLength ? `${text.slice(0, keyLength)}...` : text}`;
      })
      .join(' ');
  }
}

/** The values of one column, one after the other; `identity` and `deviation` belong to the last one. */
class ValueMover {
  readonly from: number;
  identity: Value | null = null;
  /** False for a census: it costs time. */
  tellsIdentity = true;
  deviation: StorageClass;
  readonly #column: MovedColumn;
  readonly #reader: ValueReader;
  readonly #write: ValueWriter;
  readonly #options: RowMoverOptions;
  readonly #key: () => string;
  readonly #usual: StorageClass;
  readonly #usualTarget: StorageClass;
  readonly #takesNull: boolean;

  constructor(column: MovedColumn, options: RowMoverOptions, key: () => string) {
    const { kind, source, target } = column;
    this.from = column.from;
    this.#column = column;
    this.#reader = createReader(kind, source);
    this.#write = createWriter(kind, target);
    this.#options = options;
    this.#key = key;
    this.#usual = source.engine === 'sqlite' ? (source.column.storage ?? 'text') : undefined;
    this.#usualTarget = target.engine === 'sqlite' ? (target.column.storage ?? 'text') : undefined;
    this.#takesNull = target.column.nullable;
  }

  /** The field for the target. */
  move(field: Value | null, deviation: StorageClass): Value | null {
    this.identity = null;
    this.deviation = undefined;
    if (field === null) {
      if (!this.#takesNull) this.#options.watcher.found(this.#column, 'null', this.#key);
      return null;
    }
    const storage = deviation ?? this.#usual;
    const moved = this.#attempt(field, storage);
    const value = moved instanceof Problem ? this.#repair(field, storage, moved) : moved;
    if (value === null || this.#usualTarget === undefined) return value;
    const kept = this.#column.kind === 'same' ? storage : storageOf(this.#column.kind, value);
    if (kept !== this.#usualTarget) this.deviation = kept;
    return value;
  }

  #attempt(field: Value, storage: StorageClass): Value | Problem {
    const value = this.#reader.read(field, storage);
    if (value instanceof Problem) return value;
    const written = this.#write(value);
    if (this.tellsIdentity && !(written instanceof Problem)) {
      this.identity = this.#reader.identity(value);
    }
    return written;
  }

  /** Each kind of repair is tried once; what is left over is a finding. */
  #repair(field: Value, storage: StorageClass, first: Problem): Value | null {
    const { repairs, watcher } = this.#options;
    const done = new Set<RepairableKind>();
    let current = field;
    let fault = first;
    for (;;) {
      const { kind } = fault;
      if (!isRepairable(kind) || !repairs.has(kind) || done.has(kind)) break;
      const repaired = repair(kind, current, this.#column);
      if (repaired === undefined) break;
      done.add(kind);
      const moved = repaired === null ? null : this.#attempt(repaired, storage);
      if (!(moved instanceof Problem)) {
        for (const each of done) watcher.repaired(this.#column, each, this.#key);
        return moved;
      }
      current = repaired ?? current;
      fault = moved;
    }
    watcher.found(this.#column, fault.kind, this.#key);
    return null;
  }
}

/**
 * Reads rows of the target back into what they mean, for the digest. False when a value cannot be read; the rows are counted
 * all the same.
 */
export function readBack(table: MovedTable, chunk: CopyChunk, digest: RowDigest): boolean {
  const what = `table '${qualifiedName(table.target)}'`;
  const readers = table.columns.map(({ kind, target }) => ({
    reader: createReader(kind, target),
    usual: target.engine === 'sqlite' ? (target.column.storage ?? 'text') : undefined,
  }));
  const deviations = new DeviationReader(chunk, readers.length, what);
  const identities: (Value | null)[] = [];
  let isReadable = true;
  let number = 0;
  for (const fields of readRows(chunk.bytes, readers.length, what)) {
    const row = deviations.row(number++);
    for (const [index, { reader, usual }] of readers.entries()) {
      const field = fields[index] ?? null;
      const value = field === null ? null : reader.read(field, row?.get(index) ?? usual);
      const isBad = value instanceof Problem;
      if (isBad) isReadable = false;
      identities[index] = isBad || value === null ? null : reader.identity(value);
    }
    digest.add(identities);
  }
  return isReadable;
}
