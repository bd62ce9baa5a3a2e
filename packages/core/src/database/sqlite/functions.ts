// SQL functions that applications register and that their generated columns, checks and indexes call. Django's REGEXP is
// the one in use (paperless-ngx 2.13+: documents_customfieldinstance.value_monetary_amount); the semantics are those of
// `_sqlite_regexp` in django/db/backends/sqlite3/_functions.py: null in, null out, else `bool(re.search(pattern, str(value)))`.

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { DmsBackupError } from '../../errors.ts';
import { translatePythonPattern } from './python-pattern.ts';

/** Patterns come from definitions, so there are few; the bound is for queries that build patterns from rows. */
const cacheSize = 256;
const compiled = new Map<string, RegExp>();

/** Registers what definitions may call. Deterministic, as generated columns and indexes demand. */
export function registerFunctions(database: DatabaseSync): void {
  database.function('REGEXP', { deterministic: true, useBigIntArguments: true }, regexp);
}

function regexp(pattern: SQLOutputValue, value: SQLOutputValue): number | null {
  if (pattern === null || value === null) return null;
  if (typeof pattern !== 'string') {
    throw new DmsBackupError('database-unsupported', 'the pattern of a REGEXP is not text');
  }
  return compile(pattern).test(pythonText(value)) ? 1 : 0;
}

function compile(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const expression = translatePythonPattern(pattern);
  const oldest = compiled.size < cacheSize ? undefined : compiled.keys().next().value;
  if (oldest !== undefined) compiled.delete(oldest);
  compiled.set(pattern, expression);
  return expression;
}

/** What Python's `str()` gives for a value of SQLite. */
export function pythonText(value: string | number | bigint | Uint8Array): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'number' ? pythonFloat(value) : pythonBytes(value);
}

/** Python's repr of a float: the same shortest digits as JavaScript, but exponents from 1e16 and below 1e-4. */
function pythonFloat(value: number): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits, exponent = ''] = value.toExponential().split('e');
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Python's repr of bytes: `b'..'`, with double quotes when only those avoid escapes. */
function pythonBytes(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let text = `b${quote}`;
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === '\\' || character === quote) text += `\\${character}`;
    else if (character === '\t') text += '\\t';
    else if (character === '\n') text += '\\n';
    else if (character === '\r') text += '\\r';
    else if (byte < 0x20 || byte > 0x7e) text += `\\x${byte.toString(16).padStart(2, '0')}`;
    else text += character;
  }
  return text + quote;
}
