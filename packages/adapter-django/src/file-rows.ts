// The rows that have files, table by table, in the order that the catalogue needs. One query per table and nothing held, so
// memory stays flat for any number of rows; references and documents are two views of it.

import type { DatabaseReader, EngineName, Instance, SqlRow } from '@dms-backup/core';
import { DmsBackupError } from '@dms-backup/core';
import { rootOf, textOrNull } from '@dms-backup/core/adapter-kit';
import { columnName, fileColumnsOf, type FileColumn } from './file-columns.ts';
import { placeFile } from './file-names.ts';

export interface RowFile {
  readonly root: string;
  readonly path: string;
  /** The column. */
  readonly role: string;
}

export interface FileRow {
  readonly table: string;
  /** `table/key`; null: nothing says which document the row belongs to. */
  readonly documentId: string | null;
  /** Of the row itself: a document of a mapped table may have several. */
  readonly rowId: string;
  readonly title: string;
  /** At least one. */
  readonly files: readonly RowFile[];
}

/**
 * Rows with at least one file, ordered by document id (code units), rows of one document by primary key. Throws
 * `configuration-invalid` for a column of the user that does not exist.
 */
export async function* fileRows(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<FileRow, void, undefined> {
  const columns = fileColumnsOf(instance).filter((column) => isThere(database, column));
  for (const table of new Set(columns.map((column) => column.table))) {
    const ofTable = columns.filter((column) => column.table === table);
    const keys = primaryKeyOf(database, table);
    const { document } = ofTable[0]!;
    for await (const row of database.query(rowQuery(database, table, keys, ofTable))) {
      const files = filesOf(row, ofTable, instance);
      if (files.length === 0) continue;
      const rowId = textOrNull(row['row_key']);
      const key = document === null ? rowId : textOrNull(row['document_key']);
      const title = (textOrNull(row['title']) ?? '').trim();
      yield {
        table,
        documentId: key === null ? null : `${table}/${key}`,
        rowId: rowId ?? files[0]!.path,
        title: title === '' ? files[0]!.path.slice(files[0]!.path.lastIndexOf('/') + 1) : title,
        files,
      };
    }
  }
}

function isThere(database: DatabaseReader, column: FileColumn): boolean {
  const { table, column: name, document, title } = column;
  const wanted = [name, ...[document, title].filter((each) => each !== null)];
  if (database.has(table, ...wanted)) return true;
  // A project that is ahead of its database: its own columns come with the next migration.
  if (!column.isGiven) return false;
  const missing = wanted.find((each) => !database.has(table, each)) ?? name;
  throw new DmsBackupError(
    'configuration-invalid',
    `the database has no column '${columnName({ table, column: missing })}'`,
    { hint: 'Check --file-column and --file-map: they name tables and columns, not models.' },
  );
}

/** Names of tables without schema mean the default schema; the same name elsewhere is not read. */
function tableOf(
  database: DatabaseReader,
  name: string,
): DatabaseReader['schema']['tables'][number] | undefined {
  const named = database.schema.tables.filter((table) => table.name === name);
  return named.length === 1 ? named[0] : named.find(({ schema }) => schema === 'public');
}

function primaryKeyOf(database: DatabaseReader, table: string): readonly string[] {
  return tableOf(database, table)?.primaryKey ?? [];
}

function rowQuery(
  database: DatabaseReader,
  table: string,
  keys: readonly string[],
  columns: readonly FileColumn[],
): string {
  const { engine } = database;
  const { document, title } = columns[0]!;
  const rowKey = keyText(database, table, keys);
  const documentKey = document === null ? rowKey : keyText(database, table, [document]);
  const selected = [
    `${rowKey} AS "row_key"`,
    `${documentKey} AS "document_key"`,
    `${title === null ? 'NULL' : quoted(title)} AS "title"`,
    ...columns.map(({ column }, number) => `${quoted(column)} AS "file_${number}"`),
  ];
  const order = [byBytes(engine, documentKey), ...(document === null ? [] : keys.map(quoted))];
  return [
    `SELECT ${selected.join(', ')} FROM ${quoted(table)}`,
    `WHERE ${columns.map(({ column }) => `${quoted(column)} IS NOT NULL`).join(' OR ')}`,
    ...(rowKey === 'NULL' && document === null ? [] : [`ORDER BY ${order.join(', ')}`]),
  ].join(' ');
}

/** The values of a key as text, the same on all engines: a UUID without hyphens, as SQLite has it. */
function keyText(database: DatabaseReader, table: string, keys: readonly string[]): string {
  if (keys.length === 0) return 'NULL';
  const type = database.engine === 'mariadb' ? 'CHAR' : 'TEXT';
  const parts = keys.map((key) => {
    const text = `CAST(${quoted(key)} AS ${type})`;
    const columns = tableOf(database, table)?.columns ?? [];
    const isUuid = columns.some(({ name, logicalType }) => name === key && logicalType === 'uuid');
    return isUuid ? `REPLACE(${text}, '-', '')` : text;
  });
  if (parts.length === 1) return parts[0]!;
  // `||` may mean OR in MariaDB
  if (database.engine === 'mariadb') return `CONCAT(${parts.join(`, ',', `)})`;
  return `(${parts.join(` || ',' || `)})`;
}

/** Ids are compared as text by code unit, whatever collation the column has. */
function byBytes(engine: EngineName, key: string): string {
  if (engine === 'mariadb') return `CAST(${key} AS BINARY)`;
  return `${key} COLLATE ${engine === 'sqlite' ? 'BINARY' : '"C"'}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function filesOf(row: SqlRow, columns: readonly FileColumn[], instance: Instance): RowFile[] {
  return columns.flatMap(({ root, folder, column }, number) => {
    const name = textOrNull(row[`file_${number}`]);
    // Django stores a field without a file as empty text.
    if (name === null || name === '') return [];
    const directory = rootOf(instance, root)?.directory ?? '';
    return [{ root, path: placeFile(directory, folder, name), role: column }];
  });
}
