// OCR results, thumbnails and previews of the documents of a batch. Healthy instances lack any of them (OCR off or pending, images
// made on demand), so only those that are on the disk count: looking there is the only way to know. What is found belongs to
// its document; the rest of these trees belongs to documents that are gone.

import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseReader } from '@dms-backup/core';
import { text } from '@dms-backup/core/adapter-kit';
import type { Batch } from './document-batches.ts';
import { identifier, place } from './file-names.ts';
import { append, within, type IdRange, type NodeTables } from './node-tables.ts';

export interface DerivedFile {
  /** Relative to the media root. */
  readonly path: string;
  readonly role: 'ocr' | 'thumbnail' | 'preview';
}

/** Deepest tree of the product: `results/user_1/document_1/v1/pages/page_1/100/`, counted from the document. */
const maxDepth = 5;

/** By document id, in the order of the paths. */
export async function readDerivedFiles(
  database: DatabaseReader,
  tables: NodeTables,
  { documents, range }: Batch,
  media: string,
): Promise<ReadonlyMap<string, readonly DerivedFile[]>> {
  const found = new Map<string, DerivedFile[]>();
  const add = (id: string, role: DerivedFile['role'], directory: string | null): void => {
    if (directory === null) return;
    for (const path of filesBelow(media, directory, maxDepth)) append(found, id, { path, role });
  };
  if (tables.generation === '1.x-2.0' || tables.generation === '2.1') {
    const top = tables.generation === '2.1' ? 'sidecars' : 'results';
    for (const { id, row } of documents) {
      const user = identifier(row['user_id']);
      add(id, 'ocr', directoryOf(top, [`user_${user}`, `document_${id}`]));
    }
    return found;
  }
  for (const { id } of documents) add(id, 'thumbnail', byIdentifier('thumbnails/jpg', id));
  for (const { page, document } of await readPages(database, tables, range)) {
    add(document, 'ocr', byIdentifier('ocr/pages', page));
    add(document, 'thumbnail', byIdentifier('thumbnails/jpg', page));
    add(document, 'preview', byIdentifier('previews/pages', page));
  }
  return found;
}

/** papermerge/core/pathlib.py, page_path, thumbnail_path, page_preview_jpg_path. */
function byIdentifier(directory: string, id: string): string | null {
  return directoryOf(directory, [id.slice(0, 2), id.slice(2, 4), id]);
}

function directoryOf(directory: string, parts: readonly string[]): string | null {
  const { path, inside } = place(directory, parts);
  return inside ? path : null;
}

async function readPages(
  database: DatabaseReader,
  { generation, versions }: NodeTables,
  range: IdRange,
): Promise<{ page: string; document: string }[]> {
  const table = generation === '3.3+' ? 'pages' : 'core_page';
  if (versions === null || !database.has(table, 'id', 'document_version_id')) return [];
  const [condition, parameters] = within('v."document_id"', range);
  const sql = `SELECT p."id", v."document_id" FROM "${table}" p INNER JOIN "${versions}" v ON v."id" = p."document_version_id" WHERE ${condition} ORDER BY v."document_id", p."id"`;
  const pages: { page: string; document: string }[] = [];
  for await (const row of database.query(sql, parameters)) {
    const document = identifier(row['document_id']);
    if (text(row, 'id') !== '') pages.push({ page: identifier(row['id']), document });
  }
  return pages;
}

/** Regular files below a directory, sorted. Names that are no UTF-8 cannot be said in a path and are left to the walk of core. */
function filesBelow(media: string, directory: string, depth: number): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(media, directory), { withFileTypes: true });
  } catch {
    return []; // not there, or not readable: the walk of core reports that
  }
  return entries
    .filter(({ name }) => !name.includes('\u{FFFD}'))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      if (entry.isFile()) return [path];
      return entry.isDirectory() && depth > 0 ? filesBelow(media, path, depth - 1) : [];
    });
}
