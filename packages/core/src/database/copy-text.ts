// PostgreSQL's COPY text format, the form of all rows in an archive: one line per row, tab between fields, `\N` for null.
// Written exactly as PostgreSQL's COPY TO writes it, plus `\000` for NUL; read as its COPY FROM does, but strictly: what
// cannot have been written by us or by PostgreSQL is `archive-damaged`. Memory: one field or row at a time.

import { isUtf8 } from 'node:buffer';
import { DmsBackupError } from '../errors.ts';

/** One decoded field: text where it is valid UTF-8 (and not huge), else its bytes; null for `\N`. */
export type CopyField = string | Uint8Array | null;

const newline = 0x0a;
const tab = 0x09;
const backslash = 0x5c;

/** Texts up to this size are handled as JavaScript strings; V8 cannot hold more than 512 MiB. */
const stringBytes = 64 << 20;
/** Huge values are escaped in pieces of this size. */
const pieceBytes = 1 << 20;

const escapeOf: Readonly<Record<string, string>> = {
  '\0': '\\000',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
};
const toEscape = /[\0\b\t\n\v\f\r\\]/g;

const letterOf: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Escapes a text for one field; the field separators and `\N` are the caller's. */
export function escapeText(text: string): string {
  return text.replace(toEscape, (character) => escapeOf[character] ?? character);
}

/** Encodes one field from the bytes of its text; null becomes `\N`. Any bytes are kept, valid UTF-8 or not. */
export function encodeField(value: Uint8Array | null): Uint8Array {
  if (value === null) return Buffer.from('\\N');
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    // As Latin-1 a byte is a character, so that one set of rules serves texts and bytes.
    const piece = bytes.toString('latin1', start, start + pieceBytes);
    pieces.push(Buffer.from(escapeText(piece), 'latin1'));
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

/** Decodes one field (without its separators) to the bytes of its text. `what` names the place in errors. */
export function decodeField(field: Uint8Array, what = 'a field'): Uint8Array | null {
  if (field.length === 2 && field[0] === backslash && field[1] === 0x4e) return null;
  const first = field.indexOf(backslash);
  if (first < 0) return field;
  const out = Buffer.allocUnsafe(field.length);
  out.set(field.subarray(0, first));
  let length = first;
  for (let index = first; index < field.length; index++) {
    const byte = field[index] ?? 0;
    if (byte !== backslash) {
      out[length++] = byte;
      continue;
    }
    if (index + 1 === field.length) throw damaged(what, 'a field ends with a backslash');
    const [value, used] = decodeEscape(field, index + 1);
    out[length++] = value;
    index += used;
  }
  return out.subarray(0, length);
}

/** The byte that an escape stands for, and how many bytes after the backslash it takes. */
function decodeEscape(field: Uint8Array, start: number): [value: number, used: number] {
  const byte = field[start] ?? 0;
  if (isOctal(byte)) {
    let value = 0;
    let used = 0;
    while (used < 3 && isOctal(field[start + used])) {
      value = value * 8 + (field[start + used] ?? 0) - 0x30;
      used++;
    }
    return [value & 0xff, used];
  }
  if (byte === 0x78 /* x */) {
    let value = 0;
    let used = 1;
    for (; used < 3; used++) {
      const digit = hexDigit(field[start + used]);
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    return used === 1 ? [byte, 1] : [value, used];
  }
  const letter = letterOf[String.fromCodePoint(byte)];
  return [letter === undefined ? byte : letter.charCodeAt(0), 1];
}

function isOctal(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Reads the rows of COPY text. Throws `archive-damaged` when a row has another number of fields than `columns`, when the
 * last row has no line feed, or when an escape is cut. `what` names the place in errors, e.g. `table 'x'`.
 */
export function readRows(
  bytes: Uint8Array,
  columns: number,
  what = 'COPY text',
): Generator<CopyField[]> {
  if (bytes.length > 0 && bytes.at(-1) !== newline) {
    throw damaged(what, 'the last row has no line feed');
  }
  return bytes.length <= stringBytes && isUtf8(bytes)
    ? readTextRows(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), columns, what)
    : readByteRows(bytes, columns, what);
}

function* readTextRows(bytes: Buffer, columns: number, what: string): Generator<CopyField[]> {
  const text = bytes.toString();
  let row = 0;
  for (let start = 0; start < text.length; row++) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end);
    start = end + 1;
    const fields: CopyField[] = columns === 0 && line === '' ? [] : line.split('\t');
    assertFields(fields.length, columns, line === '\\.', row, what);
    if (line.includes('\\')) {
      for (let index = 0; index < fields.length; index++) {
        const field = fields[index] as string;
        if (field.includes('\\')) fields[index] = decodeText(field, what);
      }
    }
    yield fields;
  }
}

function* readByteRows(bytes: Uint8Array, columns: number, what: string): Generator<CopyField[]> {
  let row = 0;
  for (let start = 0; start < bytes.length; row++) {
    const end = bytes.indexOf(newline, start);
    const line = bytes.subarray(start, end);
    start = end + 1;
    const fields: CopyField[] = [];
    if (columns > 0 || line.length > 0) {
      for (let from = 0; from <= line.length;) {
        const next = line.indexOf(tab, from);
        const to = next < 0 ? line.length : next;
        fields.push(toField(decodeField(line.subarray(from, to), what)));
        from = to + 1;
      }
    }
    const isEnd = line.length === 2 && line[0] === backslash && line[1] === 0x2e;
    assertFields(fields.length, columns, isEnd, row, what);
    yield fields;
  }
}

const escapes = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([^]?))/g;

function decodeText(field: string, what: string): CopyField {
  if (field === '\\N') return null;
  let ascii = true;
  const decoded = field.replace(escapes, (_, octal?: string, hex?: string, other?: string) => {
    if (other === '') throw damaged(what, 'a field ends with a backslash');
    if (other !== undefined) return letterOf[other] ?? other;
    const value = octal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(octal, 8);
    ascii &&= (value & 0xff) < 0x80;
    return String.fromCodePoint(value & 0xff);
  });
  return ascii ? decoded : toField(decodeField(Buffer.from(field), what));
}

function toField(bytes: Uint8Array | null): CopyField {
  if (bytes === null || bytes.length > stringBytes || !isUtf8(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function assertFields(
  found: number,
  columns: number,
  isEndMark: boolean,
  row: number,
  what: string,
): void {
  // PostgreSQL reads a line of `\.` as the end of the data; a value of that text is written as `\\.`.
  if (isEndMark) throw damaged(what, `row ${row} is an end mark`);
  if (found !== columns)
    throw damaged(what, `row ${row} has ${found} fields instead of ${columns}`);
}

function damaged(what: string, problem: string): DmsBackupError {
  return new DmsBackupError('archive-damaged', `malformed rows in ${what}: ${problem}`);
}
