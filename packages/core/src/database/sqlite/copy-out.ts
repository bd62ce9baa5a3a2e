// Rows of a SQLite table as COPY text: every value exactly, with its storage class, in the order of the row id or primary
// key. One chunk and one row are in memory at a time.

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import { assertNotAborted, DmsBackupError } from '../../errors.ts';
import type { CopyChunk, Table, TableDigest } from '../engine.ts';
import { createTableDigester, type DigestedPart } from '../table-digest.ts';
import { databaseError, quoted } from './connect.ts';
import { ByteBuffer } from '../byte-buffer.ts';
import { writeFields, type InexactText, type RowWatcher } from './row-writer.ts';
import type { Storage } from './types.ts';

const defaultChunkBytes = 1024 * 1024;

export interface CopyOutOptions {
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal;
}

/** See {@link DatabaseSnapshot.copyOut}. Throws `database-corrupt`, `database-unsupported` (a function or collation is unknown). */
export async function* copyOut(
  database: DatabaseSync,
  table: Table,
  options: CopyOutOptions = {},
): AsyncGenerator<CopyChunk, TableDigest> {
  const digester = createTableDigester();
  try {
    for (const part of readParts(database, table, options.chunkBytes ?? defaultChunkBytes)) {
      assertNotAborted(options.signal);
      digester.add(part);
      const { bytes, rows, storage } = part;
      yield storage === undefined ? { bytes, rows } : { bytes, rows, storage };
      // Reading is synchronous; this lets signals and progress through.
      await nextTurn();
    }
  } catch (error) {
    throw readError(error, table);
  }
  return digester.finish();
}

/** Rows and digest of a table without keeping its chunks. */
export async function digestTable(
  database: DatabaseSync,
  table: Table,
  options: CopyOutOptions = {},
): Promise<TableDigest> {
  const rows = copyOut(database, table, options);
  for (;;) {
    const { done, value } = await rows.next();
    if (done) return value;
  }
}

function* readParts(
  database: DatabaseSync,
  table: Table,
  chunkBytes: number,
): Generator<DigestedPart> {
  const stored = table.columns.filter((column) => column.generated === undefined);
  const columns = [...stored, ...table.columns.filter((column) => column.generated !== undefined)];
  const usual = columns.map((column): Storage => column.storage ?? 'text');
  const names = columns.map(({ name }) => name);
  const source = `FROM ${quoted(table.name)} ${rowOrder(database, table.name, names)}`;
  const exact = new ExactTexts(database, names, source);
  const hasGenerated = columns.length > stored.length;
  const bytes = new ByteBuffer();
  const generated = new ByteBuffer();
  let storage = '';
  let deviations = '';
  let rows = 0;
  let index = 0;
  const watcher = {
    asksAlways: exact.isUtf16,
    exactText: (column: number, text: string) => exact.read(index, column, text),
  };
  const onStored: RowWatcher = {
    ...watcher,
    deviates(column, kind) {
      storage += `{"row":${rows},"column":${column},"storage":"${kind}"}\n`;
    },
  };
  const onGenerated: RowWatcher = {
    ...watcher,
    deviates(column, kind) {
      deviations += `\t${column - stored.length} ${kind}`;
    },
  };
  const endStored = (): string => '\n';
  // Deviations are further fields here: this text is only hashed, and no value can hold a raw tab.
  const endGenerated = (): string => `${deviations}\n`;
  const take = (): DigestedPart => ({
    bytes: bytes.take(),
    rows,
    ...(storage !== '' && { storage: Buffer.from(storage, 'latin1') }),
    ...(hasGenerated && { generated: generated.take() }),
  });
  try {
    for (const row of select(database, `SELECT ${names.map(quoted).join(', ')} ${source}`)) {
      writeFields(bytes, row, 0, stored.length, usual, onStored, endStored);
      if (hasGenerated) {
        const end = columns.length;
        writeFields(generated, row, stored.length, end, usual, onGenerated, endGenerated);
        deviations = '';
      }
      rows++;
      index++;
      if (bytes.length >= chunkBytes || generated.length >= chunkBytes) {
        yield take();
        storage = '';
        rows = 0;
      }
    }
  } finally {
    exact.close();
  }
  if (rows > 0) yield take();
}

/**
 * Texts as they are stored, for those that may have lost something on their way into a JavaScript string: invalid UTF-8 shows a
 * replacement character, in UTF-16 nothing would show. A second statement, in step with the first, reads them as bytes.
 */
class ExactTexts {
  readonly isUtf16: boolean;
  readonly #database: DatabaseSync;
  readonly #sql: string;
  readonly #decoder: TextDecoder | undefined;
  #rows: NodeJS.Iterator<SQLOutputValue[]> | undefined;
  /** The row that was read last, and its number in the table. */
  #row: SQLOutputValue[] = [];
  #index = -1;

  constructor(database: DatabaseSync, names: readonly string[], source: string) {
    const encoding = String(database.prepare('PRAGMA encoding').get()?.['encoding']).toLowerCase();
    const columns = names.map(quoted).map(bytesOfText);
    this.isUtf16 = encoding !== 'utf-8';
    this.#database = database;
    this.#sql = `SELECT ${columns.join(', ')} ${source}`;
    if (this.isUtf16) this.#decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  }

  read(index: number, column: number, text: string): string | InexactText {
    if (this.#rows === undefined) {
      this.#rows = select(this.#database, `${this.#sql} LIMIT -1 OFFSET ${index}`);
      this.#index = index - 1;
    }
    for (; this.#index < index; this.#index++) {
      const next = this.#rows.next();
      this.#row = next.done ? [] : next.value;
    }
    const bytes = this.#row[column];
    if (!(bytes instanceof Uint8Array)) throw new Error('the rows changed while they were read');
    if (this.#decoder === undefined) {
      return Buffer.from(text).equals(bytes) ? text : { bytes, storage: 'text' };
    }
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return { bytes, storage: 'utf16' };
    }
  }

  close(): void {
    this.#rows?.return?.();
  }
}

function bytesOfText(column: string): string {
  return `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) END`;
}

/** Row ids where they have a name; else the order in which the table itself is stored (primary key without row ids). */
function rowOrder(database: DatabaseSync, table: string, names: readonly string[]): string {
  const facts = database
    .prepare("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    .get(table);
  const taken = new Set(names.map((name) => name.toLowerCase()));
  const rowId = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  return facts?.['wr'] === 0 && rowId !== undefined ? `ORDER BY ${rowId}` : 'NOT INDEXED';
}

function select(database: DatabaseSync, sql: string): NodeJS.Iterator<SQLOutputValue[]> {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  statement.setReadBigInts(true);
  // The types of Node do not know that rows are arrays now.
  return statement.iterate() as unknown as NodeJS.Iterator<SQLOutputValue[]>;
}

function readError(error: unknown, table: Table): unknown {
  const what = `read table '${table.name}'`;
  // Node 24 has no error of its own for a text that V8 cannot hold: the iterator just gives no result.
  if (error instanceof TypeError && error.message.startsWith('Iterator result')) {
    return new DmsBackupError(
      'database-unsupported',
      `cannot ${what}: it holds a text of more than 512 MiB`,
      { cause: error },
    );
  }
  return databaseError(error, what, 'database-unsupported');
}
