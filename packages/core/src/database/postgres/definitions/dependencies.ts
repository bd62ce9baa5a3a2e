// Who needs whom, as pg_depend has it (PostgreSQL documentation, chapter "System Catalogs", section pg_depend). Row types,
// array types and multiranges stand for what they belong to; members of an extension stand for the extension.

import type { ClientBase } from 'pg';
import { rowsOf } from './reader.ts';

export interface Dependencies {
  /** Keys that the object itself refers to; members of extensions as `pg_extension:<oid>`. */
  of(key: string): readonly string[];
  /** The object that creates the one with this key: the table of a row type, the extension of a member. */
  ownerOf(key: string): string;
  isSequence(key: string): boolean;
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Reads all edges of the database: about as many rows as pg_depend has. */
export async function readDependencies(client: ClientBase, version: number): Promise<Dependencies> {
  const owners = new Map<string, string>();
  for (const { from, to } of await rowsOf<Edge>(client, ownerQuery(version))) owners.set(from, to);
  const ownerOf = (key: string): string => {
    let owner = key;
    for (let next = owners.get(owner); next !== undefined; next = owners.get(owner)) owner = next;
    return owner;
  };
  const edges = new Map<string, Set<string>>();
  for (const edge of await rowsOf<Edge>(client, edgeQuery)) {
    const from = ownerOf(edge.from);
    const to = ownerOf(edge.to);
    if (from === to || from.startsWith('pg_extension:') !== edge.from.startsWith('pg_extension:')) {
      continue;
    }
    const known = edges.get(from);
    if (known) known.add(to);
    else edges.set(from, new Set([to]));
  }
  const sequences = new Set(
    (
      await rowsOf<{ key: string }>(
        client,
        `SELECT 'pg_class:' || oid AS key FROM pg_class WHERE relkind = 'S'`,
      )
    ).map(({ key }) => key),
  );
  return {
    of: (key) => [...(edges.get(key) ?? [])],
    ownerOf,
    isSequence: (key) => sequences.has(key),
  };
}

/** A sequence depends on the column that owns it, but is created before the table, which may use it in a default. */
const edgeQuery = `
  SELECT DISTINCT classid::regclass || ':' || objid AS "from", refclassid::regclass || ':' || refobjid AS "to"
  FROM pg_depend
  WHERE deptype IN ('n', 'a', 'i', 'P', 'S') AND classid <> 0 AND refclassid <> 0
    AND NOT (classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
      AND EXISTS (SELECT FROM pg_class s WHERE s.oid = objid AND s.relkind = 'S'))`;

const ownerQuery = (version: number): string => `
  SELECT classid::regclass || ':' || objid AS "from", refclassid::regclass || ':' || refobjid AS "to"
  FROM pg_depend WHERE deptype = 'e'
  UNION ALL
  SELECT 'pg_type:' || t.oid, CASE WHEN t.typrelid <> 0 THEN 'pg_class:' || t.typrelid ELSE 'pg_type:' || t.typelem END
  FROM pg_type t
  WHERE (t.typrelid <> 0
    OR EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid))
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'pg_rewrite:' || oid, 'pg_class:' || ev_class FROM pg_rewrite WHERE rulename = '_RETURN'
  UNION ALL
  SELECT 'pg_class:' || conindid, 'pg_constraint:' || oid FROM pg_constraint WHERE contype IN ('p', 'u', 'x') AND conindid <> 0
  ${
    version < 140_000
      ? ''
      : `UNION ALL
  SELECT 'pg_type:' || rngmultitypid, 'pg_type:' || rngtypid FROM pg_range WHERE rngmultitypid <> 0
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = rngmultitypid AND d.deptype = 'e')`
  }`;
