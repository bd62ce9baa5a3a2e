// The product-neutral catalogue: every document of every user and group, with the folders that the web interface shows.

import type { CatalogueDocument, DatabaseReader, Instance } from '@dms-backup/core';
import { textOrNull, timestampText } from '@dms-backup/core/adapter-kit';
import { readTags, readValues, type Scalar } from './attributes.ts';
import { documentBatches, type NodeDocument, type VersionFile } from './document-batches.ts';
import { identifier } from './file-names.ts';
import { folderPath, readFolders } from './folders.ts';
import { findNodeTables } from './node-tables.ts';
import { ownerOf, readNames, readOwnerNames, readOwnerships } from './owners.ts';

/** Name of the folder for documents that 3.6 has marked as deleted. */
export const trashFolder = 'Trash';

/** Member `documents` of the adapter, ordered by id. */
export async function* documents(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<CatalogueDocument, void, undefined> {
  const tables = await findNodeTables(database);
  if (tables === null) return;
  const folders = await readFolders(database, tables);
  const names = await readOwnerNames(database, tables);
  const tagNames = await readNames(database, tables.tags);
  const typeNames =
    tables.generation === '3.3+' ? await readNames(database, 'document_types') : new Map();
  for await (const batch of documentBatches(database, tables, instance)) {
    const tags = await readTags(database, tables, tagNames, batch.range);
    const values = await readValues(database, tables, batch.range);
    const owners = await readOwnerships(database, names, batch.range);
    for (const document of batch.documents) {
      const { id, row } = document;
      const trashed = textOrNull(row['deleted_at']) !== null;
      const parent = textOrNull(row['parent_id']);
      const folder = folderPath(folders, parent === null ? null : identifier(parent));
      const type = textOrNull(row['document_type_id']);
      yield {
        id,
        title: document.title,
        created: timestampText(database.engine, row['created_at']),
        added: null,
        modified: timestampText(database.engine, row['updated_at']),
        owner: owners.get(id) ?? ownerOf(names, row['user_id'], row['group_id']),
        correspondent: null,
        documentType: type === null ? null : (typeNames.get(identifier(type)) ?? null),
        tags: (tags.get(id) ?? []).toSorted(),
        folder: trashed ? [trashFolder, ...folder] : folder,
        trashed,
        documentVersions: versionsOf(document),
        extra: extraOf(document, values.get(id) ?? []),
      };
    }
  }
}

/** A version without a file goes in front: there is nothing to open, so it must not stand for the document. */
function versionsOf({ versions, id }: NodeDocument): CatalogueDocument['documentVersions'] {
  const known = versions.map(toVersion);
  const ordered = [
    ...known.filter(({ files }) => files.length === 0),
    ...known.filter(({ files }) => files.length > 0),
  ];
  return ordered.length > 0 ? ordered : [{ id, label: null, files: [] }];
}

function toVersion({
  id,
  number,
  label,
  file,
}: VersionFile): CatalogueDocument['documentVersions'][number] {
  const shown = [number === null ? '' : `${number}`, label ?? ''].filter((part) => part !== '');
  return {
    id,
    label: shown.join(': ') || null,
    files: file === null ? [] : [{ role: 'version', root: 'media', path: file.path }],
  };
}

function extraOf(
  { row }: NodeDocument,
  values: readonly (readonly [string, Scalar])[],
): CatalogueDocument['extra'] {
  const extra: Record<string, Scalar> = {
    language: textOrNull(row['lang']),
    ocrStatus: textOrNull(row['ocr_status']),
    notes: textOrNull(row['notes']),
  };
  for (const [name, value] of values) {
    // A key of the metadata may stand there twice: own and inherited.
    const former = extra[name];
    extra[name] =
      former === undefined || former === null || former === value
        ? value
        : `${String(former)}; ${String(value)}`;
  }
  return extra;
}
