// The tables of paperless-ngx as its migrations make them on MariaDB: unsigned numbers with a check, the type uuid, json as
// text with a check, long unique texts by hash; no partial indexes, and foreign keys that are checked at once.
// Source: schema.json (column "mariadb") and databases migrated by paperless-ngx 2.20.15 / 3.0.5 on MariaDB 10.11. Older MariaDB
// and MySQL: Django 5.2, db/backends/mysql/base.py `data_types`, features.py `has_native_uuid_field`, operations.py `regex_lookup`.

import type { Column, Table } from '../data/paperless-facts.ts';
import { nameIndex } from './django-names.ts';
import { BIG_KEY } from './postgres-schema.ts';

const LONGEST = 64;
/** Characters of utf8mb4 in the 3072 bytes of a key. */
const LONGEST_KEY = 768;

/** What a server of this family has. */
export interface MariadbFeatures {
  readonly isMysql: boolean;
  /** The type, of MariaDB 10.7 and later. */
  readonly hasUuid: boolean;
}

/** From what `SELECT version()` says. */
export function mariadbFeatures(version: string): MariadbFeatures {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const isMysql = !version.includes('MariaDB');
  return { isMysql, hasUuid: !isMysql && major * 100 + minor >= 1007 };
}

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

const REGEXP = /value_monetary REGEXP CAST\('([^']*)' AS CHAR CHARSET binary\)/;
const MYSQL_REGEXP = "REGEXP_LIKE(value_monetary, '$1', 'c')";

export function quoteMariadb(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Tables with all their keys, for a session whose foreign_key_checks are off: they refer to each other in circles. */
export function mariadbTables(tables: readonly Table[], features: MariadbFeatures): string[] {
  return tables.map((table) => {
    const parts = table.columns.map((column) => columnDefinition(table, column, features));
    const primary = table.columns.filter((column) => column.primary).map((column) => column.name);
    parts.push(`PRIMARY KEY (${nameList(primary)})`);
    for (const columns of table.unique)
      parts.push(
        `UNIQUE KEY ${quoteMariadb(uniqueName(table.name, columns))} (${keyParts(table, columns, features)})`,
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

/** As `information_schema` of MariaDB shows it. */
function mariadbType(table: Table, column: Column, { isMysql, hasUuid }: MariadbFeatures): string {
  if (column.type === 'auto' && table.name === BIG_KEY) return 'bigint(20)';
  if (column.type === 'char(32)' && !hasUuid) return 'char(32)';
  if (column.type === 'json' && isMysql) return 'json';
  return TYPES[column.type] ?? column.type;
}

function columnDefinition(table: Table, column: Column, features: MariadbFeatures): string {
  const words = [quoteMariadb(column.name), mariadbType(table, column, features)];
  if (column.generated) {
    const expression = GENERATED[column.name] ?? '';
    const own = features.isMysql ? expression.replace(REGEXP, MYSQL_REGEXP) : expression;
    words.push(`GENERATED ALWAYS AS (${own}) STORED`);
  }
  if (!column.generated) words.push(column.nullable ? 'NULL' : 'NOT NULL');
  if (column.type === 'auto') words.push('AUTO_INCREMENT');
  if (column.type.endsWith('unsigned') && !column.generated)
    words.push(`CHECK (${quoteMariadb(column.name)} >= 0)`);
  return words.join(' ');
}

function uniqueName(table: string, columns: readonly string[]): string {
  if (columns.includes('owner_id')) return `${table}_unique_name_owner`;
  return columns.length === 1 ? (columns[0] ?? '') : nameIndex(table, columns, '_uniq', LONGEST);
}

/** MySQL has no keys by hash, so that paperless-ngx itself cannot migrate there: such a key takes the beginning of the text. */
function keyParts(table: Table, columns: readonly string[], { isMysql }: MariadbFeatures): string {
  if (!isMysql || columns.length > 1) return nameList(columns);
  const type = table.columns.find(({ name }) => name === columns[0])?.type ?? '';
  const length = Number(/^varchar\((\d+)\)$/.exec(type)?.[1] ?? 0);
  return length > LONGEST_KEY ? `${nameList(columns)}(${LONGEST_KEY})` : nameList(columns);
}

function nameList(columns: readonly string[]): string {
  return columns.map(quoteMariadb).join(', ');
}
