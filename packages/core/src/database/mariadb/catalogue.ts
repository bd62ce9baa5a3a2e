// What a database holds, in engine-neutral words, with the server's own definitions. Every object is in the result or
// refused by name.

import { DmsBackupError } from '../../errors.ts';
import type { Column, DatabaseSchema, Table } from '../engine.ts';
import type { Session, TextRow } from './connect.ts';
import { readObjects, readTableDefinitions } from './definitions.ts';
import { literal, qualified, quoted } from './quoting.ts';
import { limitsOf, logicalTypeOf } from './types.ts';

/** An entry of information_schema.tables. */
export interface TableEntry {
  readonly name: string;
  /** BASE TABLE, VIEW, SEQUENCE, SYSTEM VERSIONED, ... */
  readonly type: string;
  readonly storageEngine: string;
}

export async function readTableEntries(session: Session, database: string): Promise<TableEntry[]> {
  const rows = await session.rows(
    `SELECT table_name, table_type, engine FROM information_schema.tables
     WHERE table_schema = ${literal(database)} AND table_type <> 'TEMPORARY' ORDER BY table_name`,
  );
  return rows.map(([name, type, engine]) => ({
    name: name ?? '',
    type: type ?? '',
    storageEngine: engine ?? '',
  }));
}

/** Storage engines whose rows lie elsewhere: a copy of the definition would lead to the same rows. */
const foreignEngines: ReadonlySet<string> = new Set([
  'FEDERATED',
  'CONNECT',
  'MRG_MYISAM',
  'SPIDER',
  'NDBCLUSTER',
  'S3',
]);

function assertKeepable(entries: readonly TableEntry[]): void {
  for (const { name, type, storageEngine } of entries) {
    if (type === 'SYSTEM VERSIONED') {
      throw unsupported(`table '${name}': it has system versioning`);
    }
    if (type !== 'BASE TABLE' && type !== 'VIEW' && type !== 'SEQUENCE') {
      throw unsupported(`'${name}': it is a ${type.toLowerCase()}`);
    }
    if (foreignEngines.has(storageEngine.toUpperCase())) {
      throw unsupported(
        `table '${name}': the rows of storage engine ${storageEngine} lie elsewhere`,
      );
    }
    if (type === 'BASE TABLE' && storageEngine === '') {
      throw new DmsBackupError(
        'database-corrupt',
        `cannot read table '${name}': the server cannot open it`,
        { hint: 'Repair the table, or remove it if nobody needs it.' },
      );
    }
  }
}

/** Reads the whole schema. Throws `database-unsupported` naming the object, `database-denied`. */
export async function readSchema(session: Session, database: string): Promise<DatabaseSchema> {
  const entries = await readTableEntries(session, database);
  assertKeepable(entries);
  const names = entries.filter(({ type }) => type === 'BASE TABLE').map(({ name }) => name);
  const columns = await readColumns(session, database);
  await assertMembers(session, database, columns);
  const keys = await readPrimaryKeys(session, database);
  const tables = names.map((name): Table => ({
    name,
    columns: columns.get(name) ?? [],
    primaryKey: keys.get(name) ?? [],
  }));
  const [facts = []] = await session.rows(
    `SELECT default_character_set_name, default_collation_name FROM information_schema.schemata
     WHERE schema_name = ${literal(database)}`,
  );
  const [characterSet, collation] = facts;
  const { definitions, increments } = await readTableDefinitions(session, database, entries);
  const sequences: DatabaseSchema['sequences'] = increments;
  for (const { name } of entries.filter(({ type }) => type === 'SEQUENCE')) {
    const value = await session.value(
      `SELECT next_not_cached_value FROM ${qualified(database, name)}`,
    );
    sequences.push({ name, value: value ?? '1', isCalled: false });
  }
  return {
    engine: 'mariadb',
    engineVersion: session.serverVersion,
    encoding: characterSet ?? 'utf8mb4',
    settings: { character_set: characterSet ?? '', collation: collation ?? '' },
    tables,
    preData: definitions,
    postData: await readObjects(session, database),
    sequences,
  };
}

/** Columns of all tables by table, in their order. */
export async function readColumns(
  session: Session,
  database: string,
): Promise<Map<string, Column[]>> {
  const json = await jsonColumns(session, database);
  const tables = new Map<string, Column[]>();
  const rows = await session.rows(
    `SELECT table_name, column_name, column_type, is_nullable, extra, character_maximum_length,
      character_octet_length, numeric_precision, numeric_scale FROM information_schema.columns
     WHERE table_schema = ${literal(database)} ORDER BY table_name, ordinal_position`,
  );
  for (const row of rows) {
    const [table, column] = [row[0] ?? '', toColumn(row)];
    const isJson = json.has(JSON.stringify([table, column.name]));
    const columns = tables.get(table) ?? [];
    columns.push(isJson ? { ...column, logicalType: 'json' } : column);
    tables.set(table, columns);
  }
  return tables;
}

function toColumn(row: TextRow): Column {
  const [, name, type, nullable, extra, characters, octets, precision, scale] = row;
  const declaredType = type ?? '';
  const limits = limitsOf({
    declaredType,
    characters: characters ?? null,
    octets: octets ?? null,
    precision: precision ?? null,
    scale: scale ?? null,
  });
  const generated = /\b(STORED|PERSISTENT) GENERATED|PERSISTENT/i.test(extra ?? '')
    ? 'stored'
    : /VIRTUAL/i.test(extra ?? '')
      ? 'virtual'
      : undefined;
  return {
    name: name ?? '',
    logicalType: logicalTypeOf(declaredType),
    declaredType,
    nullable: nullable === 'YES',
    ...(generated && { generated }),
    ...(limits && { limits }),
  };
}

/** MariaDB has no JSON type: `json` is longtext with `CHECK (json_valid(...))`. */
async function jsonColumns(session: Session, database: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (!session.isMariadb) return found;
  // With ANSI_QUOTES the clause would have other quotes.
  const rows = await session.withDefinitionModes(
    async () =>
      await session.rows(
        `SELECT table_name, check_clause FROM information_schema.check_constraints
         WHERE constraint_schema = ${literal(database)} AND check_clause LIKE 'json\\_valid(%)'`,
      ),
  );
  for (const [table, clause] of rows) {
    const column = /^json_valid\(`((?:[^`]|``)*)`\)$/.exec(clause ?? '')?.[1];
    if (column !== undefined) found.add(JSON.stringify([table, column.replaceAll('``', '`')]));
  }
  return found;
}

/**
 * Members of ENUM and SET beyond the basic plane: MariaDB keeps them, but shows a question mark in every definition (10.11,
 * `SHOW CREATE TABLE` and information_schema alike). A column that uses one cannot be kept.
 */
async function assertMembers(
  session: Session,
  database: string,
  tables: ReadonlyMap<string, readonly Column[]>,
): Promise<void> {
  for (const [table, columns] of tables) {
    for (const { name, declaredType } of columns) {
      if (!/^(?:enum|set)\(.*\?/is.test(declaredType)) continue;
      const column = quoted(name);
      const asShown = `CONVERT(CONVERT(${column} USING utf8mb3) USING utf8mb4)`;
      const found = await session.value(
        `SELECT 1 FROM ${qualified(database, table)} WHERE CAST(${asShown} AS BINARY) <> CAST(CONVERT(${column} USING utf8mb4) AS BINARY) LIMIT 1`,
      );
      if (found === null) continue;
      throw unsupported(
        `column '${name}' of table '${table}': the server does not show the members of its type exactly`,
      );
    }
  }
}

async function readPrimaryKeys(session: Session, database: string): Promise<Map<string, string[]>> {
  const keys = new Map<string, string[]>();
  const rows = await session.rows(
    `SELECT table_name, column_name FROM information_schema.statistics
     WHERE table_schema = ${literal(database)} AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index`,
  );
  for (const [table, column] of rows) {
    const key = keys.get(table ?? '') ?? [];
    key.push(column ?? '');
    keys.set(table ?? '', key);
  }
  return keys;
}

function unsupported(problem: string): DmsBackupError {
  return new DmsBackupError('database-unsupported', `cannot keep ${problem}`);
}
