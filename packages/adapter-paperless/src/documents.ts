// The product-neutral catalogue. Read in batches by id, so that memory stays flat for any number of documents and no
// engine needs two open queries at once; only the names of tags, correspondents, types, paths and users are held.

import type {
  CatalogueDocument,
  DatabaseReader,
  EngineName,
  SqlRow,
  SqlValue,
} from '@dms-backup/core';
import { numberOrNull, text, textOrNull, timestampText } from '@dms-backup/core/adapter-kit';
import {
  columnOr,
  documentTable,
  fromDocuments,
  hasVersions,
  isEncrypted,
} from './document-rows.ts';
import { directories, originalName, placeFile } from './file-names.ts';

/** Documents per batch: some megabytes in memory, and few enough queries. */
const batchSize = 2000;

/** Name of the folder for documents in the product's trash. */
export const trashFolder = 'Trash';

type Names = ReadonlyMap<string, string>;
interface Lookups {
  readonly correspondents: Names;
  readonly types: Names;
  readonly storagePaths: Names;
  readonly tags: Names;
  readonly users: Names;
}

/** What a batch of documents needs from other tables, by document id. */
interface Related {
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly notes: ReadonlyMap<string, number>;
  readonly versions: ReadonlyMap<string, readonly SqlRow[]>;
}

/** Member `documents` of the adapter: roots with their versions, ordered by numeric id. */
export async function* documents(
  database: DatabaseReader,
): AsyncGenerator<CatalogueDocument, void, undefined> {
  if (!database.has(documentTable, 'id', 'title', 'created', 'mime_type', 'filename')) return;
  const lookups = await readLookups(database);
  const onlyRoots = hasVersions(database) ? 'AND r."id" IS NULL' : '';
  const query = `${selectRows(database)} WHERE d."id" > ? ${onlyRoots} ORDER BY d."id" LIMIT ${batchSize}`;
  for (let after: SqlValue = -1; ;) {
    const rows = await collect(database, query, [after]);
    const last = rows.at(-1)?.['id'];
    if (last === undefined) return;
    const related = await readRelated(database, lookups.tags, after, last);
    for (const row of rows) yield toDocument(database.engine, row, lookups, related);
    after = last;
  }
}

function selectRows(database: DatabaseReader): string {
  const optional = [
    'archive_filename',
    'storage_type',
    'owner_id',
    'storage_path_id',
    'original_filename',
    'deleted_at',
    'page_count',
    'root_document_id',
    'version_label',
  ].map((column) => `${columnOr(database, column)} AS "${column}"`);
  const always = [
    'id',
    'title',
    'created',
    'added',
    'modified',
    'mime_type',
    'filename',
    'archive_serial_number',
    'correspondent_id',
    'document_type_id',
  ].map((column) => `d."${column}"`);
  return `SELECT ${[...always, ...optional].join(', ')} ${fromDocuments(database)}`;
}

async function collect(
  database: DatabaseReader,
  sql: string,
  parameters: readonly SqlValue[] = [],
): Promise<SqlRow[]> {
  const rows: SqlRow[] = [];
  for await (const row of database.query(sql, parameters)) rows.push(row);
  return rows;
}

async function readLookups(database: DatabaseReader): Promise<Lookups> {
  const names = async (table: string, column = 'name'): Promise<Names> => {
    if (!database.has(table, 'id', column)) return new Map();
    const rows = await collect(database, `SELECT "id", "${column}" AS "name" FROM "${table}"`);
    return new Map(rows.map((row) => [text(row, 'id'), text(row, 'name')]));
  };
  return {
    correspondents: await names('documents_correspondent'),
    types: await names('documents_documenttype'),
    storagePaths: await names('documents_storagepath'),
    tags: await names('documents_tag'),
    users: await names('auth_user', 'username'),
  };
}

/** Tags, notes and versions of the documents with `after` < id <= `last`. */
async function readRelated(
  database: DatabaseReader,
  tagNames: Names,
  after: SqlValue,
  last: SqlValue,
): Promise<Related> {
  const tags = new Map<string, string[]>();
  const notes = new Map<string, number>();
  const versions = new Map<string, SqlRow[]>();
  const range = [after, last];
  if (database.has('documents_document_tags', 'document_id', 'tag_id')) {
    const sql =
      'SELECT "document_id", "tag_id" FROM "documents_document_tags" WHERE "document_id" > ? AND "document_id" <= ?';
    for await (const row of database.query(sql, range)) {
      const name = tagNames.get(text(row, 'tag_id'));
      if (name !== undefined) append(tags, text(row, 'document_id'), name);
    }
  }
  if (hasVersions(database)) {
    // The column is indexed; a condition on r."id" would read all documents again for every batch.
    const sql = `${selectRows(database)} WHERE d."root_document_id" > ? AND d."root_document_id" <= ? AND r."id" IS NOT NULL ORDER BY d."id"`;
    for await (const row of database.query(sql, range)) {
      append(versions, text(row, 'root_document_id'), row);
    }
  }
  for (const sql of noteQueries(database)) {
    for await (const row of database.query(sql, range)) {
      const id = text(row, 'document_id');
      notes.set(id, (notes.get(id) ?? 0) + (numberOrNull(row['notes']) ?? 0));
    }
  }
  return { tags, notes, versions };
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Counts of notes that are not in the trash: of the documents, and of their versions. `documents_comment` before 1.14. */
function noteQueries(database: DatabaseReader): string[] {
  const table = ['documents_note', 'documents_comment'].find((name) =>
    database.has(name, 'document_id'),
  );
  if (table === undefined) return [];
  const living = database.has(table, 'deleted_at') ? 'AND n."deleted_at" IS NULL' : '';
  const count = (key: string, from: string): string =>
    `SELECT ${key} AS "document_id", COUNT(*) AS "notes" FROM ${from} WHERE ${key} > ? AND ${key} <= ? ${living} GROUP BY ${key}`;
  const ofDocuments = count('n."document_id"', `"${table}" n`);
  const ofVersions = count(
    'd."root_document_id"',
    `"${documentTable}" d INNER JOIN "${table}" n ON n."document_id" = d."id"`,
  );
  return hasVersions(database) ? [ofDocuments, ofVersions] : [ofDocuments];
}

function toDocument(
  engine: EngineName,
  row: SqlRow,
  lookups: Lookups,
  related: Related,
): CatalogueDocument {
  const id = text(row, 'id');
  const nameOf = (names: Names, column: string): string | null =>
    names.get(textOrNull(row[column]) ?? '') ?? null;
  const correspondent = nameOf(lookups.correspondents, 'correspondent_id');
  const trashed = row['deleted_at'] !== null;
  const folder = correspondent === null ? [] : [correspondent];
  return {
    id,
    title: text(row, 'title'),
    created: timestampText(engine, row['created']),
    added: timestampText(engine, row['added']),
    modified: timestampText(engine, row['modified']),
    owner: nameOf(lookups.users, 'owner_id'),
    correspondent,
    documentType: nameOf(lookups.types, 'document_type_id'),
    tags: (related.tags.get(id) ?? []).toSorted(),
    folder: trashed ? [trashFolder, ...folder] : folder,
    trashed,
    documentVersions: inOrder(row, related.versions.get(id) ?? []).map(toVersion),
    extra: {
      archiveSerialNumber: numberOrNull(row['archive_serial_number']),
      storagePath: nameOf(lookups.storagePaths, 'storage_path_id'),
      mimeType: text(row, 'mime_type'),
      originalFilename: textOrNull(row['original_filename']),
      pageCount: numberOrNull(row['page_count']),
      notes: related.notes.get(id) ?? 0,
      encrypted: isEncrypted(row),
    },
  };
}

/**
 * Oldest first; the newest id is the current one (documents.versioning.get_latest_version_for_root). Versions in the trash
 * of a living document go in front: the current one must not be among them.
 */
function inOrder(root: SqlRow, versions: readonly SqlRow[]): SqlRow[] {
  if (root['deleted_at'] !== null) return [root, ...versions];
  const trashed = versions.filter((row) => row['deleted_at'] !== null);
  return [...trashed, root, ...versions.filter((row) => row['deleted_at'] === null)];
}

function toVersion(row: SqlRow): CatalogueDocument['documentVersions'][number] {
  const original = originalName({
    id: text(row, 'id'),
    filename: textOrNull(row['filename']),
    mimeType: text(row, 'mime_type'),
    encrypted: isEncrypted(row),
  });
  const pdfaCopy = textOrNull(row['archive_filename']);
  const files = [
    { role: 'original', root: 'media', path: placeFile(directories.originals, original).path },
    ...(pdfaCopy === null
      ? []
      : [
          {
            role: 'pdfaCopy',
            root: 'media',
            path: placeFile(directories.pdfaCopies, pdfaCopy).path,
          },
        ]),
  ];
  return { id: text(row, 'id'), label: textOrNull(row['version_label']) || null, files };
}
