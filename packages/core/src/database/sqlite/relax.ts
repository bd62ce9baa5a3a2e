// Rows that break rules of their own table: NULL in a NOT NULL column, or a number in a text column that would have turned it
// into text. Old sources have them (integrity_check names them), so they are loaded as they are: while rows are loaded, the column's
// type and NOT NULL are taken out of the definition in sqlite_schema, and afterwards the archived text is put back.

import type { DatabaseSync } from 'node:sqlite';
import { DmsBackupError } from '../../errors.ts';
import { readTable } from './catalogue.ts';
import { replaceDefinition } from './ddl.ts';
import type { Definition } from './definitions.ts';

export interface Relaxer {
  /** From now on the column takes any value as it is. Throws `restore-failed` where that is not possible. */
  relax(table: string, column: string): void;
  /** Puts the archived definitions back. Call it before anything else is created. */
  undo(): void;
}

export function createRelaxer(database: DatabaseSync, definitions: readonly Definition[]): Relaxer {
  const relaxed = new Map<Definition, Set<string>>();
  return {
    relax(table, column) {
      const definition = definitions.find(({ name }) => name === table);
      const before = readTable(database, table);
      if (!definition || before.primaryKey.includes(column)) throw cannotKeep(table, column);
      const columns = relaxed.get(definition) ?? new Set();
      relaxed.set(definition, columns.add(column));
      replaceDefinition(database, table, relaxedDefinition(definition.sql, columns));
      const after = readTable(database, table);
      const changed = after.columns.find(({ name }) => name === column);
      const isSame =
        JSON.stringify(after.primaryKey) === JSON.stringify(before.primaryKey) &&
        JSON.stringify(after.columns.map(({ name, generated }) => [name, generated])) ===
          JSON.stringify(before.columns.map(({ name, generated }) => [name, generated]));
      if (!isSame || changed?.declaredType !== '' || !changed.nullable) {
        throw cannotKeep(table, column);
      }
    },
    undo() {
      for (const { name, sql } of relaxed.keys()) replaceDefinition(database, name, sql);
      relaxed.clear();
    },
  };
}

/** One token of SQL: blanks and comments, quoted text or name, word or number, any other character. */
const tokens =
  /(?:\s|--[^\n]*|\/\*[^]*?(?:\*\/|$))+|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\w$\u0080-\uffff]+|[^]/g;
const afterType =
  /^(?:CONSTRAINT|PRIMARY|NOT|NULL|UNIQUE|CHECK|DEFAULT|COLLATE|REFERENCES|GENERATED|AS)$/i;

/** The definition of a table without type and NOT NULL of some columns. */
export function relaxedDefinition(sql: string, columns: ReadonlySet<string>): string {
  const wanted = new Set([...columns].map((column) => column.toLowerCase()));
  const list = Array.from(sql.matchAll(tokens), ([token]) => token);
  let depth = 0;
  let part: 'none' | 'name' | 'type' | 'constraints' = 'none';
  for (let index = 0; index < list.length; index++) {
    const token = list[index] ?? '';
    if (isBlank(token)) continue;
    const startsColumn = (token === '(' && depth === 0) || (token === ',' && depth === 1);
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (startsColumn) part = 'name';
    else if (depth === 0) part = 'none';
    else if (part === 'name') part = wanted.has(unquoted(token).toLowerCase()) ? 'type' : 'none';
    else if (part === 'type' && depth === 1 && afterType.test(token)) part = 'constraints';
    else if (part === 'type') list[index] = ' ';
    if (part === 'constraints' && depth === 1 && /^NOT$/i.test(token)) blankNotNull(list, index);
  }
  return list.join('');
}

/** Blanks `NOT NULL` and its conflict clause, but not `NOT DEFERRABLE`. */
function blankNotNull(list: string[], start: number): void {
  const words: number[] = [];
  for (let index = start; index < list.length && words.length < 5; index++) {
    if (!isBlank(list[index] ?? '')) words.push(index);
  }
  const word = (number: number): string => (list[words[number] ?? -1] ?? '').toUpperCase();
  if (word(1) !== 'NULL') return;
  const length = word(2) === 'ON' && word(3) === 'CONFLICT' ? 5 : 2;
  for (const index of words.slice(0, length)) list[index] = ' ';
}

function isBlank(token: string): boolean {
  return /^(?:\s|--|\/\*)/.test(token);
}

function unquoted(token: string): string {
  const quote = token[0];
  if (quote === '[') return token.slice(1, -1);
  if (quote !== '"' && quote !== '`' && quote !== "'") return token;
  return token.slice(1, -1).replaceAll(quote + quote, quote);
}

function cannotKeep(table: string, column: string): DmsBackupError {
  return new DmsBackupError(
    'restore-failed',
    `cannot keep a value of column '${column}' of table '${table}' that breaks the rules of the column`,
    { hint: 'The integrity check of the source names such values; correct them there.' },
  );
}
