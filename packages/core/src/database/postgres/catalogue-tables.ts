// Tables in engine-neutral words: columns in stored order, primary key in the order of the key. Tables of an extension are among
// them where the extension itself says that users keep rows in them (pg_extension_config_dump): what pg_dump asks, too.

import type { Column, Table } from '../engine.ts';
import { notOfExtension, ownSchema, type CatalogueReader } from './definitions/reader.ts';
import { quoteQualified } from './identifiers.ts';
import { limitsOf, logicalTypeOf } from './types.ts';

interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly primaryKey: string[];
  readonly extension: string | null;
  /** A condition in SQL for the rows that are not the extension's; empty: all of them. */
  readonly ownRows: string | null;
}

interface ColumnFacts {
  readonly table: number;
  readonly name: string;
  readonly declaredType: string;
  readonly isNullable: boolean;
  readonly generated: string;
  readonly typeName: string;
  readonly isBuiltIn: boolean;
  readonly modifier: number;
}

/** Tables that hold rows: ordinary ones and partitions, not the partitioned tables themselves. */
export async function readTables(reader: CatalogueReader): Promise<Table[]> {
  const where = `relkind = 'r' AND relpersistence <> 't' AND ${ownSchema('n.nspname')}
      AND (${notOfExtension('pg_class', 'c.oid')} OR ${isConfiguration('c.oid')})`;
  const tables = await reader.rows<TableFacts>(
    `SELECT c.oid, nspname AS schema, relname AS name,
       ARRAY(SELECT a.attname::text FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS part(number, position)
         JOIN pg_attribute a ON a.attnum = part.number
         WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attrelid = c.oid ORDER BY position) AS "primaryKey",
       (SELECT extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension,
       (SELECT extcondition[array_position(extconfig, c.oid)] FROM pg_extension WHERE c.oid = ANY (extconfig)) AS "ownRows"
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${where} ORDER BY nspname, relname`,
  );
  const columns = Map.groupBy(
    await reader.rows<ColumnFacts>(
      `WITH RECURSIVE base(type, oid, modifier, isnotnull) AS (
         SELECT oid, oid, -1, false FROM pg_type WHERE typtype <> 'd'
         UNION ALL
         SELECT d.oid, b.oid, CASE WHEN d.typtypmod <> -1 THEN d.typtypmod ELSE b.modifier END, d.typnotnull OR b.isnotnull
         FROM pg_type d JOIN base b ON b.type = d.typbasetype WHERE d.typtype = 'd'
       )
       SELECT attrelid AS table, attname AS name, format_type(atttypid, atttypmod) AS "declaredType",
         NOT (attnotnull OR b.isnotnull) AS "isNullable", attgenerated AS generated, t.typname AS "typeName",
         t.typnamespace = 'pg_catalog'::regnamespace AS "isBuiltIn",
         CASE WHEN atttypmod <> -1 THEN atttypmod ELSE b.modifier END AS modifier
       FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
       JOIN base b ON b.type = atttypid JOIN pg_type t ON t.oid = b.oid
       WHERE attnum > 0 AND NOT attisdropped AND ${where} ORDER BY attrelid, attnum`,
    ),
    ({ table }) => table,
  );
  const found: Table[] = [];
  for (const { oid, schema, name, primaryKey, extension, ownRows } of tables) {
    const table = { schema, name, columns: (columns.get(oid) ?? []).map(column), primaryKey };
    if (extension === null) found.push(table);
    else {
      const has = await hasRows(reader, table, ownRows ?? '');
      found.push({ ...table, extension: { name: extension, ownRows: has } });
    }
  }
  return found;
}

/** Condition: an extension says that users keep rows in the table. */
export function isConfiguration(oid: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE ${oid} = ANY (x.extconfig))`;
}

async function hasRows(
  reader: CatalogueReader,
  { schema, name }: Table,
  condition: string,
): Promise<boolean> {
  const [row] = await reader.rows<{ has: boolean }>(
    `SELECT EXISTS (SELECT FROM ONLY ${quoteQualified(schema ?? '', name)} ${condition}) AS has`,
  );
  return row?.has ?? false;
}

function column(row: ColumnFacts): Column {
  const facts = { name: row.typeName, isBuiltIn: row.isBuiltIn, modifier: row.modifier };
  const limits = limitsOf(facts);
  return {
    name: row.name,
    logicalType: logicalTypeOf(facts),
    declaredType: row.declaredType,
    nullable: row.isNullable,
    ...(row.generated !== '' && { generated: row.generated === 's' ? 'stored' : 'virtual' }),
    ...(limits && { limits }),
  };
}
