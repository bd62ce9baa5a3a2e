// What the product's own sanity checker finds in rows alone (documents.sanity_checker), plus names and checksums that
// make a reference meaningless. Missing and damaged files are core's business, through the references.

import type { DatabaseReader, RowFinding, SqlRow } from '@dms-backup/core';
import { text, textOrNull } from '@dms-backup/core/adapter-kit';
import {
  columnOr,
  documentTable,
  fromDocuments,
  isEncrypted,
  owningDocument,
} from './document-rows.ts';
import { directories, originalName, placeFile } from './file-names.ts';
import { checksumOf } from './references.ts';

type Finding = Pick<RowFinding, 'level' | 'reason' | 'text'> & { readonly path?: string };

/** Member `inspectRows` of the adapter. */
export async function* inspectRows(
  database: DatabaseReader,
): AsyncGenerator<RowFinding, void, undefined> {
  if (!database.has(documentTable, 'id', 'title', 'mime_type', 'checksum', 'filename', 'content'))
    return;
  // Not `= ''`: for MariaDB that is also true of spaces.
  const sql = [
    `SELECT d."id", d."mime_type", d."checksum", d."filename", ${owningDocument(database)},`,
    `${columnOr(database, 'archive_checksum')} AS "archive_checksum",`,
    `${columnOr(database, 'archive_filename')} AS "archive_filename",`,
    `${columnOr(database, 'storage_type')} AS "storage_type",`,
    'CASE WHEN d."content" IS NULL OR OCTET_LENGTH(d."content") = 0 THEN 1 ELSE 0 END AS "is_without_text"',
    `${fromDocuments(database)} ORDER BY d."id"`,
  ].join(' ');
  for await (const row of database.query(sql)) {
    for (const { path, ...finding } of inspectRow(row)) {
      yield {
        ...finding,
        documentId: text(row, 'document_id'),
        documentTitle: text(row, 'document_title'),
        path: path ?? null,
      };
    }
  }
}

function* inspectRow(row: SqlRow): Generator<Finding> {
  const encrypted = isEncrypted(row);
  const pdfaName = textOrNull(row['archive_filename']);
  const pdfaChecksum = textOrNull(row['archive_checksum']);
  const name = originalName({
    id: text(row, 'id'),
    filename: textOrNull(row['filename']),
    mimeType: text(row, 'mime_type'),
    encrypted,
  });

  yield* inspectName('original', directories.originals, name);
  if (pdfaName !== null) yield* inspectName('PDF/A copy', directories.pdfaCopies, pdfaName);
  if (pdfaChecksum !== null && pdfaName === null) {
    yield {
      level: 'error',
      reason: 'incomplete-row',
      text: 'the row has a checksum of a PDF/A copy, but no name of one (archive_filename is empty)',
    };
  }
  if (pdfaChecksum === null && pdfaName !== null) {
    yield {
      level: 'error',
      reason: 'incomplete-row',
      text: 'the row names a PDF/A copy, but has no checksum of it (archive_checksum is empty)',
      path: placeFile(directories.pdfaCopies, pdfaName).path,
    };
  }
  if (encrypted) {
    yield {
      level: 'info',
      reason: 'encrypted',
      text: 'stored encrypted: the checksum in the database is that of the decrypted file and cannot be compared',
    };
  } else {
    yield* inspectChecksum('original', text(row, 'checksum'));
    if (pdfaChecksum !== null) yield* inspectChecksum('PDF/A copy', pdfaChecksum);
  }
  if (Number(row['is_without_text']) === 1) {
    yield { level: 'info', reason: 'no-text', text: 'the document has no text (no OCR data)' };
  }
}

function* inspectName(what: string, directory: string, name: string): Generator<Finding> {
  const { path, inside } = placeFile(directory, name);
  if (inside) return;
  yield {
    level: 'error',
    reason: 'unsafe-name',
    text: `the stored name of the ${what} is absolute, leaves the media directory or names no file; it is never followed`,
    path,
  };
}

function* inspectChecksum(what: string, value: string): Generator<Finding> {
  if (checksumOf(value) !== null) return;
  yield {
    level: 'warning',
    reason: 'checksum-format',
    text: `the checksum of the ${what} is neither MD5 nor SHA-256; the file cannot be compared with it`,
  };
}
