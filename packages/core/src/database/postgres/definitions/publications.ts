// Publications of logical replication with their tables and schemas. Subscriptions are refused: they hold passwords.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../identifiers.ts';
import { firstNormalOid, type CatalogueReader, type DefinedObject } from './reader.ts';

interface PublicationRow {
  readonly oid: number;
  readonly name: string;
  readonly isForAll: boolean;
  readonly operations: string[];
  readonly viaRoot: boolean;
  readonly generatedColumns: string | null;
  readonly tables: {
    schema: string;
    name: string;
    columns: string[] | null;
    filter: string | null;
  }[];
  readonly schemas: string[];
}

export async function readPublications(reader: CatalogueReader): Promise<DefinedObject[]> {
  const { version } = reader;
  const since15 = (sql: string): string => (version < 150_000 ? 'NULL' : sql);
  const rows = await reader.rows<PublicationRow>(
    `SELECT p.oid, pubname AS name, puballtables AS "isForAll",
       array_remove(ARRAY[CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
         CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END], NULL) AS operations,
       ${version < 130_000 ? 'false' : 'pubviaroot'} AS "viaRoot",
       ${version < 180_000 ? 'NULL' : `CASE pubgencols WHEN 's' THEN 'stored' END`} AS "generatedColumns",
       (SELECT coalesce(json_agg(json_build_object('schema', nspname, 'name', relname,
          'columns', ${since15(`(SELECT json_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs))`)},
          'filter', ${since15('pg_get_expr(prqual, prrelid)')}) ORDER BY nspname, relname), '[]')
        FROM pg_publication_rel r JOIN pg_class c ON c.oid = prrelid JOIN pg_namespace n ON n.oid = relnamespace
        WHERE prpubid = p.oid) AS tables,
       ${
         version < 150_000
           ? `'[]'::json`
           : `(SELECT coalesce(json_agg(nspname ORDER BY nspname), '[]') FROM pg_publication_namespace
                JOIN pg_namespace n ON n.oid = pnnspid WHERE pnpubid = p.oid)`
       } AS schemas
     FROM pg_publication p WHERE p.oid >= ${firstNormalOid}`,
  );
  return rows.map((row) => {
    const name = quoteIdentifier(row.name);
    const options = [
      `publish = ${quoteLiteral(row.operations.join(', '))}`,
      ...(row.viaRoot ? ['publish_via_partition_root = true'] : []),
      ...(row.generatedColumns === null
        ? []
        : [`publish_generated_columns = ${row.generatedColumns}`]),
    ];
    return {
      key: `pg_publication:${row.oid}`,
      when: 'after',
      definition: {
        kind: 'publication',
        name: row.name,
        sql: [
          `CREATE PUBLICATION ${name}${row.isForAll ? ' FOR ALL TABLES' : ''} WITH (${options.join(', ')})`,
          ...row.tables.map(
            (table) =>
              `ALTER PUBLICATION ${name} ADD TABLE ONLY ${quoteQualified(table.schema, table.name)}${
                table.columns === null ? '' : ` (${table.columns.map(quoteIdentifier).join(', ')})`
              }${table.filter === null ? '' : ` WHERE (${table.filter})`}`,
          ),
          ...row.schemas.map(
            (schema) => `ALTER PUBLICATION ${name} ADD TABLES IN SCHEMA ${quoteIdentifier(schema)}`,
          ),
        ].join(';\n'),
      },
    };
  });
}
