// The product-neutral catalogue: every resource is a document, in the folders of its parents. Read in batches by id, so that
// memory stays flat; only the files of one batch are held.

import type { CatalogueDocument, DatabaseReader, Instance, SqlRow } from '@dms-backup/core';
import { text, textOrNull, timestampText } from '@dms-backup/core/adapter-kit';
import { fileStorageOf, pathOf, type FileStorage } from './file-objects.ts';
import { createFileRows, hasFiles, hasResources } from './file-rows.ts';

/** Resources per batch: a layer can have many attachments. */
const batchSize = 100;
/** Parents that a folder names; the product has no limit, rows that name each other must not run in a circle. */
const deepestFolder = 64;

type Files = CatalogueDocument['documentVersions'][number]['files'];

/** Member `documents` of the adapter. */
export async function* documents(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<CatalogueDocument, void, undefined> {
  if (!hasResources(database)) return;
  const storage = fileStorageOf(instance);
  const query = resourceQuery(database);
  const rows = hasFiles(database) ? await createFileRows(database) : null;
  for (let after = -1; ;) {
    const batch: SqlRow[] = [];
    for await (const row of database.query(query, [after])) batch.push(row);
    const last = Number(batch.at(-1)?.['id'] ?? -1);
    if (batch.length === 0) return;
    const folders = await readFolders(database, after + 1, last);
    const files = await collectFiles(rows?.ofResources(after + 1, last), storage);
    for (const row of batch) {
      const id = text(row, 'id');
      yield toDocument(row, folders.get(id) ?? [], files.get(id) ?? []);
    }
    after = last;
  }
}

function resourceQuery(database: DatabaseReader): string {
  const column = (table: string, alias: string, name: string): string =>
    `${database.has(`public.${table}`, name) ? `${alias}."${name}"` : 'NULL'} AS "${name}"`;
  const users = database.has('public.auth_user', 'principal_id', 'keyname');
  const layers = database.has('public.vector_layer', 'id', 'tbl_uuid');
  return [
    'SELECT r.id, r.cls, r.display_name,',
    `${['keyname', 'creation_date'].map((name) => column('resource', 'r', name)).join(', ')},`,
    `${users ? 'u.keyname' : 'NULL'} AS "owner",`,
    `${layers ? 'v.tbl_uuid' : 'NULL'} AS "tbl_uuid", ${layers ? column('vector_layer', 'v', 'geometry_type') : 'NULL AS "geometry_type"'}`,
    'FROM public.resource r',
    ...(users ? ['LEFT JOIN public.auth_user u ON u.principal_id = r.owner_user_id'] : []),
    ...(layers ? ['LEFT JOIN public.vector_layer v ON v.id = r.id'] : []),
    `WHERE r.id > ? ORDER BY r.id LIMIT ${batchSize}`,
  ].join(' ');
}

/** Names of the parents from the top, by resource. */
async function readFolders(
  database: DatabaseReader,
  first: number,
  last: number,
): Promise<Map<string, string[]>> {
  const folders = new Map<string, string[]>();
  const sql = [
    'WITH RECURSIVE up AS (',
    'SELECT r.id AS leaf, r.parent_id AS above, 1 AS depth FROM public.resource r WHERE r.id BETWEEN ? AND ?',
    'UNION ALL SELECT up.leaf, r.parent_id, up.depth + 1 FROM up JOIN public.resource r ON r.id = up.above',
    `WHERE up.depth < ${deepestFolder}`,
    ') SELECT up.leaf, p.id, p.display_name FROM up JOIN public.resource p ON p.id = up.above',
    'ORDER BY up.leaf, up.depth DESC',
  ].join(' ');
  for await (const row of database.query(sql, [first, last])) {
    const leaf = text(row, 'leaf');
    const folder = folders.get(leaf) ?? [];
    folders.set(leaf, folder);
    folder.push(text(row, 'display_name') || `resource ${text(row, 'id')}`);
  }
  return folders;
}

async function collectFiles(
  rows: ReturnType<Awaited<ReturnType<typeof createFileRows>>['ofResources']> | undefined,
  storage: FileStorage,
): Promise<Map<string, Files>> {
  const files = new Map<string, Files>();
  for await (const file of rows ?? []) {
    const id = file.resourceId ?? '';
    const list = files.get(id) ?? [];
    files.set(id, list);
    list.push({ role: file.role, root: storage.root, path: pathOf(storage, file) });
  }
  return files;
}

function toDocument(row: SqlRow, folder: string[], files: Files): CatalogueDocument {
  const id = text(row, 'id');
  const layer = textOrNull(row['tbl_uuid']);
  return {
    id,
    title: text(row, 'display_name'),
    created: createdText(row),
    added: null,
    modified: null,
    owner: textOrNull(row['owner']),
    correspondent: null,
    documentType: text(row, 'cls'),
    tags: [],
    folder,
    trashed: false,
    documentVersions: [{ id, label: null, files }],
    extra: {
      keyname: textOrNull(row['keyname']),
      ...(layer === null
        ? {}
        : {
            geometryType: textOrNull(row['geometry_type']),
            table: `vector_layer.layer_${layer}`,
          }),
    },
  };
}

/** `resource.creation_date` is UTC in a column without time zone. */
function createdText(row: SqlRow): string | null {
  const created = textOrNull(row['creation_date']);
  return created === null
    ? null
    : (timestampText('postgres', `${created}+00`)?.replace('+00', '') ?? null);
}
