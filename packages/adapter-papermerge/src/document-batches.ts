// Documents with their versions and the files of these, in batches by id: memory stays flat for any number of documents, and no
// engine needs two open queries at once. References, catalogue and findings are three views of it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseReader, Instance, SqlRow, SqlValue } from '@dms-backup/core';
import { numberOrNull, rootOf, text, textOrNull } from '@dms-backup/core/adapter-kit';
import { identifier, numberedPath, versionPath, type PlacedFile } from './file-names.ts';
import { integerVersions } from './integer-versions.ts';
import { append, collect, columnOr, within, type IdRange, type NodeTables } from './node-tables.ts';

/**
 * Documents per batch: a few megabytes in memory. 3.3 and later have no index on the foreign keys, so that each batch reads
 * versions and pages as a whole.
 */
const batchSize = 2000;

/** A version as the product counts it. */
export interface VersionFile {
  readonly id: string;
  readonly number: number | null;
  readonly label: string | null;
  /** Null: this version never had a file. */
  readonly file: PlacedFile | null;
  /**
   * `essential`: the product has stored a file. `derived`: nobody can tell whether it has (a row of OCR or of a page operation
   * says 0 bytes), and there is none.
   */
  readonly class: 'essential' | 'derived';
  /** Null when the row says nothing that can be compared. */
  readonly sizeBytes: number | null;
  /** Why there is no file to expect. */
  readonly without: 'never-uploaded' | null;
}

export interface NodeDocument {
  readonly id: string;
  readonly title: string;
  readonly row: SqlRow;
  /** Oldest first. */
  readonly versions: readonly VersionFile[];
}

export interface Batch {
  readonly documents: readonly NodeDocument[];
  readonly range: IdRange;
}

/** Batches of documents in the order of their ids. */
export async function* documentBatches(
  database: DatabaseReader,
  tables: NodeTables,
  instance: Instance,
): AsyncGenerator<Batch, void, undefined> {
  const media = rootOf(instance, 'media')?.directory ?? null;
  const select = selectDocuments(database, tables);
  for (let after: SqlValue = null; ;) {
    const where: string = after === null ? '' : 'WHERE n."id" > ?';
    const rows: SqlRow[] = await collect(
      database,
      `${select} ${where} ORDER BY n."id" LIMIT ${batchSize}`,
      after === null ? [] : [after],
    );
    const last: SqlValue | undefined = rows.at(-1)?.['id'];
    if (last === undefined) return;
    const range = { after, last };
    const versions = await readVersions(database, tables, range);
    yield {
      range,
      documents: rows.map((row) => ({
        id: identifier(row['id']),
        title: text(row, 'title'),
        row,
        versions:
          tables.versions === null
            ? integerVersions(row, media)
            : rowVersions(tables, row, versions.get(identifier(row['id'])) ?? [], media),
      })),
    };
    after = last;
  }
}

function selectDocuments(database: DatabaseReader, tables: NodeTables): string {
  const node = ['user_id', 'group_id', 'lang', 'created_at', 'updated_at', 'deleted_at'].map(
    (name) => columnOr(database, tables.nodes, 'n', name),
  );
  const document = [
    'file_name',
    'size',
    'version',
    'page_count',
    'notes',
    'ocr_status',
    'document_type_id',
  ].map((name) => columnOr(database, tables.documents, 'd', name));
  return [
    `SELECT n."id", n."title", n."parent_id", ${[...node, ...document].join(', ')}`,
    `FROM "${tables.nodes}" n INNER JOIN "${tables.documents}" d ON d."${tables.documentKey}" = n."id"`,
  ].join(' ');
}

async function readVersions(
  database: DatabaseReader,
  { versions: table }: NodeTables,
  range: IdRange,
): Promise<Map<string, SqlRow[]>> {
  const found = new Map<string, SqlRow[]>();
  if (table === null) return found;
  const [condition, parameters] = within('v."document_id"', range);
  const columns = ['page_count', 'short_description', 'lang'].map((name) =>
    columnOr(database, table, 'v', name),
  );
  const sql = `SELECT v."id", v."document_id", v."number", v."file_name", v."size", ${columns.join(', ')} FROM "${table}" v WHERE ${condition} ORDER BY v."document_id", v."number", v."id"`;
  for await (const row of database.query(sql, parameters)) {
    append(found, identifier(row['document_id']), row);
  }
  return found;
}

/** 2.1 and later: a row per version. */
function rowVersions(
  tables: NodeTables,
  document: SqlRow,
  rows: readonly SqlRow[],
  media: string | null,
): VersionFile[] {
  const versions = rows.map((row) => rowVersion(tables, document, row, media));
  if (tables.generation !== '2.1') return versions;
  // A second upload of 2.1 makes a second row with the same number and writes over the file: no size is certain then.
  const paths = versions.map(({ file }) => file?.path);
  return versions.map((version, index) =>
    version.file !== null &&
    paths.some((path, other) => other !== index && path === version.file?.path)
      ? { ...version, sizeBytes: null, class: 'essential' }
      : version,
  );
}

/** `size` is 0 for the output of OCR and of page operations; `page_count` is 0, too, when nothing was ever uploaded. */
function rowVersion(
  { generation }: NodeTables,
  document: SqlRow,
  row: SqlRow,
  media: string | null,
): VersionFile {
  const id = identifier(row['id']);
  const name = textOrNull(row['file_name']);
  const size = numberOrNull(row['size']) ?? 0;
  const file =
    generation === '2.1'
      ? numberedPath(
          identifier(document['user_id']),
          identifier(document['id']),
          text(row, 'number'),
          name ?? '',
        )
      : versionPath(id, name ?? '');
  const common = {
    id,
    number: numberOrNull(row['number']),
    label: textOrNull(row['short_description']) || null,
    without: null,
  };
  if (size > 0) return { ...common, file, class: 'essential', sizeBytes: Math.trunc(size) };
  if (name !== null && file.inside && media !== null && existsSync(join(media, file.path))) {
    return { ...common, file, class: 'essential', sizeBytes: null };
  }
  return name === null || (numberOrNull(row['page_count']) ?? 0) === 0
    ? { ...common, file: null, class: 'derived', sizeBytes: null, without: 'never-uploaded' }
    : { ...common, file, class: 'derived', sizeBytes: null };
}
