// Builds the objects of a database from archived definitions, which are hostile input: each is one statement, begins as
// SQLite writes it, may only create in the main database, and must afterwards stand in sqlite_schema letter by letter.
// Tables come before the rows; indexes, views, triggers and virtual tables after them.

import { constants, type DatabaseSync } from 'node:sqlite';
import { DmsBackupError, type ErrorCode } from '../../errors.ts';
import type { DatabaseSchema } from '../engine.ts';
import { closeQuietly, connect, loadError } from './connect.ts';
import { isVirtual, readDefinitions, type Definition } from './definitions.ts';

const beginning: Readonly<Record<string, RegExp>> = {
  table: /^CREATE (?:VIRTUAL )?TABLE /,
  index: /^CREATE (?:UNIQUE )?INDEX /,
  view: /^CREATE VIEW /,
  trigger: /^CREATE TRIGGER /,
};

/** Statistics of the query planner. SQLite reserves their names, so they are created under another and renamed. */
const statistics = /^CREATE TABLE (sqlite_stat[1-4])(\([a-z,]+\))$/i;
const temporaryName = 'dms_backup_internal';

/** What a CREATE statement needs, and nothing that reads, changes or attaches anything else. */
const allowed: ReadonlySet<number> = new Set([
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_REINDEX,
]);

/** Creates the tables, empty, without indexes and triggers. Throws `restore-failed`. */
export function createTables(database: DatabaseSync, definitions: readonly Definition[]): void {
  for (const definition of definitions) {
    if (definition.name === 'sqlite_sequence') createSequenceTable(database);
    else if (statistics.test(definition.sql)) createStatistics(database, definition);
    else create(database, definition);
  }
}

/** Creates one index, view or trigger. Throws `restore-failed`. */
export function create(database: DatabaseSync, definition: Definition): void {
  const { kind, name, sql } = definition;
  if (!beginning[kind]?.test(sql) || isVirtual(definition)) {
    throw refused(definition, 'the definition does not begin as SQLite writes it');
  }
  database.setAuthorizer((action, first, _second, place) => {
    const isSchema = first === 'sqlite_master' && place === 'main';
    const writesSchema = action === constants.SQLITE_INSERT || action === constants.SQLITE_UPDATE;
    return (allowed.has(action) && (place === 'main' || place === null)) ||
      (writesSchema && isSchema)
      ? constants.SQLITE_OK
      : constants.SQLITE_DENY;
  });
  try {
    // Only the first statement is compiled; anything behind it shows in `assertDefinitions`.
    database.prepare(sql).run();
  } catch (error) {
    throw loadError(error, `create ${kind} '${name}'`);
  } finally {
    database.setAuthorizer(null);
  }
}

/** SQLite creates sqlite_sequence itself with the first such table, and leaves it when that is dropped. */
function createSequenceTable(database: DatabaseSync): void {
  database.exec(
    `CREATE TABLE ${temporaryName} (id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE ${temporaryName}`,
  );
}

function createStatistics(database: DatabaseSync, definition: Definition): void {
  const [, name = '', columns = ''] = statistics.exec(definition.sql) ?? [];
  if (name !== definition.name) throw refused(definition, 'its name is not that of its definition');
  database.exec(`CREATE TABLE ${temporaryName}${columns}`);
  writeSchema(database, (schema) =>
    schema
      .prepare('UPDATE sqlite_schema SET name = ?1, tbl_name = ?1, sql = ?2 WHERE name = ?3')
      .run(name, definition.sql, temporaryName),
  );
}

/**
 * Enters the virtual tables. Their shadow tables are there already, as ordinary tables with the archived rows; running
 * CREATE VIRTUAL TABLE would make new ones. The modules need not be known here (the sqlite3 shell's .dump does the same).
 */
export function createVirtualTables(
  database: DatabaseSync,
  definitions: readonly Definition[],
): void {
  const virtual = definitions.filter(isVirtual);
  if (virtual.length === 0) return;
  writeSchema(database, (schema) => {
    const statement = schema.prepare(
      `INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', ?1, ?1, 0, ?2)`,
    );
    for (const { name, sql } of virtual) statement.run(name, sql);
  });
}

/** Changes the text of a table's definition; the table itself stays what it is. Throws `restore-failed`. */
export function replaceDefinition(database: DatabaseSync, table: string, sql: string): void {
  writeSchema(database, (schema) =>
    schema
      .prepare("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?")
      .run(sql, table),
  );
}

function writeSchema(database: DatabaseSync, write: (database: DatabaseSync) => void): void {
  try {
    database.exec('PRAGMA writable_schema = ON');
    write(database);
    // Reads the schema again, which checks each definition, and ends the permission.
    database.exec('PRAGMA writable_schema = RESET');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    throw loadError(error, 'write the schema');
  }
}

/** Throws `restore-failed` unless exactly the archived objects are there, each with exactly its text. */
export function assertDefinitions(database: DatabaseSync, schema: DatabaseSchema): void {
  const key = ({ kind, name, table, sql }: Definition): string =>
    JSON.stringify([kind, name, table ?? name, sql]);
  const wanted = new Map(
    [...schema.preData, ...schema.postData].map((definition) => [key(definition), definition]),
  );
  for (const definition of readDefinitions(database)) {
    if (!wanted.delete(key(definition))) {
      throw refused(definition, 'it came out otherwise than it is in the archive');
    }
  }
  const [missing] = wanted.values();
  if (missing) throw refused(missing, 'it is not there after its definition was run');
}

/** Builds the definitions in memory, without rows: what cannot be restored is found out before it is backed up. */
export function rehearse(schema: DatabaseSchema): void {
  const database = connect(':memory:', { readOnly: false });
  try {
    createTables(database, schema.preData);
    for (const definition of schema.postData)
      if (!isVirtual(definition)) create(database, definition);
    createVirtualTables(database, schema.postData);
    assertDefinitions(database, schema);
  } catch (error) {
    throw asUnsupported(error);
  } finally {
    closeQuietly(database);
  }
}

function asUnsupported(error: unknown): unknown {
  if (!(error instanceof DmsBackupError) || error.code !== 'restore-failed') return error;
  const code: ErrorCode = 'database-unsupported';
  const message = error.message.replace(/^cannot create/, 'cannot keep');
  return new DmsBackupError(code, message, { context: error.context, cause: error.cause });
}

function refused(definition: Definition, reason: string): DmsBackupError {
  const { kind, name } = definition;
  return new DmsBackupError('restore-failed', `cannot create ${kind} '${name}': ${reason}`, {
    context: { kind, name },
  });
}
