// The target of a restore or undo: where everything is, its places and rooms, the lock on it, and what a killed run left.

import { existsSync, realpathSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Instance, Root } from '../adapter.ts';
import type { DatabaseLocation } from '../database/engine.ts';
import { describeLocation } from '../database/database-url.ts';
import { DmsBackupError, isDmsBackupError, systemErrorCode } from '../errors.ts';
import { findDatabase, findInstance, isSameDatabase } from '../instance.ts';
import type { InstanceDatabase } from '../instance.ts';
import { waitForLock } from '../io/lock.ts';
import type { Lock, LockMode, WaitOptions } from '../io/lock.ts';
import type { InstanceOptions, Part, Recovery } from '../verb.ts';
import { undoMark } from './journal.ts';
import type { JournalDatabase } from './journal.ts';
import {
  createRoom,
  databasePlace,
  lockRooms,
  possibleRooms,
  rootPlace,
  serverRoom,
} from './place.ts';
import type { Place } from './place.ts';
import { recover } from './switch.ts';
import type { DatabaseFate } from './switch.ts';

export interface Target {
  readonly instance: Instance;
  readonly database: InstanceDatabase | undefined;
  readonly roots: readonly Root[];
  /** What is exchanged by renames: the roots and the file of a SQLite database. */
  readonly places: readonly Place[];
  /** The room that holds lock and journal. Undefined when nothing was found. */
  readonly room: string | undefined;
  /** Every room that this target can have. */
  readonly rooms: readonly string[];
  /** Rooms whose locks backups share. */
  readonly lockRooms: readonly string[];
}

/** Finds the target; nothing is created or changed. Throws `instance-not-found`, `target-unsafe`, ... */
export async function findTarget(
  options: InstanceOptions,
  parts: readonly Part[],
): Promise<Target> {
  const instance = await findInstance(options);
  const withDatabase = parts.includes('database');
  const found =
    instance.database || withDatabase ? await findDatabase(instance, options) : undefined;
  const database = found && { ...found, location: absolute(found.location) };
  const files = database ? database.engine.filesOf(database.location) : [];
  const roots = instance.roots.map((root) => ({
    ...root,
    directory: realPath(root.directory),
  }));
  assertApart(roots);
  const rootPlaces = roots.map((root) => rootPlace(root, files, options.adapter, instance));
  const file =
    database?.location.engine === 'sqlite'
      ? databasePlace(database.location.path, database.engine, rootPlaces)
      : undefined;
  const places = [
    ...(parts.includes('media') ? rootPlaces : []),
    ...(withDatabase && file ? [file] : []),
  ];
  const homes = journalHomes(roots, database?.location, options.environment);
  const room = places[0]?.room ?? rootPlaces[0]?.room ?? homes[0];
  const rooms = [...new Set([...places.map((place) => place.room), ...homes])];
  return {
    instance,
    database,
    roots,
    places,
    room,
    rooms,
    lockRooms: lockRooms(roots, database?.location, options.environment),
  };
}

/** Every room in which the journal of an instance can lie. */
function journalHomes(
  roots: readonly Root[],
  location: DatabaseLocation | undefined,
  environment: InstanceOptions['environment'],
): string[] {
  return [
    ...roots.flatMap(({ directory }) => possibleRooms(realPath(directory))),
    ...(location?.engine === 'sqlite' ? possibleRooms(realPath(location.path)) : []),
    ...(location && location.engine !== 'sqlite' ? [serverRoom(location, environment)] : []),
  ];
}

/**
 * Locks the target and finishes or takes back what a killed run left. `release` removes the room of the lock when nothing
 * else is in it.
 */
export async function lockTarget(
  target: Target,
  wait: WaitOptions = {},
): Promise<{ lock: Lock; recovery: Recovery | null }> {
  const { room } = target;
  if (room === undefined)
    throw new DmsBackupError(
      'instance-not-found',
      'there is nothing to restore into: no root and no database',
    );
  const what = `'${target.places[0]?.directory ?? target.database?.source ?? room}'`;
  const own = await lockRoom(room, what, 'exclusive', wait);
  let backups: Lock | undefined;
  const release = () => {
    try {
      backups?.release();
    } finally {
      own.release();
    }
  };
  try {
    backups = await lockRoomsOf(target.lockRooms, 'exclusive', wait);
    const recovery = await recover(target.rooms, databaseFate(target.database));
    return { lock: { release }, recovery: recovery ?? null };
  } catch (error) {
    release();
    throw error;
  }
}

/** The lock of a room, which is made for it. `release` removes the room when nothing else is in it. */
async function lockRoom(
  room: string,
  what: string,
  mode: LockMode,
  wait: WaitOptions,
): Promise<Lock> {
  let created: string | undefined;
  const prepare = () => void (created = createRoom(room) ?? created);
  let lock: Lock;
  try {
    lock = await waitForLock(join(room, 'lock'), what, mode, { ...wait, prepare });
  } catch (error) {
    removeEmptyUpTo(room, created);
    throw error;
  }
  return {
    release: () => {
      lock.release();
      removeEmptyUpTo(room, created);
    },
  };
}

/**
 * For a backup: shares what a restore of the same roots or database by the same user has alone. Backups do not exclude each other.
 * A restore by another user or in another container is seen by its journal and by {@link restoreMark}. Throws `locked`,
 * `interrupted`.
 */
export async function shareInstance(
  roots: readonly Root[],
  location: DatabaseLocation,
  environment: InstanceOptions['environment'],
  wait: WaitOptions,
): Promise<Lock> {
  const real = roots.map((root) => ({ ...root, directory: realPath(root.directory) }));
  return await lockRoomsOf(lockRooms(real, absolute(location), environment), 'shared', wait);
}

/** All of them or none. Where no lock can be made there is none: the state directory may be read-only, and nothing depends on it. */
async function lockRoomsOf(
  rooms: readonly string[],
  mode: LockMode,
  wait: WaitOptions,
): Promise<Lock> {
  const locks: Lock[] = [];
  const release = () => {
    for (const lock of locks) lock.release();
  };
  for (const room of rooms) {
    try {
      locks.push(await lockRoom(room, 'this instance', mode, wait));
    } catch (error) {
      if (isDmsBackupError(error) && lockless.includes(error.code)) continue;
      release();
      throw error;
    }
  }
  return { release };
}

const lockless: readonly string[] = ['destination-unwritable', 'no-space'];

/** Changes when the instance is restored, or an undo puts it back: the notes that these leave. */
export function restoreMark(
  roots: readonly Root[],
  location: DatabaseLocation,
  environment: InstanceOptions['environment'],
): string {
  return journalHomes(roots, location, environment)
    .map((room) => `${room} ${undoMark(room) ?? ''}`)
    .join('\n');
}

/** Asks the server that a journal names; the target must name the same database, because that is where the password is from. */
export function databaseFate(database: InstanceDatabase | undefined): DatabaseFate {
  const engineOf = ({ location }: JournalDatabase) => {
    if (database && isSameDatabase(database.location, location)) {
      // a switch that has begun is short, and half of it is worth nothing: Ctrl-C does not end it
      const { signal: _, ...connect } = database.connect;
      return { ...database, connect };
    }
    throw new DmsBackupError(
      'target-unsafe',
      `a restore of the ${describeLocation(location)} did not end here, and that is not the database named now`,
      { hint: 'Run `doctor` with the database that the message names.' },
    );
  };
  return {
    settle: async (noted) => {
      const { engine, location, connect } = engineOf(noted);
      return (await engine.settle?.(location, noted.ticket, connect)) ?? 'old';
    },
    dropFormer: async (noted) => {
      const { engine, location, connect } = engineOf(noted);
      await engine.dropFormer?.(location, connect);
    },
  };
}

/** Finishes or takes back what a killed run left. Locks and writes only when there is something. */
export async function recoverIfNeeded(target: Target): Promise<Recovery | null> {
  if (!target.rooms.some(hasJournal)) return null;
  const { lock, recovery } = await lockTarget(target);
  lock.release();
  return recovery;
}

/** Throws `restore-unfinished` where a restore is under way or was killed: what is there now is no state of the application. */
export function assertNoRestore(
  roots: readonly Root[],
  location: DatabaseLocation,
  environment: InstanceOptions['environment'],
): void {
  if (journalHomes(roots, location, environment).some(hasJournal)) {
    throw new DmsBackupError(
      'restore-unfinished',
      'a restore of this instance is under way, or was killed',
    );
  }
}

function hasJournal(room: string): boolean {
  return existsSync(join(room, 'journal.json'));
}

/** Removes our room and the directories above it that we created, as long as they are empty. */
function removeEmptyUpTo(room: string, created: string | undefined): void {
  for (let path = room; ; path = dirname(path)) {
    try {
      rmdirSync(path);
    } catch (error) {
      // not empty: it holds an undo, or another run; gone: removed with the journal. An empty one that stays harms nobody.
      if (systemErrorCode(error) !== 'ENOENT') return;
    }
    if (created === undefined || path === created || path === dirname(path)) return;
  }
}

function absolute(location: DatabaseLocation): DatabaseLocation {
  return location.engine === 'sqlite'
    ? { engine: 'sqlite', path: realPath(location.path) }
    : location;
}

/** The path with links resolved, as far as it exists. */
function realPath(path: string): string {
  const full = resolve(path);
  if (existsSync(full)) return realpathSync(full);
  const parent = dirname(full);
  return parent === full ? full : join(realPath(parent), full.slice(parent.length));
}

/** One root inside another would be exchanged twice. Throws `target-unsafe`. */
function assertApart(roots: readonly Root[]): void {
  for (const outer of roots) {
    for (const inner of roots) {
      if (outer !== inner && `${inner.directory}/`.startsWith(`${outer.directory}/`)) {
        throw new DmsBackupError(
          'target-unsafe',
          `the ${inner.name} root '${inner.directory}' lies inside the ${outer.name} root '${outer.directory}'`,
        );
      }
    }
  }
}
