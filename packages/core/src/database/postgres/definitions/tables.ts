// Tables: columns, defaults, checks, inheritance, partitions, options. Defaults and checks that call functions come as
// statements of their own, so that tables and functions can use each other. Partitions are made as tables of their own and
// attached: their columns can be in another order.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../identifiers.ts';
import {
  collate,
  columnAlterations,
  isSelfContained,
  notNullClause,
  notNullConstraint,
  valueClause,
  type ColumnRow,
} from './columns.ts';
import { notOfExtension, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';
import type { SequenceRow } from './sequences.ts';

export interface TableRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** r: ordinary, p: partitioned. */
  readonly kind: 'r' | 'p';
  readonly isUnlogged: boolean;
  readonly isPartition: boolean;
  readonly bound: string | null;
  readonly partitionKey: string | null;
  readonly typeName: string | null;
  readonly accessMethod: string | null;
  /** d: primary key, f: full, n: nothing, i: an index (written with the index). */
  readonly replicaIdentity: string;
  readonly options: [string, string][];
  readonly parents: { oid: number; schema: string; name: string; isDetached: boolean }[];
  readonly checks: CheckRow[];
}

interface CheckRow {
  readonly oid: number;
  readonly name: string;
  readonly definition: string;
  readonly isLocal: boolean;
  readonly isValid: boolean;
}

export async function readTableRows(reader: CatalogueReader): Promise<TableRow[]> {
  const { version } = reader;
  return reader.rows<TableRow>(
    `SELECT c.oid, nspname AS schema, relname AS name, relkind AS kind, relpersistence = 'u' AS "isUnlogged",
       relispartition AS "isPartition", pg_get_expr(relpartbound, c.oid) AS bound,
       CASE WHEN relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partitionKey",
       CASE WHEN reloftype <> 0 THEN format_type(reloftype, NULL) END AS "typeName",
       (SELECT amname FROM pg_am am WHERE am.oid = relam AND amname <> 'heap') AS "accessMethod",
       relreplident AS "replicaIdentity",
       (SELECT coalesce(json_agg(json_build_array(option_name, option_value) ORDER BY o.position), '[]') FROM (
          SELECT option_name, option_value, row_number() OVER () AS position FROM pg_options_to_table(reloptions)
          UNION ALL
          SELECT 'toast.' || option_name, option_value, 1000 + row_number() OVER ()
          FROM pg_class toast, pg_options_to_table(toast.reloptions) WHERE toast.oid = c.reltoastrelid) o) AS options,
       (SELECT coalesce(json_agg(json_build_object('oid', p.oid::bigint, 'schema', pn.nspname, 'name', p.relname,
          'isDetached', ${version < 140_000 ? 'false' : 'inhdetachpending'}) ORDER BY inhseqno), '[]')
        FROM pg_inherits JOIN pg_class p ON p.oid = inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
        WHERE inhrelid = c.oid) AS parents,
       (SELECT coalesce(json_agg(json_build_object('oid', k.oid::bigint, 'name', conname, 'definition', pg_get_constraintdef(k.oid),
          'isLocal', conislocal, 'isValid', convalidated) ORDER BY conname), '[]')
        FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') AS checks
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}
     ORDER BY nspname, relname`,
  );
}

export interface UnprovedConstraint {
  readonly key: string;
  readonly name: string;
}

/** Checks and NOT NULL constraints of a table that are NOT VALID. */
export function unprovedConstraints(
  table: TableRow,
  columns: readonly ColumnRow[],
): UnprovedConstraint[] {
  return [
    ...table.checks
      .filter(({ isValid }) => !isValid)
      .map(({ oid, name }) => ({ key: `pg_constraint:${oid}`, name })),
    ...columns
      .filter(({ notNullIsValid }) => !notNullIsValid)
      .map((column) => ({
        key: `pg_constraint:${column.notNullOid}`,
        name: notNullName(table, column),
      })),
  ];
}

/** The usual name, where the column does not tell another one. */
function notNullName(table: TableRow, column: ColumnRow): string {
  return column.notNullName ?? `${table.name}_${column.name}_not_null`;
}

/** What a table is made of besides its own row. */
export interface TableParts {
  readonly columns: readonly ColumnRow[];
  /** Columns of the tables that it inherits from, by the number of the table. */
  readonly columnsOf: (table: number) => readonly ColumnRow[];
  readonly identities: ReadonlyMap<number, SequenceRow>;
  /** Other tables inherit from it. */
  readonly isParent: boolean;
  /** Constraints of a table that its rows may break (NOT VALID), by the number of the table. */
  readonly unproved: (table: number) => readonly UnprovedConstraint[];
}

/** The table and whatever of it needs a statement of its own. */
export function tableObjects(
  reader: CatalogueReader,
  table: TableRow,
  parts: TableParts,
): DefinedObject[] {
  const { schema, name } = table;
  const key = `pg_class:${table.oid}`;
  const quoted = quoteQualified(schema, name);
  const joinsLater = inheritsLater(table, parts);
  const isChild = table.parents.length > 0 && !table.isPartition && !joinsLater;
  const isWritten = (column: ColumnRow): boolean => column.isLocal || !isChild;

  // Children take the defaults of their parents when they are made, so defaults in families come afterwards.
  const inFamily = isChild || (parts.isParent && table.kind === 'r');
  const withDefault = parts.columns.filter(
    (column) => column.defaultOid !== null && column.generated === '',
  );
  const inline = new Set(
    withDefault.filter(
      ({ defaultOid }) => !inFamily && isSelfContained(reader, `pg_attrdef:${defaultOid}`, key),
    ),
  );
  // Before PostgreSQL 18 nobody knows where a NOT NULL comes from; to repeat it does no harm.
  const notNull = (column: ColumnRow): string =>
    isChild && column.notNullOid !== null && !column.notNullIsLocal ? '' : notNullClause(column);
  const generated = parts.columns.filter(({ generated: how }) => how !== '');
  // A check that rows may break is added to the parent after the rows, and reaches tables that joined later from there.
  const checks = table.checks.filter(
    ({ isLocal, isValid }) => isLocal || (!isChild && (isValid || !joinsLater)),
  );
  const inlineChecks = checks.filter(
    (check) => check.isValid && isSelfContained(reader, `pg_constraint:${check.oid}`, key),
  );

  const lines = [
    ...parts.columns
      .filter((column) => isWritten(column))
      .flatMap((column) => {
        const value = valueClause(column, identityOf(parts, column), inline.has(column));
        const rest = `${collate(column.collation)}${value}${notNull(column)}`;
        if (table.typeName === null)
          return [`${quoteIdentifier(column.name)} ${column.type}${rest}`];
        return value === '' && notNull(column) === ''
          ? []
          : [`${quoteIdentifier(column.name)} WITH OPTIONS${value}${notNull(column)}`];
      }),
    ...parts.columns
      .filter((column) => !isWritten(column) && column.notNullOid !== null)
      .filter((column) => column.notNullIsLocal && column.notNullIsValid)
      .map(notNullConstraint),
    ...inlineChecks.map(checkClause),
  ];
  const body =
    lines.length > 0 || table.typeName === null
      ? ` (${lines.map((line) => `\n  ${line}`).join(',')}\n)`
      : '';
  const statements = [
    [
      `CREATE ${table.isUnlogged ? 'UNLOGGED ' : ''}TABLE ${quoted}`,
      ...(table.typeName === null ? [] : [` OF ${table.typeName}`]),
      body,
      ...(isChild ? [`\nINHERITS (${parentNames(table)})`] : []),
      ...(table.partitionKey === null ? [] : [`\nPARTITION BY ${table.partitionKey}`]),
      ...(table.accessMethod === null ? [] : [`\nUSING ${quoteIdentifier(table.accessMethod)}`]),
      ...(table.options.length === 0 ? [] : [`\nWITH (${relationOptions(table.options)})`]),
    ].join(''),
    ...parts.columns
      .flatMap((column) => [
        ...(isWritten(column) ? [] : inheritedAlterations(table, parts, column)),
        ...columnAlterations(column),
      ])
      .map((alteration) => `ALTER TABLE ONLY ${quoted} ${alteration}`),
    ...(reader.version < 150_000 ? [] : sequencePersistence(table, parts)),
    ...(joinsLater
      ? table.parents.map(
          (parent) =>
            `ALTER TABLE ONLY ${quoted} INHERIT ${quoteQualified(parent.schema, parent.name)}`,
        )
      : []),
    ...(table.replicaIdentity === 'f' ? [`ALTER TABLE ONLY ${quoted} REPLICA IDENTITY FULL`] : []),
    ...(table.replicaIdentity === 'n'
      ? [`ALTER TABLE ONLY ${quoted} REPLICA IDENTITY NOTHING`]
      : []),
  ];

  const objects: DefinedObject[] = [
    {
      key,
      parts: [
        ...[...inline, ...generated].map(({ defaultOid }) => `pg_attrdef:${defaultOid}`),
        ...inlineChecks.map(({ oid }) => `pg_constraint:${oid}`),
        ...parts.columns
          .filter(({ notNullOid, notNullIsValid }) => notNullOid !== null && notNullIsValid)
          .map(({ notNullOid }) => `pg_constraint:${notNullOid}`),
        ...[...parts.identities.values()].map(({ oid }) => `pg_class:${oid}`),
      ],
      when: 'before',
      definition: { kind: 'table', schema, name, sql: statements.join(';\n') },
    },
  ];
  for (const column of withDefault.filter((item) => !inline.has(item))) {
    objects.push({
      key: `pg_attrdef:${column.defaultOid}`,
      requires: [key],
      when: 'before',
      definition: {
        kind: 'default',
        schema,
        name: column.name,
        table: name,
        sql: `ALTER TABLE ONLY ${quoted} ALTER COLUMN ${quoteIdentifier(column.name)} SET DEFAULT ${column.defaultValue}`,
      },
    });
  }
  for (const check of checks.filter((item) => !inlineChecks.includes(item))) {
    objects.push({
      key: `pg_constraint:${check.oid}`,
      requires: [key],
      when: check.isValid ? 'before' : 'after',
      definition: {
        kind: 'check constraint',
        schema,
        name: check.name,
        table: name,
        sql: `ALTER TABLE ${quoted} ADD ${checkClause(check)}`,
      },
    });
  }
  for (const column of parts.columns.filter(
    (item) => !item.notNullIsValid && item.notNullIsLocal,
  )) {
    objects.push({
      key: `pg_constraint:${column.notNullOid}`,
      requires: [key],
      when: 'after',
      definition: {
        kind: 'check constraint',
        schema,
        name: notNullName(table, column),
        table: name,
        sql: `ALTER TABLE ${quoted} ADD ${notNullConstraint(column)} NOT VALID`,
      },
    });
  }
  objects.push(...provedHere(table, parts));
  if (table.isPartition && table.bound !== null) objects.push(partition(table, key));
  return objects;
}

/** Constraints that are proved for this table though not for its parent: the parent's statement makes them unproved here, too. */
function provedHere(table: TableRow, parts: TableParts): DefinedObject[] {
  const own = unprovedConstraints(table, parts.columns).map(({ name }) => name);
  return table.parents
    .flatMap(({ oid }) => parts.unproved(oid))
    .filter(({ name }) => !own.includes(name))
    .map(({ key, name }) => ({
      key: `pg_class:${table.oid} proves ${name}`,
      requires: [key, `pg_class:${table.oid}`],
      when: 'after',
      definition: {
        kind: 'check constraint',
        schema: table.schema,
        name,
        table: table.name,
        sql: `ALTER TABLE ${quoteQualified(table.schema, table.name)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`,
      },
    }));
}

/** A partition comes to its parent as soon as both are there, and all of its checks. */
function partition(table: TableRow, key: string): DefinedObject {
  const { schema, name } = table;
  return {
    key: `${key} partition`,
    requires: [
      key,
      ...table.parents.map(({ oid }) => `pg_class:${oid}`),
      ...table.checks.map(({ oid }) => `pg_constraint:${oid}`),
    ],
    when: 'before',
    definition: {
      kind: 'partition',
      schema,
      name,
      sql: `ALTER TABLE ONLY ${parentNames(table)} ATTACH PARTITION ${quoteQualified(schema, name)} ${table.bound}`,
    },
  };
}

/**
 * True for tables that were made on their own and inherited afterwards: columns in an order that CREATE TABLE ... INHERITS would
 * not give, all of them the table's own.
 */
function inheritsLater(table: TableRow, parts: TableParts): boolean {
  if (table.isPartition || table.parents.length === 0) return false;
  if (!parts.columns.every(({ isLocal }) => isLocal)) return false;
  const inherited = new Set(
    table.parents.flatMap(({ oid }) => parts.columnsOf(oid).map(({ name }) => name)),
  );
  return parts.columns
    .slice(0, inherited.size)
    .some(({ name }, index) => name !== [...inherited][index]);
}

/** What an inherited column has of its own before PostgreSQL 18: a NOT NULL that no parent has. */
function inheritedAlterations(table: TableRow, parts: TableParts, column: ColumnRow): string[] {
  if (!column.isNotNull || column.notNullOid !== null) return [];
  const isInherited = table.parents.some(({ oid }) =>
    parts.columnsOf(oid).some((other) => other.name === column.name && other.isNotNull),
  );
  return isInherited ? [] : [`ALTER COLUMN ${quoteIdentifier(column.name)} SET NOT NULL`];
}

function identityOf(parts: TableParts, column: ColumnRow): SequenceRow | undefined {
  return parts.identities.get(column.number);
}

/** Sequences of identity columns follow their table unless they were altered (PostgreSQL 15 and later). */
function sequencePersistence(table: TableRow, parts: TableParts): string[] {
  return [...parts.identities.values()]
    .filter(({ isUnlogged }) => isUnlogged !== table.isUnlogged)
    .map(
      ({ schema, name, isUnlogged }) =>
        `ALTER SEQUENCE ${quoteQualified(schema, name)} SET ${isUnlogged ? 'UNLOGGED' : 'LOGGED'}`,
    );
}

function checkClause({ name, definition }: CheckRow): string {
  return `CONSTRAINT ${quoteIdentifier(name)} ${definition}`;
}

function parentNames(table: TableRow): string {
  return table.parents.map(({ schema, name }) => quoteQualified(schema, name)).join(', ');
}

/** `name='value'` list for WITH. Names with a point (toast.x) are two identifiers. */
export function relationOptions(options: readonly (readonly [string, string])[]): string {
  return options
    .map(
      ([name, value]) => `${name.split('.').map(quoteIdentifier).join('.')}=${quoteLiteral(value)}`,
    )
    .join(', ');
}
