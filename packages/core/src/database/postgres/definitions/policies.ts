// Row security and extended statistics. Roles of policies are named, not made: like owners and rights they belong to the server.

import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { notOfExtension, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';

const commands: Readonly<Record<string, string>> = {
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
  '*': 'ALL',
};

export async function readPolicies(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    table: string;
    name: string;
    command: string;
    isPermissive: boolean;
    roles: (string | null)[];
    using: string | null;
    check: string | null;
  }>(
    `SELECT 'pg_policy:' || p.oid AS key, nspname AS schema, relname AS table, polname AS name, polcmd AS command,
       polpermissive AS "isPermissive", pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check,
       (SELECT json_agg(rolname ORDER BY rolname) FROM unnest(polroles) role LEFT JOIN pg_roles r ON r.oid = role) AS roles
     FROM pg_policy p JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace
     WHERE ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}`,
  );
  return rows.map((row) => {
    const roles = row.roles.map((role) => (role === null ? 'PUBLIC' : quoteIdentifier(role)));
    return {
      key: row.key,
      when: 'after',
      definition: {
        kind: 'policy',
        schema: row.schema,
        name: row.name,
        table: row.table,
        sql: [
          `CREATE POLICY ${quoteIdentifier(row.name)} ON ${quoteQualified(row.schema, row.table)}`,
          ...(row.isPermissive ? [] : ['AS RESTRICTIVE']),
          `FOR ${commands[row.command] ?? 'ALL'} TO ${roles.join(', ')}`,
          ...(row.using === null ? [] : [`USING (${row.using})`]),
          ...(row.check === null ? [] : [`WITH CHECK (${row.check})`]),
        ].join(' '),
      },
    };
  });
}

export async function readRowSecurity(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    oid: number;
    schema: string;
    name: string;
    isEnabled: boolean;
    isForced: boolean;
  }>(
    `SELECT c.oid, nspname AS schema, relname AS name, relrowsecurity AS "isEnabled", relforcerowsecurity AS "isForced"
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE (relrowsecurity OR relforcerowsecurity) AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')}`,
  );
  return rows.map(({ oid, schema, name, isEnabled, isForced }) => ({
    key: `pg_class:${oid} row security`,
    requires: [`pg_class:${oid}`],
    when: 'after',
    definition: {
      kind: 'row security',
      schema,
      name,
      sql: [...(isEnabled ? ['ENABLE'] : []), ...(isForced ? ['FORCE'] : [])]
        .map((word) => `ALTER TABLE ${quoteQualified(schema, name)} ${word} ROW LEVEL SECURITY`)
        .join(';\n'),
    },
  }));
}

export async function readStatistics(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    name: string;
    target: number | null;
    sql: string;
  }>(
    `SELECT 'pg_statistic_ext:' || s.oid AS key, nspname AS schema, stxname AS name, pg_get_statisticsobjdef(s.oid) AS sql,
       ${reader.version < 130_000 ? 'NULL' : 'nullif(stxstattarget, -1)'} AS target
     FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = stxnamespace
     WHERE ${ownSchema('nspname')} AND ${notOfExtension('pg_statistic_ext', 's.oid')}`,
  );
  return rows.map(({ key, schema, name, target, sql }) => ({
    key,
    when: 'after',
    definition: {
      kind: 'statistics',
      schema,
      name,
      sql: [
        sql,
        ...(target === null
          ? []
          : [`ALTER STATISTICS ${quoteQualified(schema, name)} SET STATISTICS ${target}`]),
      ].join(';\n'),
    },
  }));
}
