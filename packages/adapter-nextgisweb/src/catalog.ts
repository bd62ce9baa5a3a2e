// What the catalogue of the server tells about the tables: which columns name rows of `fileobj`, and how to get from there to
// the resource that owns the file. Asked, not listed: packages beside the product have tables of their own.

import type { DatabaseReader } from '@dms-backup/core';
import { text } from '@dms-backup/core/adapter-kit';

/** A foreign key of one column. */
interface ForeignKey {
  readonly table: string;
  readonly column: string;
  readonly targetTable: string;
  readonly targetColumn: string;
  /** The column is (part of) the primary key of its table. */
  readonly isKey: boolean;
}

/** SELECT of `fileobj_id`, `resource_id`, `place` for one column that names rows of `fileobj`. */
export type OwnerQuery = string;

const foreignKeys = `
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table", quote_ident(a.attname) AS "column",
  quote_ident(fn.nspname) || '.' || quote_ident(fc.relname) AS "target_table", quote_ident(fa.attname) AS "target_column",
  EXISTS (SELECT 1 FROM pg_constraint p WHERE p.conrelid = k.conrelid AND p.contype = 'p' AND k.conkey[1] = ANY (p.conkey)) AS "is_key"
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = k.confkey[1]
WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND c.relkind IN ('r', 'p')
ORDER BY 1, 5 DESC, 2, 3, 4`;

/** Joins from a table with a file to `resource`; the product's longest way (markers of 3.5) has three. */
const longestWay = 4;

/** One query per column with files whose rows belong to resources. */
export async function findOwners(database: DatabaseReader): Promise<OwnerQuery[]> {
  const keys: ForeignKey[] = [];
  for await (const row of database.query(foreignKeys)) {
    keys.push({
      table: text(row, 'table'),
      column: text(row, 'column'),
      targetTable: text(row, 'target_table'),
      targetColumn: text(row, 'target_column'),
      isKey: row['is_key'] === true,
    });
  }
  const queries: OwnerQuery[] = [];
  for (const key of keys) {
    if (key.targetTable !== 'public.fileobj' || key.targetColumn !== 'id') continue;
    const way = wayToResource(key.table, keys);
    if (way !== null) queries.push(ownerQuery(key, way));
  }
  return queries;
}

/** The shortest chain of foreign keys; the primary key goes first, because subclasses share the key of `resource`. */
function wayToResource(from: string, keys: readonly ForeignKey[]): readonly ForeignKey[] | null {
  let ways: (readonly ForeignKey[])[] = [[]];
  const seen = new Set([from]);
  for (let length = 0; length < longestWay; length++) {
    const longer: (readonly ForeignKey[])[] = [];
    for (const way of ways) {
      const table = way.at(-1)?.targetTable ?? from;
      for (const key of keys) {
        if (key.table !== table) continue;
        if (key.targetTable === 'public.resource' && key.targetColumn === 'id')
          return [...way, key];
        if (seen.has(key.targetTable)) continue;
        seen.add(key.targetTable);
        longer.push([...way, key]);
      }
    }
    ways = longer;
  }
  return null;
}

/** Names are quoted by the server; the last key of the way holds the id of the resource itself. */
function ownerQuery(file: ForeignKey, way: readonly ForeignKey[]): OwnerQuery {
  const last = way.length - 1;
  const joins = way
    .slice(0, last)
    .map(
      ({ column, targetTable, targetColumn }, index) =>
        `JOIN ${targetTable} t${index + 1} ON t${index + 1}.${targetColumn} = t${index}.${column}`,
    );
  const place = `${file.table}.${file.column}`.replaceAll("'", "''");
  return [
    `SELECT t0.${file.column} AS fileobj_id, t${last}.${way[last]!.column} AS resource_id,`,
    `'${place}' COLLATE "C" AS place`,
    `FROM ${file.table} t0 ${joins.join(' ')} WHERE t0.${file.column} IS NOT NULL`,
  ].join(' ');
}
