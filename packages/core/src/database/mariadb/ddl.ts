// Runs definitions of an archive. They may be hostile: each must be one statement that creates exactly the object it is
// listed as, without a database in front of its name. (The driver sends one statement at a time.)

import { DmsBackupError } from '../../errors.ts';
import type { DatabaseSchema, Table } from '../engine.ts';
import { readColumns } from './catalogue.ts';
import type { Session } from './connect.ts';
import type { Definition } from './definitions.ts';
import { literal, qualified, quoted } from './quoting.ts';
import { errorNumber, serverError } from './server-error.ts';
import { nameOf, tokensOf } from './sql-text.ts';

/** Tables of ours in the database where the next state is built. */
export const reservedPrefix = 'dms_backup_';

const kindsWithHead: ReadonlySet<string> = new Set([
  'view',
  'function',
  'procedure',
  'package',
  'package body',
  'trigger',
  'event',
]);

const headForm =
  /^SET sql_mode = '[A-Z0-9_,]*', character_set_client = \w+, collation_connection = \w+(?:, time_zone = '[\w/+:-]+')?;\n/;

/** Splits a definition into the SET statement for its session and the rest. Throws `archive-damaged`. */
export function splitHead(definition: Definition): [head: string, sql: string] {
  const head = headForm.exec(definition.sql)?.[0];
  if (head === undefined) throw damaged(definition, 'does not say how its session was set');
  return [head.slice(0, -2), definition.sql.slice(head.length)];
}

/** Throws `archive-damaged` unless the text creates what the definition says. Asked before anything is run. */
export function assertDefinition(definition: Definition): void {
  const { kind, name } = definition;
  if (!kindsWithHead.has(kind) && kind !== 'table' && kind !== 'sequence') {
    throw damaged(definition, 'is of a kind that is not known');
  }
  const sql = kindsWithHead.has(kind) ? splitHead(definition)[1] : definition.sql;
  const tokens: string[] = [];
  for (const { text } of tokensOf(sql)) {
    tokens.push(text);
    if (tokens.length > 40) break;
  }
  const kindWords = kind.toUpperCase().split(' ');
  // Between CREATE and the kind stand only ALGORITHM, DEFINER, SQL SECURITY, AGGREGATE.
  const at = tokens.findIndex((_, index) =>
    kindWords.every((word, offset) => tokens[index + offset]?.toUpperCase() === word),
  );
  const between = tokens.slice(1, at).join(' ');
  const isPlain =
    kind === 'table' || kind === 'sequence' ? between === '' : headWords.test(between);
  const next = tokens[at + kindWords.length] ?? '';
  if (tokens[0]?.toUpperCase() !== 'CREATE' || at < 1 || !isPlain || nameOf(next) !== name) {
    throw damaged(definition, 'is not the statement that creates it');
  }
  if (tokens[at + kindWords.length + 1] === '.') throw damaged(definition, 'names a database');
  if (name.toLowerCase().startsWith(reservedPrefix)) {
    throw new DmsBackupError(
      'restore-failed',
      `cannot create ${kind} '${name}': names that begin with '${reservedPrefix}' are used by dms-backup`,
    );
  }
}

const account = String.raw`(?:\S+ @ \S+|\S+)`;
const headWords = new RegExp(
  `^(?:ALGORITHM = (?:UNDEFINED|MERGE|TEMPTABLE) ?|DEFINER = ${account} ?|SQL SECURITY (?:DEFINER|INVOKER) ?|AGGREGATE ?)*$`,
  'i',
);

/** Creates the tables and sequences of a schema in the session's database. Throws `restore-failed`, `archive-damaged`. */
export async function createTables(session: Session, schema: DatabaseSchema): Promise<void> {
  const increments = new Map(
    schema.sequences.map(({ name, value }) => [name, value.replace(/^\+/, '')]),
  );
  for (const definition of schema.preData) {
    if (definition.kind !== 'table' && definition.kind !== 'sequence') {
      throw damaged(definition, 'is of a kind that is not known');
    }
    const value = increments.get(definition.name);
    if (value !== undefined && !/^-?\d{1,20}$/.test(value)) {
      throw damaged(definition, 'has a next value that is no integer');
    }
    await runDefinition(session, definition, tableText(definition, value), schema.engineVersion);
    if (definition.kind === 'sequence' && value !== undefined) {
      await session.rows(`SELECT SETVAL(${quoted(definition.name)}, ${value}, 0)`);
    }
  }
}

function tableText({ kind, sql }: Definition, value: string | undefined): string {
  if (kind !== 'table' || value === undefined || value.startsWith('-')) return sql;
  return sql.replace(
    /^\) (?:\/\*!50100 TABLESPACE [^\n]*? \*\/ )?ENGINE=\w+/m,
    (options) => `${options} AUTO_INCREMENT=${value}`,
  );
}

/**
 * Creates routines, views, triggers and events in the session's database. A view may need another one that comes later, so
 * what fails for a missing table is tried again while others succeed.
 */
export async function createObjects(
  session: Session,
  definitions: readonly Definition[],
): Promise<void> {
  let waiting = [...definitions];
  while (waiting.length > 0) {
    const failed: { definition: Definition; error: unknown }[] = [];
    for (const definition of waiting) {
      try {
        await createObject(session, definition);
      } catch (error) {
        if (definition.kind !== 'view' || !isMissing(error)) throw error;
        failed.push({ definition, error });
      }
    }
    const [first] = failed;
    if (failed.length === waiting.length && first) throw first.error;
    waiting = failed.map(({ definition }) => definition);
  }
}

/** ER_NO_SUCH_TABLE, ER_VIEW_INVALID, ER_SP_DOES_NOT_EXIST. */
function isMissing(error: unknown): boolean {
  const cause = error instanceof DmsBackupError ? error.cause : error;
  return [1146, 1356, 1305].includes(errorNumber(cause) ?? 0);
}

async function createObject(session: Session, definition: Definition): Promise<void> {
  const [head, sql] = splitHead(definition);
  try {
    await session.run(head);
    await runDefinition(session, definition, sql);
  } finally {
    await session.resetModes();
  }
}

async function runDefinition(
  session: Session,
  definition: Definition,
  sql: string,
  madeOn?: string,
): Promise<void> {
  try {
    await session.run(sql);
  } catch (error) {
    const otherServer = madeOn === undefined ? undefined : otherServerHint(session, madeOn);
    throw serverError(error, `create ${definition.kind} '${definition.name}'`, {
      otherwise: 'restore-failed',
      hints: {
        'database-denied': deniedHint(session, error),
        ...(otherServer !== undefined && { 'restore-failed': otherServer }),
      },
    });
  }
}

/** Undefined where the definitions come from the same release. */
function otherServerHint(session: Session, madeOn: string): string | undefined {
  const [from, to] = [releaseOf(madeOn), releaseOf(session.serverVersion)];
  if (from === to) return undefined;
  return `The database was backed up on ${from}, and this server is ${to}: restore into a server of the same product that is not older.`;
}

function releaseOf(version: string): string {
  const number = /^\d+\.\d+/.exec(version)?.[0] ?? '';
  return `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${number}`;
}

function deniedHint(session: Session, error: unknown): string {
  switch (errorNumber(error)) {
    case 1227: {
      // MySQL names the rights that would do, SUPER first, the smallest last; they have other names in every release.
      const named = /the (?:[\w, ]+ or )?([A-Z_]+) privilege/.exec((error as Error).message)?.[1];
      const right = session.isMariadb ? 'SET USER' : (named ?? 'SET_ANY_DEFINER');
      return `Its definer is another user. ${session.grantHint(`GRANT ${right} ON *.*`)}`;
    }
    case 1419:
      return 'The server writes a binary log. Let an administrator run, for the time of the restore: SET GLOBAL log_bin_trust_function_creators = 1;';
    default:
      return session.grantHint(...session.restoreGrants());
  }
}

/** Removes everything from a database that is not a table or sequence, and the triggers of its tables. */
export async function dropObjects(
  session: Session,
  database: string,
  kinds: readonly ObjectKind[],
): Promise<void> {
  for (const kind of kinds) {
    const { list, drop } = objectLists[kind];
    for (const [name, type] of await session.rows(list(database))) {
      await session.run(`DROP ${drop ?? type} IF EXISTS ${qualified(database, name ?? '')}`);
    }
  }
}

export type ObjectKind = 'trigger' | 'view' | 'routine' | 'event';
export const allObjects: readonly ObjectKind[] = ['event', 'trigger', 'view', 'routine'];

const objectLists: Readonly<
  Record<ObjectKind, { list: (database: string) => string; drop?: string }>
> = {
  trigger: {
    list: (database) =>
      `SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = ${literal(database)}`,
    drop: 'TRIGGER',
  },
  view: {
    list: (database) =>
      `SELECT table_name FROM information_schema.views WHERE table_schema = ${literal(database)}`,
    drop: 'VIEW',
  },
  routine: {
    // A package takes its body with it.
    list: (database) => `SELECT routine_name, routine_type FROM information_schema.routines
      WHERE routine_schema = ${literal(database)} AND routine_type <> 'PACKAGE BODY'`,
  },
  event: {
    list: (database) =>
      `SELECT event_name FROM information_schema.events WHERE event_schema = ${literal(database)}`,
    drop: 'EVENT',
  },
};

/** The tables in which rows will be written must have exactly the columns that the schema lists, else values would be lost. */
export async function assertColumns(
  session: Session,
  database: string,
  schema: DatabaseSchema,
): Promise<void> {
  const fold = (name: string): string => (session.foldsNames ? name.toLowerCase() : name);
  const found = await readColumns(session, database);
  const actual = new Map([...found].map(([name, columns]) => [fold(name), columns]));
  const facts = (columns: Table['columns']): string =>
    JSON.stringify(columns.map((column) => [column.name, column.generated ?? null]));
  const tables = schema.preData.filter(({ kind }) => kind === 'table');
  for (const table of schema.tables) {
    const columns = actual.get(fold(table.name));
    if (columns === undefined || facts(columns) !== facts(table.columns)) {
      throw new DmsBackupError(
        'archive-damaged',
        `the columns of table '${table.name}' do not agree with its definition`,
      );
    }
  }
  if (tables.length !== schema.tables.length) {
    throw new DmsBackupError('archive-damaged', 'the schema lists a table that has no definition');
  }
}

function damaged({ kind, name }: Definition, problem: string): DmsBackupError {
  return new DmsBackupError('archive-damaged', `the definition of ${kind} '${name}' ${problem}`);
}
