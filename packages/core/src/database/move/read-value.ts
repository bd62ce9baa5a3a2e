// From a field of COPY text to a value that no engine owns. One spelling for each value, except for json, whose text is kept:
// `identity` gives what is compared.

import { isUtf8 } from 'node:buffer';
import { isIP } from 'node:net';
import { canonicalJson, parseJson } from './json-text.ts';
import type { Kind, Side } from './kind.ts';
import { intervalToMicros, parseDate, parseTime, parseTimestamp } from './moments.ts';
import { canonicalDecimal, canonicalFloat } from './numbers.ts';
import { problem, Problem } from './problem.ts';

/** Bytes: text that is huge or not valid UTF-8. Values of the kind `bytes` are texts `\x...`. */
export type Value = string | Uint8Array;

/** Storage class of a SQLite value; undefined for servers. */
export type StorageClass = 'integer' | 'real' | 'text' | 'blob' | 'utf16' | undefined;

export interface ValueReader {
  read(field: Value, storage: StorageClass): Value | Problem;
  /** Equal for values that mean the same. Call it only with what `read` gave last, or what came of it. */
  identity(value: Value): Value;
}

export function createReader(kind: Kind, side: Side): ValueReader {
  switch (kind) {
    case 'same':
      return { read: readSame, identity: itself };
    case 'text':
      return { read: textReader(side), identity: itself };
    case 'bytes':
      return plain(['blob'], lowerHex);
    case 'boolean':
    case 'integer':
      return plain(['integer'], readInteger);
    case 'decimal':
      return plain(['integer', 'real'], readDecimal);
    case 'float':
      return plain(['integer', 'real'], readFloat);
    case 'date':
      return plain(['text'], parseDate);
    case 'time':
      return plain(['text'], parseTime);
    case 'timestamp':
      return plain(['text'], parseTimestamp);
    case 'interval':
      return plain(['integer', 'text'], readInterval);
    case 'uuid':
      return plain(['text', 'blob'], readUuid);
    case 'inet':
      return { ...plain(['text'], readInet), identity: inetIdentity };
    case 'json':
      return jsonReader();
  }
}

function itself(value: Value): Value {
  return value;
}

function readSame(field: Value, storage: StorageClass): Value | Problem {
  return storage === 'utf16' ? problem('invalid-utf8') : field;
}

/** For kinds whose values are short ASCII texts, in the classes that SQLite may keep them in. */
function plain(
  classes: readonly StorageClass[],
  parse: (text: string) => string | Problem,
): ValueReader {
  return {
    read(field, storage) {
      if (storage !== undefined && !classes.includes(storage)) return problem('type');
      if (typeof field === 'string') return parse(field);
      // Huge bytes; nothing else of these kinds is long.
      return classes.includes('blob') && field[0] === 0x5c && field[1] === 0x78
        ? field
        : problem('type');
    },
    identity: itself,
  };
}

/** PostgreSQL gives char(n) with its padding, which means nothing. */
export function isPadded({ engine, column }: Side): boolean {
  return (
    engine === 'postgres' && /^(?:character|char|bpchar)\b(?! varying)/i.test(column.declaredType)
  );
}

function textReader(side: Side): ValueReader['read'] {
  const padded = isPadded(side);
  return (field, storage) => {
    if (storage === 'blob') return problem('type');
    if (storage === 'utf16') return problem('invalid-utf8');
    return padded && typeof field === 'string' ? field.replace(/ +$/, '') : field;
  };
}

function lowerHex(text: string): string | Problem {
  return /^\\x(?:[0-9a-fA-F]{2})*$/.test(text) ? text.toLowerCase() : problem('type');
}

const words: Readonly<Record<string, string>> = { t: '1', true: '1', f: '0', false: '0' };

function readInteger(text: string): string | Problem {
  if (/^(?:0|-?[1-9]\d*)$/.test(text)) return text;
  const word = Object.hasOwn(words, text) ? words[text] : undefined;
  if (word !== undefined) return word;
  return /^-?\d+$/.test(text) ? BigInt(text).toString() : problem('type');
}

function readDecimal(text: string): string | Problem {
  return canonicalDecimal(text) ?? (isNoNumber(text) ? text : problem('type'));
}

/** NaN and infinity of PostgreSQL's numeric. */
export function isNoNumber(text: string): boolean {
  return /^(?:NaN|-?Infinity)$/.test(text);
}

function readFloat(text: string): string | Problem {
  return canonicalFloat(text) ?? problem('type');
}

function readInterval(text: string): string | Problem {
  if (/^-?\d+$/.test(text)) return BigInt(text).toString();
  const micros = intervalToMicros(text);
  return micros instanceof Problem ? micros : micros.toString();
}

function readUuid(text: string): string | Problem {
  const digits = (text.startsWith('\\x') ? text.slice(2) : text.replaceAll('-', '')).toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? digits : problem('type');
}

function readInet(text: string): string | Problem {
  const [address = '', mask, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0 || address.includes('%')) return problem('type');
  const bits = family === 4 ? 32 : 128;
  if (mask === undefined || mask === String(bits)) return address;
  return /^\d{1,3}$/.test(mask) && Number(mask) < bits ? text : problem('type');
}

/** IPv6 has many spellings. */
function inetIdentity(value: Value): Value {
  if (typeof value !== 'string' || !value.includes(':')) return value;
  const [address = '', mask] = value.split('/');
  const host = new URL(`http://[${address}]/`).hostname;
  return mask === undefined ? host : `${host}/${mask}`;
}

/** More brackets than this may be nested too deeply. */
const manyBrackets = 500;

function jsonReader(): ValueReader {
  let text: string | undefined;
  let parsed: { readonly value: unknown } | undefined;
  const parse = (next: string): typeof parsed => {
    if (next === text) return parsed;
    text = next;
    parsed = parseJson(next);
    return parsed;
  };
  return {
    read(field, storage) {
      if (storage === 'blob') return problem('type');
      if (storage === 'utf16') return problem('invalid-utf8');
      if (typeof field !== 'string' && !isUtf8(field)) return problem('invalid-utf8');
      const found = parse(textOf(field));
      if (!found) return problem('json');
      const isDeep =
        (text?.length ?? 0) > manyBrackets && (text?.match(/[[{]/g)?.length ?? 0) > manyBrackets;
      return isDeep && canonicalJson(found.value) === undefined ? problem('json') : textOf(field);
    },
    identity(value) {
      return canonicalJson(parse(textOf(value))?.value) ?? '';
    },
  };
}

export function textOf(value: Value): string {
  return typeof value === 'string'
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.length).toString();
}
