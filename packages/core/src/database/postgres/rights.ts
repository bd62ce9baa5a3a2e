// What the user may not read, found before anything is read, with the statements that would allow it. Of extensions only the
// tables count in which users keep rows.

import { DmsBackupError } from '../../errors.ts';
import { isConfiguration } from './catalogue-tables.ts';
import type { Session } from './connect.ts';
import { quoteIdentifier, quoteQualified } from './identifiers.ts';

/** Condition for the namespace `n`: made by users, not by the system. */
export const userSchemas = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** Condition: the object of this catalogue and id came with an extension. */
export function ofExtension(catalogue: string, id: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.${catalogue}'::pg_catalog.regclass
    AND e.objid = ${id} AND e.deptype = 'e')`;
}

interface Lack {
  readonly kind: 'schema' | 'table' | 'sequence';
  readonly schema: string;
  readonly name: string;
}

/** A message names no more statements than this; the context has all. */
const statementsShown = 20;

/** When more than this are missing in a schema, and none is there, one statement covers them. */
const namedOneByOne = 5;

/** Throws `database-denied` with every GRANT that is missing for a dump. */
export async function assertReadable(session: Session): Promise<void> {
  const doing = 'read the rights';
  const objects = await session.run<Record<'kind' | 'schema' | 'name' | 'readable', string>>(
    doing,
    `SELECT 'schema' AS kind, n.nspname AS schema, '' AS name,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS readable
      FROM pg_catalog.pg_namespace n
      WHERE ${userSchemas} AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, n.nspname, c.relname,
        CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
          ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${userSchemas} AND c.relkind IN ('r', 'S') AND c.relpersistence <> 't'
        AND (NOT ${ofExtension('pg_class', 'c.oid')} OR ${isConfiguration('c.oid')})
    ORDER BY 2, 1, 3`,
  );
  const lacks = objects.filter(({ readable }) => readable !== 't') as readonly Lack[];
  if (lacks.length > 0) {
    const readable = new Set(objects.filter((each) => each.readable === 't').map(groupOf));
    const statements = grants(lacks, readable, session.user);
    throw denied(session, `the user may not read ${count(lacks)}`, statements);
  }
  const hidden = await session.run<{ schema: string; name: string }>(
    doing,
    `SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${userSchemas} AND c.relkind = 'r' AND c.relrowsecurity
        AND pg_catalog.row_security_active(c.oid)
      ORDER BY 1, 2`,
  );
  const [first] = hidden;
  if (first) {
    throw denied(
      session,
      `row security hides rows of table '${first.schema}.${first.name}' from the user`,
      [`ALTER ROLE ${quoteIdentifier(session.user)} BYPASSRLS;`],
    );
  }
}

const groupOf = ({ kind, schema }: Record<'kind' | 'schema', string>): string =>
  JSON.stringify([kind, schema]);

/** `readable`: groups of which the user may read a part. */
function grants(lacks: readonly Lack[], readable: ReadonlySet<string>, user: string): string[] {
  const groups = Map.groupBy(lacks, groupOf);
  return [...groups].flatMap(([group, members]) => {
    const [first] = members;
    if (!first || first.kind === 'schema' || readable.has(group) || members.length <= namedOneByOne)
      return members.map((lack) => grant(lack, user));
    const all = `ALL ${first.kind.toUpperCase()}S IN SCHEMA ${quoteIdentifier(first.schema)}`;
    return [`GRANT SELECT ON ${all} TO ${quoteIdentifier(user)};`];
  });
}

function grant({ kind, schema, name }: Lack, user: string): string {
  const role = quoteIdentifier(user);
  switch (kind) {
    case 'schema':
      return `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`;
    case 'table':
    case 'sequence':
      return `GRANT SELECT ON ${kind.toUpperCase()} ${quoteQualified(schema, name)} TO ${role};`;
  }
}

function count(lacks: readonly Lack[]): string {
  const [first] = lacks;
  const name = first?.kind === 'schema' ? first.schema : `${first?.schema}.${first?.name}`;
  return lacks.length === 1
    ? `${first?.kind} '${name}'`
    : `${lacks.length} schemas, tables or sequences, first of all ${first?.kind} '${name}'`;
}

function denied(session: Session, problem: string, statements: readonly string[]): DmsBackupError {
  const shown = statements.slice(0, statementsShown).join(' ');
  const more = statements.length - statementsShown;
  const rest = more > 0 ? ` And ${more} more; --json names all.` : '';
  return new DmsBackupError('database-denied', `cannot back up ${session.what}: ${problem}`, {
    hint: `Let the owner of the database or a superuser run: ${shown}${rest}`,
    context: { statements },
  });
}
