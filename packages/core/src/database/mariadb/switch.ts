// The switch: one RENAME TABLE statement moves the live tables away and the new ones in. Before it, all that is needed to go on
// or to go back is written into the workshop; after it, what RENAME TABLE cannot take along (triggers, views, routines,
// events) is made anew. Every step can be repeated, so a run that was killed anywhere is finished by `recover`.

import { DmsBackupError } from '../../errors.ts';
import { readTableEntries } from './catalogue.ts';
import type { Session } from './connect.ts';
import { allObjects, createObjects, dropObjects } from './ddl.ts';
import { readObjects } from './definitions.ts';
import type { DatabaseNames } from './names.ts';
import { literal, qualified, quoted } from './quoting.ts';
import { isConnectionLost, serverError } from './server-error.ts';
import {
  createOwnDatabase,
  ownedTables,
  readMarker,
  removeOwnDatabase,
  saveObjects,
  savedObjects,
  savedPlan,
  savePlan,
  sentinel,
  writeMarker,
  type Move,
} from './workshop.ts';

/** What takes the place of the live tables. */
export type Replacement =
  | { readonly from: 'workshop'; readonly keepsFormer: boolean }
  | { readonly from: 'former' };

/**
 * Exchanges the tables of the live database. The session holds the lock; the workshop has a marker and the objects of the `new`
 * side. Throws `server-unreachable` when the connection was lost (`recover` finds out), other errors when nothing was changed.
 */
export async function switchTables(
  session: Session,
  names: DatabaseNames,
  id: string,
  replacement: Replacement,
): Promise<void> {
  const what = `switch the tables of database '${names.live}'`;
  const keepsFormer = replacement.from === 'former' || replacement.keepsFormer;
  try {
    await session.run(`USE ${quoted(names.live)}`);
    await assertNotReferenced(session, names);
    await saveObjects(session, names.workshop, 'old', await readObjects(session, names.live));
    await ensureDatabase(session, names, 'former');
    await removeOwnDatabase(session, names.discarded);
    await ensureDatabase(session, names, 'discarded');
    const moves = await planMoves(session, names, replacement);
    await savePlan(session, names.workshop, moves);
    await writeMarker(session, names.workshop, { id, phase: 'switching', keepsFormer });
    await dropObjects(session, names.live, ['trigger']);
    await renameTables(session, names, moves);
  } catch (error) {
    const mapped = serverError(error, what, {
      otherwise: 'restore-failed',
      hints: {
        'database-denied': session.grantHint(...session.restoreGrants()),
        'database-locked': 'Stop the application, then try again: it is using the tables.',
      },
    });
    if (isConnectionLost(error)) throw unknownOutcome(names, mapped);
    await goBack(session, names);
    throw mapped;
  }
  await finish(session, names);
}

/** Puts back what had to go before the RENAME. */
async function goBack(session: Session, names: DatabaseNames): Promise<void> {
  try {
    const marker = await readMarker(session, names.workshop);
    if (typeof marker !== 'object' || marker.phase !== 'switching') return;
    await restoreObjects(session, names, 'old');
    await writeMarker(session, names.workshop, { ...marker, phase: 'building' });
  } catch (error) {
    throw unknownOutcome(names, error);
  }
}

function unknownOutcome(names: DatabaseNames, cause: unknown): DmsBackupError {
  return new DmsBackupError(
    'server-unreachable',
    `the connection was lost while the tables of database '${names.live}' were switched`,
    {
      hint: 'Run the command again when the server answers: it finishes the switch or takes it back.',
      cause,
    },
  );
}

async function planMoves(
  session: Session,
  names: DatabaseNames,
  replacement: Replacement,
): Promise<Move[]> {
  const move = async (from: string, to: string): Promise<Move[]> =>
    (await ownedTables(session, from)).map(({ name }) => ({ from, to, table: name }));
  const { live, former, discarded, workshop } = names;
  if (replacement.from === 'former') {
    const away = await move(live, discarded);
    const back = away.map(({ table }) => ({ from: discarded, to: former, table }));
    return [...away, ...(await move(former, live)), ...back];
  }
  const away = replacement.keepsFormer
    ? [...(await move(former, discarded)), ...(await move(live, former))]
    : await move(live, discarded);
  return [...away, ...(await move(workshop, live))];
}

/** One statement: on MariaDB 10.6 and MySQL 8 it takes place whole or not at all, even when the server crashes. */
async function renameTables(
  session: Session,
  names: DatabaseNames,
  moves: readonly Move[],
  direction: 'forward' | 'back' = 'forward',
): Promise<void> {
  const renames = moves.map(
    ({ from, to, table }) => `${qualified(from, table)} TO ${qualified(to, table)}`,
  );
  const before = qualified(names.workshop, sentinel.before);
  const after = qualified(names.workshop, sentinel.after);
  const mark = direction === 'forward' ? `${before} TO ${after}` : `${after} TO ${before}`;
  await session.run(`RENAME TABLE ${[...renames, mark].join(', ')}`);
}

/** Foreign keys of other databases would follow the replaced tables. Throws `target-unsafe`. */
async function assertNotReferenced(session: Session, names: DatabaseNames): Promise<void> {
  const own = [names.live, names.workshop, names.former, names.discarded].map(literal).join(', ');
  const [row] = await session.rows(
    `SELECT constraint_schema, table_name FROM information_schema.referential_constraints
     WHERE unique_constraint_schema = ${literal(names.live)} AND constraint_schema NOT IN (${own}) LIMIT 1`,
  );
  if (!row) return;
  throw new DmsBackupError(
    'target-unsafe',
    `cannot replace database '${names.live}': table '${row[1]}' of database '${row[0]}' has a foreign key to it`,
    { hint: 'Remove that foreign key, restore, and create it again.' },
  );
}

async function ensureDatabase(
  session: Session,
  names: DatabaseNames,
  role: 'former' | 'discarded',
): Promise<void> {
  if (typeof (await readMarker(session, names[role])) === 'object') return;
  await removeOwnDatabase(session, names[role]);
  const marker = { id: '', phase: 'building', keepsFormer: false } as const;
  await createOwnDatabase(session, names[role], role, names.live, marker);
}

/**
 * After the RENAME: makes everything else right. Throws `server-unreachable` when the next run must go on; another error when
 * triggers, views, routines or events could not be created: then the tables were renamed back and nothing is changed.
 */
async function finish(session: Session, names: DatabaseNames): Promise<void> {
  const what = `finish the switch of database '${names.live}'`;
  try {
    const marker = await readMarker(session, names.workshop);
    if (typeof marker !== 'object') throw new Error('the marker is gone');
    if (marker.phase === 'switching') {
      try {
        await restoreObjects(session, names, 'new');
      } catch (error) {
        if (isConnectionLost(error)) throw error;
        await renameBack(session, names);
        throw new RenamedBack(serverError(error, what, { otherwise: 'restore-failed' }));
      }
      await writeMarker(session, names.workshop, { ...marker, phase: 'finishing' });
    }
    await ensureDatabase(session, names, 'former');
    if (marker.keepsFormer) {
      await saveObjects(
        session,
        names.former,
        'new',
        await savedObjects(session, names.workshop, 'old'),
      );
    } else {
      await removeOwnDatabase(session, names.former);
      await ensureDatabase(session, names, 'former');
    }
    await writeMarker(session, names.former, { ...marker, phase: 'done' });
    await writeMarker(session, names.workshop, { ...marker, phase: 'done' });
    await removeOwnDatabase(session, names.discarded);
    await removeOwnDatabase(session, names.workshop);
  } catch (error) {
    if (error instanceof RenamedBack) throw error.reason;
    throw unknownOutcome(names, serverError(error, what, { otherwise: 'server-unreachable' }));
  }
}

/** Carries the error past the handler for unknown outcomes. */
class RenamedBack extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('renamed back');
    this.reason = reason;
  }
}

/** The new objects cannot be created: all tables go back to where they were. */
async function renameBack(session: Session, names: DatabaseNames): Promise<void> {
  await dropObjects(session, names.live, allObjects);
  const moves = (await savedPlan(session, names.workshop)).toReversed();
  const back = moves.map(({ from, to, table }) => ({ from: to, to: from, table }));
  await renameTables(session, names, back, 'back');
  await goBack(session, names);
}

/** Makes the objects of the live database those of one side. Can be repeated. */
async function restoreObjects(
  session: Session,
  names: DatabaseNames,
  side: 'old' | 'new',
): Promise<void> {
  const definitions = await savedObjects(session, names.workshop, side);
  await session.run(`USE ${quoted(names.live)}`);
  await dropObjects(session, names.live, allObjects);
  await createObjects(session, definitions);
}

/**
 * Finishes or takes back what a run has left that is no more. The session holds the lock. `new`: its switch took place;
 * `old`: it did not; `none`: nothing was left. The workshop is gone afterwards.
 */
export async function recover(
  session: Session,
  names: DatabaseNames,
): Promise<{ outcome: 'old' | 'new' | 'none'; id: string }> {
  await session.run(`USE ${quoted(names.live)}`);
  const marker = await readMarker(session, names.workshop);
  if (typeof marker !== 'object') {
    await removeOwnDatabase(session, names.workshop);
    return { outcome: 'none', id: '' };
  }
  const { id, phase } = marker;
  switch (phase) {
    case 'done':
      await removeOwnDatabase(session, names.discarded);
      await removeOwnDatabase(session, names.workshop);
      return { outcome: 'new', id };
    case 'finishing':
      await finish(session, names);
      return { outcome: 'new', id };
    case 'switching':
      if (await continueRename(session, names)) {
        await finish(session, names);
        return { outcome: 'new', id };
      }
      await goBack(session, names);
      break;
    case 'building':
      break;
  }
  await abandon(session, names);
  return { outcome: 'old', id };
}

/** Removes the workshop and what an attempt made beside it, when nothing was switched. */
export async function abandon(session: Session, names: DatabaseNames): Promise<void> {
  const former = await readMarker(session, names.former);
  // Made by this attempt and never used.
  if (typeof former === 'object' ? former.id === '' : former === 'unfinished') {
    await removeOwnDatabase(session, names.former);
  }
  await removeOwnDatabase(session, names.discarded);
  await removeOwnDatabase(session, names.workshop);
}

/**
 * Looks how far the RENAME came: not at all (false) or to its end. Servers without atomic DDL (MariaDB 10.5) may have
 * crashed between two tables; then the rest is renamed now.
 */
async function continueRename(session: Session, names: DatabaseNames): Promise<boolean> {
  const entries = await readTableEntries(session, names.workshop);
  if (entries.some(({ name }) => name === sentinel.after)) return true;
  const moves = await savedPlan(session, names.workshop);
  const key = (database: string, table: string): string => JSON.stringify([database, table]);
  const relevant = new Set(
    moves.flatMap(({ from, to, table }) => [key(from, table), key(to, table)]),
  );
  const present = new Set<string>();
  for (const database of [names.live, names.workshop, names.former, names.discarded]) {
    for (const { name } of await readTableEntries(session, database)) {
      if (relevant.has(key(database, name))) present.add(key(database, name));
    }
  }
  const done = movesDone(moves, present, key);
  if (done === 0) return false;
  await renameTables(session, names, moves.slice(done));
  return true;
}

/** How many moves, from the first, lead to the names that are there. Works backwards: the sets of all steps differ. */
function movesDone(
  moves: readonly Move[],
  present: ReadonlySet<string>,
  key: (database: string, table: string) => string,
): number {
  const state = new Set<string>();
  const isFirst = new Set<string>();
  for (const { from, to, table } of moves) {
    if (!isFirst.has(key(from, table))) state.add(key(from, table));
    isFirst.add(key(from, table)).add(key(to, table));
  }
  for (const [step, { from, to, table }] of moves.entries()) {
    if (isSameSet(state, present)) return step;
    state.delete(key(from, table));
    state.add(key(to, table));
  }
  if (isSameSet(state, present)) return moves.length;
  throw new DmsBackupError(
    'target-unsafe',
    'the tables of an interrupted restore are not where it left them',
    {
      hint: 'Somebody renamed or removed tables meanwhile. Ask for help before you change anything.',
    },
  );
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((each) => right.has(each));
}
