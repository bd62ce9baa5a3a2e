// The product-neutral catalogue: one document per row that has files. In a table that is mapped to documents, the rows of one
// document are its versions, oldest first by primary key.

import type { CatalogueDocument, DatabaseReader, Instance } from '@dms-backup/core';
import { fileRows, type FileRow } from './file-rows.ts';

/** Member `documents` of the adapter. Only the rows of one document are held. */
export async function* documents(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<CatalogueDocument, void, undefined> {
  let rows: FileRow[] = [];
  for await (const row of fileRows(database, instance)) {
    if (row.documentId === null) continue;
    if (rows.length > 0 && rows[0]!.documentId !== row.documentId) {
      yield toDocument(rows);
      rows = [];
    }
    rows.push(row);
  }
  if (rows.length > 0) yield toDocument(rows);
}

function toDocument(rows: readonly FileRow[]): CatalogueDocument {
  const current = rows.at(-1)!;
  return {
    id: current.documentId!,
    title: current.title,
    created: null,
    added: null,
    modified: null,
    owner: null,
    correspondent: null,
    documentType: null,
    tags: [],
    // The nearest to what the admin shows: one folder per model.
    folder: [current.table],
    trashed: false,
    documentVersions: rows.map(({ rowId, files }) => ({
      id: rowId,
      label: null,
      files: files.map(({ root, path, role }) => ({ role, root, path })),
    })),
    extra: { table: current.table },
  };
}
