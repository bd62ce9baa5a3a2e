// Where nodes, documents and versions are in each layout: the same facts under other names. Every reading starts at the nodes,
// because SQLite keeps the rows of deleted documents in the other tables (3.3 and later, foreign keys are not enforced).

import type { DatabaseReader, SqlRow, SqlValue } from '@dms-backup/core';
import { readLayout } from './layout.ts';
import type { Generation } from './migrations.ts';

export interface NodeTables {
  readonly generation: Generation;
  readonly nodes: string;
  readonly documents: string;
  /** Column of `documents` with the id of the node. */
  readonly documentKey: string;
  readonly folders: string;
  readonly folderKey: string;
  /** Null in 1.x and 2.0, which number the versions in the file tree only. */
  readonly versions: string | null;
  readonly users: string;
  readonly tags: string;
}

const django = {
  nodes: 'core_basetreenode',
  documents: 'core_document',
  documentKey: 'basetreenode_ptr_id',
  folders: 'core_folder',
  folderKey: 'basetreenode_ptr_id',
  versions: 'core_documentversion',
  users: 'core_user',
  tags: 'core_tag',
} as const;

const tablesOf: Readonly<Record<Generation, NodeTables>> = {
  '1.x-2.0': { ...django, generation: '1.x-2.0', versions: null },
  '2.1': { ...django, generation: '2.1' },
  '3.0-3.2': { ...django, generation: '3.0-3.2' },
  '3.3+': {
    generation: '3.3+',
    nodes: 'nodes',
    documents: 'documents',
    documentKey: 'node_id',
    folders: 'folders',
    folderKey: 'node_id',
    versions: 'document_versions',
    users: 'users',
    tags: 'tags',
  },
};

/** The tables with the living data; null when they are not all here. */
export async function findNodeTables(database: DatabaseReader): Promise<NodeTables | null> {
  const { generation } = await readLayout(database);
  if (generation === null) return null;
  const tables = tablesOf[generation];
  const isWhole =
    database.has(tables.nodes, 'id', 'title', 'parent_id') &&
    database.has(tables.documents, tables.documentKey) &&
    (tables.versions === null ||
      database.has(tables.versions, 'id', 'number', 'file_name', 'document_id', 'size'));
  return isWhole ? tables : null;
}

/** SELECT item for a column, or NULL when this release has no such column. */
export function columnOr(
  database: DatabaseReader,
  table: string,
  alias: string,
  column: string,
): string {
  return database.has(table, column) ? `${alias}."${column}"` : `NULL AS "${column}"`;
}

/** The ids of a batch: above the first (null: from the beginning) up to and with the last. */
export interface IdRange {
  readonly after: SqlValue;
  readonly last: SqlValue;
}

/** Condition and parameters that hold a column in a range. */
export function within(column: string, { after, last }: IdRange): [string, SqlValue[]] {
  return after === null
    ? [`${column} <= ?`, [last]]
    : [`${column} > ? AND ${column} <= ?`, [after, last]];
}

export async function collect(
  database: DatabaseReader,
  sql: string,
  parameters: readonly SqlValue[] = [],
): Promise<SqlRow[]> {
  const rows: SqlRow[] = [];
  for await (const row of database.query(sql, parameters)) rows.push(row);
  return rows;
}

export function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
