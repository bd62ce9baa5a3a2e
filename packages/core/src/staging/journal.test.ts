// The journal: durable, found from every room, and never misunderstood.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { caught } from '../../test/caught.ts';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import {
  performMoves,
  plannedMove,
  readJournal,
  readUndoNote,
  removeJournal,
  removeUndoNote,
  writeJournal,
  writeUndoNote,
} from './journal.ts';
import type { Journal, UndoNote } from './journal.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let base: string;
let rooms: string[];
beforeEach(() => {
  base = scratchDirectory();
  rooms = ['one', 'two', 'three'].map((name) => join(base, name));
  for (const room of rooms) mkdirSync(room);
});

const journal = (): Journal => ({
  journalVersion: 1,
  verb: 'restore',
  archiveId: 'archive',
  startedAt: '2026-11-21T00:00:00Z',
  phase: 'staging',
  rooms: rooms ?? [],
  created: [],
  moves: [],
  attributes: [],
  discard: [],
  prepared: [],
  database: null,
  undoNote: null,
});
const note: UndoNote = {
  undoVersion: 1,
  archiveId: 'archive',
  switchedAt: '2026-11-21T00:00:00Z',
  places: [],
  attributes: [],
  former: null,
};

describe('a journal', () => {
  test('is found from every room, and ends for all of them', () => {
    writeJournal(journal());
    for (const room of rooms) expect(readJournal(room)).toEqual(journal());
    removeJournal(rooms);
    for (const room of rooms)
      expect([readJournal(room), readdirSync(room)]).toEqual([undefined, []]);
    expect(() => removeJournal(rooms)).not.toThrow();
  });

  test('is written anew whole, and is private', () => {
    writeJournal(journal());
    writeJournal({ ...journal(), phase: 'switching' });
    expect(readJournal(rooms[1]!)?.phase).toBe('switching');
    expect(readdirSync(rooms[0]!)).toEqual(['journal.json']);
    expect(statSync(join(rooms[0]!, 'journal.json')).mode & 0o777).toBe(0o600);
  });

  test('is in no room of a pointer that leads nowhere', () => {
    writeJournal(journal());
    rmSync(join(rooms[0]!, 'journal.json'));
    expect(readJournal(rooms[1]!)).toBeUndefined();
    rmSync(rooms[0]!, { recursive: true });
    expect(readJournal(rooms[1]!)).toBeUndefined();
  });

  test('is durable, pointers before what they point to', () => {
    const calls: string[] = [];
    replaceOnDisk('fsyncSync', () => void calls.push('fsync'));
    replaceOnDisk('renameSync', (_, [from]) => void calls.push(String(from).slice(base.length)));
    writeJournal(journal());
    expect(calls).toEqual(
      ['two', 'three', 'one'].flatMap((room) => ['fsync', `/${room}/journal.json.tmp`, 'fsync']),
    );
  });

  test('that cannot be written is not begun', () => {
    writeJournal(journal());
    failOnDisk('writeSync', 'ENOSPC');
    expect(() => writeJournal({ ...journal(), phase: 'switching' })).toThrow('ENOSPC');
    expect(readJournal(rooms[0]!)?.phase).toBe('staging');
  });

  test.each([
    ['of another version', { ...journal(), journalVersion: 2 }],
    ['of another shape', { phase: 'switching' }],
    ['that is a list', []],
    ['that is null', null],
  ])('%s is not misunderstood', (_, content) => {
    writeFileSync(join(rooms[0]!, 'journal.json'), JSON.stringify(content));
    const error = caught(() => readJournal(rooms[0]!));
    expect([error.code, error.message]).toEqual([
      'target-unsafe',
      `cannot understand the journal in '${rooms[0]!}'`,
    ]);
    expect(error.hint).toContain('Use that version');
  });

  test('that is no JSON was never one', () => {
    writeFileSync(join(rooms[0]!, 'journal.json'), '{"journalVersion":1,');
    expect(readJournal(rooms[0]!)).toBeUndefined();
  });
});

describe('a note on undo', () => {
  test('is kept until it is removed', () => {
    expect(readUndoNote(rooms[0]!)).toBeUndefined();
    writeUndoNote(rooms[0]!, note);
    expect(readUndoNote(rooms[0]!)).toEqual(note);
    removeUndoNote(rooms[0]!);
    expect(readUndoNote(rooms[0]!)).toBeUndefined();
    expect(() => removeUndoNote(rooms[0]!)).not.toThrow();
  });

  test('of another version is not misunderstood', () => {
    writeFileSync(join(rooms[0]!, 'undo.json'), JSON.stringify({ ...note, undoVersion: 2 }));
    const error = caught(() => readUndoNote(rooms[0]!));
    expect([error.code, error.message]).toEqual([
      'target-unsafe',
      `cannot understand the note on undo in '${rooms[0]!}'`,
    ]);
  });
});

describe('moves', () => {
  const path = (name: string) => Buffer.from(join(base, name));

  test('are done once, however often they are asked for', () => {
    writeFileSync(path('a'), 'a');
    mkdirSync(path('b'));
    const moves = [plannedMove(path('a'), path('deep/er/a')), plannedMove(path('b'), path('a'))];
    for (let time = 0; time < 3; time++) {
      performMoves(moves);
      expect(readFileSync(path('deep/er/a'), 'utf8')).toBe('a');
      expect([statSync(path('a')).isDirectory(), existsSync(path('b'))]).toEqual([true, false]);
    }
  });

  test('have names byte for byte', () => {
    const odd = Buffer.concat([path(''), Buffer.from('/\xe4\xf6', 'latin1')]);
    const moved = Buffer.concat([odd, Buffer.from('2')]);
    writeFileSync(odd, 'odd');
    const move = JSON.parse(JSON.stringify(plannedMove(odd, moved))) as ReturnType<
      typeof plannedMove
    >;
    expect(move.from).toMatch(/^base64:/);
    performMoves([move]);
    expect(readFileSync(moved, 'utf8')).toBe('odd');
  });

  test('of what is not there are not planned', () => {
    const error = caught(() => plannedMove(path('missing'), path('b')));
    expect([error.code, error.message]).toEqual([
      'restore-failed',
      `'${base}/missing' vanished while it was to be moved`,
    ]);
  });

  test.each<[string, () => void]>([
    ['vanished', () => rmSync(path('a'))],
    [
      'is another thing',
      () => (writeFileSync(path('new'), 'other'), renameSync(path('new'), path('a'))),
    ],
    ['finds its place taken', () => writeFileSync(path('b'), 'taken')],
  ])('of what %s stop, and take nothing away', (_, change) => {
    writeFileSync(path('a'), 'a');
    const move = plannedMove(path('a'), path('b'));
    change();
    const before = readdirSync(base).map((name) => [
      name,
      statSync(join(base, name)).isFile() && readFileSync(join(base, name), 'utf8'),
    ]);
    const error = caught(() => performMoves([move]));
    expect([error.code, error.message]).toEqual([
      'restore-unfinished',
      `cannot move '${base}/a': something was changed meanwhile`,
    ]);
    expect(error.hint).toContain('run `doctor` again');
    expect(
      readdirSync(base).map((name) => [
        name,
        statSync(join(base, name)).isFile() && readFileSync(join(base, name), 'utf8'),
      ]),
    ).toEqual(before);
  });

  test('are durable', () => {
    mkdirSync(path('from'));
    writeFileSync(path('from/a'), 'a');
    const synced: string[] = [];
    replaceOnDisk('openSync', (_, [name]) => void synced.push(String(name).slice(base.length)));
    performMoves([plannedMove(path('from/a'), path('to/a'))]);
    expect(synced.toSorted()).toEqual(['/from', '/to']);
  });

  test('out of a directory that went with them are no trouble', () => {
    mkdirSync(path('from'));
    writeFileSync(path('from/a'), 'a');
    const moves = [
      plannedMove(path('from/a'), path('to/a')),
      plannedMove(path('from'), path('gone')),
    ];
    performMoves(moves);
    expect(existsSync(path('to/a'))).toBe(true);
  });
});
