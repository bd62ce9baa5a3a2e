// Rows from COPY text into a table, by INSERT statements of many rows. The rows come from an archive and may be hostile: what
// does not fit the format is `archive-damaged`, what the server refuses is `restore-failed`. (LOAD DATA LOCAL would be
// faster, but it makes warnings of errors, and many servers forbid it.)

import { DmsBackupError } from '../../errors.ts';
import { readRows, type CopyField } from '../copy-text.ts';
import type { CopyChunk, Table } from '../engine.ts';
import type { Session } from './connect.ts';
import { literal, qualified, quoted } from './quoting.ts';
import { packetReason, serverError } from './server-error.ts';
import { valueForm, type ValueForm } from './types.ts';

/** Characters of one statement; more makes nothing faster. */
const batchLength = 512 * 1024;
/** Room for the head of a packet. */
const packetReserve = 1024;

export async function copyIn(
  session: Session,
  database: string,
  table: Table,
  chunk: CopyChunk,
): Promise<void> {
  const what = `table '${table.name}'`;
  const columns = table.columns.filter((column) => column.generated === undefined);
  const forms = columns.map(({ declaredType }) => valueForm(declaredType));
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const head = `INSERT INTO ${qualified(database, table.name)} (${names}) VALUES `;
  const limitBytes = session.maxPacketBytes - packetReserve;
  const limit = Math.min(batchLength, Math.floor(limitBytes / 4));
  let values = '';
  let count = 0;
  const flush = async (): Promise<void> => {
    if (values !== '') await session.run(head + values);
    values = '';
  };
  try {
    for (const fields of readRows(chunk.bytes, columns.length, what)) {
      if (lengthOf(fields) > limit) {
        await flush();
        await insertLargeRow(session, head, fields, forms, what, limitBytes);
      } else {
        const row = rowText(fields, forms, what);
        values += values === '' ? row : `,${row}`;
        if (values.length >= limit) await flush();
      }
      count++;
    }
    await flush();
  } catch (error) {
    throw serverError(error, `load ${what}`, { otherwise: 'restore-failed', hasValues: true });
  }
  if (count !== chunk.rows)
    throw damaged(what, `a chunk has ${count} rows instead of ${chunk.rows}`);
}

function lengthOf(fields: readonly CopyField[]): number {
  let length = 0;
  for (const field of fields) length += field?.length ?? 0;
  return length;
}

function rowText(fields: readonly CopyField[], forms: readonly ValueForm[], what: string): string {
  let row = '(';
  for (const [index, field] of fields.entries()) {
    if (index > 0) row += ',';
    row += field === null ? 'NULL' : fieldText(field, forms[index] ?? 'text', what);
  }
  return `${row})`;
}

function fieldText(field: string | Uint8Array, form: ValueForm, what: string): string {
  if (form === 'bytes') {
    const text = typeof field === 'string' ? field : Buffer.from(field).toString('latin1');
    if (!text.startsWith('\\x') || text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text.slice(2))) {
      throw damaged(what, 'a value is not of the form of bytes');
    }
    return `x'${text.slice(2)}'`;
  }
  // Text that is not UTF-8: the server says which column it is.
  if (typeof field !== 'string') return `_utf8mb4 x'${Buffer.from(field).toString('hex')}'`;
  return literal(form === 'instant' ? field.replace(utcForm, '') : field);
}

const utcForm = /(?:Z|[+-]00(?::?00)?)$/;

/** A row that is too large as SQL text: its values go in binary form. */
async function insertLargeRow(
  session: Session,
  head: string,
  fields: readonly CopyField[],
  forms: readonly ValueForm[],
  what: string,
  limitBytes: number,
): Promise<void> {
  const values = fields.map((field, index) => {
    if (field === null) return null;
    const form = forms[index] ?? 'text';
    if (form === 'bytes') return bytesOf(field, what);
    if (typeof field !== 'string') return Buffer.from(field.buffer, field.byteOffset, field.length);
    return form === 'instant' ? field.replace(utcForm, '') : field;
  });
  let size = 0;
  for (const value of values) size += value === null ? 0 : Buffer.byteLength(value) + 10;
  if (size > limitBytes) {
    throw new DmsBackupError('restore-failed', `cannot load ${what}: ${packetReason}`, {
      hint: `Set max_allowed_packet of the server to more than ${size} bytes (at most 1 GiB), then restore again.`,
    });
  }
  // Bytes of a text that is no valid UTF-8 or very long: the server must not take them for binary data.
  const marks = values.map((value, index) =>
    Buffer.isBuffer(value) && forms[index] !== 'bytes' ? 'CONVERT(? USING utf8mb4)' : '?',
  );
  await session.runPrepared(`${head}(${marks.join(', ')})`, values);
}

function bytesOf(field: string | Uint8Array, what: string): Buffer {
  const text = typeof field === 'string' ? Buffer.from(field, 'latin1') : Buffer.from(field);
  if (text.length % 2 !== 0 || text[0] !== 0x5c || text[1] !== 0x78) {
    throw damaged(what, 'a value is not of the form of bytes');
  }
  const bytes = Buffer.allocUnsafe(text.length / 2 - 1);
  const piece = 1 << 20;
  for (let start = 2; start < text.length; start += piece) {
    const digits = text.toString('latin1', start, Math.min(start + piece, text.length));
    // Checked first: Node takes other characters for digits or stops silently.
    if (/[^0-9a-fA-F]/.test(digits)) throw damaged(what, 'a value is not of the form of bytes');
    bytes.write(digits, start / 2 - 1, 'hex');
  }
  return bytes;
}

function damaged(what: string, problem: string): DmsBackupError {
  return new DmsBackupError('archive-damaged', `malformed rows in ${what}: ${problem}`);
}
