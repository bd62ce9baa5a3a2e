// Primary keys, unique and exclusion constraints, foreign keys, and indexes with what hangs on them.

import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { columnAlterations, type ColumnRow } from './columns.ts';
import { notOfExtension, ownSchema, unsupported } from './reader.ts';
import type { CatalogueReader, DefinedObject } from './reader.ts';
import { relationOptions } from './tables.ts';

interface IndexRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly tableSchema: string;
  readonly table: string;
  readonly tableKind: string;
  readonly sql: string;
  readonly isValid: boolean;
  readonly isClustered: boolean;
  readonly isReplicaIdentity: boolean;
  readonly options: [string, string][];
  readonly constraintOid: number | null;
  readonly constraintName: string | null;
  readonly constraint: string | null;
  readonly isExclusion: boolean;
  readonly parentOid: number | null;
  readonly parentSchema: string | null;
  readonly parent: string | null;
  readonly parentConstraintOid: number | null;
}

/** Indexes, and the constraints that are made with them. Throws `database-unsupported` for an invalid index. */
export async function readIndexes(
  reader: CatalogueReader,
  columns: ReadonlyMap<number, readonly ColumnRow[]>,
): Promise<DefinedObject[]> {
  const rows = await reader.rows<IndexRow>(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, tn.nspname AS "tableSchema", t.relname AS table, t.relkind AS "tableKind",
       pg_get_indexdef(c.oid) AS sql, indisvalid AND indisready AS "isValid", indisclustered AS "isClustered",
       indisreplident AS "isReplicaIdentity",
       (SELECT coalesce(json_agg(json_build_array(option_name, option_value)), '[]') FROM pg_options_to_table(c.reloptions)) AS options,
       k.oid AS "constraintOid", k.conname AS "constraintName", pg_get_constraintdef(k.oid) AS constraint,
       coalesce(k.contype = 'x', false) AS "isExclusion",
       p.oid AS "parentOid", pn.nspname AS "parentSchema", p.relname AS parent,
       (SELECT pk.oid FROM pg_constraint pk WHERE pk.conindid = p.oid AND pk.contype IN ('p', 'u', 'x')) AS "parentConstraintOid"
     FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_class t ON t.oid = indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
     LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
     LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent
     LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
     WHERE ${ownSchema('tn.nspname')} AND ${notOfExtension('pg_class', 't.oid')} AND t.relpersistence <> 't'`,
  );
  return rows.flatMap((row): DefinedObject[] => {
    // The index of a partitioned table is invalid as long as a partition lacks it: that is kept.
    if (!row.isValid && row.tableKind !== 'p') {
      throw unsupported(
        'invalid index',
        `${row.schema}.${row.name}`,
        'An earlier CREATE INDEX CONCURRENTLY failed. Drop the index, or repair it with REINDEX INDEX.',
      );
    }
    // PostgreSQL cannot attach indexes of exclusion constraints (CompareIndexInfo): the parent's constraint makes them.
    if (row.isExclusion && row.parent !== null) return [];
    const object = indexObject(row, columns.get(row.oid) ?? []);
    if (row.parentSchema === null || row.parent === null) return [object];
    const parentKey =
      row.parentConstraintOid === null
        ? `pg_class:${row.parentOid}`
        : `pg_constraint:${row.parentConstraintOid}`;
    return [
      object,
      {
        key: `${object.key} partition`,
        requires: [object.key, parentKey],
        when: 'after',
        definition: {
          kind: 'index partition',
          schema: row.schema,
          name: row.name,
          table: row.table,
          sql: `ALTER INDEX ${quoteQualified(row.parentSchema, row.parent)} ATTACH PARTITION ${quoteQualified(row.schema, row.name)}`,
        },
      },
    ];
  });
}

function indexObject(row: IndexRow, columns: readonly ColumnRow[]): DefinedObject {
  const { schema, name } = row;
  const table = quoteQualified(row.tableSchema, row.table);
  const index = quoteQualified(schema, name);
  const isConstraint = row.constraintName !== null;
  const statements = [
    row.constraintName === null
      ? row.sql
      : `ALTER TABLE ${row.isExclusion && row.tableKind === 'p' ? '' : 'ONLY '}${table} ADD CONSTRAINT ${quoteIdentifier(row.constraintName)} ${row.constraint}`,
    // pg_get_constraintdef leaves them out, pg_get_indexdef does not
    ...(isConstraint && row.options.length > 0
      ? [`ALTER INDEX ${index} SET (${relationOptions(row.options)})`]
      : []),
    ...columns
      .filter(({ statistics }) => statistics !== null)
      .flatMap((column) =>
        columnAlterations({ ...column, storage: null, compression: null, options: null }).map(
          (alteration) =>
            `ALTER INDEX ${index} ${alteration.replace(quoteIdentifier(column.name), String(column.number))}`,
        ),
      ),
    ...(row.isClustered ? [`ALTER TABLE ${table} CLUSTER ON ${quoteIdentifier(name)}`] : []),
    ...(row.isReplicaIdentity
      ? [`ALTER TABLE ONLY ${table} REPLICA IDENTITY USING INDEX ${quoteIdentifier(name)}`]
      : []),
  ];
  return {
    key: isConstraint ? `pg_constraint:${row.constraintOid}` : `pg_class:${row.oid}`,
    when: 'after',
    definition: {
      kind: isConstraint ? 'constraint' : 'index',
      schema,
      name: row.constraintName ?? name,
      table: row.table,
      sql: statements.join(';\n'),
    },
  };
}

/** Foreign keys. Those of partitions come with the key of the parent, except keys that the partition has of its own. */
export async function readForeignKeys(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    table: string;
    name: string;
    isPartitioned: boolean;
    definition: string;
  }>(
    `SELECT 'pg_constraint:' || k.oid AS key, nspname AS schema, relname AS table, conname AS name, relkind = 'p' AS "isPartitioned",
       pg_get_constraintdef(k.oid) AS definition
     FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace
     WHERE contype = 'f' AND conparentid = 0 AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}
       AND relpersistence <> 't'`,
  );
  return rows.map(({ key, schema, table, name, isPartitioned, definition }) => ({
    key,
    when: 'after',
    definition: {
      kind: 'foreign key',
      schema,
      name,
      table,
      sql: `ALTER TABLE ${isPartitioned ? '' : 'ONLY '}${quoteQualified(schema, table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`,
    },
  }));
}
