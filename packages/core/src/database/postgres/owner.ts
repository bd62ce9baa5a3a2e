// Whose the restored objects become: a restore as superuser must not lock the application out of its own tables.

import type { Session } from './connect.ts';
import { ofExtension, userSchemas } from './rights.ts';

/**
 * The role that owns all present tables, else the one that owns the database; null when that is the connecting user, or a role
 * that it may not act as.
 */
export async function findOwner(session: Session): Promise<string | null> {
  // Before 16 every member could act as a role; since then it is a right of its own.
  const right = session.serverVersion >= 160_000 ? 'SET' : 'MEMBER';
  const [row] = await session.run<{ name: string }>(
    'find the owner of the tables',
    `WITH owners AS (
      SELECT DISTINCT c.relowner AS id
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE ${userSchemas} AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
          AND NOT ${ofExtension('pg_class', 'c.oid')})
    SELECT r.rolname AS name FROM pg_catalog.pg_roles r
      WHERE r.oid = coalesce((SELECT pg_catalog.min(id::bigint) FROM owners HAVING pg_catalog.count(*) = 1)::pg_catalog.oid,
          (SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
        AND r.rolname <> session_user AND pg_catalog.pg_has_role(session_user, r.oid, '${right}')`,
  );
  return row?.name ?? null;
}
