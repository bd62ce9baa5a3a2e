// Every file that a row of the database needs: one per row of `fileobj`, with the resource that owns it where one does.

import type { DatabaseReader, FileReference, Instance } from '@dms-backup/core';
import { fileStorageOf, pathOf } from './file-objects.ts';
import { createFileRows, hasFiles } from './file-rows.ts';

/** Member `references` of the adapter. The product records no checksum. */
export async function* references(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<FileReference, void, undefined> {
  if (!hasFiles(database)) return;
  const storage = fileStorageOf(instance);
  const rows = await createFileRows(database);
  for await (const file of rows.all()) {
    yield {
      root: storage.root,
      path: pathOf(storage, file),
      role: file.role,
      class: 'essential',
      documentId: file.resourceId,
      documentTitle: file.resourceName,
      checksum: null,
      sizeBytes: file.sizeBytes,
    };
  }
}
