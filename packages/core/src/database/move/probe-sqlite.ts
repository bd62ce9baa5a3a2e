// The search for duplicates for a SQLite target: in a temporary database. Unique indexes with conditions, expressions or
// collations are asked about; rules inside CREATE TABLE compare exactly, as the source does.

import type { DatabaseSync } from 'node:sqlite';
import type { CopyChunk, DatabaseSchema, Table } from '../engine.ts';
import { connect, loadError, quoted } from '../sqlite/connect.ts';
import { createInserter, type Inserter } from '../sqlite/copy-in.ts';
import {
  parseExamples,
  type DuplicateGroups,
  type ProbeSession,
  type UniqueRule,
} from './duplicates.ts';

/** An empty name: a private file that SQLite deletes itself, in memory while it is small. */
const temporary = '';

export function openSqliteProbe(schema: DatabaseSchema): ProbeSession {
  return new SqliteProbe(connect(temporary, { readOnly: false }), schema);
}

class SqliteProbe implements ProbeSession {
  readonly #database: DatabaseSync;
  readonly #schema: DatabaseSchema;
  readonly #inserters = new Map<Table, Inserter>();

  constructor(database: DatabaseSync, schema: DatabaseSchema) {
    this.#database = database;
    this.#schema = schema;
    database.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; BEGIN');
  }

  async rules(table: Table): Promise<UniqueRule[]> {
    return this.#schema.postData.flatMap(({ kind, name, table: owner, sql }) => {
      if (kind !== 'index' || owner !== table.name) return [];
      const rule = parseUniqueIndex(sql);
      if (!rule) return [];
      const names = new Set(rule.words.map((word) => word.toLowerCase()));
      const columns = table.columns
        .map((column) => column.name)
        .filter((column) => names.has(column.toLowerCase()));
      return [
        {
          name,
          columns,
          keys: rule.keys,
          ...(rule.condition !== undefined && { condition: rule.condition }),
        },
      ];
    });
  }

  async create(like: Table, names: readonly string[]): Promise<Table> {
    const columns = like.columns
      .filter(({ name }) => names.includes(name))
      .map((column) => ({ ...column, nullable: true }));
    // Types come from a schema that was read, and decide how values compare.
    const list = columns.map(({ name, declaredType }) =>
      /^[\w ]*(?:\([\d, ]*\))?$/.test(declaredType)
        ? `${quoted(name)} ${declaredType}`
        : quoted(name),
    );
    this.#database.exec(`CREATE TABLE ${quoted(like.name)} (${list.join(', ')})`);
    return { ...like, columns };
  }

  async copyIn(table: Table, chunk: CopyChunk): Promise<void> {
    let insert = this.#inserters.get(table);
    if (!insert) {
      insert = createInserter(this.#database, table, () => {});
      this.#inserters.set(table, insert);
    }
    insert(chunk);
  }

  async find(
    table: Table,
    { keys, condition }: UniqueRule,
    limit: number,
  ): Promise<DuplicateGroups> {
    const tests = keys.map((key) => `(${key}) IS NOT NULL`);
    if (condition !== undefined) tests.push(`(${condition})`);
    const values = `json_array(${table.primaryKey.map((name) => `CAST(${quoted(name)} AS TEXT)`).join(', ')})`;
    try {
      const rows = this.#database
        .prepare(
          `SELECT count(*) OVER () AS groups, '[' || min(${values}) || ',' || max(${values}) || ']' AS examples
           FROM ${quoted(table.name)} WHERE ${tests.join(' AND ')} GROUP BY ${keys.join(', ')} HAVING count(*) > 1 LIMIT ${limit}`,
        )
        .all();
      return {
        groups: Number(rows[0]?.['groups'] ?? 0),
        examples: parseExamples(rows.map((row) => String(row['examples']))),
      };
    } catch (error) {
      throw loadError(error, `look for duplicates in table '${table.name}'`);
    }
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }
}

const tokens =
  /\s+|--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\w$\u0080-\uffff]+|[^]/g;

/** Keys and condition of CREATE UNIQUE INDEX; undefined for indexes that are not unique. `words` are the names in them. */
export function parseUniqueIndex(
  sql: string,
): { keys: string[]; condition?: string; words: string[] } | undefined {
  const list = Array.from(sql.matchAll(tokens), ([token]) => token);
  const solid = list.filter((token) => !/^(?:\s|--|\/\*)/.test(token));
  if (solid[1]?.toUpperCase() !== 'UNIQUE') return undefined;
  const keys = [''];
  let condition: string | undefined;
  let depth = 0;
  let place: 'head' | 'keys' | 'tail' | 'condition' = 'head';
  const words: string[] = [];
  for (const token of list) {
    const isComment = /^(?:--|\/\*)/.test(token);
    if (isComment) continue;
    if (place === 'condition') condition = (condition ?? '') + token;
    if (place === 'tail' && token.toUpperCase() === 'WHERE') place = 'condition';
    if (place === 'keys' || place === 'condition') words.push(unquoted(token));
    if (token === ')' && --depth === 0 && place === 'keys') place = 'tail';
    if (place === 'keys') {
      if (token === ',' && depth === 1) keys.push('');
      else keys.push((keys.pop() ?? '') + token);
    }
    if (token === '(' && depth++ === 0 && place === 'head') place = 'keys';
  }
  const cleaned = keys.map((key) => key.trim().replace(/\s+(?:ASC|DESC)$/i, ''));
  return { keys: cleaned, words, ...(condition !== undefined && { condition: condition.trim() }) };
}

function unquoted(token: string): string {
  const quote = token.at(0) ?? '';
  if (!'"`['.includes(quote) || quote === '') return token;
  return token.slice(1, -1).replaceAll(quote + quote, quote);
}
