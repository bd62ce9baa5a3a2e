// Every file that a row needs. Django records neither checksum nor size of a file, so existence is what can be proved.

import type { DatabaseReader, FileReference, Instance } from '@dms-backup/core';
import { fileRows } from './file-rows.ts';

/** Member `references` of the adapter; empty when nobody said which columns hold files. */
export async function* references(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<FileReference, void, undefined> {
  let document: string | null = null;
  // Two rows of one document may name the same file: that is one reference.
  let seen = new Set<string>();
  for await (const row of fileRows(database, instance)) {
    if (row.documentId === null || row.documentId !== document) seen = new Set();
    document = row.documentId;
    for (const { root, path, role } of row.files) {
      const key = JSON.stringify([root, path, role]);
      if (seen.has(key)) continue;
      seen.add(key);
      yield {
        root,
        path,
        role,
        class: 'essential',
        documentId: row.documentId,
        documentTitle: row.documentId === null ? null : row.title,
        checksum: null,
        sizeBytes: null,
      };
    }
  }
}
