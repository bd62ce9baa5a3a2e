// Every file that a row of the database needs: the files of the versions. OCR results, thumbnails and previews follow as far as
// they are on the disk.

import type { DatabaseReader, FileReference, Instance } from '@dms-backup/core';
import { rootOf } from '@dms-backup/core/adapter-kit';
import { readDerivedFiles } from './derived-files.ts';
import { documentBatches, type NodeDocument } from './document-batches.ts';
import { findNodeTables } from './node-tables.ts';

/** Member `references` of the adapter, in the order of documents and their versions. */
export async function* references(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<FileReference, void, undefined> {
  const tables = await findNodeTables(database);
  if (tables === null) return;
  const media = rootOf(instance, 'media')?.directory;
  for await (const batch of documentBatches(database, tables, instance)) {
    const derived =
      media === undefined ? null : await readDerivedFiles(database, tables, batch, media);
    for (const document of batch.documents) {
      yield* filesOfVersions(document);
      for (const { path, role } of derived?.get(document.id) ?? []) {
        yield { ...commonOf(document), path, role, class: 'derived', sizeBytes: null };
      }
    }
  }
}

function commonOf({
  id,
  title,
}: NodeDocument): Pick<FileReference, 'root' | 'documentId' | 'documentTitle' | 'checksum'> {
  return { root: 'media', documentId: id, documentTitle: title, checksum: null };
}

/** Versions that share a file give one reference. */
function* filesOfVersions(document: NodeDocument): Generator<FileReference> {
  const seen = new Set<string>();
  for (const [index, { file, class: weight, sizeBytes }] of document.versions.entries()) {
    if (file === null || seen.has(file.path)) continue;
    seen.add(file.path);
    yield {
      ...commonOf(document),
      path: file.path,
      role: index === 0 ? 'original' : 'version',
      class: weight,
      sizeBytes,
    };
  }
}
