// Faults of rows that no file can show: layers whose table is not there, tables that no layer owns, files that never could be
// found. Product facts: fact sheet sections 4.3, 4.4 and 5.

import type { DatabaseReader, RowFinding } from '@dms-backup/core';
import { text } from '@dms-backup/core/adapter-kit';
import { hasFiles, hasResources } from './file-rows.ts';
import { hasUsableName } from './file-objects.ts';

/** Member `inspectRows` of the adapter. */
export async function* inspectRows(
  database: DatabaseReader,
): AsyncGenerator<RowFinding, void, undefined> {
  if (hasResources(database) && database.has('public.vector_layer', 'id', 'tbl_uuid')) {
    yield* inspectLayers(database);
    yield* inspectFields(database);
  }
  if (hasFiles(database)) yield* inspectFiles(database);
}

type Document = Pick<RowFinding, 'documentId' | 'documentTitle'>;
const noDocument: Document = { documentId: null, documentTitle: null };

async function* inspectLayers(database: DatabaseReader): AsyncGenerator<RowFinding> {
  const tables = new Set(
    database.schema.tables.flatMap(({ schema, name }) => (schema === 'vector_layer' ? [name] : [])),
  );
  const orphans = new Set(
    [...tables].filter((name) => /^layer_[0-9a-f]{32}(?:_[eh])?$/.test(name)),
  );
  const history = database.has('public.feature_layer_vmeta', 'resource_id');
  const sql = [
    'SELECT v.id, v.tbl_uuid, r.display_name,',
    history ? 'm.resource_id IS NOT NULL AS "versioned"' : 'FALSE AS "versioned"',
    'FROM public.vector_layer v JOIN public.resource r ON r.id = v.id',
    ...(history ? ['LEFT JOIN public.feature_layer_vmeta m ON m.resource_id = v.id'] : []),
    'WHERE r.id >= 0 ORDER BY v.id',
  ].join(' ');
  for await (const row of database.query(sql)) {
    const document = { documentId: text(row, 'id'), documentTitle: text(row, 'display_name') };
    const name = `layer_${text(row, 'tbl_uuid')}`;
    const needed = row['versioned'] === true ? [name, `${name}_e`, `${name}_h`] : [name];
    for (const table of [name, `${name}_e`, `${name}_h`]) orphans.delete(table);
    for (const table of needed.filter((each) => !tables.has(each))) {
      yield finding('error', 'missing-table', document, `there is no table vector_layer.${table}`);
    }
  }
  for (const name of orphans) {
    const says = `no layer owns the table vector_layer.${name}; it is backed up like the others`;
    yield finding('info', 'orphan-table', noDocument, says);
  }
}

/** Each field of a layer is a column `fld_<uuid>` of its table. */
async function* inspectFields(database: DatabaseReader): AsyncGenerator<RowFinding> {
  if (!database.has('public.layer_field_vector_layer', 'id', 'fld_uuid')) return;
  if (!database.has('public.layer_field', 'id', 'layer_id', 'keyname')) return;
  const sql = [
    'SELECT v.id, v.tbl_uuid, r.display_name, f.keyname, l.fld_uuid',
    'FROM public.layer_field_vector_layer l JOIN public.layer_field f ON f.id = l.id',
    'JOIN public.vector_layer v ON v.id = f.layer_id JOIN public.resource r ON r.id = v.id',
    'WHERE r.id >= 0 ORDER BY f.id',
  ].join(' ');
  for await (const row of database.query(sql)) {
    const table = `vector_layer.layer_${text(row, 'tbl_uuid')}`;
    const column = `fld_${text(row, 'fld_uuid')}`;
    if (!database.has(table) || database.has(table, column)) continue;
    const document = { documentId: text(row, 'id'), documentTitle: text(row, 'display_name') };
    const says = `field '${text(row, 'keyname')}' has no column ${column} in ${table}`;
    yield finding('error', 'missing-column', document, says);
  }
}

async function* inspectFiles(database: DatabaseReader): AsyncGenerator<RowFinding> {
  const size = database.has('public.fileobj', 'size') ? 'size' : 'NULL';
  const sql = `SELECT id, component, uuid, ${size} AS size FROM public.fileobj WHERE uuid !~ '^[0-9a-f]{32}$' OR component !~ '^[a-z][a-z0-9_]*$' ORDER BY id`;
  for await (const row of database.query(sql)) {
    const name = { component: text(row, 'component'), uuid: text(row, 'uuid') };
    const says = hasUsableName(name)
      ? `row ${text(row, 'id')} of fileobj has an unusual component or uuid`
      : `row ${text(row, 'id')} of fileobj can be the name of no file`;
    yield finding(
      hasUsableName(name) ? 'warning' : 'error',
      hasUsableName(name) ? 'unusual-name' : 'unsafe-name',
      noDocument,
      says,
    );
  }
}

function finding(
  level: RowFinding['level'],
  reason: string,
  document: Document,
  says: string,
): RowFinding {
  return { level, reason, ...document, path: null, text: says };
}
