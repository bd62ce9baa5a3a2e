// What is odd in rows alone. Most of it is the daily life of the product and no error: versions without an upload, two rows for
// one file, rows of deleted documents that SQLite keeps.

import type { DatabaseReader, Instance, RowFinding } from '@dms-backup/core';
import { numberOrNull } from '@dms-backup/core/adapter-kit';
import { documentBatches, type NodeDocument } from './document-batches.ts';
import { findNodeTables, type NodeTables } from './node-tables.ts';

type Finding = Pick<RowFinding, 'level' | 'reason' | 'text' | 'path'>;

/** Member `inspectRows` of the adapter. */
export async function* inspectRows(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<RowFinding, void, undefined> {
  const tables = await findNodeTables(database);
  if (tables === null) return;
  for await (const { documents } of documentBatches(database, tables, instance)) {
    for (const document of documents) {
      for (const finding of inspectDocument(document)) {
        yield { ...finding, documentId: document.id, documentTitle: document.title };
      }
    }
  }
  yield* leftOverRows(database, tables);
}

function* inspectDocument({ versions }: NodeDocument): Generator<Finding> {
  if (versions.length === 0) {
    yield {
      level: 'warning',
      reason: 'no-version',
      path: null,
      text: 'the document has no version',
    };
  }
  const seen = new Set<string>();
  for (const { id, file, without } of versions) {
    if (without === 'never-uploaded') {
      yield {
        level: 'info',
        reason: 'never-uploaded',
        path: null,
        text: `version ${id} has no file: nothing was uploaded for it`,
      };
    }
    if (file === null) continue;
    if (!file.inside) {
      yield {
        level: 'error',
        reason: 'unsafe-name',
        path: file.path,
        text: 'the stored name has a path separator, is `..` or no name at all; it is never followed',
      };
    }
    if (seen.has(file.path)) {
      yield {
        level: 'info',
        reason: 'shared-file',
        path: file.path,
        text: 'two versions with one number share this file: a second upload of 2.1 wrote over the first',
      };
    }
    seen.add(file.path);
  }
}

/** SQLite does not enforce the foreign keys of 3.3 and later: deleting a document leaves its other rows behind. */
async function* leftOverRows(
  database: DatabaseReader,
  { nodes, documents, documentKey, versions }: NodeTables,
): AsyncGenerator<RowFinding> {
  const checks = [
    { table: documents, column: documentKey, parent: nodes, key: 'id' },
    ...(versions === null
      ? []
      : [{ table: versions, column: 'document_id', parent: nodes, key: 'id' }]),
  ];
  for (const { table, column, parent, key } of checks) {
    const sql = `SELECT COUNT(*) AS "rows" FROM "${table}" t LEFT JOIN "${parent}" p ON p."${key}" = t."${column}" WHERE p."${key}" IS NULL`;
    let count = 0;
    for await (const row of database.query(sql)) count = numberOrNull(row['rows']) ?? 0;
    if (count === 0) continue;
    yield {
      level: 'info',
      reason: 'left-over-rows',
      documentId: null,
      documentTitle: null,
      path: null,
      text: `${count} rows of ${table} belong to documents that were deleted; they are kept, and so are their files`,
    };
  }
}
