// The places that a restore changes: roots and the database file. Each has a room beside it, on the same file system, for what
// is being prepared (`new`) and what was there before (`old`): moving between them is a rename.

import {
  existsSync,
  mkdirSync,
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Adapter, Instance, Root } from '../adapter.ts';
import type { DatabaseEngine, DatabaseLocation } from '../database/engine.ts';
import { databasePlaceName } from '../database/database-url.ts';
import { DmsBackupError } from '../errors.ts';
import { writeError } from '../io/sink.ts';
import { joinBytes, sideFolderName } from '../media/scan.ts';

export interface Place {
  /** `media`, `data`, ... or `database`. */
  readonly name: string;
  /** The directory whose children are exchanged. */
  readonly directory: string;
  /** Our side folder for it. */
  readonly room: string;
  /** Children that belong to this place, as they are now (names as bytes). */
  readonly children: () => Buffer[];
}

/** Below a room: what will be there, what was there, what is to be deleted. */
export const newFolder = (place: Pick<Place, 'room' | 'name'>): string =>
  join(place.room, `new-${place.name}`);
export const oldFolder = (place: Pick<Place, 'room' | 'name'>): string =>
  join(place.room, `old-${place.name}`);

/** The place of a root: everything in it but the database's files, our own folder, and what stays by rule. */
export function rootPlace(
  root: Root,
  databaseFiles: readonly string[],
  adapter: Adapter,
  instance: Instance,
): Place {
  const directory = resolve(root.directory);
  assertSafeDirectory(directory);
  return {
    name: root.name,
    directory,
    room: roomOf(directory),
    children: () =>
      listChildren(directory).filter((name) => {
        const path = join(directory, name.toString());
        if (databaseFiles.includes(path) || name.toString() === sideFolderName) return false;
        const found = lstatSync(joinBytes(Buffer.from(directory), name), { throwIfNoEntry: false });
        // gone meanwhile: the application is still running
        if (!found) return false;
        const text = name.toString() + (found.isDirectory() ? '/' : '');
        const rule = adapter.classify(root.name, text, instance);
        // locks and logs of the application that runs there stay; derived data of the old state must go
        return rule.keep || rule.class !== 'ephemeral';
      }),
  };
}

/** The place of a database file. It shares the room of the root it lies in, because that may be a mount point. */
export function databasePlace(
  path: string,
  engine: DatabaseEngine,
  roots: readonly Place[],
): Place {
  const directory = dirname(path);
  const root = roots.find((each) => path.startsWith(each.directory + sep));
  return {
    name: 'database',
    directory,
    room: root?.room ?? roomOf(path),
    children: () =>
      engine
        .filesOf({ engine: 'sqlite', path })
        .filter((file) => existsSync(file))
        .map((file) => Buffer.from(basename(file))),
  };
}

/**
 * The room of a database on a server when the instance has no directory: below the user's state directory (XDG), named after
 * the database, the same for every run.
 */
export function serverRoom(
  location: DatabaseLocation & { engine: 'postgres' | 'mariadb' },
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const whole = JSON.stringify([location.engine, location.host, location.port, location.name]);
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 16);
  const name = location.name.replaceAll(/[^\w-]/g, '_').slice(0, 40);
  return join(stateFolder(environment), `${location.engine}-${name}-${hash}`);
}

function stateFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const state =
    environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local', 'state');
  return join(state, 'dms-backup');
}

/**
 * Rooms for nothing but locks, one for each root and for the database: the user's state directory again, since a backup, even a
 * killed one, leaves no trace where the application is.
 */
export function lockRooms(
  roots: readonly Root[],
  location: DatabaseLocation | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const parts = roots.map(({ directory }) => directory);
  if (location) parts.push(databasePlaceName(location));
  // the same order for everybody: two who wait for each other would wait for ever
  return parts.toSorted().map((part) => {
    const hash = createHash('sha256').update(part).digest('hex').slice(0, 16);
    return join(stateFolder(environment), `lock-${hash}`);
  });
}

/** Every room that a directory or file can have: the one in use is found again although conditions changed. */
export function possibleRooms(place: string): string[] {
  const path = resolve(place);
  const beside = join(dirname(path), `.${basename(path)}${sideFolderName}`);
  return isDirectory(path) ? [beside, join(path, sideFolderName)] : [beside];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function roomOf(path: string): string {
  const [beside, inside] = possibleRooms(path);
  if (beside === undefined) throw new Error('a place has a room');
  if (inside === undefined) return beside;
  const parent = dirname(path);
  try {
    accessSync(parent, constants.W_OK);
  } catch {
    return inside;
  }
  // a mount point (a Docker volume): renames must stay inside it
  return statSync(parent).dev === statSync(path).dev ? beside : inside;
}

/** Refuses to exchange the content of directories that are no application's. Throws `target-unsafe`. */
function assertSafeDirectory(directory: string): void {
  const parts = directory.split(sep).filter(Boolean);
  const system = new Set([
    'bin',
    'boot',
    'dev',
    'etc',
    'home',
    'lib',
    'lib64',
    'proc',
    'root',
    'run',
    'sbin',
    'sys',
    'usr',
    'var',
  ]);
  if (
    parts.length === 0 ||
    (parts.length === 1 && system.has(parts[0]!)) ||
    directory === process.env.HOME
  ) {
    throw new DmsBackupError('target-unsafe', `'${directory}' is a system or home directory`);
  }
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found && !found.isDirectory() && !found.isSymbolicLink()) {
    throw new DmsBackupError('target-unsafe', `'${directory}' is no directory`);
  }
}

/** Names in a directory; none when it does not exist. */
export function listChildren(directory: string): Buffer[] {
  if (!statSync(directory, { throwIfNoEntry: false })) return [];
  return readdirSync(directory, { encoding: 'buffer' });
}

/**
 * Creates a private room; directories above it get the usual mode. Returns the topmost one created, if any. Throws
 * `destination-unwritable` or `no-space`.
 */
export function createRoom(room: string): string | undefined {
  try {
    const above = mkdirSync(dirname(room), { recursive: true });
    const own = mkdirSync(room, { recursive: true, mode: 0o700 });
    return above ?? own;
  } catch (cause) {
    throw writeError(cause, room);
  }
}

/** Removes a tree of ours. */
export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
