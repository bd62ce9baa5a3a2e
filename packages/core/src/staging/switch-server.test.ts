// A switch with a database on a server: its commit decides, and whatever happens around it the files follow the database.
// The server is a note of what was asked and one answer; real servers are in the tests of the engines and of the verbs.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import type { PreparedDatabase } from '../database/engine.ts';
import { DmsBackupError } from '../errors.ts';
import { readJournal, readUndoNote, writeJournal } from './journal.ts';
import type { JournalDatabase } from './journal.ts';
import { listChildren, newFolder } from './place.ts';
import type { Place } from './place.ts';
import { beginJournal, formerFolder, planSwitch, recover, switchOver } from './switch.ts';
import type { DatabaseFate, ServerPart, SwitchPlan } from './switch.ts';

const location = { engine: 'postgres', host: 'db', name: 'paperless' } as const;

let base: string;
let media: Place;
let asked: string[];
let prepared: PreparedDatabase;
let answer: () => Promise<'old' | 'new'>;
let fate: DatabaseFate;

beforeEach(() => {
  base = scratchDirectory();
  const directory = join(base, 'media');
  media = {
    name: 'media',
    directory,
    room: join(base, '.media.dms-backup'),
    children: () => listChildren(directory),
  };
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), 'old');
  asked = [];
  prepared = {
    ticket: async () => ({ transaction: '7' }),
    commit: async () => void asked.push(`commit with ${readdirSync(directory).join()}`),
    discard: async () => void asked.push('discard'),
  };
  answer = async () => 'old';
  const note = (what: string, { ticket }: JournalDatabase) =>
    asked.push(`${what} ${JSON.stringify(ticket)}`);
  fate = {
    settle: async (database) => {
      note('settle', database);
      return await answer();
    },
    dropFormer: async (database) => void note('dropFormer', database),
  };
});

const plan = (server: Partial<ServerPart> = {}, more: Partial<SwitchPlan> = {}): SwitchPlan => ({
  verb: 'restore',
  archiveId: 'archive',
  places: [media],
  created: [],
  attributes: [],
  keepUndo: true,
  server: { location, kept: 'archive', engineKeeps: false, ...server },
  ...more,
});

/** What a restore has prepared before its switch. */
function stage(of = plan()) {
  const journal = beginJournal(of);
  mkdirSync(newFolder(media));
  writeFileSync(join(newFolder(media), 'file'), 'new');
  if (of.server?.kept === 'archive') {
    mkdirSync(formerFolder(media.room).fresh);
    writeFileSync(join(formerFolder(media.room).fresh, 'database.tar.zst'), 'the old rows');
  }
  return journal;
}

const files = () => readFileSync(join(media.directory, 'file'), 'utf8');
const lost = () => new DmsBackupError('server-unreachable', 'the connection was lost');

test('the database is committed first, then the files are exchanged', async () => {
  await switchOver(plan(), stage(), prepared, fate);
  expect(asked).toEqual(['commit with file']);
  expect(files()).toBe('new');
  expect(readUndoNote(media.room)?.former).toEqual({ location, kept: 'archive', room: media.room });
  expect(readFileSync(join(formerFolder(media.room).kept, 'database.tar.zst'), 'utf8')).toBe(
    'the old rows',
  );
  expect(readJournal(media.room)).toBeUndefined();
});

test('a refused commit leaves everything as it was', async () => {
  prepared = {
    ...prepared,
    commit: () => Promise.reject(new DmsBackupError('restore-failed', 'refused')),
  };
  expect((await rejection(switchOver(plan(), stage(), prepared, fate))).code).toBe(
    'restore-failed',
  );
  expect(asked).toEqual(['discard']);
  expect(files()).toBe('old');
  expect(readdirSync(base)).toEqual(['media']);
});

describe('a server that is lost while it commits', () => {
  beforeEach(() => {
    prepared = { ...prepared, commit: () => Promise.reject(lost()) };
  });

  test('is asked again: it had committed', async () => {
    answer = async () => 'new';
    await switchOver(plan(), stage(), prepared, fate);
    expect(asked).toEqual(['discard', 'settle {"transaction":"7"}']);
    expect(files()).toBe('new');
  });

  test('is asked again: it had not', async () => {
    expect((await rejection(switchOver(plan(), stage(), prepared, fate))).code).toBe(
      'server-unreachable',
    );
    expect(files()).toBe('old');
    expect(readdirSync(base)).toEqual(['media']);
  });

  test('and stays away: the journal stays, and the next run finds out', async () => {
    answer = () => Promise.reject(lost());
    const error = await rejection(switchOver(plan(), stage(), prepared, fate));
    expect([error.code, error.hint]).toEqual([
      'server-unreachable',
      'Start the server and run `doctor` with the same flags: it finds out what happened and makes the target whole.',
    ]);
    expect(files()).toBe('old');
    expect(readJournal(media.room)?.phase).toBe('committing');
    expect((await rejection(recover([media.room], fate))).code).toBe('server-unreachable');
    answer = async () => 'new';
    expect((await recover([media.room], fate))?.state).toBe('new');
    expect(files()).toBe('new');
    expect(await recover([media.room], fate)).toBeUndefined();
  });
});

describe('after a kill', () => {
  test('before the commit, the server is told to forget and the files stay', async () => {
    stage();
    expect((await recover([media.room], fate))?.state).toBe('old');
    expect(asked).toEqual(['settle null']);
    expect(readdirSync(base)).toEqual(['media']);
  });

  test.each(['old', 'new'] as const)('around the commit, the files follow: %s', async (state) => {
    const begun = stage();
    const switching = planSwitch(plan(), begun);
    const database = { ...switching.database!, ticket: { transaction: '7' } };
    writeJournal({ ...switching, phase: 'committing', database });
    answer = async () => state;
    expect((await recover([media.room], fate))?.state).toBe(state);
    expect(asked).toEqual(['settle {"transaction":"7"}']);
    expect(files()).toBe(state);
    expect(existsSync(formerFolder(media.room).kept)).toBe(state === 'new');
  });

  test('after the commit, nobody is asked', async () => {
    writeJournal(planSwitch(plan(), stage()));
    expect((await recover([media.room], fate))?.state).toBe('new');
    expect(asked).toEqual([]);
    expect(files()).toBe('new');
  });
});

test('the archive of an older restore goes when a newer one is kept', async () => {
  await switchOver(plan(), stage(), prepared, fate);
  await switchOver(plan({ kept: 'empty' }), stage(plan({ kept: 'empty' })), prepared, fate);
  expect(existsSync(formerFolder(media.room).kept)).toBe(false);
  expect(readUndoNote(media.room)?.former?.kept).toBe('empty');
});

test.each([
  ['kept there', 'server', true, []],
  ['not wanted', undefined, false, ['dropFormer {"transaction":"7"}']],
] as const)('tables that the engine keeps: %s', async (_, kept, keepUndo, expected) => {
  const of: SwitchPlan = {
    ...plan({}, { keepUndo }),
    server: { location, engineKeeps: true, ...(kept && { kept }) },
  };
  await switchOver(of, stage(of), prepared, fate);
  expect(asked).toEqual(['commit with file', ...expected]);
});

test('without any directory the journal lies in a room of its own', async () => {
  const room = join(base, 'state', 'postgres-x');
  const of = plan({ kept: 'empty' }, { places: [], room });
  await switchOver(of, beginJournal(of), prepared, fate);
  expect(readUndoNote(room)?.former?.room).toBe(room);
});
