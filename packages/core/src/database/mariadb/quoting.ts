// Names and values in SQL text. Valid with and without ANSI_QUOTES; every session of ours has backslash escapes
// (NO_BACKSLASH_ESCAPES is off) and utf8mb4, see `connect.ts`.

import type { SqlValue } from '../engine.ts';

/** Quotes an identifier for SQL. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A name with its database. */
export function qualified(database: string, name: string): string {
  return `${quoted(database)}.${quoted(name)}`;
}

const special = /[\0\n\r\\']/g;

const escapeOf: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\\': '\\\\',
  "'": "\\'",
};

/** A text as a string literal. */
export function literal(text: string): string {
  return `'${text.replace(special, (character) => escapeOf[character] ?? character)}'`;
}

function valueLiteral(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return literal(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'object') {
    return `x'${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}'`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError('a parameter is not a finite number');
  }
  return String(value);
}

/** Quoted texts and names, comments, and the question marks outside of them. */
const tokens =
  /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`(?:[^`]|``)*`|\/\*[^]*?\*\/|--(?=\s)[^\n]*|#[^\n]*|\?/g;

/** Puts values in the place of the question marks. Throws TypeError when their numbers differ. */
export function bindParameters(sql: string, parameters: readonly SqlValue[]): string {
  let used = 0;
  const bound = sql.replace(tokens, (token) => {
    if (token !== '?') return token;
    if (used >= parameters.length) throw new TypeError('a query has too few parameters');
    return valueLiteral(parameters[used++] ?? null);
  });
  if (used !== parameters.length) throw new TypeError('a query has too many parameters');
  return bound;
}
