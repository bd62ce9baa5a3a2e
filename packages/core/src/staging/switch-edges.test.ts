// A switch under odd conditions: attributes that cannot be set, hard links between both states, directories of our making.

import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { performMoves, readUndoNote, writeJournal } from './journal.ts';
import { listChildren, newFolder } from './place.ts';
import type { Place } from './place.ts';
import { beginJournal, planSwitch, recover, switchOver, takeBack } from './switch.ts';
import type { SwitchPlan } from './switch.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let base: string;
let media: Place;
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
  writeFileSync(join(directory, 'old'), 'old');
});

function plan(more: Partial<SwitchPlan> = {}): SwitchPlan {
  const attributes = [
    {
      path: media.directory,
      mode: 0o750,
      uid: process.getuid!(),
      gid: process.getgid!(),
      mtime: '-86400.500000000',
    },
  ];
  return {
    verb: 'restore',
    archiveId: 'archive',
    places: [media],
    created: [],
    attributes,
    keepUndo: true,
    ...more,
  };
}

function stage(): void {
  mkdirSync(newFolder(media));
  writeFileSync(join(newFolder(media), 'new'), 'new');
}

describe('attributes', () => {
  test('are those of the archive, times before 1970 too', async () => {
    const journal = beginJournal(plan());
    stage();
    await switchOver(plan(), journal);
    expect(statSync(media.directory).mode & 0o7777).toBe(0o750);
    expect(statSync(media.directory).mtimeMs).toBe(-86_400_500);
  });

  test.each(['EPERM', 'EINVAL', 'EOPNOTSUPP'])(
    'that this user may not set (%s) do not stop what is done',
    async (code) => {
      const journal = beginJournal(plan());
      stage();
      for (const name of ['chownSync', 'chmodSync', 'utimesSync'] as const) failOnDisk(name, code);
      await switchOver(plan(), journal);
      expect(readdirSync(media.directory)).toEqual(['new']);
      expect(readUndoNote(media.room)?.archiveId).toBe('archive');
      expect(await recover([media.room])).toBeUndefined();
    },
  );

  test('of an owner that cannot be do not stop what is done', async () => {
    const attributes = [
      {
        path: media.directory,
        mode: 0o755,
        uid: Number.MAX_SAFE_INTEGER,
        gid: 0,
        mtime: '5.000000000',
      },
    ];
    const journal = beginJournal(plan());
    stage();
    await switchOver(plan({ attributes }), journal);
    expect(readdirSync(media.directory)).toEqual(['new']);
    expect(statSync(media.directory).mtimeMs).toBe(5000);
  });

  test('that the disk fails to set are tried again by the next run', async () => {
    const journal = beginJournal(plan());
    stage();
    let broken = true;
    failOnDisk('chmodSync', 'EIO', { when: () => broken });
    await expect(switchOver(plan(), journal)).rejects.toThrow('EIO');
    broken = false;
    expect((await recover([media.room]))?.state).toBe('new');
    expect(statSync(media.directory).mode & 0o7777).toBe(0o750);
  });
});

test('files that both states share as hard links are exchanged and can be put back, killed at any point', async () => {
  for (let done = 0; ; done++) {
    const journal = beginJournal(plan());
    mkdirSync(newFolder(media));
    linkSync(join(media.directory, 'old'), join(newFolder(media), 'old'));
    writeFileSync(join(newFolder(media), 'new'), 'new');
    const switching = planSwitch(plan(), journal);
    writeJournal(switching);
    performMoves(switching.moves.slice(0, done));
    expect((await recover([media.room]))?.state).toBe('new');
    expect(readdirSync(media.directory).toSorted()).toEqual(['new', 'old']);
    const undo = plan({ verb: 'undo' });
    const undoing = planSwitch(undo, beginJournal(undo));
    writeJournal(undoing);
    performMoves(undoing.moves.slice(0, done));
    expect((await recover([media.room]))?.state).toBe('new');
    expect(readdirSync(media.directory)).toEqual(['old']);
    expect(readFileSync(join(media.directory, 'old'), 'utf8')).toBe('old');
    rmSync(media.room, { recursive: true });
    if (done >= Math.max(switching.moves.length, undoing.moves.length)) break;
  }
});

describe('directories that we created', () => {
  test('are removed with the empty ones in them when nothing comes of it', () => {
    const created = [join(base, 'deep')];
    mkdirSync(join(base, 'deep', 'er', 'media'), { recursive: true });
    const journal = beginJournal(plan({ created }));
    takeBack(journal);
    expect(readdirSync(base)).toEqual(['media']);
  });

  test('stay when somebody put something there', () => {
    const created = [join(base, 'deep'), join(base, 'never made'), join(base, 'a file')];
    mkdirSync(join(base, 'deep', 'er'), { recursive: true });
    writeFileSync(join(base, 'deep', 'file'), 'of another');
    writeFileSync(join(base, 'a file'), 'of another');
    takeBack(beginJournal(plan({ created })));
    expect(readdirSync(base).toSorted()).toEqual(['a file', 'deep', 'media']);
    expect(readdirSync(join(base, 'deep'))).toEqual(['file']);
  });
});

test('a place that is not there yet gets its content, and an undo takes it away again', async () => {
  rmSync(media.directory, { recursive: true });
  const journal = beginJournal(plan());
  stage();
  await switchOver(plan(), journal);
  expect(readdirSync(media.directory)).toEqual(['new']);
  const undo = plan({ verb: 'undo', attributes: readUndoNote(media.room)!.attributes });
  await switchOver(undo, beginJournal(undo));
  expect(readdirSync(media.directory)).toEqual([]);
});

test('a second restore keeps the state before it, and forgets the one before that', async () => {
  for (const name of ['first', 'second']) {
    const journal = beginJournal(plan());
    mkdirSync(newFolder(media));
    writeFileSync(join(newFolder(media), name), name);
    await switchOver(plan(), journal);
  }
  expect(readdirSync(media.directory)).toEqual(['second']);
  const undo = plan({ verb: 'undo' });
  await switchOver(undo, beginJournal(undo));
  expect(readdirSync(media.directory)).toEqual(['first']);
  expect(existsSync(join(media.room, 'old-media.former'))).toBe(false);
});

test('a new state with one name for two things is refused, and taken back', async () => {
  const other: Place = { ...media, name: 'database', children: () => [] };
  const places = [media, other];
  const journal = beginJournal(plan({ places }));
  for (const place of places) {
    mkdirSync(newFolder(place));
    writeFileSync(join(newFolder(place), 'same'), place.name);
  }
  const error = await rejection(switchOver(plan({ places }), journal));
  expect([error.code, error.message]).toEqual([
    'restore-failed',
    'the new state has one name for two things',
  ]);
  expect(readdirSync(media.directory)).toEqual(['old']);
  expect(readdirSync(base)).toEqual(['media']);
});

test('rooms without a journal are cleared of pointers, and removed when nothing is in them', async () => {
  mkdirSync(media.room);
  writeFileSync(join(media.room, 'journal.json'), JSON.stringify({ see: join(base, 'nowhere') }));
  expect(await recover([media.room, join(base, 'missing')])).toBeUndefined();
  expect(readdirSync(base)).toEqual(['media']);
});
