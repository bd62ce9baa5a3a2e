// The server's own text of every object, made free of the name of its database. Objects that depend on the session in which
// they were made (views, routines, triggers, events) have it in front as a SET statement on a line of its own.

import { DmsBackupError } from '../../errors.ts';
import type { DatabaseSchema } from '../engine.ts';
import type { TableEntry } from './catalogue.ts';
import type { Session, TextRow } from './connect.ts';
import { literal, qualified, quoted } from './quoting.ts';
import { serverError } from './server-error.ts';
import { namesDatabase, nameOf, textBehind, tokensOf, withoutDatabase } from './sql-text.ts';

export type Definition = DatabaseSchema['preData'][number];
type Sequences = DatabaseSchema['sequences'];

/** The line that closes the columns: the first one that begins with a parenthesis (strings hold no raw line feed). */
const tableOptions =
  /^(\) (?:\/\*!50100 TABLESPACE [^\n]*? \*\/ )?ENGINE=\w+) AUTO_INCREMENT=(\d+)/m;

/** Tables and sequences, and the next AUTO_INCREMENT of each table, which is not part of its text. */
export async function readTableDefinitions(
  session: Session,
  database: string,
  entries: readonly TableEntry[],
): Promise<{ definitions: Definition[]; increments: Sequences }> {
  const definitions: Definition[] = [];
  const increments: Sequences = [];
  await session.withDefinitionModes(async () => {
    // Sequences first: defaults of columns may name them.
    for (const { name } of entries.filter(({ type }) => type === 'SEQUENCE')) {
      const row = await showCreate(session, 'sequence', database, name);
      definitions.push({ kind: 'sequence', name, sql: row[1] ?? '' });
    }
    for (const { name } of entries.filter(({ type }) => type === 'BASE TABLE')) {
      const row = await showCreate(session, 'table', database, name);
      const text = row[1] ?? '';
      if (namesDatabase(text, database)) {
        throw new DmsBackupError(
          'database-unsupported',
          `cannot keep table '${name}': its definition names its own database`,
          {
            hint: 'Defaults that take values of a sequence cannot be restored under another name.',
          },
        );
      }
      const value = tableOptions.exec(text)?.[2];
      definitions.push({ kind: 'table', name, table: name, sql: text.replace(tableOptions, '$1') });
      if (value !== undefined) increments.push({ name, value });
    }
  });
  return { definitions, increments };
}

/** Views, routines, triggers and events, in an order in which they can be created (views: see `createObjects`). */
export async function readObjects(session: Session, database: string): Promise<Definition[]> {
  const schema = literal(database);
  const list = async (sql: string): Promise<TextRow[]> => await session.rows(sql);
  const views = await list(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = ${schema} AND table_type = 'VIEW' ORDER BY 1`,
  );
  const routines = await list(
    `SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = ${schema}
     ORDER BY FIELD(routine_type, 'FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY'), routine_name`,
  );
  const triggers = await list(
    `SELECT trigger_name, event_object_table, action_timing, event_manipulation FROM information_schema.triggers
     WHERE trigger_schema = ${schema}
     ORDER BY event_object_table, action_timing, event_manipulation, action_order`,
  );
  const events = await list(
    `SELECT event_name FROM information_schema.events WHERE event_schema = ${schema} ORDER BY 1`,
  );
  const names = await list(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = ${schema}`,
  );
  const objects = new Set(
    [...names, ...routines.map((row) => [row[1] ?? null])].map(([name]) => name ?? ''),
  );
  const found: Definition[] = [];
  await session.withDefinitionModes(async () => {
    for (const [type, name] of routines) {
      const kind = (type ?? '').toLowerCase();
      const row = await showCreate(session, kind, database, name ?? '');
      found.push({
        kind,
        name: name ?? '',
        sql: headed(row[2] ?? '', { modes: row[1], client: row[3], collation: row[4] }),
      });
    }
    for (const [name] of views) {
      const row = await showCreate(session, 'view', database, name ?? '');
      const text = row[1] ?? '';
      // The server writes all names with their databases, or (a view of nothing but its own database) none.
      const isQualified = text.includes(` VIEW ${qualified(database, name ?? '')} `);
      const sql = isQualified ? withoutDatabase(text, database, objects) : text;
      found.push({
        kind: 'view',
        name: name ?? '',
        sql: headed(sql, { client: row[2], collation: row[3] }),
      });
    }
    for (const [name, table, timing, event] of triggers) {
      const row = await showCreate(session, 'trigger', database, name ?? '');
      const place = `${quoted(name ?? '')} ${timing} ${event} ON ${quoted(table ?? '')}`;
      const sql = triggerText(row[2] ?? '', place, name ?? '');
      found.push({
        kind: 'trigger',
        name: name ?? '',
        table: table ?? '',
        sql: headed(sql, { modes: row[1], client: row[3], collation: row[4] }),
      });
    }
    for (const [name] of events) {
      const row = await showCreate(session, 'event', database, name ?? '');
      found.push({
        kind: 'event',
        name: name ?? '',
        sql: headed(row[3] ?? '', {
          modes: row[1],
          zone: row[2],
          client: row[4],
          collation: row[5],
        }),
      });
    }
  });
  return found;
}

async function showCreate(
  session: Session,
  kind: string,
  database: string,
  name: string,
): Promise<TextRow> {
  const what = `read the definition of ${kind} '${name}'`;
  try {
    const place = qualified(database, name);
    const [row = []] = await session.rows(`SHOW CREATE ${kind.toUpperCase()} ${place}`);
    const text =
      row[
        kind === 'event' ? 3 : kind === 'table' || kind === 'view' || kind === 'sequence' ? 1 : 2
      ];
    if (kind === 'view') await assertUsable(session, name);
    if (text !== null && text !== undefined && text !== '') return row;
  } catch (error) {
    throw serverError(error, what, {
      otherwise: 'database-unsupported',
      hints: { 'database-denied': session.grantHint(...session.readGrants()) },
    });
  }
  // The server shows the body of a routine to its definer and to who may read all routines.
  const grant = session.isMariadb ? 'GRANT SELECT ON mysql.proc' : 'GRANT SHOW_ROUTINE ON *.*';
  throw new DmsBackupError('database-denied', `cannot ${what}: this user may not see it`, {
    hint: session.grantHint(grant),
  });
}

/** ER_VIEW_INVALID comes as a warning of SHOW CREATE VIEW; such a view cannot be created again. */
async function assertUsable(session: Session, name: string): Promise<void> {
  const warnings = await session.rows('SHOW WARNINGS');
  if (!warnings.some((warning) => warning[1] === '1356')) return;
  throw new DmsBackupError(
    'database-unsupported',
    `cannot keep view '${name}': it uses a table, column or function that does not exist`,
    { hint: 'Repair or remove the view.' },
  );
}

/** A trigger is kept as its author typed it; the head is written anew, because it may name the database. */
function triggerText(text: string, place: string, name: string): string {
  const body = textBehind(text, 'FOR', 'EACH', 'ROW');
  if (body === undefined) {
    throw new DmsBackupError(
      'database-unsupported',
      `cannot keep trigger '${name}': its text cannot be read`,
    );
  }
  return `CREATE ${definerOf(text)}TRIGGER ${place} FOR EACH ROW ${withoutOrder(body).trimStart()}`;
}

/** `FOLLOWS x` and `PRECEDES x`: triggers are created in their order, so nothing is lost. */
function withoutOrder(body: string): string {
  const [first, second] = tokensOf(body);
  if (!first || !second || !/^(?:FOLLOWS|PRECEDES)$/i.test(first.text)) return body;
  return body.slice(second.at + second.text.length);
}

function definerOf(text: string): string {
  const tokens = [...tokensOf(text)];
  const at = tokens.findIndex(({ text: word }) => word.toUpperCase() === 'DEFINER');
  const trigger = tokens.findIndex(({ text: word }) => word.toUpperCase() === 'TRIGGER');
  const [user, sign, host] = tokens.slice(at + 2);
  if (at < 0 || at > trigger || !user) return '';
  const account =
    sign?.text === '@' && host
      ? `${quoted(nameOfAccount(user.text))}@${quoted(nameOfAccount(host.text))}`
      : user.text;
  return `DEFINER=${account} `;
}

function nameOfAccount(token: string): string {
  return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : nameOf(token);
}

/** The session in which an object was made. */
interface MadeIn {
  readonly modes?: string | null | undefined;
  readonly zone?: string | null | undefined;
  readonly client?: string | null | undefined;
  readonly collation?: string | null | undefined;
}

/** Puts the SET statement in front. The reader is `splitHead` in `ddl.ts`. */
function headed(sql: string, made: MadeIn): string {
  // Not ASCII: sent as utf8mb4, whatever the author's terminal used.
  const isAscii = /^[\0-\u007f]*$/.test(sql);
  const client = isAscii || made.client?.startsWith('utf8') ? made.client : 'utf8mb4';
  const settings = [
    `sql_mode = '${made.modes ?? ''}'`,
    `character_set_client = ${client ?? 'utf8mb4'}`,
    `collation_connection = ${made.collation ?? 'utf8mb4_general_ci'}`,
    ...(made.zone ? [`time_zone = ${literal(made.zone)}`] : []),
  ];
  return `SET ${settings.join(', ')};\n${sql}`;
}
