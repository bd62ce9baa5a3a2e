// Exchanges the rows and keeps definitions, owners and rights: foreign keys go for the time of the load, triggers are off, and
// both are put back exactly as they were.

import { qualifiedName } from '../schema.ts';
import type { DatabaseSchema, Table } from '../engine.ts';
import type { Builder } from './build.ts';
import type { Session } from './connect.ts';
import { relationName } from './copy-out.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from './identifiers.ts';
import { assertFillable, assertWritableTables } from './restore-rights.ts';
import { ofExtension, userSchemas } from './rights.ts';

/** Statements to run later, with what they do. */
type Step = readonly [doing: string, sql: string];

export async function createFiller(session: Session, schema: DatabaseSchema): Promise<Builder> {
  await assertFillable(session);
  await assertWritableTables(session, schema.tables);
  let afterwards: Step[] = [];
  return {
    async prepare() {
      const tables = new Set(schema.tables.map(relationName));
      const keys = await dropForeignKeys(session, tables);
      const triggers = await switchTriggersOff(session, tables);
      afterwards = [...keys, ...triggers, ...(await refreshes(session))];
      if (schema.tables.length > 0) await truncate(session, schema.tables);
    },
    async beforeRows() {},
    async finish() {
      for (const [doing, sql] of afterwards) await session.run(doing, sql);
    },
  };
}

async function truncate(session: Session, tables: readonly Table[]): Promise<void> {
  await session.run(
    'empty the tables',
    `TRUNCATE ${tables.map((table) => `ONLY ${relationName(table)}`).join(', ')}`,
  );
}

/** Foreign keys that come from or lead to these tables; returns what puts them back. */
async function dropForeignKeys(session: Session, tables: ReadonlySet<string>): Promise<Step[]> {
  const rows = await session.run<{
    schema: string;
    table: string;
    name: string;
    definition: string;
    comment: string | null;
    toSchema: string;
    toTable: string;
    isPartitioned: string;
  }>(
    'list the foreign keys',
    `SELECT n.nspname AS schema, c.relname AS table, k.conname AS name,
        pg_catalog.pg_get_constraintdef(k.oid) AS definition,
        pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment,
        tn.nspname AS "toSchema", t.relname AS "toTable", 'p' IN (c.relkind, t.relkind) AS "isPartitioned"
      FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_class t ON t.oid = k.confrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
      WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid`,
  );
  const back: Step[] = [];
  for (const row of rows) {
    const table = quoteQualified(row.schema, row.table);
    // Keys of partitioned tables are those of their partitions, which are the ones in the list.
    const concerns =
      row.isPartitioned === 't' ||
      tables.has(table) ||
      tables.has(quoteQualified(row.toSchema, row.toTable));
    if (!concerns) continue;
    const name = quoteIdentifier(row.name);
    const of = `foreign key '${row.name}' of table '${row.schema}.${row.table}'`;
    await session.run(`drop ${of}`, `ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
    back.push([`create ${of}`, `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${row.definition}`]);
    if (row.comment !== null) {
      const comment = quoteLiteral(row.comment);
      back.push([`comment ${of}`, `COMMENT ON CONSTRAINT ${name} ON ${table} IS ${comment}`]);
    }
  }
  return back;
}

const wordOfState: Readonly<Record<string, string>> = {
  O: 'ENABLE',
  R: 'ENABLE REPLICA',
  A: 'ENABLE ALWAYS',
};

/** Returns what switches on those that were on, each in its own way. */
async function switchTriggersOff(session: Session, tables: ReadonlySet<string>): Promise<Step[]> {
  const rows = await session.run<{ schema: string; table: string; name: string; state: string }>(
    'list the triggers',
    `SELECT n.nspname AS schema, c.relname AS table, t.tgname AS name, t.tgenabled AS state
      FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.oid`,
  );
  const back: Step[] = [];
  for (const row of rows) {
    const table = quoteQualified(row.schema, row.table);
    if (!tables.has(table)) continue;
    const doing = `trigger '${row.name}' of table '${row.schema}.${row.table}'`;
    const alter = `ALTER TABLE ONLY ${table}`;
    const name = quoteIdentifier(row.name);
    await session.run(`switch off ${doing}`, `${alter} DISABLE TRIGGER ${name}`);
    const word = wordOfState[row.state] ?? 'ENABLE';
    back.push([`switch on ${doing}`, `${alter} ${word} TRIGGER ${name}`]);
  }
  return back;
}

/** Materialised views hold rows of the former tables; a view comes after those that it reads. */
async function refreshes(session: Session): Promise<Step[]> {
  const rows = await session.run<{ schema: string; name: string }>(
    'list the materialised views',
    `SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${userSchemas} AND c.relkind = 'm' AND c.relispopulated AND NOT ${ofExtension('pg_class', 'c.oid')}
      ORDER BY c.oid`,
  );
  return rows.map(({ schema, name }): Step => [
    `refresh '${qualifiedName({ schema, name })}'`,
    `REFRESH MATERIALIZED VIEW ${quoteQualified(schema, name)}`,
  ]);
}
