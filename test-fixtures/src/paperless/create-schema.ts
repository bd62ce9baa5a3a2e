// Turns the facts about paperless-ngx tables into an SQLite schema with the traits that matter to a backup: every foreign
// key deferrable, partial unique indexes, JSON checks, and generated columns, one of which needs a function REGEXP that
// the application registers (paperless-ngx 2.20.15 / 3.0.5, fact sheet section 3, engine traps).

import type { DatabaseSync } from 'node:sqlite';

import type { Column, PartialIndexFacts, Table } from '../data/paperless-facts.ts';

/** Expressions of the generated columns, by column name. */
const GENERATED: Record<string, string> = {
  // The amount without a leading currency code; null stays null.
  value_monetary_amount: `CAST(CASE WHEN value_monetary REGEXP '^[A-Z][A-Z][A-Z]' THEN substr(value_monetary, 4) ELSE value_monetary END AS NUMERIC)`,
  content_length: 'length(content)',
};

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What Django gives every SQLite connection: pattern first, null in, null out. */
export function registerRegexp(database: DatabaseSync): void {
  database.function('regexp', { deterministic: true }, (pattern, value) =>
    pattern === null || value === null
      ? null
      : Number(new RegExp(String(pattern), 'u').test(String(value))),
  );
}

/** Creates all tables and indexes; the database must have {@link registerRegexp} done. */
export function createSchema(database: DatabaseSync, tables: readonly Table[]): void {
  for (const table of tables) {
    database.exec(tableDefinition(table));
    for (const definition of indexDefinitions(table)) database.exec(definition);
  }
}

function tableDefinition(table: Table): string {
  const parts = table.columns.map((column) => columnDefinition(table, column));
  // Pairs of a name and an owner are table constraints, single columns are UNIQUE in place, join tables have indexes:
  // the three forms that real databases have.
  for (const columns of table.unique) {
    if (columns.includes('owner_id')) {
      parts.push(
        `CONSTRAINT ${quoteName(`${table.name}_owner_unique`)} UNIQUE (${nameList(columns)})`,
      );
    }
  }
  return `CREATE TABLE ${quoteName(table.name)} (${parts.join(', ')})`;
}

function columnDefinition(table: Table, column: Column): string {
  const name = quoteName(column.name);
  if (column.type === 'auto') return `${name} integer NOT NULL PRIMARY KEY AUTOINCREMENT`;
  const words = [name, column.type === 'json' ? 'text' : column.type];
  if (column.generated) words.push(`GENERATED ALWAYS AS (${GENERATED[column.name]}) STORED`);
  else words.push(column.nullable ? 'NULL' : 'NOT NULL');
  if (column.primary) words.push('PRIMARY KEY');
  if (table.unique.some((columns) => columns.length === 1 && columns[0] === column.name)) {
    words.push('UNIQUE');
  }
  if (column.references) {
    words.push(`REFERENCES ${quoteName(column.references)} ("id") DEFERRABLE INITIALLY DEFERRED`);
  }
  if (column.type === 'json') words.push(`CHECK (${name} IS NULL OR json_valid(${name}))`);
  if (column.type.endsWith('unsigned') && !column.generated) words.push(`CHECK (${name} >= 0)`);
  return words.join(' ');
}

function indexDefinitions(table: Table): string[] {
  const definitions = table.unique
    .filter((columns) => columns.length > 1 && !columns.includes('owner_id'))
    .map((columns) =>
      indexDefinition(table, `${table.name}_${columns.join('_')}_uniq`, columns, true),
    );
  for (const column of table.columns) {
    if (column.references && !table.unique.some((columns) => columns.join() === column.name)) {
      definitions.push(
        indexDefinition(table, `${table.name}_${column.name}_idx`, [column.name], false),
      );
    }
  }
  for (const index of table.partial) {
    const columns = index.columns.split(' ');
    definitions.push(
      `${indexDefinition(table, index.name, columns, true)} WHERE ${indexCondition(index)}`,
    );
  }
  return definitions;
}

function indexDefinition(
  table: Table,
  name: string,
  columns: readonly string[],
  unique: boolean,
): string {
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  return `CREATE ${kind} ${quoteName(name)} ON ${quoteName(table.name)} (${nameList(columns)})`;
}

function nameList(columns: readonly string[]): string {
  return columns.map(quoteName).join(', ');
}

/** The condition of a partial index, in the words of SQLite and PostgreSQL. */
export function indexCondition(index: PartialIndexFacts): string {
  const [kind, column = '', ...rest] = index.where.split(' ');
  switch (kind) {
    case 'true':
      return quoteName(column);
    case 'null':
      return `${quoteName(column)} IS NULL`;
    case 'set':
      return [column, ...rest].map((name) => `${quoteName(name)} IS NOT NULL`).join(' AND ');
    case 'in':
      return `${quoteName(column)} IN (${rest.map((value) => `'${value}'`).join(', ')})`;
    default:
      throw new Error(`unknown condition '${index.where}' of index '${index.name}'`);
  }
}
