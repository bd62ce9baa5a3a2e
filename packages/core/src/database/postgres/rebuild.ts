// Everything in the database goes and comes from the archive. Extensions stay or are created as the connecting user; all
// else is made as the role that owns the present tables, so that the application keeps its rights.

import type { DatabaseSchema, Table } from '../engine.ts';
import { qualifiedName } from '../schema.ts';
import type { Builder } from './build.ts';
import type { Session } from './connect.ts';
import { relationName } from './copy-out.ts';
import { dropEverything } from './drop.ts';
import { assertExtensions } from './extensions.ts';
import { quoteIdentifier, quoteLiteral } from './identifiers.ts';
import { findOwner } from './owner.ts';
import { assertReplaceable } from './restore-rights.ts';
import { ofExtension } from './rights.ts';

type Definition = DatabaseSchema['preData'][number];

export async function createRebuilder(session: Session, schema: DatabaseSchema): Promise<Builder> {
  await assertExtensions(session, schema);
  await assertReplaceable(
    session,
    schema.preData.some(({ kind }) => kind === 'schema'),
  );
  const foundation = [...publicSchema(schema), ...schema.preData.filter(isFoundation)];
  const preData = schema.preData.filter((definition) => !isFoundation(definition));
  /** Null: objects belong to the connecting user. */
  let owner: string | null = null;
  let extensionTables = new Set<string>();
  const isOfExtension = (table: Table): boolean => extensionTables.has(qualifiedName(table));
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
      extensionTables = await readExtensionTables(session);
      for (const table of schema.tables.filter(isOfExtension)) {
        // Creating an extension can fill its tables, and these rows come from the archive as well.
        await emptyTable(session, table);
      }
      await actAs(session, owner);
      for (const definition of preData) await create(session, definition);
    },
    async beforeRows(table) {
      await actAs(session, isOfExtension(table) ? null : owner);
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

/** Tables of extensions by qualified name, before there are others. */
async function readExtensionTables(session: Session): Promise<Set<string>> {
  const rows = await session.run<{ schema: string; name: string }>(
    'list the tables of extensions',
    `SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND ${ofExtension('pg_class', 'c.oid')}`,
  );
  return new Set(rows.map(qualifiedName));
}

async function emptyTable(session: Session, table: Table): Promise<void> {
  await session.run(
    `empty table '${qualifiedName(table)}'`,
    `TRUNCATE ONLY ${relationName(table)}`,
  );
}
