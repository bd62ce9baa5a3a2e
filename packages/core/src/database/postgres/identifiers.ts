// How names and texts are written in SQL that PostgreSQL reads. Always quoted: it is right for every name, also for those
// with capitals, quotes, line breaks or the shape of a statement.

import { quoteIdentifier } from '../quote-identifier.ts';

export { quoteIdentifier };

/** `"schema"."name"`. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** `'text'`, or `E'text'` when it has backslashes: right whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}
