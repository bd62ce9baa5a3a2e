// Sequences: their definitions, owners and state. Sequences of identity columns are written inside their tables.

import type { DatabaseSchema } from '../../engine.ts';
import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { notOfExtension, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';

export interface SequenceRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycle: boolean;
  readonly isUnlogged: boolean;
  /** i: identity column, a: owned by a column, null: free. */
  readonly bond: 'i' | 'a' | null;
  readonly ownerOid: number | null;
  readonly ownerSchema: string | null;
  readonly ownerTable: string | null;
  readonly ownerColumn: string | null;
  readonly ownerNumber: number | null;
  readonly isOwnerUnlogged: boolean;
}

export async function readSequenceRows(reader: CatalogueReader): Promise<SequenceRow[]> {
  return reader.rows<SequenceRow>(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, format_type(seqtypid, NULL) AS type, seqstart AS start,
       seqincrement AS increment, seqmin AS minimum, seqmax AS maximum, seqcache AS cache, seqcycle AS cycle,
       c.relpersistence = 'u' AS "isUnlogged", d.deptype AS bond, t.oid AS "ownerOid", tn.nspname AS "ownerSchema",
       t.relname AS "ownerTable", a.attname AS "ownerColumn", a.attnum AS "ownerNumber",
       coalesce(t.relpersistence = 'u', false) AS "isOwnerUnlogged"
     FROM pg_sequence s JOIN pg_class c ON c.oid = seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
       AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
     LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
     LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     WHERE ${ownSchema('n.nspname')} AND ${notOfExtension('pg_class', 'c.oid')} AND c.relpersistence <> 't'
     ORDER BY n.nspname, c.relname`,
  );
}

/** Everything behind the name, as CREATE SEQUENCE and identity columns take it; the type is only for the former. */
export function sequenceOptions(row: SequenceRow): string {
  return [
    `START WITH ${row.start}`,
    `INCREMENT BY ${row.increment}`,
    `MINVALUE ${row.minimum}`,
    `MAXVALUE ${row.maximum}`,
    `CACHE ${row.cache}`,
    ...(row.cycle ? ['CYCLE'] : []),
  ].join(' ');
}

export function sequenceObjects(rows: readonly SequenceRow[]): DefinedObject[] {
  return rows
    .filter(({ bond }) => bond !== 'i')
    .flatMap((row): DefinedObject[] => {
      const { schema, name } = row;
      const key = `pg_class:${row.oid}`;
      const quoted = quoteQualified(schema, name);
      const sequence: DefinedObject = {
        key,
        when: 'before',
        definition: {
          kind: 'sequence',
          schema,
          name,
          sql: `CREATE ${row.isUnlogged ? 'UNLOGGED ' : ''}SEQUENCE ${quoted} AS ${row.type} ${sequenceOptions(row)}`,
        },
      };
      if (row.ownerOid === null || row.ownerColumn === null) return [sequence];
      const column = `${quoteQualified(row.ownerSchema ?? '', row.ownerTable ?? '')}.${quoteIdentifier(row.ownerColumn)}`;
      return [
        sequence,
        {
          key: `${key} owner`,
          requires: [key, `pg_class:${row.ownerOid}`],
          when: 'before',
          definition: {
            kind: 'sequence owner',
            schema,
            name,
            table: row.ownerTable ?? '',
            sql: `ALTER SEQUENCE ${quoted} OWNED BY ${column}`,
          },
        },
      ];
    });
}

/** Rows in one query: each is a table of its own to the server. */
const batch = 200;

/** Last value and owner of every sequence. Needs the right to SELECT from them. */
export async function readSequenceStates(
  reader: CatalogueReader,
  rows: readonly SequenceRow[],
): Promise<DatabaseSchema['sequences']> {
  const states: DatabaseSchema['sequences'] = [];
  for (let start = 0; start < rows.length; start += batch) {
    const part = rows.slice(start, start + batch);
    const values = await reader.rows<{ position: number; value: string; isCalled: boolean }>(
      `${part
        .map(
          ({ schema, name }, position) =>
            `SELECT ${position} AS position, last_value::text AS value, is_called AS "isCalled" FROM ${quoteQualified(schema, name)}`,
        )
        .join(' UNION ALL ')} ORDER BY position`,
    );
    part.forEach((row, position) => {
      const state = values[position];
      if (state === undefined) return;
      const { ownerSchema, ownerTable, ownerColumn } = row;
      states.push({
        schema: row.schema,
        name: row.name,
        value: state.value,
        isCalled: state.isCalled,
        ...(ownerSchema !== null &&
          ownerTable !== null &&
          ownerColumn !== null && {
            feeds: { schema: ownerSchema, table: ownerTable, column: ownerColumn },
          }),
      });
    });
  }
  return states;
}
