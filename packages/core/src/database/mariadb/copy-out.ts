// Rows of a table as COPY text: each value exactly, in the order in which the table is stored (primary key). One chunk and a
// few rows are in memory at a time.

import { assertNotAborted, DmsBackupError } from '../../errors.ts';
import { encodeField } from '../copy-text.ts';
import type { Column, CopyChunk, Table, TableDigest } from '../engine.ts';
import { createTableDigester, type DigestedPart } from '../table-digest.ts';
import { ByteBuffer } from '../byte-buffer.ts';
import type { RawRow, Session } from './connect.ts';
import { literal, qualified, quoted } from './quoting.ts';
import { errorNumber, serverError } from './server-error.ts';
import { valueForm, type ValueForm } from './types.ts';

const defaultChunkBytes = 1024 * 1024;

export interface CopyOutOptions {
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal;
}

/** See {@link DatabaseSnapshot.copyOut}. Throws `source-changed`, `database-unsupported`, `server-unreachable`. */
export async function* copyOut(
  session: Session,
  database: string,
  table: Table,
  options: CopyOutOptions = {},
): AsyncGenerator<CopyChunk, TableDigest> {
  const digester = createTableDigester();
  try {
    const parts = readParts(session, database, table, options.chunkBytes ?? defaultChunkBytes);
    for await (const part of parts) {
      assertNotAborted(options.signal);
      digester.add(part);
      yield { bytes: part.bytes, rows: part.rows };
    }
  } catch (error) {
    throw serverError(error, `read table '${table.name}'`, {
      // ER_NO_SUCH_TABLE, ER_BAD_FIELD_ERROR: it was there when the schema was read.
      otherwise: [1146, 1054].includes(errorNumber(error) ?? 0)
        ? 'source-changed'
        : 'database-unsupported',
      hints: { 'database-denied': session.grantHint(...session.readGrants()) },
    });
  }
  return digester.finish();
}

/** Rows and digest of a table without keeping its chunks. */
export async function digestTable(
  session: Session,
  database: string,
  table: Table,
  options: CopyOutOptions = {},
): Promise<TableDigest> {
  const rows = copyOut(session, database, table, options);
  for (;;) {
    const { done, value } = await rows.next();
    if (done) return value;
  }
}

async function* readParts(
  session: Session,
  database: string,
  table: Table,
  chunkBytes: number,
): AsyncGenerator<DigestedPart> {
  const stored = table.columns.filter((column) => column.generated === undefined);
  const columns = [...stored, ...table.columns.filter((column) => column.generated !== undefined)];
  const forms = columns.map(({ declaredType }) => valueForm(declaredType));
  const converted = await convertedColumns(session, database, table, columns);
  const checks = converted.map(({ check }) => check);
  const values = columns.map((column, index) => expressionOf(column, forms[index] ?? 'text'));
  const key = table.primaryKey.map(quoted).join(', ');
  // Without a key the order is that of the storage, which a secondary index would not give.
  const order = key === '' ? 'USE INDEX ()' : `FORCE INDEX (PRIMARY) ORDER BY ${key}`;
  const sql = `SELECT ${[...values, ...checks].join(', ')} FROM ${qualified(database, table.name)} ${order}`;
  const hasGenerated = columns.length > stored.length;
  const bytes = new ByteBuffer();
  const generated = new ByteBuffer();
  let rows = 0;
  const take = (): DigestedPart => ({
    bytes: bytes.take(),
    rows,
    ...(hasGenerated && { generated: generated.take() }),
  });
  for await (const row of session.stream(sql)) {
    for (const [index, { column }] of converted.entries()) {
      if (row[columns.length + index]?.toString() !== '1') throw lossy(table, column);
    }
    writeFields(bytes, row, forms, 0, stored.length);
    if (hasGenerated) writeFields(generated, row, forms, stored.length, columns.length);
    rows++;
    if (bytes.length >= chunkBytes || generated.length >= chunkBytes) {
      yield take();
      rows = 0;
    }
  }
  if (rows > 0) yield take();
}

function expressionOf({ name }: Column, form: ValueForm): string {
  switch (form) {
    // Multiplying makes a double of it (and keeps the sign of zero); a FLOAT would be printed with six digits.
    case 'float':
      return `${quoted(name)} * 1e0`;
    case 'number':
      return `${quoted(name)} + 0`;
    case 'text':
    case 'bytes':
    case 'instant':
      return quoted(name);
  }
}

/** Character sets of which every value comes through utf8mb4 and back. `latin1` is cp1252, all of it. */
const losslessSets: ReadonlySet<string> = new Set([
  'utf8mb4',
  'utf8mb3',
  'utf8',
  'latin1',
  'binary',
]);

/** Columns whose values the server converts, each with a check that converting back gives the same bytes. */
async function convertedColumns(
  session: Session,
  database: string,
  table: Table,
  columns: readonly Column[],
): Promise<{ column: string; check: string }[]> {
  const sets = (await unusualSets(session, database)).get(table.name);
  return columns.flatMap(({ name, declaredType }) => {
    const set = sets?.get(name);
    if (set === undefined || /^(?:enum|set)\b/i.test(declaredType)) return [];
    const column = quoted(name);
    const back = `CONVERT(CONVERT(${column} USING utf8mb4) USING ${quoted(set)})`;
    return [{ column: name, check: `CAST(${back} AS BINARY) <=> CAST(${column} AS BINARY)` }];
  });
}

type SetsByTable = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Read once for each database: a session reads a state that does not change, or tables that it made itself. */
const knownSets = new WeakMap<Session, Map<string, SetsByTable>>();

/** Character sets of columns, without those of {@link losslessSets}. */
async function unusualSets(session: Session, database: string): Promise<SetsByTable> {
  const known = knownSets.get(session) ?? new Map<string, SetsByTable>();
  knownSets.set(session, known);
  const found = known.get(database);
  if (found) return found;
  const sets = new Map<string, Map<string, string>>();
  const usual = [...losslessSets].map(literal).join(', ');
  const rows = await session.rows(
    `SELECT table_name, column_name, character_set_name FROM information_schema.columns
     WHERE table_schema = ${literal(database)} AND character_set_name NOT IN (${usual})`,
  );
  for (const [table, column, set] of rows) {
    const columns = sets.get(table ?? '') ?? new Map<string, string>();
    sets.set(table ?? '', columns.set(column ?? '', set ?? ''));
  }
  known.set(database, sets);
  return sets;
}

function lossy(table: Table, column: string): DmsBackupError {
  return new DmsBackupError(
    'database-unsupported',
    `cannot keep column '${column}' of table '${table.name}': it holds a text that its character set cannot express`,
    { hint: 'Find and correct the value, or convert the column to utf8mb4.' },
  );
}

const nullField = Buffer.from(String.raw`\N`);
const tab = Buffer.from('\t');
const newline = Buffer.from('\n');
/** PostgreSQL's bytea form; the backslash is escaped as in any field. */
const hexPrefix = Buffer.from(String.raw`\\x`);
const utc = Buffer.from('+00');
const pieceBytes = 1 << 20;

function writeFields(
  out: ByteBuffer,
  row: RawRow,
  forms: readonly ValueForm[],
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index++) {
    if (index > from) out.addBytes(tab);
    const value = row[index];
    if (value === null || value === undefined) out.addBytes(nullField);
    else if (forms[index] === 'bytes') writeHex(out, value);
    else {
      writeText(out, value);
      // A zero date is no instant.
      if (forms[index] === 'instant' && !value.toString('latin1').startsWith('0000'))
        out.addBytes(utc);
    }
  }
  out.addBytes(newline);
}

function writeText(out: ByteBuffer, value: Buffer): void {
  if (isPlain(value)) {
    out.addBytes(value);
    return;
  }
  out.reserve(value.length);
  for (let start = 0; start < value.length; start += pieceBytes) {
    out.addBytes(encodeField(value.subarray(start, start + pieceBytes)));
  }
}

/** True when nothing is to be escaped: neither backslash nor control characters from BS to CR, nor NUL. */
function isPlain(value: Buffer): boolean {
  for (let index = 0; index < value.length; index++) {
    const byte = value[index] as number;
    if (byte === 0x5c || (byte < 0x0e && (byte > 0x07 || byte === 0))) return false;
  }
  return true;
}

function writeHex(out: ByteBuffer, value: Buffer): void {
  out.reserve(hexPrefix.length + value.length * 2);
  out.addBytes(hexPrefix);
  for (let start = 0; start < value.length; start += pieceBytes) {
    out.addBytes(Buffer.from(value.toString('hex', start, start + pieceBytes), 'latin1'));
  }
}
