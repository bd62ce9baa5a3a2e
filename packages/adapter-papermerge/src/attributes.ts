// What hangs on documents: tags, and the values of custom fields (3.3 and later) or metadata (1.3 - 2.0), for one batch.

import type { DatabaseReader, EngineName, SqlRow } from '@dms-backup/core';
import { numberOrNull, text, textOrNull, timestampText } from '@dms-backup/core/adapter-kit';
import { identifier } from './file-names.ts';
import { append, within, type IdRange, type NodeTables } from './node-tables.ts';
import type { Names } from './owners.ts';

export type Scalar = string | number | boolean | null;
/** By document id. */
export type TagsOfDocuments = ReadonlyMap<string, readonly string[]>;
export type ValuesOfDocuments = ReadonlyMap<string, readonly (readonly [string, Scalar])[]>;

/**
 * A name may come twice: where two users own a tag of one name, 3.x attaches both. Until 2.0 ids of folders, documents and
 * automates overlap, so the content type decides.
 */
export async function readTags(
  database: DatabaseReader,
  { generation }: NodeTables,
  names: Names,
  range: IdRange,
): Promise<TagsOfDocuments> {
  const found = new Map<string, string[]>();
  const sql = tagQuery(database, generation === '3.3+', range);
  if (sql === null) return found;
  for await (const row of database.query(sql[0], sql[1])) {
    const name = names.get(identifier(row['tag_id']));
    if (name !== undefined) append(found, identifier(row['node_id']), name);
  }
  return found;
}

function tagQuery(
  database: DatabaseReader,
  isSqlAlchemy: boolean,
  range: IdRange,
): ReturnType<typeof within> | null {
  if (isSqlAlchemy) {
    if (!database.has('nodes_tags', 'node_id', 'tag_id')) return null;
    const [condition, parameters] = within('"node_id"', range);
    return [`SELECT "node_id", "tag_id" FROM "nodes_tags" WHERE ${condition}`, parameters];
  }
  const isThere =
    database.has('core_coloredtag', 'object_id', 'tag_id', 'content_type_id') &&
    database.has('django_content_type', 'id', 'app_label', 'model');
  if (!isThere) return null;
  const [condition, parameters] = within('c."object_id"', range);
  const sql = [
    'SELECT c."object_id" AS "node_id", c."tag_id" FROM "core_coloredtag" c',
    'INNER JOIN "django_content_type" t ON t."id" = c."content_type_id"',
    `WHERE t."app_label" = 'core' AND t."model" IN ('document', 'basetreenode') AND ${condition}`,
  ].join(' ');
  return [sql, parameters];
}

/** Custom fields as `field.NAME`, metadata as `metadata.KEY`, in the order of their names. */
export async function readValues(
  database: DatabaseReader,
  { generation }: NodeTables,
  range: IdRange,
): Promise<ValuesOfDocuments> {
  const found = new Map<string, (readonly [string, Scalar])[]>();
  const query =
    generation === '3.3+'
      ? fieldQuery(database, range)
      : generation === '1.x-2.0'
        ? metadataQuery(database, range)
        : null;
  if (query === null) return found;
  const prefix = generation === '3.3+' ? 'field' : 'metadata';
  for await (const row of database.query(query[0], query[1])) {
    const name = text(row, 'name');
    if (name === '') continue;
    append(found, identifier(row['document_id']), [
      `${prefix}.${name}`,
      prefix === 'field' ? fieldValue(database.engine, row) : textOrNull(row['value']),
    ]);
  }
  return found;
}

/** One `value_<type>` is filled (3.3 - 3.5); in 3.6 `value` holds JSON, and the columns beside it are computed from it. */
const valueColumns = [
  'value',
  'value_text',
  'value_boolean',
  'value_date',
  'value_int',
  'value_float',
  'value_monetary',
  'value_yearmonth',
];

function fieldQuery(database: DatabaseReader, range: IdRange): ReturnType<typeof within> | null {
  const table = 'custom_field_values';
  if (
    !database.has(table, 'document_id', 'field_id') ||
    !database.has('custom_fields', 'id', 'name')
  )
    return null;
  const columns = valueColumns
    .filter((name) => database.has(table, name))
    .map((name) => `, v."${name}"`);
  const [condition, parameters] = within('v."document_id"', range);
  const sql = `SELECT v."document_id", f."name"${columns.join('')} FROM "${table}" v INNER JOIN "custom_fields" f ON f."id" = v."field_id" WHERE ${condition} ORDER BY f."name", v."id"`;
  return [sql, parameters];
}

function fieldValue(engine: EngineName, row: SqlRow): Scalar {
  if (row['value'] !== undefined) return rawOf(textOrNull(row['value']));
  const column = valueColumns.find((name) => textOrNull(row[name]) !== null);
  const value = column === undefined ? null : (row[column] ?? null);
  if (column === undefined || value === null) return null;
  if (column === 'value_boolean') return value === true || Number(value) === 1;
  if (column === 'value_date') return (timestampText(engine, value) ?? '').slice(0, 10);
  const isNumber = /^value_(?:int|float|yearmonth)$/.test(column);
  return isNumber ? finite(numberOrNull(value)) : textOrNull(value);
}

function finite(value: number | null): Scalar {
  return value === null || Number.isFinite(value) ? value : String(value);
}

/** 3.6, custom fields: `{"raw": ..., "sortable": ..., "metadata": ...}`. */
function rawOf(json: string | null): Scalar {
  if (json === null) return null;
  try {
    const value = JSON.parse(json) as { raw?: unknown } | null;
    const raw = typeof value === 'object' && value !== null && 'raw' in value ? value.raw : value;
    if (raw === null || typeof raw === 'boolean' || typeof raw === 'string') return raw;
    return typeof raw === 'number' ? finite(raw) : JSON.stringify(raw);
  } catch {
    return json;
  }
}

function metadataQuery(database: DatabaseReader, range: IdRange): ReturnType<typeof within> | null {
  const isThere =
    database.has('core_kvstorenode', 'kvstore_ptr_id', 'node_id') &&
    database.has('core_kvstore', 'id', 'key', 'value');
  if (!isThere) return null;
  const [condition, parameters] = within('k."node_id"', range);
  const sql = `SELECT k."node_id" AS "document_id", s."key" AS "name", s."value" FROM "core_kvstorenode" k INNER JOIN "core_kvstore" s ON s."id" = k."kvstore_ptr_id" WHERE ${condition} ORDER BY s."key", s."id"`;
  return [sql, parameters];
}
