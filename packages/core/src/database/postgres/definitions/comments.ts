// Comments on every object that is kept. PostgreSQL itself spells the object (pg_identify_object).

import { quoteIdentifier, quoteLiteral } from '../identifiers.ts';
import { firstNormalOid, type CatalogueReader, type DefinedObject } from './reader.ts';

interface CommentRow {
  readonly catalogue: string;
  readonly oid: number;
  readonly column: number;
  readonly type: string;
  /** The table of a constraint or trigger. */
  readonly relation: number | null;
  readonly schema: string | null;
  readonly identity: string;
  readonly text: string;
}

/** `objects`: what is kept. A comment comes with its object before or after the rows. */
export async function readComments(
  reader: CatalogueReader,
  objects: readonly DefinedObject[],
): Promise<DefinedObject[]> {
  const byKey = new Map(
    objects.flatMap((object) =>
      [object.key, ...(object.parts ?? [])].map((key) => [key, object] as const),
    ),
  );
  const rows = await reader.rows<CommentRow>(
    `SELECT classoid::regclass::text AS catalogue, objoid AS oid, objsubid AS "column", type, schema, identity, description AS text,
       CASE classoid WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = objoid)
         WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = objoid) END AS relation
     FROM pg_description, pg_identify_object(classoid, objoid, objsubid)
     WHERE objoid >= ${firstNormalOid}
       AND NOT (classoid = 'pg_extension'::regclass AND EXISTS (
         SELECT FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname WHERE e.oid = objoid AND a.comment = description))`,
  );
  const comments = rows.flatMap((row): DefinedObject[] => {
    const own = `${row.catalogue}:${row.oid}`;
    const key = byKey.has(own) ? own : reader.dependencies.ownerOf(own);
    // Constraints and triggers that a parent makes for its partitions and children have no definition: all is there at the end.
    const object = byKey.get(key) ?? byKey.get(`pg_class:${row.relation}`);
    const isInherited = !byKey.has(key);
    if (
      object === undefined ||
      key.startsWith('pg_extension:') !== own.startsWith('pg_extension:')
    ) {
      return [];
    }
    return [
      comment(`COMMENT ON ${target(row)} IS ${quoteLiteral(row.text)}`, {
        kind: row.type === 'event trigger' ? 'event trigger comment' : 'comment',
        key: `${own}:${row.column} comment`,
        requires: [isInherited ? object.key : key],
        when: isInherited ? 'after' : object.when,
        name: row.identity,
        schema: row.schema,
      }),
    ];
  });
  return [...comments, ...(await publicSchema(reader))];
}

/** The schema `public` has a comment from initdb; another one, or none, is the user's. */
async function publicSchema(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{ text: string | null }>(
    `SELECT obj_description(oid, 'pg_namespace') AS text FROM pg_namespace WHERE nspname = 'public'
       AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM 'standard public schema'`,
  );
  return rows.map(({ text }) =>
    comment(`COMMENT ON SCHEMA public IS ${text === null ? 'NULL' : quoteLiteral(text)}`, {
      kind: 'comment',
      key: 'public comment',
      requires: [],
      when: 'before',
      name: 'public',
      schema: null,
    }),
  );
}

function comment(
  sql: string,
  facts: Pick<DefinedObject, 'key' | 'when'> & {
    requires: string[];
    kind: string;
    name: string;
    schema: string | null;
  },
): DefinedObject {
  const { kind, key, requires, when, name, schema } = facts;
  return {
    key,
    requires,
    when,
    definition: { kind, ...(schema !== null && { schema }), name, sql },
  };
}

/** Type and name as COMMENT wants them, from the words of pg_identify_object. */
function target({ type, identity, catalogue, schema }: CommentRow): string {
  if (catalogue === 'pg_proc') return `ROUTINE ${identity}`;
  if (catalogue === 'pg_class' && type.endsWith(' column')) return `COLUMN ${identity}`;
  switch (type) {
    case 'composite type':
      return `TYPE ${identity}`;
    case 'table constraint':
      return `CONSTRAINT ${identity}`;
    case 'domain constraint':
      return `CONSTRAINT ${identity.replace(` on ${quoteIfNeeded(schema)}`, (text) => text.replace(' on ', ' ON DOMAIN '))}`;
    case 'statistics object':
      return `STATISTICS ${identity}`;
    default:
      return `${type.toUpperCase()} ${identity}`;
  }
}

const quoteIfNeeded = (name: string | null): string =>
  name === null || /^[a-z_][a-z0-9_]*$/.test(name) ? (name ?? '') : quoteIdentifier(name);
