// Columns of tables as the catalogue has them, and how they are written.

import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { notOfExtension, ownSchema, type CatalogueReader } from './reader.ts';
import { sequenceOptions, type SequenceRow } from './sequences.ts';

export interface ColumnRow {
  readonly table: number;
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly collation: [string, string] | null;
  readonly isNotNull: boolean;
  /** PostgreSQL 18: the constraint behind it, and its name unless it is the usual one. */
  readonly notNullOid: number | null;
  readonly notNullName: string | null;
  readonly notNullIsLocal: boolean;
  readonly notNullIsValid: boolean;
  readonly notNullStaysHere: boolean;
  readonly isLocal: boolean;
  readonly parents: number;
  /** '' for none, s: stored, v: virtual. */
  readonly generated: string;
  readonly identity: string;
  readonly defaultOid: number | null;
  readonly defaultValue: string | null;
  /** Null when it is that of the type. */
  readonly storage: string | null;
  readonly compression: string | null;
  readonly statistics: number | null;
  readonly options: [string, string][] | null;
}

/**
 * Columns of ordinary and partitioned tables, views and indexes, in stored order; dropped ones are not there. The option `pg_attver`
 * is the server's own mark (seen in PostgreSQL 15.20, whose pg_dump leaves it out, too) and cannot be set.
 */
export async function readColumns(
  reader: CatalogueReader,
): Promise<ReadonlyMap<number, readonly ColumnRow[]>> {
  const { version } = reader;
  const named = version >= 180_000;
  const rows = await reader.rows<ColumnRow>(
    `SELECT attrelid AS table, attnum AS number, attname AS name, format_type(atttypid, atttypmod) AS type,
       (SELECT json_build_array(cn.nspname, co.collname) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
        WHERE co.oid = attcollation AND attcollation <> t.typcollation) AS collation,
       attnotnull ${named ? 'OR nn.oid IS NOT NULL' : ''} AS "isNotNull",
       ${named ? 'nn.oid' : 'NULL'} AS "notNullOid",
       ${named ? `CASE WHEN nn.conname <> c.relname || '_' || attname || '_not_null' THEN nn.conname END` : 'NULL'} AS "notNullName",
       ${named ? 'coalesce(nn.conislocal, true)' : 'true'} AS "notNullIsLocal",
       ${named ? 'coalesce(nn.convalidated, true)' : 'true'} AS "notNullIsValid",
       ${named ? 'coalesce(nn.connoinherit, false)' : 'false'} AS "notNullStaysHere",
       attislocal AS "isLocal", attinhcount AS parents, attgenerated AS generated, attidentity AS identity,
       d.oid AS "defaultOid", pg_get_expr(d.adbin, d.adrelid) AS "defaultValue",
       CASE WHEN attstorage <> t.typstorage THEN
         CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END AS storage,
       ${version < 140_000 ? 'NULL' : `CASE attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END`} AS compression,
       nullif(attstattarget, -1) AS statistics,
       (SELECT json_agg(json_build_array(option_name, option_value)) FROM pg_options_to_table(attoptions)
        WHERE option_name <> 'pg_attver') AS options
     FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
     JOIN pg_type t ON t.oid = atttypid
     LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
     ${named ? `LEFT JOIN pg_constraint nn ON nn.conrelid = attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[attnum]` : ''}
     WHERE relkind IN ('r', 'p', 'v', 'm', 'i', 'I') AND attnum > 0 AND NOT attisdropped
       AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}
     ORDER BY attrelid, attnum`,
  );
  return Map.groupBy(rows, ({ table }) => table);
}

/**
 * True when an expression may stand inside the definition of its table or type: it uses nothing but types, collations, sequences
 * and what extensions bring. Functions may need the table, so expressions that call them come later.
 */
export function isSelfContained(reader: CatalogueReader, key: string, owner: string): boolean {
  return reader.dependencies
    .of(key)
    .every(
      (other) =>
        other === owner ||
        /^pg_(type|collation|extension|namespace):/.test(other) ||
        reader.dependencies.isSequence(other),
    );
}

export function collate(collation: readonly [string, string] | null): string {
  return collation === null ? '' : ` COLLATE ${quoteQualified(...collation)}`;
}

/** `NOT NULL`, with the name of the constraint where it is not the usual one. Empty when the column allows nulls. */
export function notNullClause(column: ColumnRow): string {
  if (!column.isNotNull || !column.notNullIsValid) return '';
  const name =
    column.notNullName === null ? '' : `CONSTRAINT ${quoteIdentifier(column.notNullName)} `;
  return ` ${name}NOT NULL${column.notNullStaysHere ? ' NO INHERIT' : ''}`;
}

/** The same as a constraint of the table: for inherited columns, and for constraints that rows may break. */
export function notNullConstraint(column: ColumnRow): string {
  const name =
    column.notNullName === null ? '' : `CONSTRAINT ${quoteIdentifier(column.notNullName)} `;
  return `${name}NOT NULL ${quoteIdentifier(column.name)}${column.notNullStaysHere ? ' NO INHERIT' : ''}`;
}

/** DEFAULT, GENERATED or identity. The default is left out when `isInline` is false. */
export function valueClause(
  column: ColumnRow,
  sequence: SequenceRow | undefined,
  isInline: boolean,
): string {
  if (sequence) {
    const when = column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT';
    const name = quoteQualified(sequence.schema, sequence.name);
    return ` GENERATED ${when} AS IDENTITY (SEQUENCE NAME ${name} ${sequenceOptions(sequence)})`;
  }
  if (column.defaultValue === null) return '';
  if (column.generated !== '') {
    const kind = column.generated === 's' ? 'STORED' : 'VIRTUAL';
    return ` GENERATED ALWAYS AS (${column.defaultValue}) ${kind}`;
  }
  return isInline ? ` DEFAULT ${column.defaultValue}` : '';
}

/** `ALTER COLUMN ...` clauses for what CREATE TABLE does not take in all versions. */
export function columnAlterations(column: ColumnRow): string[] {
  const { storage, compression, statistics, options } = column;
  const name = quoteIdentifier(column.name);
  return [
    ...(storage === null ? [] : [`ALTER COLUMN ${name} SET STORAGE ${storage}`]),
    ...(compression === null ? [] : [`ALTER COLUMN ${name} SET COMPRESSION ${compression}`]),
    ...(statistics === null ? [] : [`ALTER COLUMN ${name} SET STATISTICS ${statistics}`]),
    ...(options === null
      ? []
      : [
          `ALTER COLUMN ${name} SET (${options.map(([key, value]) => `${quoteIdentifier(key)}=${value}`).join(', ')})`,
        ]),
  ];
}
