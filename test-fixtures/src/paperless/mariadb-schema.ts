// The tables of paperless-ngx as its migrations make them on MariaDB: unsigned numbers with a check, the type uuid, json as
// text with a check, long unique texts by hash; no partial indexes, and foreign keys that are checked at once.
// Source: schema.json (column "mariadb") and databases migrated by paperless-ngx 2.20.15 / 3.0.5 on MariaDB 10.11.

import type { Column, Table } from '../data/paperless-facts.ts';
import { nameIndex } from './django-names.ts';
import { BIG_KEY } from './postgres-schema.ts';

const LONGEST = 64;

const TYPES: Record<string, string> = {
  auto: 'int(11)',
  bigint: 'bigint(20)',
  bool: 'tinyint(1)',
  'char(32)': 'uuid',
  datetime: 'datetime(6)',
  decimal: 'decimal(65,2)',
  integer: 'int(11)',
  'integer unsigned': 'int(10) unsigned',
  real: 'double',
  smallint: 'smallint(6)',
  'smallint unsigned': 'smallint(5) unsigned',
  text: 'longtext',
};

/** Expressions of the generated columns, by column name. */
const GENERATED: Record<string, string> = {
  value_monetary_amount: String.raw`CASE WHEN value_monetary REGEXP CAST('^\\d+' AS CHAR CHARSET binary) THEN CAST(SUBSTR(value_monetary, 1) AS decimal(65,2)) ELSE CAST(SUBSTR(value_monetary, 4) AS decimal(65,2)) END`,
  content_length: 'CHAR_LENGTH(content)',
};

export function quoteMariadb(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Tables with all their keys, for a session whose foreign_key_checks are off: they refer to each other in circles. */
export function mariadbTables(tables: readonly Table[]): string[] {
  return tables.map((table) => {
    const parts = table.columns.map((column) => columnDefinition(table, column));
    const primary = table.columns.filter((column) => column.primary).map((column) => column.name);
    parts.push(`PRIMARY KEY (${nameList(primary)})`);
    for (const columns of table.unique)
      parts.push(
        `UNIQUE KEY ${quoteMariadb(uniqueName(table.name, columns))} (${nameList(columns)})`,
      );
    for (const column of table.columns) {
      if (!column.references) continue;
      const key = nameIndex(table.name, [column.name], `_fk_${column.references}_id`, LONGEST);
      parts.push(
        `CONSTRAINT ${quoteMariadb(key)} FOREIGN KEY (${quoteMariadb(column.name)}) ` +
          `REFERENCES ${quoteMariadb(column.references)} (\`id\`)`,
      );
    }
    return (
      `CREATE TABLE ${quoteMariadb(table.name)} (${parts.join(', ')}) ` +
      'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci'
    );
  });
}

/** As `information_schema` shows it. */
export function mariadbType(table: Table, column: Column): string {
  if (column.type === 'auto' && table.name === BIG_KEY) return 'bigint(20)';
  return TYPES[column.type] ?? column.type;
}

function columnDefinition(table: Table, column: Column): string {
  const words = [quoteMariadb(column.name), mariadbType(table, column)];
  if (column.generated) words.push(`GENERATED ALWAYS AS (${GENERATED[column.name]}) STORED`);
  else words.push(column.nullable ? 'NULL' : 'NOT NULL');
  if (column.type === 'auto') words.push('AUTO_INCREMENT');
  if (column.type.endsWith('unsigned') && !column.generated)
    words.push(`CHECK (${quoteMariadb(column.name)} >= 0)`);
  return words.join(' ');
}

function uniqueName(table: string, columns: readonly string[]): string {
  if (columns.includes('owner_id')) return `${table}_unique_name_owner`;
  return columns.length === 1 ? (columns[0] ?? '') : nameIndex(table, columns, '_uniq', LONGEST);
}

function nameList(columns: readonly string[]): string {
  return columns.map(quoteMariadb).join(', ');
}
