// The database beside the live one in which the next state is built, and the notes of a switch that lie in it. A marker table
// says that a database is ours; databases of these names without a marker are never touched.

import { DmsBackupError } from '../../errors.ts';
import type { ConnectOptions } from '../engine.ts';
import { readTableEntries, type TableEntry } from './catalogue.ts';
import { takeLock, type Session } from './connect.ts';
import { reservedPrefix } from './ddl.ts';
import type { Definition } from './definitions.ts';
import type { DatabaseNames } from './names.ts';
import { literal, qualified, quoted } from './quoting.ts';

const markerTable = `${reservedPrefix}marker`;
const objectTable = `${reservedPrefix}objects`;
const planTable = `${reservedPrefix}plan`;
/** Renamed by the same statement as all other tables, so its name says whether the switch took place. */
export const sentinel = {
  before: `${reservedPrefix}before`,
  after: `${reservedPrefix}after`,
} as const;

const phases = ['building', 'switching', 'finishing', 'done'] as const;
/**
 * `building`: nothing outside is touched. `switching`: the plan is complete, the live database is about to change.
 * `finishing`: the live database is as it should be, the notes of the former one are not yet. `done`: only what is no longer
 * needed is to go.
 */
export type Phase = (typeof phases)[number];

export interface Marker {
  /** Of the run that made it; in the former database: of the last switch that ended. Empty: none yet. */
  readonly id: string;
  readonly phase: Phase;
  readonly keepsFormer: boolean;
}

/** One table of a switch: database and name before and after. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly table: string;
}

/** Objects of the live database before (`old`) and after (`new`) the switch. */
export type Side = 'old' | 'new';

/** What a database of ours is for decides which tables of notes it needs. */
export type Role = 'workshop' | 'former' | 'discarded';

/** Creates a database of ours with its marker. `like` gives the default character set and collation. */
export async function createOwnDatabase(
  session: Session,
  name: string,
  role: Role,
  like: string,
  marker: Marker,
): Promise<void> {
  const [facts = []] = await session.rows(
    `SELECT default_character_set_name, default_collation_name FROM information_schema.schemata
     WHERE schema_name = ${literal(like)}`,
  );
  const [characterSet = 'utf8mb4', collation = 'utf8mb4_general_ci'] = facts;
  const create = async (table: string, columns: string): Promise<void> => {
    await session.run(
      `CREATE TABLE ${qualified(name, table)} (${columns})
       ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
    );
  };
  await session.run(
    `CREATE DATABASE ${quoted(name)} CHARACTER SET ${characterSet} COLLATE ${collation}`,
  );
  await create(
    markerTable,
    'id varchar(64) NOT NULL PRIMARY KEY, phase varchar(16) NOT NULL, keeps_former tinyint NOT NULL, note text NOT NULL',
  );
  if (role !== 'discarded') {
    await create(
      objectTable,
      `side varchar(3) NOT NULL, position int NOT NULL, kind varchar(16) NOT NULL, name varchar(64) NOT NULL,
       base varchar(64), definition longtext NOT NULL, PRIMARY KEY (side, position)`,
    );
  }
  if (role === 'workshop') {
    await create(
      planTable,
      `position int NOT NULL PRIMARY KEY, from_database varchar(64) NOT NULL, to_database varchar(64) NOT NULL,
       name varchar(64) NOT NULL`,
    );
    await create(sentinel.before, 'id int PRIMARY KEY');
  }
  // Last: a database without this row is one that was not finished.
  await writeMarker(session, name, marker);
}

export async function writeMarker(
  session: Session,
  database: string,
  marker: Marker,
): Promise<void> {
  const table = qualified(database, markerTable);
  const note = 'made by dms-backup; removed by the next restore or undo';
  await session.run('START TRANSACTION');
  await session.run(`DELETE FROM ${table}`);
  await session.run(
    `INSERT INTO ${table} VALUES (${literal(marker.id)}, ${literal(marker.phase)}, ${Number(marker.keepsFormer)}, ${literal(note)})`,
  );
  await session.run('COMMIT');
}

/**
 * The marker of a database of ours. `missing`: there is no such database, or an empty one. Throws `target-unsafe` for
 * somebody else's.
 */
export async function readMarker(
  session: Session,
  database: string,
): Promise<Marker | 'missing' | 'unfinished'> {
  const entries = await readTableEntries(session, database);
  if (entries.length === 0) return 'missing';
  if (!entries.some(({ name }) => name === markerTable)) throw foreign(database);
  const [row] = await session.rows(
    `SELECT id, phase, keeps_former FROM ${qualified(database, markerTable)}`,
  );
  if (!row) return 'unfinished';
  const [id, phase, keepsFormer] = row;
  return {
    id: id ?? '',
    phase: phases.find((each) => each === phase) ?? 'building',
    keepsFormer: keepsFormer === '1',
  };
}

function foreign(database: string): DmsBackupError {
  return new DmsBackupError(
    'target-unsafe',
    `cannot use database '${database}' of this server: it exists and was not made by dms-backup`,
    { hint: 'Rename or remove that database, then try again.' },
  );
}

/** Removes a database of ours; nothing to remove is no error. Throws `target-unsafe` for somebody else's. */
export async function removeOwnDatabase(session: Session, database: string): Promise<void> {
  const entries = await readTableEntries(session, database);
  const marker = entries.length > 0 ? await readMarker(session, database) : undefined;
  // What is half removed must not be taken for something to go back to.
  if (typeof marker === 'object' && marker.keepsFormer) {
    await writeMarker(session, database, { ...marker, keepsFormer: false });
  }
  // The marker goes last, so that a removal that was cut off can be continued.
  for (const [kind, type] of [
    ['VIEW', 'VIEW'],
    ['SEQUENCE', 'SEQUENCE'],
    ['TABLE', undefined],
  ] as const) {
    const names = entries.filter(
      (entry) =>
        entry.name !== markerTable &&
        (type === undefined ? !/^(?:VIEW|SEQUENCE)$/.test(entry.type) : entry.type === type),
    );
    if (names.length === 0) continue;
    const list = names.map(({ name }) => qualified(database, name)).join(', ');
    await session.run(`DROP ${kind} IF EXISTS ${list}`);
  }
  await session.run(`DROP DATABASE IF EXISTS ${quoted(database)}`);
}

/** Tables and sequences of a database without ours. */
export async function ownedTables(session: Session, database: string): Promise<TableEntry[]> {
  const entries = await readTableEntries(session, database);
  return entries.filter(({ name, type }) => type !== 'VIEW' && !name.startsWith(reservedPrefix));
}

export async function saveObjects(
  session: Session,
  database: string,
  side: Side,
  definitions: readonly Definition[],
): Promise<void> {
  const table = qualified(database, objectTable);
  await session.run('START TRANSACTION');
  await session.run(`DELETE FROM ${table} WHERE side = '${side}'`);
  for (const [position, { kind, name, table: base, sql }] of definitions.entries()) {
    const values = [
      literal(kind),
      literal(name),
      base === undefined ? 'NULL' : literal(base),
      literal(sql),
    ];
    await session.run(`INSERT INTO ${table} VALUES ('${side}', ${position}, ${values.join(', ')})`);
  }
  await session.run('COMMIT');
}

export async function savedObjects(
  session: Session,
  database: string,
  side: Side,
): Promise<Definition[]> {
  const rows = await session.rows(
    `SELECT kind, name, base, definition FROM ${qualified(database, objectTable)} WHERE side = '${side}' ORDER BY position`,
  );
  return rows.map(([kind, name, base, sql]): Definition => ({
    kind: kind ?? '',
    name: name ?? '',
    ...(base !== null && base !== undefined && { table: base }),
    sql: sql ?? '',
  }));
}

export async function savePlan(
  session: Session,
  workshop: string,
  moves: readonly Move[],
): Promise<void> {
  const table = qualified(workshop, planTable);
  await session.run(`DELETE FROM ${table}`);
  for (const [position, { from, to, table: name }] of moves.entries()) {
    await session.run(
      `INSERT INTO ${table} VALUES (${position}, ${literal(from)}, ${literal(to)}, ${literal(name)})`,
    );
  }
}

export async function savedPlan(session: Session, workshop: string): Promise<Move[]> {
  const rows = await session.rows(
    `SELECT from_database, to_database, name FROM ${qualified(workshop, planTable)} ORDER BY position`,
  );
  return rows.map(([from, to, table]) => ({ from: from ?? '', to: to ?? '', table: table ?? '' }));
}

/** A killed run's session ends a little later than its process. */
const lockWaitMs = 3000;

/** Takes the lock of a target for the life of the session. Throws `locked`. */
export async function lockTarget(
  session: Session,
  names: DatabaseNames,
  options: ConnectOptions,
): Promise<void> {
  const waitMs = Math.min(lockWaitMs, options.lockTimeoutMs ?? lockWaitMs);
  if (await takeLock(session, names.lock, waitMs)) return;
  throw new DmsBackupError(
    'locked',
    `another run of dms-backup is restoring database '${names.live}' of this server`,
  );
}
