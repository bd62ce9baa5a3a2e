// Collations and casts.

import { quoteLiteral, quoteQualified } from '../identifiers.ts';
import { firstNormalOid, notOfExtension, ownSchema } from './reader.ts';
import type { CatalogueReader, DefinedObject } from './reader.ts';

const providers: Readonly<Record<string, string>> = { b: 'builtin', c: 'libc', i: 'icu' };

export async function readCollations(reader: CatalogueReader): Promise<DefinedObject[]> {
  const { version } = reader;
  // ICU locales lay in collcollate until 14, in colliculocale until 16.
  const locale =
    version < 150_000
      ? `CASE WHEN collprovider <> 'c' THEN collcollate END`
      : version < 170_000
        ? 'colliculocale'
        : 'colllocale';
  const rows = await reader.rows<{
    key: string;
    schema: string;
    name: string;
    provider: string;
    isDeterministic: boolean;
    collate: string | null;
    ctype: string | null;
    locale: string | null;
    rules: string | null;
  }>(
    `SELECT 'pg_collation:' || c.oid AS key, nspname AS schema, collname AS name, collprovider AS provider,
       collisdeterministic AS "isDeterministic", collcollate AS collate, collctype AS ctype, ${locale} AS locale,
       ${version < 160_000 ? 'NULL' : 'collicurules'} AS rules
     FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace
     WHERE ${ownSchema('nspname')} AND ${notOfExtension('pg_collation', 'c.oid')}`,
  );
  return rows.map((row) => {
    const options = [
      `provider = ${providers[row.provider] ?? row.provider}`,
      ...(row.isDeterministic ? [] : ['deterministic = false']),
      ...(row.locale === null
        ? [
            `lc_collate = ${quoteLiteral(row.collate ?? '')}`,
            `lc_ctype = ${quoteLiteral(row.ctype ?? '')}`,
          ]
        : [`locale = ${quoteLiteral(row.locale)}`]),
      ...(row.rules === null ? [] : [`rules = ${quoteLiteral(row.rules)}`]),
    ];
    return {
      key: row.key,
      when: 'before',
      definition: {
        kind: 'collation',
        schema: row.schema,
        name: row.name,
        sql: `CREATE COLLATION ${quoteQualified(row.schema, row.name)} (${options.join(', ')})`,
      },
    };
  });
}

const contexts: Readonly<Record<string, string>> = {
  a: ' AS ASSIGNMENT',
  i: ' AS IMPLICIT',
  e: '',
};

export async function readCasts(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    source: string;
    target: string;
    routine: string | null;
    method: string;
    context: string;
  }>(
    `SELECT 'pg_cast:' || c.oid AS key, format_type(castsource, NULL) AS source, format_type(casttarget, NULL) AS target,
       CASE WHEN castfunc <> 0 THEN castfunc::regprocedure::text END AS routine, castmethod AS method, castcontext AS context
     FROM pg_cast c WHERE c.oid >= ${firstNormalOid} AND ${notOfExtension('pg_cast', 'c.oid')}
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')`,
  );
  return rows.map(({ key, source, target, routine, method, context }) => {
    const how =
      method === 'i'
        ? 'WITH INOUT'
        : routine === null
          ? 'WITHOUT FUNCTION'
          : `WITH FUNCTION ${routine}`;
    return {
      key,
      when: 'before',
      definition: {
        kind: 'cast',
        name: `${source} AS ${target}`,
        sql: `CREATE CAST (${source} AS ${target}) ${how}${contexts[context] ?? ''}`,
      },
    };
  });
}
