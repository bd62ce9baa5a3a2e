// Views, materialized views and rules. A materialized view is made without rows; it is filled at the very end, when it was
// filled in the source.

import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { columnAlterations, type ColumnRow } from './columns.ts';
import { notOfExtension, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';
import { relationOptions } from './tables.ts';

interface ViewRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly isMaterialized: boolean;
  readonly isPopulated: boolean;
  readonly accessMethod: string | null;
  readonly options: [string, string][];
  readonly query: string;
}

export async function readViews(
  reader: CatalogueReader,
  columns: ReadonlyMap<number, readonly ColumnRow[]>,
): Promise<DefinedObject[]> {
  const rows = await reader.rows<ViewRow>(
    `SELECT c.oid, nspname AS schema, relname AS name, relkind = 'm' AS "isMaterialized", relispopulated AS "isPopulated",
       (SELECT amname FROM pg_am am WHERE am.oid = relam AND amname <> 'heap') AS "accessMethod",
       (SELECT coalesce(json_agg(json_build_array(option_name, option_value)), '[]') FROM pg_options_to_table(reloptions)) AS options,
       pg_get_viewdef(c.oid) AS query
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('v', 'm') AND relpersistence <> 't' AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}
     ORDER BY nspname, relname`,
  );
  const materialized = new Set(
    rows.filter((row) => row.isMaterialized && row.isPopulated).map(({ oid }) => `pg_class:${oid}`),
  );
  return rows.flatMap((row): DefinedObject[] => {
    const key = `pg_class:${row.oid}`;
    const objects = [viewObject(row, key, columns.get(row.oid) ?? [])];
    for (const column of columns.get(row.oid) ?? []) {
      if (column.defaultValue === null) continue;
      objects.push({
        key: `pg_attrdef:${column.defaultOid}`,
        requires: [key],
        when: 'after',
        definition: {
          kind: 'default',
          schema: row.schema,
          name: column.name,
          table: row.name,
          sql: `ALTER VIEW ${quoteQualified(row.schema, row.name)} ALTER COLUMN ${quoteIdentifier(column.name)} SET DEFAULT ${column.defaultValue}`,
        },
      });
    }
    if (row.isMaterialized && row.isPopulated) {
      objects.push({
        key: refreshKey(key),
        requires: [
          key,
          ...reachable(reader, key)
            .filter((other) => materialized.has(other))
            .map(refreshKey),
        ],
        when: 'after',
        definition: {
          kind: 'refresh',
          schema: row.schema,
          name: row.name,
          sql: `REFRESH MATERIALIZED VIEW ${quoteQualified(row.schema, row.name)}`,
        },
      });
    }
    return objects;
  });
}

const refreshKey = (key: string): string => `${key} refresh`;

function viewObject(row: ViewRow, key: string, columns: readonly ColumnRow[]): DefinedObject {
  const { schema, name } = row;
  const quoted = quoteQualified(schema, name);
  const query = row.query.replace(/;\s*$/, '');
  const statements = [
    [
      `CREATE ${row.isMaterialized ? 'MATERIALIZED VIEW' : 'VIEW'} ${quoted}`,
      ...(row.accessMethod === null ? [] : [` USING ${quoteIdentifier(row.accessMethod)}`]),
      ...(row.options.length === 0 ? [] : [` WITH (${relationOptions(row.options)})`]),
      ` AS\n${query}`,
      ...(row.isMaterialized ? ['\nWITH NO DATA'] : []),
    ].join(''),
    ...(row.isMaterialized
      ? columns
          .flatMap(columnAlterations)
          .map((alteration) => `ALTER MATERIALIZED VIEW ${quoted} ${alteration}`)
      : []),
  ];
  return {
    key,
    when: 'after',
    definition: {
      kind: row.isMaterialized ? 'materialized view' : 'view',
      schema,
      name,
      sql: statements.join(';\n'),
    },
  };
}

/** All keys that an object needs, directly or by way of others. */
function reachable(reader: CatalogueReader, key: string): string[] {
  const found = new Set<string>();
  const open = [key];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const other of reader.dependencies.of(next)) {
      if (other !== key && !found.has(other)) {
        found.add(other);
        open.push(other);
      }
    }
  }
  return [...found];
}

/** Rules besides the one that makes a view. */
export async function readRules(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    table: string;
    name: string;
    state: string;
    sql: string;
  }>(
    `SELECT 'pg_rewrite:' || r.oid AS key, nspname AS schema, relname AS table, rulename AS name, ev_enabled AS state,
       pg_get_ruledef(r.oid) AS sql
     FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE rulename <> '_RETURN' AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}`,
  );
  return rows.map(({ key, schema, table, name, state, sql }) => ({
    key,
    when: 'after',
    definition: {
      kind: 'rule',
      schema,
      name,
      table,
      sql: [
        sql.replace(/;\s*$/, ''),
        ...enabledState(state).map(
          (word) =>
            `ALTER TABLE ${quoteQualified(schema, table)} ${word} RULE ${quoteIdentifier(name)}`,
        ),
      ].join(';\n'),
    },
  }));
}

/** The words before RULE or TRIGGER for a state of pg_rewrite.ev_enabled or pg_trigger.tgenabled; none for the usual state. */
export function enabledState(state: string): string[] {
  switch (state) {
    case 'D':
      return ['DISABLE'];
    case 'R':
      return ['ENABLE REPLICA'];
    case 'A':
      return ['ENABLE ALWAYS'];
    default:
      return [];
  }
}
