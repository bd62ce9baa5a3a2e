// Exchanges what is in the places with what has been prepared: the one step of a restore (and of its undo) that the
// application can see. Planned completely, journalled, then done by renames; a kill at any point is finished by `recover`.
// A database on a server comes first: its commit decides, and the renames follow.

import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { formatMtime, utimesTime } from '../archive/entry-time.ts';
import type { DatabaseLocation, PreparedDatabase } from '../database/engine.ts';
import { DmsBackupError, isDmsBackupError, systemErrorCode } from '../errors.ts';
import { syncDirectory } from '../io/sink.ts';
import { joinBytes } from '../media/scan.ts';
import type { Recovery } from '../verb.ts';
import {
  performMoves,
  plannedMove,
  readJournal,
  removeJournal,
  removeUndoNote,
  writeJournal,
  writeUndoNote,
} from './journal.ts';
import type {
  DirectoryAttributes,
  FormerDatabase,
  Journal,
  JournalDatabase,
  JournalMove,
  UndoNote,
} from './journal.ts';
import { createRoom, listChildren, newFolder, oldFolder, removeTree } from './place.ts';
import type { Place } from './place.ts';

export interface SwitchPlan {
  readonly verb: 'restore' | 'undo';
  readonly archiveId: string;
  readonly places: readonly Place[];
  /** Of the journal; default: that of the first place. */
  readonly room?: string;
  readonly created: readonly string[];
  readonly attributes: readonly DirectoryAttributes[];
  readonly keepUndo: boolean;
  /** The database on a server that takes part. */
  readonly server?: ServerPart;
}

export interface ServerPart {
  readonly location: DatabaseLocation;
  /** How its present state is kept; an `archive` lies in {@link formerFolder} of the room. Undefined: not at all. */
  readonly kept?: FormerDatabase['kept'];
  /** The engine keeps replaced tables itself, so what it keeps must go when it is not wanted. */
  readonly engineKeeps: boolean;
}

/** What is asked of the server that a journal names. */
export interface DatabaseFate {
  /** What came of the commit; see `DatabaseEngine.settle`. */
  settle(database: JournalDatabase): Promise<'old' | 'new'>;
  /** See `DatabaseEngine.dropFormer`. */
  dropFormer(database: JournalDatabase): Promise<void>;
}

/** For a target without a server. */
const noServer: DatabaseFate = {
  settle: async () => 'old',
  dropFormer: async () => undefined,
};

/** Where the archive of a replaced database on a server is prepared, and where it is kept for `undo`. */
export const formerFolder = (room: string): { fresh: string; kept: string } => ({
  fresh: newFolder({ room, name: 'former' }),
  kept: oldFolder({ room, name: 'former' }),
});

const roomOf = (plan: SwitchPlan): string => {
  const room = plan.room ?? plan.places[0]?.room;
  if (room === undefined) throw new Error('a switch has a room');
  return room;
};

/** Announces the work: from here on a killed run is recognised. Rooms exist afterwards. Throws when nothing could be begun. */
export function beginJournal(plan: SwitchPlan): Journal {
  const { server } = plan;
  const rooms = [...new Set([roomOf(plan), ...plan.places.map(({ room }) => room)])];
  const journal: Journal = {
    journalVersion: 1,
    verb: plan.verb,
    archiveId: plan.archiveId,
    startedAt: new Date().toISOString(),
    phase: 'staging',
    rooms,
    created: [...plan.created],
    moves: [],
    attributes: [],
    discard: [],
    prepared: [
      ...(plan.verb === 'restore' ? plan.places.map(newFolder) : []),
      ...(server ? [formerFolder(roomOf(plan)).fresh] : []),
    ],
    database: server
      ? {
          location: { ...server.location },
          ticket: null,
          dropFormer: server.engineKeeps && server.kept !== 'server',
        }
      : null,
    undoNote: null,
  };
  try {
    for (const room of rooms) createRoom(room);
    writeJournal(journal);
    for (const path of journal.prepared) removeTree(path);
  } catch (error) {
    takeBack(journal);
    throw asRestoreError(error);
  }
  return journal;
}

/**
 * Puts the new state in place. When it has ended the journal is gone; killed before, `recover` does the rest. With a database on
 * a server, `prepared` is committed first. Throws `restore-failed` when nothing was changed; `server-unreachable` when the
 * server was lost while it committed, `restore-unfinished` when something failed later: then the journal stays, and `recover`
 * finds out and does the rest.
 */
export async function switchOver(
  plan: SwitchPlan,
  begun: Journal,
  prepared?: PreparedDatabase,
  fate: DatabaseFate = noServer,
): Promise<void> {
  let journal: Journal;
  try {
    journal = planSwitch(plan, begun);
    if (prepared && journal.database) {
      const database = { ...journal.database, ticket: await prepared.ticket() };
      journal = { ...journal, phase: 'committing', database };
    }
  } catch (error) {
    await prepared?.discard();
    takeBack(begun);
    throw asRestoreError(error);
  }
  try {
    writeJournal(journal);
  } catch (error) {
    await prepared?.discard();
    // the disk may have it all the same, so it has to say that nothing is ready before what was prepared goes
    orUnfinished(begun, () => writeJournal(begun));
    takeBack(begun);
    throw asRestoreError(error);
  }
  if (prepared) journal = await commit(journal, prepared, fate);
  await finish(journal, fate);
}

/** Anything unexpected before the switch is a failed restore, not a bug that leaves the user alone. */
export function asRestoreError(error: unknown): unknown {
  if (isDmsBackupError(error)) return error;
  return new DmsBackupError('restore-failed', `preparing the restore failed: ${textOf(error)}`, {
    cause: error,
  });
}

/** The journal stays, and with it the way to one whole state. */
function unfinished({ verb }: Journal, error: unknown): DmsBackupError {
  return new DmsBackupError(
    'restore-unfinished',
    `the ${verb} was stopped before its end: ${textOf(error)}`,
    {
      cause: error,
      hint: 'Remove the cause, then run `doctor` with the same flags: it makes the target whole, and says whether it is the old or the new state.',
    },
  );
}

function orUnfinished(journal: Journal, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw unfinished(journal, error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Commits, or throws after everything is as it was, or leaves the journal when nobody can know. */
async function commit(
  journal: Journal,
  prepared: PreparedDatabase,
  fate: DatabaseFate,
): Promise<Journal> {
  const switching: Journal = { ...journal, phase: 'switching' };
  try {
    await prepared.commit();
  } catch (error) {
    await prepared.discard();
    const lost = isDmsBackupError(error) && error.code === 'server-unreachable';
    if (!lost || (await settleOrExplain(journal, fate)) === 'old') {
      takeBack(journal);
      throw error;
    }
  }
  orUnfinished(switching, () => writeJournal(switching));
  return switching;
}

async function settleOrExplain(journal: Journal, fate: DatabaseFate): Promise<'old' | 'new'> {
  try {
    return await fate.settle(journal.database!);
  } catch (cause) {
    throw new DmsBackupError(
      'server-unreachable',
      'the server was lost while it took over the restored database, and does not answer now',
      {
        cause,
        hint: 'Start the server and run `doctor` with the same flags: it finds out what happened and makes the target whole.',
      },
    );
  }
}

/** The journal of the switch, with every rename. The directories that get new content exist afterwards. */
export function planSwitch(plan: SwitchPlan, begun: Journal): Journal {
  const moves = [
    ...(plan.verb === 'restore' ? restoreMoves(plan.places) : undoMoves(plan.places)),
    ...formerMoves(plan),
  ];
  assertOnce(moves);
  const former = formerFolder(roomOf(plan));
  const discard = [
    ...plan.places.flatMap((place) => [
      `${oldFolder(place)}.former`,
      newFolder(place),
      ...(plan.keepUndo ? [] : [oldFolder(place)]),
    ]),
    ...(plan.server ? [`${former.kept}.former`, former.fresh] : []),
  ];
  const note = plan.keepUndo ? undoNote(plan) : null;
  prepareFolders(plan.places);
  return {
    ...begun,
    phase: 'switching',
    moves,
    discard,
    attributes: [...plan.attributes],
    undoNote: note,
  };
}

/** The archive of a database that was replaced before goes aside, the one of the present state takes its place. */
function formerMoves(plan: SwitchPlan): JournalMove[] {
  if (!plan.server) return [];
  const { fresh, kept } = formerFolder(roomOf(plan));
  const move = (from: string, to: string) => plannedMove(Buffer.from(from), Buffer.from(to));
  return [
    ...(existsSync(kept) ? [move(kept, `${kept}.former`)] : []),
    ...(plan.server.kept === 'archive' ? [move(fresh, kept)] : []),
  ];
}

/** Two things for one name could never both arrive; seen before the journal says that all is ready. */
function assertOnce(moves: readonly JournalMove[]): void {
  const names = new Set(moves.map(({ to }) => to));
  if (names.size !== moves.length) {
    throw new DmsBackupError('restore-failed', 'the new state has one name for two things');
  }
}

/** Brings the target into one whole state after a run that did not end. Undefined: there was none. Needs the lock. */
export async function recover(
  rooms: readonly string[],
  fate: DatabaseFate = noServer,
): Promise<Recovery | undefined> {
  const journal = rooms.map(readJournal).find((found) => found !== undefined);
  if (!journal) {
    removeJournal(rooms);
    for (const room of rooms) removeIfEmpty(room);
    return undefined;
  }
  const when = `a ${journal.verb} that began at ${journal.startedAt} did not end`;
  if ((await outcome(journal, fate)) === 'new') {
    await finish(journal, fate);
    return {
      state: 'new',
      text: `${when}; everything was ready, so it has been finished: the target is in the new state`,
    };
  }
  takeBack(journal);
  return {
    state: 'old',
    text: `${when}; nothing had been replaced: what was prepared is removed, the target is as it was`,
  };
}

/** Before the commit all is old, after it new; in between the server is asked. */
async function outcome(journal: Journal, fate: DatabaseFate): Promise<'old' | 'new'> {
  if (journal.phase === 'switching') return 'new';
  if (!journal.database) return 'old';
  return await fate.settle(journal.database);
}

/**
 * Gives up before the switch: removes what was prepared. The target was not touched. Throws `restore-unfinished` when something
 * cannot be removed.
 */
export function takeBack(journal: Journal): void {
  orUnfinished(journal, () => {
    for (const path of journal.prepared) removeTree(path);
    removeJournal(journal.rooms);
    for (const room of journal.rooms) removeIfEmpty(room);
    for (const path of journal.created.toReversed()) removeEmptyTree(path);
  });
}

/** Throws `restore-unfinished`. */
async function finish(journal: Journal, fate: DatabaseFate): Promise<void> {
  try {
    await finishSteps(journal, fate);
  } catch (error) {
    if (isDmsBackupError(error) && error.code === 'restore-unfinished') throw error;
    throw unfinished(journal, error);
  }
}

/** The idempotent rest of a switch. */
async function finishSteps(journal: Journal, fate: DatabaseFate): Promise<void> {
  performMoves(journal.moves);
  // what is removed from here on cannot tell any more that it has been moved
  if (journal.moves.length > 0) writeJournal({ ...journal, moves: [] });
  for (const { path, mode, uid, gid, mtime } of journal.attributes) {
    asFarAsAllowed(() => chownSync(path, uid, gid));
    asFarAsAllowed(() => chmodSync(path, mode));
    asFarAsAllowed(() => utimesSync(path, utimesTime(mtime), utimesTime(mtime)));
  }
  for (const path of journal.discard) removeTree(path);
  if (journal.database?.dropFormer) await fate.dropFormer(journal.database);
  for (const room of journal.rooms) {
    if (journal.undoNote) writeUndoNote(room, journal.undoNote);
    else removeUndoNote(room);
  }
  removeJournal(journal.rooms);
  for (const room of journal.rooms) removeIfEmpty(room);
}

/**
 * Only root can give directories away, only the owner can change modes and times, and not every file system has them. What is
 * in the directories has been exchanged by now: stopping here would help nobody.
 */
function asFarAsAllowed(action: () => void): void {
  try {
    action();
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (!['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ERR_OUT_OF_RANGE'].includes(code))
      throw error;
  }
}

/** A former undo goes aside, what is live becomes `old`, what was prepared becomes live. */
function restoreMoves(places: readonly Place[]): JournalMove[] {
  return places.flatMap((place) => {
    const [fresh, old] = [newFolder(place), oldFolder(place)];
    const former = existsSync(old)
      ? [plannedMove(Buffer.from(old), Buffer.from(`${old}.former`))]
      : [];
    return [...former, ...outMoves(place), ...inMoves(place, fresh, fresh)];
  });
}

/** The same with the former state as what was prepared; what is live now becomes `old`, so that undo can be undone. */
function undoMoves(places: readonly Place[]): JournalMove[] {
  return places.flatMap((place) => {
    const [fresh, old] = [newFolder(place), oldFolder(place)];
    const back = existsSync(old) ? [plannedMove(Buffer.from(old), Buffer.from(fresh))] : [];
    return [...back, ...outMoves(place), ...(existsSync(old) ? inMoves(place, fresh, old) : [])];
  });
}

function outMoves(place: Place): JournalMove[] {
  return place
    .children()
    .map((name) => plannedMove(inside(place.directory, name), inside(oldFolder(place), name)));
}

/** `now`: where the children of `from` are while planning. */
function inMoves(place: Place, from: string, now: string): JournalMove[] {
  return listChildren(now).map((name) =>
    plannedMove(inside(from, name), inside(place.directory, name), inside(now, name)),
  );
}

function inside(directory: string, name: Buffer): Buffer {
  return joinBytes(Buffer.from(directory), name);
}

/** The directories that get new content exist, and no leftover stands where a former undo is to be put aside. */
function prepareFolders(places: readonly Place[]): void {
  for (const place of places) {
    removeTree(`${oldFolder(place)}.former`);
    mkdirSync(place.directory, { recursive: true });
    syncDirectory(dirname(place.directory));
  }
}

function undoNote(plan: SwitchPlan): UndoNote {
  return {
    undoVersion: 1,
    archiveId: plan.archiveId,
    switchedAt: new Date().toISOString(),
    places: plan.places.map(({ name, directory, room }) => ({ name, directory, room })),
    attributes: plan.places
      .filter(({ name }) => name !== 'database')
      .flatMap(({ directory }) => attributesOf(directory)),
    former: plan.server?.kept
      ? { location: { ...plan.server.location }, kept: plan.server.kept, room: roomOf(plan) }
      : null,
  };
}

function attributesOf(path: string): DirectoryAttributes[] {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!status) return [];
  const [mode, uid, gid] = [Number(status.mode & 0o7777n), Number(status.uid), Number(status.gid)];
  return [{ path, mode, uid, gid, mtime: formatMtime(status.mtimeNs) }];
}

function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}

/** Removes a directory that we created, with empty directories in it; stops at anything else. */
function removeEmptyTree(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  for (const name of readdirSync(path)) removeEmptyTree(join(path, name));
  removeIfEmpty(path);
}
