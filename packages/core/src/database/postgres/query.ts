// SELECTs of adapters, streamed through a cursor on the session of the snapshot: `?` becomes `$1`, values come in their
// JavaScript types. A query that fails does not end the transaction, and with it the exported snapshot: each runs in a
// savepoint.

import type { SqlRow, SqlValue } from '../engine.ts';
import type { Session } from './connect.ts';

const rowsPerFetch = 1000;

/** Savepoints and cursors have a number each, so that one query can be read inside of another. */
let queries = 0;

/** Types that are not text for adapters, by object id (pg_type.dat of PostgreSQL). */
const parsers: ReadonlyMap<number, (text: string) => SqlValue> = new Map([
  [16, (text: string): SqlValue => text === 't'],
  [17, (text: string): SqlValue => Buffer.from(text.slice(2), 'hex')],
  [20, toInteger],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, Number],
  [701, Number],
]);

const asValues = {
  getTypeParser: (type: number) => parsers.get(type) ?? ((text: string): SqlValue => text),
};

/** See {@link DatabaseReader.query}. */
export async function* query(
  session: Session,
  sql: string,
  parameters: readonly SqlValue[],
): AsyncGenerator<SqlRow> {
  const doing = 'read rows';
  const name = `dms_backup_${++queries}`;
  await session.run(doing, `SAVEPOINT ${name}`);
  let isOver = false;
  try {
    await session.run(
      doing,
      `DECLARE ${name} NO SCROLL CURSOR FOR ${numberParameters(sql)}`,
      parameters,
    );
    for (;;) {
      const rows = await fetch(session, name, doing);
      yield* rows;
      if (rows.length < rowsPerFetch) break;
    }
    await session.run(doing, `CLOSE ${name}; RELEASE ${name}`);
    isOver = true;
  } finally {
    // Also when the consumer leaves early. If the connection is lost, the error on its way says so.
    if (!isOver) {
      await session.client.query(`ROLLBACK TO ${name}; RELEASE ${name}`).catch(() => {});
    }
  }
}

async function fetch(session: Session, name: string, doing: string): Promise<SqlRow[]> {
  try {
    const result = await session.client.query<SqlRow>({
      text: `FETCH ${rowsPerFetch} FROM ${name}`,
      types: asValues,
    });
    return result.rows;
  } catch (error) {
    throw session.explain(error, doing);
  }
}

function toInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/**
 * Literals, quoted names, comments (nested ones to their end) and dollar quotes, in which a question mark is a question mark
 * (PostgreSQL documentation, 4.1 "Lexical Structure").
 */
const tokens =
  /[eE]'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*|\$((?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\?/g;

/** Writes the placeholders `?` as `$1`, `$2`, ... */
export function numberParameters(sql: string): string {
  let out = '';
  let copied = 0;
  let count = 0;
  tokens.lastIndex = 0;
  for (let match = tokens.exec(sql); match; match = tokens.exec(sql)) {
    const [token, tag] = match;
    if (token === '?') {
      out += `${sql.slice(copied, match.index)}$${++count}`;
      copied = tokens.lastIndex;
    } else if (token === '/*') {
      tokens.lastIndex = endOfComment(sql, tokens.lastIndex);
    } else if (tag !== undefined) {
      const end = sql.indexOf(token, tokens.lastIndex);
      tokens.lastIndex = end < 0 ? sql.length : end + token.length;
    }
  }
  return out + sql.slice(copied);
}

function endOfComment(sql: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  for (let depth = 1, mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}
