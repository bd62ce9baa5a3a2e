// Schemas and extensions. The schema `public` is in every new database, so it has no definition here.

import { quoteIdentifier, quoteLiteral } from '../identifiers.ts';
import { firstNormalOid, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';

export async function readSchemas(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{ key: string; name: string }>(
    `SELECT 'pg_namespace:' || n.oid AS key, nspname AS name FROM pg_namespace n
     WHERE ${ownSchema('nspname')} AND nspname <> 'public'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')`,
  );
  return rows.map(({ key, name }) => ({
    key,
    when: 'before',
    definition: { kind: 'schema', name, sql: `CREATE SCHEMA ${quoteIdentifier(name)}` },
  }));
}

/**
 * Extensions, without those that initdb makes (plpgsql). The version is told in a comment and not demanded: the server has the
 * version that its packages have, and data of extensions is kept to be read by later versions.
 */
export async function readExtensions(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    name: string;
    schema: string;
    relocatable: boolean;
    extversion: string;
  }>(
    `SELECT 'pg_extension:' || e.oid AS key, extname AS name, nspname AS schema, extrelocatable AS relocatable, extversion
     FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE e.oid >= ${firstNormalOid}`,
  );
  return rows.map(({ key, name, schema, extversion }) => ({
    key,
    when: 'before',
    definition: {
      kind: 'extension',
      name,
      sql: `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} WITH SCHEMA ${quoteIdentifier(schema)} /* version ${comment(extversion)} */`,
    },
  }));
}

function comment(text: string): string {
  return quoteLiteral(text).replaceAll('*/', '* /').replaceAll('/*', '/ *');
}
