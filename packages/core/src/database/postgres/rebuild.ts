// Everything in the database goes and comes from the archive. Extensions stay or are created as the connecting user; all
// else is made as the role that owns the present tables, so that the application keeps its rights.

import { DmsBackupError } from '../../errors.ts';
import type { DatabaseSchema, Table } from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import type { Builder } from './build.ts';
import { isConfiguration } from './catalogue-tables.ts';
import type { Session } from './connect.ts';
import { relationName } from './copy-out.ts';
import { dropEverything } from './drop.ts';
import { assertExtensions } from './extensions.ts';
import { quoteIdentifier, quoteLiteral } from './identifiers.ts';
import { findOwner } from './owner.ts';
import { assertReplaceable, assertWritableTables } from './restore-rights.ts';

type Definition = DatabaseSchema['preData'][number];

export async function createRebuilder(session: Session, schema: DatabaseSchema): Promise<Builder> {
  await assertExtensions(session, schema);
  await assertReplaceable(
    session,
    schema.preData.some(({ kind }) => kind === 'schema'),
  );
  await assertWritableTables(session, schema.tables);
  const foundation = [...publicSchema(schema), ...schema.preData.filter(isFoundation)];
  const preData = schema.preData.filter((definition) => !isFoundation(definition));
  /** Null: objects belong to the connecting user. */
  let owner: string | null = null;
  const ofExtensions = schema.tables.filter(({ extension }) => extension !== undefined);
  return {
    async prepare() {
      owner = await findOwner(session);
      await dropEverything(session);
      for (const definition of foundation) {
        if (await exists(session, definition)) continue;
        await create(session, definition);
        if (owner !== null && definition.kind === 'schema') {
          await session.run(
            `give away schema '${definition.name}'`,
            `ALTER SCHEMA ${quoteIdentifier(definition.name)} OWNER TO ${quoteIdentifier(owner)}`,
          );
        }
      }
      // Creating an extension fills its tables, and these rows come from the archive as well.
      for (const table of ofExtensions) await emptyTable(session, table);
      await actAs(session, owner);
      for (const definition of preData) await create(session, definition);
    },
    async beforeRows(table) {
      await actAs(session, table.extension ? null : owner);
    },
    async finish() {
      await actAs(session, owner);
      for (const definition of schema.postData) await create(session, definition);
    },
  };
}

/** Every new database has it, so archives have no definition of it; it may have been dropped. */
function publicSchema({ preData }: DatabaseSchema): Definition[] {
  return preData.some(({ schema }) => schema === 'public')
    ? [{ kind: 'schema', name: 'public', sql: 'CREATE SCHEMA public' }]
    : [];
}

function isFoundation({ kind }: Definition): boolean {
  return kind === 'schema' || kind === 'extension';
}

async function exists(session: Session, { kind, name }: Definition): Promise<boolean> {
  const [catalogue, column] =
    kind === 'schema' ? ['pg_namespace', 'nspname'] : ['pg_extension', 'extname'];
  const rows = await session.run(
    `look for ${kind} '${name}'`,
    `SELECT FROM pg_catalog.${catalogue} WHERE ${column} = $1`,
    [name],
  );
  return rows.length > 0;
}

/**
 * Runs the statements of a definition from an archive. Inside of DO the server refuses what would end the transaction (COMMIT,
 * ROLLBACK), and with it our promise that nothing or all is restored.
 */
async function create(session: Session, { kind, schema, name, sql }: Definition): Promise<void> {
  const body = `BEGIN EXECUTE ${quoteLiteral(sql)}; END`;
  await session.run(
    `create ${kind} '${qualifiedName({ schema, name })}'`,
    `DO LANGUAGE plpgsql ${quoteLiteral(body)}`,
  );
}

async function actAs(session: Session, owner: string | null): Promise<void> {
  await session.run(
    'act as the owner of the tables',
    owner === null ? 'RESET ROLE' : `SET LOCAL ROLE ${quoteIdentifier(owner)}`,
  );
}

/** Throws `restore-failed` when the extension of this server has no such table. */
async function emptyTable(session: Session, table: Table): Promise<void> {
  const found = await session.run(
    `look for table '${qualifiedName(table)}'`,
    `SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND ${isConfiguration('c.oid')}`,
    [table.schema, table.name],
  );
  if (found.length === 0) {
    throw new DmsBackupError(
      'restore-failed',
      `the archive has rows of table '${qualifiedName(table)}', which the extension '${table.extension?.name}' does not have here`,
      { hint: 'Use a version of the extension that is near to the one of the archive.' },
    );
  }
  await session.run(
    `empty table '${qualifiedName(table)}'`,
    `TRUNCATE ONLY ${relationName(table)}`,
  );
}
