// Turns rows of node:sqlite into COPY text and storage lines. Texts and numbers arrive as JavaScript values, whose type is the
// storage class (integers are always bigint); what a JavaScript string cannot hold arrives as bytes. The line of a row is built as
// one string and encoded once, which is the fastest way there is; huge values are written in pieces.

import type { SQLOutputValue } from 'node:sqlite';
import type { ByteBuffer } from '../byte-buffer.ts';
import { encodeField, escapeText } from '../copy-text.ts';
import type { Storage } from './types.ts';

/** Text that no JavaScript string can hold. `utf16`: the bytes are those of a UTF-16 database and no valid UTF-16. */
export interface InexactText {
  readonly bytes: Uint8Array;
  readonly storage: 'text' | 'utf16';
}

/** Longer values are written piece by piece instead of becoming part of the line. */
const longValue = 1 << 20;
const pieceLength = 1 << 20;

/** What is escaped (copy-text.ts), and the character that Node puts in the place of invalid UTF-8. */
const special = /[\0\b\t\n\v\f\r\\\ufffd]/;

/** What {@link writeFields} asks and tells while it writes a row. */
export interface RowWatcher {
  /** The exact value of a text that shows a replacement character, and of every text when `asksAlways`. */
  exactText(column: number, text: string): string | InexactText;
  readonly asksAlways: boolean;
  /** Hears of every value that is not of the usual storage class of its column. */
  deviates(column: number, storage: string): void;
}

/** Writes the fields `from` to `to` of a row as COPY text, and `end` behind them (a function: it is asked last). */
export function writeFields(
  out: ByteBuffer,
  row: readonly SQLOutputValue[],
  from: number,
  to: number,
  usual: readonly Storage[],
  watcher: RowWatcher,
  end: () => string,
): void {
  let line = '';
  for (let column = from; column < to; column++) {
    const value = row[column] ?? null;
    if (column > from) line += '\t';
    let storage: string;
    switch (typeof value) {
      case 'string': {
        storage = 'text';
        if (value.length <= longValue && !special.test(value) && !watcher.asksAlways) {
          line += value;
          break;
        }
        const isInexact = watcher.asksAlways || value.includes('\ufffd');
        const exact = isInexact ? watcher.exactText(column, value) : value;
        if (typeof exact === 'string' && exact.length <= longValue) line += escapeText(exact);
        else {
          out.addText(line);
          line = '';
          storage = writeLong(out, exact);
        }
        break;
      }
      case 'bigint':
        storage = 'integer';
        line += value.toString();
        break;
      case 'number':
        storage = 'real';
        line += Object.is(value, -0) ? '-0' : String(value);
        break;
      default:
        if (value === null) {
          line += String.raw`\N`;
          continue;
        }
        out.addText(line);
        line = '';
        storage = 'blob';
        writeHex(out, value);
    }
    if (storage !== usual[column]) watcher.deviates(column, storage);
  }
  out.addText(line + end());
}

/** Writes a long or inexact text and returns its storage class. */
function writeLong(out: ByteBuffer, value: string | InexactText): string {
  if (typeof value === 'string') writeLongText(out, value);
  else if (value.storage === 'utf16') writeHex(out, value.bytes);
  else {
    for (let start = 0; start < value.bytes.length; start += pieceLength) {
      out.addBytes(encodeField(value.bytes.subarray(start, start + pieceLength)));
    }
  }
  return typeof value === 'string' ? 'text' : value.storage;
}

const hexPrefix = Buffer.from(String.raw`\\x`);

/** PostgreSQL's bytea form: `\x` and hexadecimal digits; the backslash is escaped as in any field. */
function writeHex(out: ByteBuffer, value: Uint8Array): void {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  out.reserve(hexPrefix.length + bytes.length * 2);
  out.addBytes(hexPrefix);
  for (let start = 0; start < bytes.length; start += pieceLength) {
    out.addBytes(Buffer.from(bytes.toString('hex', start, start + pieceLength), 'latin1'));
  }
}

function writeLongText(out: ByteBuffer, text: string): void {
  out.reserve(Buffer.byteLength(text));
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + pieceLength, text.length);
    // Never between the two halves of a character.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    out.addText(escapeText(text.slice(start, end)));
    start = end;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
