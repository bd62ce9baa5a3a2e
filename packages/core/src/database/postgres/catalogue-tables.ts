// Tables in engine-neutral words: columns in stored order, primary key in the order of the key.

import type { Column, Table } from '../engine.ts';
import { notOfExtension, ownSchema, type CatalogueReader } from './definitions/reader.ts';
import { limitsOf, logicalTypeOf } from './types.ts';

interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly primaryKey: string[];
  readonly extension: string | null;
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

/** A table that an extension made. Its definition comes with the extension; its rows may be the user's. */
export interface ExtensionTable {
  readonly extension: string;
  readonly table: Table;
}

/** Tables that hold rows: ordinary ones and partitions, not the partitioned tables themselves. */
export async function readTables(reader: CatalogueReader): Promise<Table[]> {
  const tables = await read(reader, notOfExtension('pg_class', 'c.oid'));
  return tables.map(({ table }) => table);
}

export async function readExtensionTables(reader: CatalogueReader): Promise<ExtensionTable[]> {
  const tables = await read(reader, `NOT ${notOfExtension('pg_class', 'c.oid')}`);
  return tables.map(({ table, extension }) => ({ table, extension: extension ?? '' }));
}

async function read(
  reader: CatalogueReader,
  condition: string,
): Promise<{ table: Table; extension: string | null }[]> {
  const where = `relkind = 'r' AND relpersistence <> 't' AND ${ownSchema('n.nspname')} AND ${condition}`;
  const tables = await reader.rows<TableFacts>(
    `SELECT c.oid, nspname AS schema, relname AS name,
       ARRAY(SELECT a.attname::text FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS part(number, position)
         JOIN pg_attribute a ON a.attnum = part.number
         WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attrelid = c.oid ORDER BY position) AS "primaryKey",
       (SELECT extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension
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
  return tables.map(({ oid, schema, name, primaryKey, extension }) => ({
    extension,
    table: { schema, name, columns: (columns.get(oid) ?? []).map(column), primaryKey },
  }));
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
