// A switch that is killed between any two renames ends in one whole state: old before the journal says `switching`, new after.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unwatch, watch } from '../../test/faults/strike.ts';
import { isDmsBackupError } from '../errors.ts';
import { performMoves, readJournal, readUndoNote, writeJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { listChildren, newFolder, oldFolder } from './place.ts';
import type { Place } from './place.ts';
import { beginJournal, planSwitch, recover, switchOver, takeBack } from './switch.ts';
import type { SwitchPlan } from './switch.ts';

let base: string;
let media: Place;
let database: Place;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'dms-switch-test-'));
  media = placeOf('media', join(base, 'media'));
  database = { ...placeOf('database', join(base, 'data')), room: join(base, '.data') };
  for (const { directory } of [media, database]) mkdirSync(directory);
  // the same names before and after: the hard case for telling what has been moved
  writeFileSync(join(base, 'media', 'same'), 'old same');
  writeFileSync(join(base, 'media', 'only-old'), 'old');
  mkdirSync(join(base, 'media', 'folder'));
  writeFileSync(join(base, 'media', 'folder', 'file'), 'old file');
  writeFileSync(join(base, 'data', 'db.sqlite3'), 'old database');
  writeFileSync(join(base, 'data', 'db.sqlite3-wal'), 'old wal');
});
afterEach(() => rmSync(base, { recursive: true }));

function placeOf(name: string, directory: string): Place {
  return { name, directory, room: `${directory}.room`, children: () => listChildren(directory) };
}

function plan(verb: 'restore' | 'undo' = 'restore', keepUndo = true): SwitchPlan {
  const attributes = [
    {
      path: media.directory,
      mode: 0o750,
      uid: process.getuid!(),
      gid: process.getgid!(),
      mtime: '1000000000.500000000',
    },
  ];
  return {
    verb,
    archiveId: 'archive',
    places: [media, database],
    created: [],
    attributes,
    keepUndo,
  };
}

/** Fills the `new` folders as staging does. */
function stage(): void {
  mkdirSync(newFolder(media));
  writeFileSync(join(newFolder(media), 'same'), 'new same');
  writeFileSync(join(newFolder(media), 'only-new'), 'new');
  mkdirSync(join(newFolder(media), 'folder'));
  writeFileSync(join(newFolder(media), 'folder', 'file'), 'new file');
  mkdirSync(newFolder(database));
  writeFileSync(join(newFolder(database), 'db.sqlite3'), 'new database');
}

/** Everything that the application can see. */
function look(): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const { directory } of [media, database]) {
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const path = join(directory, name);
      if (statSync(path).isFile())
        seen[`${directory.slice(base.length)}/${name}`] = readFileSync(path, 'utf8');
    }
  }
  return seen;
}

const oldState = {
  '/media/same': 'old same',
  '/media/only-old': 'old',
  '/media/folder/file': 'old file',
  '/data/db.sqlite3': 'old database',
  '/data/db.sqlite3-wal': 'old wal',
};
const newState = {
  '/media/same': 'new same',
  '/media/only-new': 'new',
  '/media/folder/file': 'new file',
  '/data/db.sqlite3': 'new database',
};
const rooms = () => [media.room, database.room];

describe('a restore', () => {
  test('puts the new state in place, with the attributes of the directory, and keeps the old one', async () => {
    const journal = beginJournal(plan());
    stage();
    await switchOver(plan(), journal);
    expect(look()).toEqual(newState);
    expect(statSync(media.directory).mode & 0o7777).toBe(0o750);
    expect(statSync(media.directory).mtimeMs).toBe(1_000_000_000_500);
    expect(readUndoNote(media.room)?.archiveId).toBe('archive');
    expect(readdirSync(oldFolder(media)).toSorted()).toEqual(['folder', 'only-old', 'same']);
    expect(await recover(rooms())).toBeUndefined();
  });

  test('leaves no folder of ours when nothing is to be kept', async () => {
    const journal = beginJournal(plan('restore', false));
    stage();
    await switchOver(plan('restore', false), journal);
    expect(look()).toEqual(newState);
    expect(readdirSync(base).toSorted()).toEqual(['data', 'media']);
  });

  test('that gives up leaves the old state and no folder of ours', () => {
    const journal = beginJournal(plan());
    stage();
    takeBack(journal);
    expect(look()).toEqual(oldState);
    expect(readdirSync(base).toSorted()).toEqual(['data', 'media']);
  });

  test('killed while staging is taken back', async () => {
    beginJournal(plan());
    stage();
    expect((await recover(rooms()))?.state).toBe('old');
    expect(look()).toEqual(oldState);
    expect(readdirSync(base).toSorted()).toEqual(['data', 'media']);
  });

  test('killed between any two renames is finished', async () => {
    for (let done = 0; ; done++) {
      const journal = beginJournal(plan());
      stage();
      const switching = planSwitch(plan(), journal);
      writeJournal(switching);
      performMoves(switching.moves.slice(0, done));
      expect((await recover([database.room]))?.state).toBe('new');
      expect(look()).toEqual(newState);
      expect(await recover(rooms())).toBeUndefined();
      clear();
      if (done === switching.moves.length) break;
    }
  });

  test('refuses to go on when something else stands where a file was', async () => {
    const journal = beginJournal(plan());
    stage();
    const switching = planSwitch(plan(), journal);
    writeJournal(switching);
    performMoves(switching.moves.slice(0, 1));
    const moved = switching.moves[0]!.from;
    writeFileSync(moved, 'made by a running application');
    let code = '';
    try {
      await recover(rooms());
    } catch (error) {
      code = isDmsBackupError(error) ? error.code : String(error);
    }
    expect(code).toBe('restore-unfinished');
    expect(readFileSync(moved, 'utf8')).toBe('made by a running application');
  });
});

describe('an undo', () => {
  test('brings the old state back, and can be undone', async () => {
    await restoreOnce();
    await switchOver(plan('undo'), beginJournal(plan('undo')));
    expect(look()).toEqual(oldState);
    await switchOver(plan('undo'), beginJournal(plan('undo')));
    expect(look()).toEqual(newState);
  });

  test('killed between any two renames is finished', async () => {
    for (let done = 0; ; done++) {
      await restoreOnce();
      const switching: Journal = planSwitch(plan('undo'), beginJournal(plan('undo')));
      writeJournal(switching);
      performMoves(switching.moves.slice(0, done));
      expect((await recover(rooms()))?.state).toBe('new');
      expect(look()).toEqual(oldState);
      expect(readUndoNote(media.room)).toBeDefined();
      clear();
      if (done === switching.moves.length) break;
    }
  });

  test('killed before its first rename changes nothing, and what is kept stays kept', async () => {
    await restoreOnce();
    beginJournal(plan('undo'));
    expect((await recover(rooms()))?.state).toBe('old');
    expect(look()).toEqual(newState);
    expect(existsSync(oldFolder(media))).toBe(true);
    expect(readJournal(media.room)).toBeUndefined();
  });
});

test.each([
  ['a second restore', 'restore', true],
  ['a restore that keeps nothing', 'restore', false],
  ['an undo', 'undo', true],
] as const)('%s that fails at any of its steps is made whole', async (_, verb, keepUndo) => {
  for (let at = 0; ; at++) {
    await restoreOnce();
    if (verb === 'undo') await switchOver(plan(verb), beginJournal(plan(verb)));
    const begun = beginJournal(plan(verb, keepUndo));
    if (verb === 'restore') stage();
    watch({ base, strike: { at, when: 'after', how: 'fail' } });
    const failed = await switchOver(plan(verb, keepUndo), begun).then(
      () => undefined,
      (error: unknown) => error,
    );
    unwatch();
    if (failed !== undefined) await recover(rooms());
    expect([oldState, newState]).toContainEqual(look());
    expect(await recover(rooms())).toBeUndefined();
    clear();
    if (failed === undefined) break;
  }
});

async function restoreOnce(): Promise<void> {
  const journal = beginJournal(plan());
  stage();
  await switchOver(plan(), journal);
}

/** The state before everything, without using the code under test. */
function clear(): void {
  rmSync(base, { recursive: true });
  for (const { directory } of [media, database]) mkdirSync(directory, { recursive: true });
  mkdirSync(join(base, 'media', 'folder'));
  for (const [path, content] of Object.entries(oldState)) writeFileSync(join(base, path), content);
}
