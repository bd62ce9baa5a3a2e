// Every file that a row of the database needs. The database says which files and what checksum; the file system is asked
// only about previews of encrypted documents of 1.8 - 1.16, whose ending the database does not tell.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseReader, FileReference, Instance, SqlRow } from '@dms-backup/core';
import { numberOrNull, text, textOrNull } from '@dms-backup/core/adapter-kit';
import {
  columnOr,
  documentTable,
  fromDocuments,
  isEncrypted,
  owningDocument,
} from './document-rows.ts';
import { directories, originalName, paddedId, placeFile } from './file-names.ts';
import { rootOf } from '@dms-backup/core/adapter-kit';
import { configuredLogo } from './media.ts';

type Checksum = FileReference['checksum'];

/** Member `references` of the adapter: per row original, PDF/A copy, preview; then bundles and the logo. */
export async function* references(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<FileReference, void, undefined> {
  if (database.has(documentTable, 'id', 'title', 'mime_type', 'checksum', 'filename')) {
    const previewName = await previewNames(database, rootOf(instance, 'media')?.directory ?? null);
    for await (const row of database.query(documentQuery(database))) {
      yield* filesOfRow(row, previewName);
    }
  }
  yield* shareLinkBundles(database);
  yield* logo(database, instance);
}

function documentQuery(database: DatabaseReader): string {
  return [
    `SELECT d."id", d."mime_type", d."checksum", d."filename", ${owningDocument(database)},`,
    `${columnOr(database, 'archive_checksum')} AS "archive_checksum",`,
    `${columnOr(database, 'archive_filename')} AS "archive_filename",`,
    `${columnOr(database, 'storage_type')} AS "storage_type"`,
    `${fromDocuments(database)} ORDER BY d."id"`,
  ].join(' ');
}

function* filesOfRow(row: SqlRow, previewName: PreviewName): Generator<FileReference> {
  const id = text(row, 'id');
  const encrypted = isEncrypted(row);
  const common = {
    root: 'media',
    documentId: text(row, 'document_id'),
    documentTitle: text(row, 'document_title'),
    sizeBytes: null,
  };
  const name = originalName({
    id,
    filename: textOrNull(row['filename']),
    mimeType: text(row, 'mime_type'),
    encrypted,
  });
  // The checksum of an encrypted document is that of the decrypted content: nothing to compare the file with.
  yield {
    ...common,
    path: placeFile(directories.originals, name).path,
    role: 'original',
    class: 'essential',
    checksum: encrypted ? null : checksumOf(textOrNull(row['checksum'])),
  };
  const pdfaCopy = textOrNull(row['archive_filename']);
  if (pdfaCopy !== null) {
    yield {
      ...common,
      path: placeFile(directories.pdfaCopies, pdfaCopy).path,
      role: 'pdfaCopy',
      class: 'essential',
      checksum: encrypted ? null : checksumOf(textOrNull(row['archive_checksum'])),
    };
  }
  yield {
    ...common,
    path: `${directories.thumbnails}/${previewName(id, encrypted)}`,
    role: 'thumbnail',
    class: 'derived',
    checksum: null,
  };
}

/**
 * By length, row by row: 1.x - 2.x write MD5, 3.x SHA-256, and the migration 0016_sha256_checksums of 3.0 leaves MD5
 * where the file was missing. Anything else cannot be compared (see row-findings).
 */
export function checksumOf(value: string | null): Checksum {
  if (value === null || !/^[0-9a-fA-F]+$/.test(value)) return null;
  if (value.length === 32) return { algorithm: 'md5', value: value.toLowerCase() };
  return value.length === 64 ? { algorithm: 'sha256', value: value.toLowerCase() } : null;
}

type PreviewName = (id: string, encrypted: boolean) => string;

/**
 * Document.thumbnail_path: `.png` in 1.7 (tag ngx-1.7.0), `.webp` from 1.8.0 on, `.gpg` behind it for encrypted documents.
 * 1.8.0 did not convert the encrypted ones, 1.17.0 did (1037_webp_encrypted_thumbnail_conversion): between the two the file
 * still is `.png.gpg` unless somebody has made it anew.
 */
async function previewNames(database: DatabaseReader, media: string | null): Promise<PreviewName> {
  // 1.8.0 brought this column together with the conversion, 2.0.0 that table; 3.0 has no encryption.
  const since1_8 = database.has(documentTable, 'storage_path_id');
  const since1_17 =
    !database.has(documentTable, 'storage_type') ||
    database.has('documents_customfield') ||
    (await isApplied(database, '1037_webp_encrypted_thumbnail_conversion'));
  return (id, encrypted) => {
    const stem = paddedId(id);
    if (!encrypted) return `${stem}${since1_8 ? '.webp' : '.png'}`;
    const webp = `${stem}.webp.gpg`;
    if (since1_17) return webp;
    const isMadeAnew =
      since1_8 && media !== null && existsSync(join(media, directories.thumbnails, webp));
    return isMadeAnew ? webp : `${stem}.png.gpg`;
  };
}

async function isApplied(database: DatabaseReader, migration: string): Promise<boolean> {
  if (!database.has('django_migrations', 'app', 'name')) return false;
  let found = false;
  const sql = 'SELECT "app", "name" FROM "django_migrations" WHERE "app" = ? AND "name" = ?';
  for await (const row of database.query(sql, ['documents', migration]))
    found ||= row['app'] === 'documents' && row['name'] === migration;
  return found;
}

/**
 * ShareLinkBundle.absolute_file_path (3.0): none when the path is empty, absolute or leaves the directory; such bundles
 * have no file. The product can build a bundle again, so it is derived.
 */
async function* shareLinkBundles(database: DatabaseReader): AsyncGenerator<FileReference> {
  if (!database.has('documents_sharelinkbundle', 'id', 'status', 'file_path', 'size_bytes')) return;
  const rows = database.query(
    'SELECT "status", "file_path", "size_bytes" FROM "documents_sharelinkbundle" ORDER BY "id"',
  );
  for await (const row of rows) {
    // Compared here: for MariaDB's usual collation `READY` would be equal, too.
    if (row['status'] !== 'ready') continue;
    const name = text(row, 'file_path');
    const { path, inside } = placeFile(directories.shareLinkBundles, name);
    if (name === '' || !inside || !path.startsWith(`${directories.shareLinkBundles}/`)) continue;
    const size = numberOrNull(row['size_bytes']);
    yield {
      root: 'media',
      path,
      role: 'shareLinkBundle',
      class: 'derived',
      documentId: null,
      documentTitle: null,
      checksum: null,
      sizeBytes: size !== null && size >= 0 ? size : null,
    };
  }
}

/** GeneralConfig.app_logo or settings.APP_LOGO, below the media root (2.4+). The uploaded one wins. */
async function* logo(database: DatabaseReader, instance: Instance): AsyncGenerator<FileReference> {
  let uploaded = '';
  if (database.has('paperless_applicationconfiguration', 'id', 'app_logo')) {
    const rows = database.query(
      'SELECT "app_logo" FROM "paperless_applicationconfiguration" ORDER BY "id"',
    );
    for await (const row of rows) uploaded ||= text(row, 'app_logo').replace(/^\/+/, '');
  }
  const name = uploaded || configuredLogo(instance);
  if (name === null || name === '') return;
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return;
  yield {
    root: 'media',
    path: name,
    role: 'logo',
    class: 'essential',
    documentId: null,
    documentTitle: null,
    checksum: null,
    sizeBytes: null,
  };
}
