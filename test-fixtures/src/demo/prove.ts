// Compares a restored instance with its source without the tool: files by content, mode and time, rows by value, and every
// document by the checksums that were known before the tool ran.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

import { compareSqlite, compareTrees } from '../compare.ts';
import { digestSqlite } from '../digest-sqlite.ts';
import type { SqliteDigest } from '../digest-sqlite.ts';
import { digestTree } from '../digest-tree.ts';
import type { TreeDigest } from '../digest-tree.ts';
import type { SampleDocument, SampleInstance } from '../paperless/sample-instance.ts';
import type { Exclusions } from './exclusions.ts';

export interface Place {
  databasePath: string;
  dataDirectory: string;
  mediaDirectory: string;
}

export interface PlaceState {
  database: SqliteDigest;
  data: TreeDigest;
  media: TreeDigest;
}

export interface Proof {
  differences: string[];
  completeDocuments: number;
  equalTables: number;
  equalRows: number;
  equalFiles: number;
  leftOutTables: string[];
  leftOutFiles: string[];
}

/** The lock file may be touched: a backup takes it. */
const LOCK = 'media.lock';

export function readState(place: Place): PlaceState {
  return {
    database: digestSqlite(place.databasePath),
    // SQLite's own files are compared as a database.
    data: digestTree(place.dataDirectory, (path) => path.startsWith('db.sqlite3')),
    media: digestTree(place.mediaDirectory),
  };
}

/** What a backup changed in its source; empty when it only read. */
export function compareSource(before: PlaceState, after: PlaceState): string[] {
  const media = compareTrees(before.media, after.media).differences;
  return [
    ...compareSqlite(before.database, after.database).differences,
    ...compareTrees(before.data, after.data).differences,
    ...media.filter((line) => !line.startsWith(`${LOCK}:`)),
  ].map((line) => `source: ${line}`);
}

export function proveRestore(
  instance: SampleInstance,
  before: PlaceState,
  target: Place,
  exclusions: Exclusions,
): Proof {
  const after = readState(target);
  const database = compareSqlite(before.database, after.database, exclusions.table);
  const [data, media] = (['data', 'media'] as const).map((root) =>
    compareTrees(before[root], after[root], {
      mayBeMissing: (path) => exclusions.file(root, path),
      // What may be left out may also be made anew, as an empty index directory.
      mayBeExtra: (path) => exclusions.file(root, path),
    }),
  ) as [ReturnType<typeof compareTrees>, ReturnType<typeof compareTrees>];
  const checksums = readChecksums(target.databasePath);
  const incomplete = instance.documents.filter(
    (document) => !isComplete(document, after.media, checksums),
  );
  return {
    differences: [
      ...database.differences.map((line) => `database: ${line}`),
      ...data.differences.map((line) => `data: ${line}`),
      ...media.differences.map((line) => `media: ${line}`),
      ...incomplete.map(
        (document) => `document ${document.id} '${document.title}' is not complete`,
      ),
    ],
    completeDocuments: instance.documents.length - incomplete.length,
    equalTables: database.equalTables,
    equalRows: database.equalRows,
    equalFiles: data.equalFiles + media.equalFiles,
    leftOutTables: Object.entries(before.database.tables)
      .filter(
        ([table, { rowCount }]) => rowCount > 0 && after.database.tables[table]?.rowCount === 0,
      )
      .map(([table]) => table),
    leftOutFiles: [
      ...data.leftOut.map((path) => join('data', path)),
      ...media.leftOut.map((path) => join('media', path)),
    ],
  };
}

/** Row, original, PDF/A copy and thumbnail are there, as far as the source had them. */
function isComplete(
  document: SampleDocument,
  media: TreeDigest,
  checksums: Map<number, string>,
): boolean {
  const { original, pdfaCopy, thumbnailPath, thumbnailExists } = document;
  return (
    checksums.get(document.id) === original.checksum &&
    media.get(original.path)?.sha256 === original.sha256 &&
    (!pdfaCopy || media.get(pdfaCopy.path)?.sha256 === pdfaCopy.sha256) &&
    (!thumbnailExists || media.get(thumbnailPath)?.kind === 'file')
  );
}

function readChecksums(databasePath: string): Map<number, string> {
  const database = new DatabaseSync(databasePath);
  try {
    const rows = database.prepare('SELECT id, checksum FROM documents_document').all();
    return new Map(rows.map((row) => [Number(row.id), String(row.checksum)]));
  } finally {
    database.close();
  }
}
