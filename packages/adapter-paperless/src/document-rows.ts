// Reads `documents_document` in every shape it had since 1.7.0. Columns that a release does not have are replaced by
// constants, so the readers of rows need not know the version.

import type { DatabaseReader, SqlRow } from '@dms-backup/core';
import { textOrNull } from '@dms-backup/core/adapter-kit';

export const documentTable = 'documents_document';

/** SELECT item for a column, or for a constant when this release has no such column. */
export function columnOr(database: DatabaseReader, column: string, constant = 'NULL'): string {
  return database.has(documentTable, column) ? `d."${column}"` : constant;
}

/** True from 3.0 on: a version is a row of its own that names its root. */
export function hasVersions(database: DatabaseReader): boolean {
  return database.has(documentTable, 'root_document_id');
}

/**
 * FROM clause: `d` is a row and `r` the document it is a version of, or nothing. A row whose root is missing or is itself a
 * version (a damaged database) counts as a document of its own, so that no file is forgotten.
 */
export function fromDocuments(database: DatabaseReader): string {
  const from = `FROM "${documentTable}" d`;
  return hasVersions(database)
    ? `${from} LEFT JOIN "${documentTable}" r ON r."id" = d."root_document_id" AND r."root_document_id" IS NULL`
    : from;
}

/** Columns `document_id` and `document_title` of the document that a row belongs to. */
export function owningDocument(database: DatabaseReader): string {
  return hasVersions(database)
    ? 'COALESCE(r."id", d."id") AS "document_id", COALESCE(r."title", d."title") AS "document_title"'
    : 'd."id" AS "document_id", d."title" AS "document_title"';
}

/** Documents.storage_type of 1.x - 2.x: `unencrypted` or `gpg`. */
export function isEncrypted(row: SqlRow): boolean {
  return textOrNull(row['storage_type']) === 'gpg';
}
