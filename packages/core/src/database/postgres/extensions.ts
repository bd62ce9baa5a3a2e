// Extensions that an archive needs: found to be missing before anything is touched, with what an administrator has to do.

import { DmsBackupError } from '../../errors.ts';
import type { DatabaseSchema } from '../engine.ts';
import type { Session } from './connect.ts';
import { quoteIdentifier } from './identifiers.ts';

/** Throws `database-unsupported` (the server does not have it) or `database-denied` (the user may not create it). */
export async function assertExtensions(session: Session, schema: DatabaseSchema): Promise<void> {
  for (const { kind, name, sql } of schema.preData) {
    if (kind !== 'extension') continue;
    const state = await readState(session, name);
    if (state.isCreated) continue;
    if (!state.isAvailable) {
      throw new DmsBackupError(
        'database-unsupported',
        `cannot restore into ${session.what}: the server does not have the extension '${name}'`,
        {
          hint: `Install the package of '${name}' on the server (for PostGIS: postgresql-${Math.floor(session.serverVersion / 10_000)}-postgis-3), then restore again.`,
        },
      );
    }
    if (state.mayCreate) continue;
    throw new DmsBackupError(
      'database-denied',
      `cannot restore into ${session.what}: the user may not create the extension '${name}'`,
      {
        hint: `Let a superuser run in this database: ${statement(name, sql)}`,
        context: { extension: name },
      },
    );
  }
}

interface ExtensionState {
  readonly isCreated: boolean;
  readonly isAvailable: boolean;
  readonly mayCreate: boolean;
}

async function readState(session: Session, name: string): Promise<ExtensionState> {
  // Trusted extensions came with 13: whoever may create in the database may create them.
  const trusted =
    session.serverVersion >= 130_000
      ? `EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions v WHERE v.name = $1 AND v.trusted)
        AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')`
      : 'false';
  const [row] = await session.run<{ created: string; available: string; allowed: string }>(
    `look for extension '${name}'`,
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1) AS created,
      EXISTS (SELECT FROM pg_catalog.pg_available_extensions a WHERE a.name = $1) AS available,
      (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR ${trusted} AS allowed`,
    [name],
  );
  return {
    isCreated: row?.created === 't',
    isAvailable: row?.available === 't',
    mayCreate: row?.allowed === 't',
  };
}

/** The schema where it belongs, when that is there already; else the default. */
function statement(name: string, sql: string): string {
  const schema = /WITH SCHEMA ("(?:[^"]|"")+")/.exec(sql)?.[1];
  if (schema === undefined || schema === '"public"') {
    return `CREATE EXTENSION ${quoteIdentifier(name)};`;
  }
  return `CREATE SCHEMA IF NOT EXISTS ${schema}; CREATE EXTENSION ${quoteIdentifier(name)} WITH SCHEMA ${schema};`;
}
