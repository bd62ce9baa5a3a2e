// Enumerations, composite types, ranges and domains. Base types need C functions and are refused.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../identifiers.ts';
import { collate, isSelfContained } from './columns.ts';
import { notOfExtension, ownSchema, unsupported } from './reader.ts';
import type { CatalogueReader, DefinedObject } from './reader.ts';

const own = `${ownSchema('n.nspname')} AND ${notOfExtension('pg_type', 't.oid')}`;

interface TypeRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export async function readTypes(reader: CatalogueReader): Promise<DefinedObject[]> {
  await refuseBaseTypes(reader);
  return [
    ...(await readEnumerations(reader)),
    ...(await readComposites(reader)),
    ...(await readRanges(reader)),
    ...(await readDomains(reader)),
  ];
}

/** Types with functions of their own, and shells of such types. Array types belong to their elements. */
async function refuseBaseTypes(reader: CatalogueReader): Promise<void> {
  const [type] = await reader.rows<TypeRow>(
    `SELECT nspname AS schema, typname AS name FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
     WHERE ${own} AND (typtype = 'p' OR (typtype = 'b'
       AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)))
     ORDER BY nspname, typname LIMIT 1`,
  );
  if (type) throw unsupported('base type', `${type.schema}.${type.name}`);
}

async function readEnumerations(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<TypeRow & { labels: string[] }>(
    `SELECT t.oid, nspname AS schema, typname AS name,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS labels
     FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${own} AND typtype = 'e'`,
  );
  return rows.map(({ oid, schema, name, labels }) =>
    typeObject(`pg_type:${oid}`, schema, name, `ENUM (${labels.map(quoteLiteral).join(', ')})`),
  );
}

async function readComposites(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<
    TypeRow & { attributes: { name: string; type: string; collation: [string, string] | null }[] }
  >(
    `SELECT typrelid AS oid, nspname AS schema, typname AS name, coalesce((
       SELECT json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'collation', (
         SELECT json_build_array(cn.nspname, c.collname) FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
         WHERE c.oid = attcollation AND attcollation <> (SELECT typcollation FROM pg_type WHERE oid = atttypid))) ORDER BY attnum)
       FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped), '[]') AS attributes
     FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
     WHERE ${own} AND typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c')`,
  );
  return rows.map(({ oid, schema, name, attributes }) =>
    typeObject(
      `pg_class:${oid}`,
      schema,
      name,
      `(${attributes
        .map((item) => `\n  ${quoteIdentifier(item.name)} ${item.type}${collate(item.collation)}`)
        .join(',')}\n)`,
    ),
  );
}

async function readRanges(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<
    TypeRow & {
      subtype: string;
      operatorClass: [string, string] | null;
      collation: [string, string] | null;
      canonical: boolean;
      difference: string | null;
      multirange: [string, string] | null;
    }
  >(
    `SELECT t.oid, nspname AS schema, typname AS name, format_type(rngsubtype, NULL) AS subtype,
       (SELECT json_build_array(on_.nspname, o.opcname) FROM pg_opclass o JOIN pg_namespace on_ ON on_.oid = o.opcnamespace
        WHERE o.oid = rngsubopc AND NOT o.opcdefault) AS "operatorClass",
       (SELECT json_build_array(cn.nspname, c.collname) FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
        WHERE c.oid = rngcollation AND rngcollation <> (SELECT typcollation FROM pg_type WHERE oid = rngsubtype)) AS collation,
       rngcanonical <> 0 AS canonical, CASE WHEN rngsubdiff <> 0 THEN rngsubdiff::text END AS difference,
       ${
         reader.version < 140_000
           ? 'NULL'
           : `(SELECT json_build_array(mn.nspname, m.typname) FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = rngmultitypid)`
       } AS multirange
     FROM pg_range r JOIN pg_type t ON t.oid = rngtypid JOIN pg_namespace n ON n.oid = typnamespace WHERE ${own}`,
  );
  return rows.map((row) => {
    if (row.canonical) {
      throw unsupported('range type with a canonical function', `${row.schema}.${row.name}`);
    }
    const options = [
      `SUBTYPE = ${row.subtype}`,
      row.operatorClass && `SUBTYPE_OPCLASS = ${quoteQualified(...row.operatorClass)}`,
      row.collation && `COLLATION = ${quoteQualified(...row.collation)}`,
      row.difference !== null && `SUBTYPE_DIFF = ${row.difference}`,
      row.multirange && `MULTIRANGE_TYPE_NAME = ${quoteQualified(...row.multirange)}`,
    ].filter((option) => typeof option === 'string');
    return typeObject(
      `pg_type:${row.oid}`,
      row.schema,
      row.name,
      `RANGE (\n  ${options.join(',\n  ')}\n)`,
    );
  });
}

async function readDomains(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<
    TypeRow & {
      base: string;
      collation: [string, string] | null;
      defaultValue: string | null;
      notNull: boolean;
      constraints: {
        oid: number;
        name: string;
        type: string;
        definition: string;
        valid: boolean;
      }[];
    }
  >(
    `SELECT t.oid, nspname AS schema, typname AS name, format_type(typbasetype, typtypmod) AS base,
       (SELECT json_build_array(cn.nspname, c.collname) FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
        WHERE c.oid = typcollation AND typcollation <> (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype)) AS collation,
       pg_get_expr(typdefaultbin, 0) AS "defaultValue", typnotnull AS "notNull", coalesce((
         SELECT json_agg(json_build_object('oid', oid::bigint, 'name', conname, 'type', contype, 'definition',
           pg_get_constraintdef(oid), 'valid', convalidated) ORDER BY conname)
         FROM pg_constraint WHERE contypid = t.oid), '[]') AS constraints
     FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${own} AND typtype = 'd'`,
  );
  return rows.flatMap((row): DefinedObject[] => {
    const { schema, name } = row;
    const key = `pg_type:${row.oid}`;
    const checks = row.constraints.filter(({ type }) => type === 'c');
    const inline = checks.filter(
      (check) => check.valid && isSelfContained(reader, `pg_constraint:${check.oid}`, key),
    );
    const named = ({ name: constraint, definition }: (typeof checks)[number]): string =>
      `CONSTRAINT ${quoteIdentifier(constraint)} ${definition}`;
    // From PostgreSQL 17 on the NOT NULL of a domain has a name.
    const notNull = row.constraints.find(({ type }) => type === 'n');
    const lines = [
      ...(row.defaultValue === null ? [] : [`DEFAULT ${row.defaultValue}`]),
      ...(notNull
        ? [`CONSTRAINT ${quoteIdentifier(notNull.name)} NOT NULL`]
        : row.notNull
          ? ['NOT NULL']
          : []),
      ...inline.map(named),
    ];
    const domain: DefinedObject = {
      key,
      parts: inline.map(({ oid }) => `pg_constraint:${oid}`),
      when: 'before',
      definition: {
        kind: 'domain',
        schema,
        name,
        sql: [
          `CREATE DOMAIN ${quoteQualified(schema, name)} AS ${row.base}${collate(row.collation)}`,
          ...lines,
        ].join('\n  '),
      },
    };
    const separate = checks.filter((check) => !inline.includes(check));
    return [
      domain,
      ...separate.map((check): DefinedObject => ({
        key: `pg_constraint:${check.oid}`,
        requires: [key],
        when: check.valid ? 'before' : 'after',
        definition: {
          kind: 'domain constraint',
          schema,
          name: check.name,
          sql: `ALTER DOMAIN ${quoteQualified(schema, name)} ADD ${named(check)}`,
        },
      })),
    ];
  });
}

function typeObject(key: string, schema: string, name: string, body: string): DefinedObject {
  return {
    key,
    when: 'before',
    definition: {
      kind: 'type',
      schema,
      name,
      sql: `CREATE TYPE ${quoteQualified(schema, name)} AS ${body}`,
    },
  };
}
