// What the user may not replace, found before anything is touched, with the statements that would allow it.

import { DmsBackupError } from '../../errors.ts';
import type { Table } from '../engine.ts';
import type { Session } from './connect.ts';
import { quoteIdentifier } from './identifiers.ts';
import { findOwner } from './owner.ts';
import { ofExtension, userSchemas } from './rights.ts';

/** A message names no more statements than this; the context has all. */
const statementsShown = 20;

/** Objects with an owner of their own. A schema's owner may drop what is in it. */
const owned = `SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, oid, relnamespace AS namespace, relowner AS owner
      FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relpersistence <> 't'
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace, proowner FROM pg_catalog.pg_proc
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typnamespace, typowner FROM pg_catalog.pg_type
    WHERE typtype IN ('d', 'e') OR (typtype = 'r')`;

/** For a rebuild; `createsSchemas`: besides `public`. Throws `database-denied`. */
export async function assertReplaceable(session: Session, createsSchemas: boolean): Promise<void> {
  const statements = await session.run<{ sql: string }>(
    'read the rights',
    `SELECT pg_catalog.format('ALTER SCHEMA %I OWNER TO %I;', n.nspname, current_user) AS sql
      FROM pg_catalog.pg_namespace n
      WHERE ${userSchemas} AND n.nspname <> 'public' AND NOT ${ofExtension('pg_namespace', 'n.oid')}
        AND NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
    UNION ALL
    SELECT pg_catalog.format('ALTER %s %s OWNER TO %I;', pg_catalog.upper(i.type), i.identity, current_user)
      FROM (${owned}) o JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace,
        pg_catalog.pg_identify_object(o.classid, o.oid, 0) i
      WHERE n.nspname = 'public' AND NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
        AND NOT pg_catalog.pg_has_role(o.owner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
          WHERE e.classid = o.classid AND e.objid = o.oid AND e.deptype = 'e')
    UNION ALL
    SELECT pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I;', pg_catalog.current_database(), current_user)
      WHERE $2::boolean AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    UNION ALL
    SELECT pg_catalog.format('GRANT CREATE ON SCHEMA public TO %I;', $1::text)
      FROM pg_catalog.pg_namespace n
      WHERE n.nspname = 'public' AND NOT pg_catalog.has_schema_privilege($1::text, n.oid, 'CREATE')`,
    [(await findOwner(session)) ?? (await currentUser(session)), createsSchemas],
  );
  assertNone(session, statements);
}

/** For an exchange of the rows only. Throws `database-denied`. */
export async function assertFillable(session: Session): Promise<void> {
  const statements = await session.run<{ sql: string }>(
    'read the rights',
    `SELECT pg_catalog.format('ALTER TABLE %I.%I OWNER TO %I;', n.nspname, c.relname, current_user) AS sql
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${userSchemas} AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
        AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') AND NOT ${ofExtension('pg_class', 'c.oid')}
      ORDER BY 1`,
  );
  assertNone(session, statements);
}

/** For tables of extensions that are there already: often they belong to a superuser. Throws `database-denied`. */
export async function assertWritableTables(
  session: Session,
  tables: readonly Table[],
): Promise<void> {
  const statements: { sql: string }[] = [];
  for (const { schema, name, extension } of tables) {
    if (!extension) continue;
    const rows = await session.run<{ sql: string }>(
      'read the rights',
      `SELECT pg_catalog.format('GRANT SELECT, INSERT, TRUNCATE ON TABLE %I.%I TO %I;', n.nspname, c.relname, current_user) AS sql
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2 AND ${ofExtension('pg_class', 'c.oid')}
          AND NOT (pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
            AND pg_catalog.has_table_privilege(c.oid, 'TRUNCATE'))`,
      [schema, name],
    );
    statements.push(...rows);
  }
  assertNone(session, statements);
}

async function currentUser(session: Session): Promise<string> {
  const [row] = await session.run<{ name: string }>(
    'read the rights',
    'SELECT current_user AS name',
  );
  return row?.name ?? session.user;
}

function assertNone(session: Session, rows: readonly { sql: string }[]): void {
  if (rows.length === 0) return;
  const statements = rows.map(({ sql }) => sql);
  const more = statements.length - statementsShown;
  throw new DmsBackupError(
    'database-denied',
    `cannot restore into ${session.what}: user ${quoteIdentifier(session.user)} may not replace everything in it`,
    {
      hint: `Restore as a superuser, or let one run: ${statements.slice(0, statementsShown).join(' ')}${more > 0 ? ` And ${more} more; --json names all.` : ''}`,
      context: { statements },
    },
  );
}
