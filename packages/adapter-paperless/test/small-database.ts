// Databases in memory for unit tests: `documents_document` as one release has it, and the tables around it on demand.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { DatabaseReader, Instance } from '@dms-backup/core';
import { createReader } from './sqlite-reader.ts';

/** Columns by release: schema history of the fact sheet, section 3. */
const base = [
  'id',
  'title',
  'content',
  'created',
  'modified',
  'correspondent_id',
  'checksum',
  'added',
  'storage_type',
  'archive_serial_number',
  'document_type_id',
  'mime_type',
  'archive_checksum',
  'archive_filename',
  'filename',
];
const columnsSince = {
  '1.7': base,
  '1.9': [...base, 'storage_path_id', 'original_filename'],
  '1.14': [...base, 'storage_path_id', 'original_filename', 'owner_id'],
  '2.10': [
    ...base,
    'storage_path_id',
    'original_filename',
    'owner_id',
    'deleted_at',
    'restored_at',
  ],
  '2.20': [
    ...base,
    'storage_path_id',
    'original_filename',
    'owner_id',
    'deleted_at',
    'restored_at',
    'transaction_id',
    'page_count',
  ],
  '3.0': [
    ...base.filter((column) => column !== 'storage_type'),
    'storage_path_id',
    'original_filename',
    'owner_id',
    'deleted_at',
    'restored_at',
    'transaction_id',
    'page_count',
    'root_document_id',
    'version_index',
    'version_label',
  ],
} as const;

export type SchemaRelease = keyof typeof columnsSince;
type Row = Readonly<Record<string, SQLInputValue>>;

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';

/** `tables` adds further tables by their rows; `migrations` fills `django_migrations` of the app documents. */
export function smallDatabase(
  release: SchemaRelease,
  documents: readonly Row[],
  options: {
    tables?: Readonly<Record<string, readonly Row[]>>;
    migrations?: readonly string[];
  } = {},
): DatabaseReader {
  const database = new DatabaseSync(':memory:');
  const columns = columnsSince[release];
  database.exec(
    `CREATE TABLE documents_document (${columns.map((name) => `"${name}"`).join(', ')}, PRIMARY KEY ("id"))`,
  );
  for (const document of documents) {
    const row: Record<string, SQLInputValue> = {
      title: `Title ${Number(document['id'])}`,
      content: 'text',
      mime_type: 'application/pdf',
      checksum: md5,
      created: '2021-02-03',
      ...(release === '3.0' ? {} : { storage_type: 'unencrypted' }),
      ...document,
    };
    insert(database, 'documents_document', row);
  }
  const migrations = (options.migrations ?? []).map((name) => ({ app: 'documents', name }));
  const tables = { django_migrations: migrations, ...options.tables };
  for (const [name, rows] of Object.entries(tables)) {
    const names =
      name === 'django_migrations' ? ['app', 'name'] : Object.keys(rows[0] ?? { id: 1 });
    database.exec(`CREATE TABLE "${name}" (${names.map((each) => `"${each}"`).join(', ')})`);
    for (const row of rows) insert(database, name, row);
  }
  return createReader(database);
}

function insert(database: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row);
  const places = names.map(() => '?').join(', ');
  database
    .prepare(
      `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${places})`,
    )
    .run(...Object.values(row));
}

export function instanceAt(
  media: string,
  settings: Readonly<Record<string, string>> = {},
): Instance {
  return {
    roots: [
      { name: 'media', directory: media, source: 'test', required: true },
      { name: 'data', directory: '/srv/data', source: 'test', required: false },
    ],
    settings: Object.entries(settings).map(([name, value]) => ({ name, value, source: 'test' })),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

export async function list<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
