// Rows of `fileobj` with the resources that own them: the one source of references and of the files in the catalogue.

import type { DatabaseReader, SqlRow } from '@dms-backup/core';
import { numberOrNull, text, textOrNull } from '@dms-backup/core/adapter-kit';
import { findOwners, type OwnerQuery } from './catalog.ts';
import type { FileObject } from './file-objects.ts';

/** A file, once per resource that owns it; once with null when none does. */
export interface FileRow extends FileObject {
  readonly role: string;
  readonly resourceId: string | null;
  readonly resourceName: string | null;
  /** From 4.7 on; null when not recorded, or when the migration found no file and wrote 0. */
  readonly sizeBytes: number | null;
}

/** By column, else by component: what a file is to its resource. */
const roles: Readonly<Record<string, string>> = {
  'public.feature_attachment.fileobj_id': 'attachment',
  'public.feature_attachment_ht.fileobj_id': 'formerAttachment',
  'public.raster_layer.fileobj_id': 'raster',
  'public.raster_layer.fileobj_pam_id': 'rasterMetadata',
  'public.raster_mosaic_item.fileobj_id': 'mosaicItem',
  'public.resource_social.preview_fileobj_id': 'preview',
  'public.svg_marker.fileobj_id': 'marker',
  'public.marker.fileobj_id': 'marker',
  'public.tileset.fileobj_id': 'tileset',
  'public.qgis_vector_style.qml_fileobj_id': 'style',
  'public.qgis_raster_style.qml_fileobj_id': 'style',
};

/** False when this is no database of the product. */
export function hasFiles(database: DatabaseReader): boolean {
  return database.has('public.fileobj', 'id', 'component', 'uuid');
}

export function hasResources(database: DatabaseReader): boolean {
  return database.has('public.resource', 'id', 'display_name', 'parent_id', 'cls');
}

/** Asks the catalogue once; the result answers for any part of the rows. */
export async function createFileRows(database: DatabaseReader): Promise<{
  all: () => AsyncGenerator<FileRow, void, undefined>;
  /** Of the resources with `first` <= id <= `last`. */
  ofResources: (first: number, last: number) => AsyncGenerator<FileRow, void, undefined>;
}> {
  const owners = hasResources(database) ? await findOwners(database) : [];
  const size = database.has('public.fileobj', 'size') ? 'f.size' : 'NULL';
  const columns = `f.id, f.component, f.uuid, ${size} AS size`;
  return {
    all: () =>
      read(
        database,
        owners.length === 0
          ? `SELECT ${columns}, NULL AS place, NULL AS resource_id, NULL AS resource_name FROM public.fileobj f ORDER BY f.id`
          : `SELECT ${columns}, o.place, o.resource_id, o.resource_name FROM public.fileobj f LEFT JOIN (${owned(owners, '')}) o ON o.fileobj_id = f.id ORDER BY f.id, o.resource_id`,
        [],
      ),
    async *ofResources(first, last) {
      if (owners.length === 0) return;
      yield* read(
        database,
        `SELECT ${columns}, o.place, o.resource_id, o.resource_name FROM public.fileobj f JOIN (${owned(owners, 'AND w.resource_id BETWEEN ? AND ?')}) o ON o.fileobj_id = f.id ORDER BY f.id, o.resource_id`,
        [first, last],
      );
    },
  };
}

/** A file that two columns of one resource name counts once, under the first of them (`attachment` before its history). */
function owned(owners: readonly OwnerQuery[], condition: string): string {
  return [
    'SELECT w.fileobj_id, r.id AS resource_id, r.display_name AS resource_name, MIN(w.place) AS place',
    `FROM (${owners.join(' UNION ALL ')}) w JOIN public.resource r ON r.id = w.resource_id`,
    `WHERE r.id >= 0 ${condition} GROUP BY 1, 2, 3`,
  ].join(' ');
}

async function* read(
  database: DatabaseReader,
  sql: string,
  parameters: readonly number[],
): AsyncGenerator<FileRow, void, undefined> {
  for await (const row of database.query(sql, parameters)) yield toFile(row);
}

function toFile(row: SqlRow): FileRow {
  const size = numberOrNull(row['size']);
  return {
    id: text(row, 'id'),
    component: text(row, 'component'),
    uuid: text(row, 'uuid'),
    role: roles[text(row, 'place')] ?? 'file',
    resourceId: textOrNull(row['resource_id']),
    resourceName: textOrNull(row['resource_name']),
    sizeBytes: size !== null && size > 0 ? size : null,
  };
}
