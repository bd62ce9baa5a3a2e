// Places and their rooms: beside where that is possible, inside at mount points, and never a directory that is no application's.

import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { caught } from '../../test/caught.ts';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { instanceOf, rootOf, shoebox } from '../../test/shoebox.ts';
import { loadEngine } from '../database/engines.ts';
import {
  createRoom,
  databasePlace,
  listChildren,
  newFolder,
  oldFolder,
  possibleRooms,
  removeTree,
  rootPlace,
  serverRoom,
} from './place.ts';
import type { Place } from './place.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let base: string;
let directory: string;
beforeEach(() => {
  base = scratchDirectory();
  directory = join(base, 'media');
  mkdirSync(directory);
});

const placeOf = (path: string, databaseFiles: readonly string[] = []): Place =>
  rootPlace(rootOf(path), databaseFiles, shoebox(), instanceOf([]));
const names = (place: Place) =>
  place
    .children()
    .map((name) => name.toString('latin1'))
    .toSorted();

describe('the room of a root', () => {
  test('is beside it', () => {
    const place = placeOf(`${directory}/`);
    expect(place).toMatchObject({
      name: 'files',
      directory,
      room: join(base, '.media.dms-backup'),
    });
    expect([newFolder(place), oldFolder(place)]).toEqual([
      join(base, '.media.dms-backup', 'new-files'),
      join(base, '.media.dms-backup', 'old-files'),
    ]);
  });

  test('is beside it when it is not there yet', () => {
    expect(placeOf(join(base, 'deep', 'er', 'media')).room).toBe(
      join(base, 'deep', 'er', '.media.dms-backup'),
    );
  });

  test('is inside when nothing can be made beside it', () => {
    failOnDisk('accessSync', 'EACCES');
    expect(placeOf(directory).room).toBe(join(directory, '.dms-backup'));
  });

  test('is inside of a mount point', () => {
    replaceOnDisk('statSync', (real, [path, options]) => {
      const status = real(path, options) as object | undefined;
      return path === directory && status ? Object.assign(status, { dev: 4711 }) : status;
    });
    expect(placeOf(directory).room).toBe(join(directory, '.dms-backup'));
  });

  test('is one of those that are looked at later', () => {
    expect(possibleRooms(directory)).toEqual([
      join(base, '.media.dms-backup'),
      join(directory, '.dms-backup'),
    ]);
    expect(possibleRooms(join(base, 'missing'))).toEqual([join(base, '.missing.dms-backup')]);
    writeFileSync(join(base, 'db.sqlite3'), '');
    expect(possibleRooms(join(base, 'db.sqlite3'))).toEqual([join(base, '.db.sqlite3.dms-backup')]);
  });
});

describe('a directory that must not be exchanged', () => {
  test.each(['/', '/etc', '/etc/', '/home', '/root', '/usr', '/var', '/proc', '//', '/etc/../etc'])(
    'is %s',
    (path) => {
      const error = caught(() => placeOf(path));
      expect(error.code).toBe('target-unsafe');
      expect(error.message).toContain('is a system or home directory');
    },
  );

  test('is the home directory', () => {
    vi.stubEnv('HOME', directory);
    expect(caught(() => placeOf(directory)).code).toBe('target-unsafe');
    vi.unstubAllEnvs();
    expect(() => placeOf(directory)).not.toThrow();
  });

  test('is no file', () => {
    writeFileSync(join(base, 'file'), '');
    expect(caught(() => placeOf(join(base, 'file'))).message).toBe(
      `'${base}/file' is no directory`,
    );
  });

  test.each(['/srv', '/opt/paperless', '/var/lib/paperless', '/data', '/etc/paperless'])(
    'is not %s',
    (path) => {
      expect(() => placeOf(path)).not.toThrow();
    },
  );
});

describe('what belongs to a root', () => {
  test('is everything but the database, our folder, and what is ephemeral by rule', () => {
    for (const name of ['file', 'db.sqlite3', 'db.sqlite3-wal', 'lock'])
      writeFileSync(join(directory, name), '');
    for (const name of ['folder', 'cache', 'thumbs', '.dms-backup'])
      mkdirSync(join(directory, name));
    symlinkSync('nowhere', join(directory, 'link'));
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]), '');
    const files = ['db.sqlite3', 'db.sqlite3-wal', 'db.sqlite3-shm'].map((name) =>
      join(directory, name),
    );
    // derived data of the old state must go: it does not fit the new one
    expect(names(placeOf(directory, files))).toEqual([
      'cache',
      'file',
      'folder',
      'link',
      'thumbs',
      '\xff',
    ]);
  });

  test('is nothing when it is not there', () => {
    expect(names(placeOf(join(base, 'missing')))).toEqual([]);
    expect(listChildren(join(base, 'missing'))).toEqual([]);
  });

  test('is not what goes while it is looked at', () => {
    for (const name of ['a', 'b']) writeFileSync(join(directory, name), '');
    const place = placeOf(directory);
    replaceOnDisk('lstatSync', (real, [path, options]) => {
      if (!String(path).endsWith('/a')) return undefined;
      removeTree(join(directory, 'a'));
      return real(path, options);
    });
    expect(() => names(place)).not.toThrow();
    expect(names(place)).toEqual(['b']);
  });
});

describe('the place of a database', () => {
  const sqlite = () => loadEngine('sqlite');

  test('is its files, in the room of the root that they lie in', async () => {
    const path = join(directory, 'db.sqlite3');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = wal; CREATE TABLE t (x)');
    const place = databasePlace(path, await sqlite(), [placeOf(directory)]);
    expect(place).toMatchObject({
      name: 'database',
      directory,
      room: join(base, '.media.dms-backup'),
    });
    expect(names(place)).toEqual(['db.sqlite3', 'db.sqlite3-shm', 'db.sqlite3-wal']);
    database.close();
    expect(names(place)).toEqual(['db.sqlite3']);
  });

  test('has a room of its own where it lies in no root', async () => {
    mkdirSync(join(base, 'media-not'));
    const path = join(base, 'media-not', 'db.sqlite3');
    const place = databasePlace(path, await sqlite(), [placeOf(directory)]);
    expect(place.room).toBe(join(base, 'media-not', '.db.sqlite3.dms-backup'));
    expect(names(place)).toEqual([]);
  });

  test('on a server has a room in the state directory, always the same, and never another one', () => {
    const location = { engine: 'postgres', host: 'db', name: '../x/y' } as const;
    const room = serverRoom(location, { XDG_STATE_HOME: base });
    expect(dirname(room)).toBe(join(base, 'dms-backup'));
    expect(room).toMatch(/\/postgres-___x_y-[0-9a-f]{16}$/);
    expect(serverRoom({ ...location }, { XDG_STATE_HOME: base })).toBe(room);
    for (const other of [{ host: 'other' }, { port: 1 }, { name: '../x_y' }])
      expect(serverRoom({ ...location, ...other }, { XDG_STATE_HOME: base })).not.toBe(room);
    expect(serverRoom(location, { HOME: base })).toContain(join(base, '.local/state/dms-backup/'));
  });
});

describe('a room', () => {
  test('is private, what is made above it is not, and the topmost of that is told', () => {
    const room = join(base, 'deep', 'er', '.media.dms-backup');
    expect(createRoom(room)).toBe(join(base, 'deep'));
    expect(statSync(room).mode & 0o777).toBe(0o700);
    expect(statSync(join(base, 'deep')).mode & 0o077).not.toBe(0);
    expect(createRoom(room)).toBeUndefined();
    expect(createRoom(join(base, 'deep', 'other'))).toBe(join(base, 'deep', 'other'));
  });

  test('is removed whole, also when it is not there, and links in it are not followed', () => {
    const room = join(base, 'room');
    mkdirSync(join(room, 'a'), { recursive: true });
    writeFileSync(join(directory, 'file'), '');
    symlinkSync(directory, join(room, 'a', 'link'));
    removeTree(room);
    removeTree(room);
    expect(readdirSync(base)).toEqual(['media']);
    expect(readdirSync(directory)).toEqual(['file']);
  });
});
