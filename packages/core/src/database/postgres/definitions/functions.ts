// Functions, procedures and aggregates, in the server's own words. Constructors of range types come with their types.

import { quoteQualified } from '../identifiers.ts';
import { notOfExtension, ownSchema } from './reader.ts';
import type { CatalogueReader, DefinedObject } from './reader.ts';

const own = `${ownSchema('n.nspname')} AND ${notOfExtension('pg_proc', 'p.oid')}
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`;

export async function readFunctions(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    name: string;
    isProcedure: boolean;
    sql: string;
  }>(
    `SELECT 'pg_proc:' || p.oid AS key, nspname AS schema, proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
       prokind = 'p' AS "isProcedure", pg_get_functiondef(p.oid) AS sql
     FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${own} AND prokind <> 'a'`,
  );
  return rows.map(({ key, schema, name, isProcedure, sql }) => ({
    key,
    when: 'before',
    definition: {
      kind: isProcedure ? 'procedure' : 'function',
      schema,
      name,
      sql: sql.replace(/\n$/, ''),
    },
  }));
}

interface AggregateRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly arguments: string;
  readonly identity: string;
  /** n: normal, o: ordered-set, h: hypothetical-set. */
  readonly kind: string;
  readonly parallel: string;
  readonly options: Readonly<Record<string, string | null>>;
}

/** Options with their values already as SQL; absent ones are null. See CREATE AGGREGATE and catalogue pg_aggregate. */
export async function readAggregates(reader: CatalogueReader): Promise<DefinedObject[]> {
  const routine = (column: string): string =>
    `CASE WHEN a.${column} <> 0 THEN a.${column}::text END`;
  const modify = (column: string): string =>
    `CASE a.${column} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE' END`;
  const rows = await reader.rows<AggregateRow>(
    `SELECT p.oid, nspname AS schema, proname AS name, pg_get_function_arguments(p.oid) AS arguments,
       pg_get_function_identity_arguments(p.oid) AS identity, aggkind AS kind, proparallel AS parallel,
       json_build_object(
         'SFUNC', ${routine('aggtransfn')},
         'STYPE', format_type(aggtranstype, NULL),
         'SSPACE', nullif(aggtransspace, 0)::text,
         'FINALFUNC', ${routine('aggfinalfn')},
         'FINALFUNC_EXTRA', CASE WHEN aggfinalextra THEN '' END,
         'FINALFUNC_MODIFY', CASE WHEN aggfinalfn <> 0 THEN ${modify('aggfinalmodify')} END,
         'COMBINEFUNC', ${routine('aggcombinefn')},
         'SERIALFUNC', ${routine('aggserialfn')},
         'DESERIALFUNC', ${routine('aggdeserialfn')},
         'INITCOND', quote_literal(agginitval),
         'MSFUNC', ${routine('aggmtransfn')},
         'MINVFUNC', ${routine('aggminvtransfn')},
         'MSTYPE', CASE WHEN aggmtranstype <> 0 THEN format_type(aggmtranstype, NULL) END,
         'MSSPACE', nullif(aggmtransspace, 0)::text,
         'MFINALFUNC', ${routine('aggmfinalfn')},
         'MFINALFUNC_EXTRA', CASE WHEN aggmfinalextra THEN '' END,
         'MFINALFUNC_MODIFY', CASE WHEN aggmfinalfn <> 0 THEN ${modify('aggmfinalmodify')} END,
         'MINITCOND', quote_literal(aggminitval),
         'SORTOP', (SELECT 'OPERATOR(' || quote_ident(s.nspname) || '.' || o.oprname || ')'
           FROM pg_operator o JOIN pg_namespace s ON s.oid = o.oprnamespace WHERE o.oid = aggsortop)) AS options
     FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid JOIN pg_namespace n ON n.oid = pronamespace WHERE ${own}`,
  );
  return rows.map((row) => {
    const options = Object.entries(row.options)
      .filter(([, value]) => value !== null)
      .map(([option, value]) => (value === '' ? option : `${option} = ${value}`));
    if (row.kind === 'h') options.push('HYPOTHETICAL');
    if (row.parallel !== 'u') {
      options.push(`PARALLEL = ${row.parallel === 's' ? 'SAFE' : 'RESTRICTED'}`);
    }
    return {
      key: `pg_proc:${row.oid}`,
      when: 'before',
      definition: {
        kind: 'aggregate',
        schema: row.schema,
        name: `${row.name}(${row.identity})`,
        sql: `CREATE AGGREGATE ${quoteQualified(row.schema, row.name)}(${row.arguments || '*'}) (\n  ${options.join(',\n  ')}\n)`,
      },
    };
  });
}
