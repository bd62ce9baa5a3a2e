// The target of a restore: found without touching it, locked for one, whole again after a run that was killed.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { caught, rejection } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { instanceOf, rootOf, shoebox } from '../../test/shoebox.ts';
import type { Instance } from '../adapter.ts';
import type { InstanceOptions } from '../verb.ts';
import { newFolder } from './place.ts';
import { beginJournal, planSwitch } from './switch.ts';
import { writeJournal } from './journal.ts';
import {
  assertNoRestore,
  findTarget,
  lockTarget,
  recoverIfNeeded,
  restoreMark,
  shareInstance,
} from './target.ts';
import type { Target } from './target.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let base: string;
let media: string;
beforeEach(() => {
  base = realpathSync(scratchDirectory());
  media = join(base, 'media');
  mkdirSync(media);
  writeFileSync(join(media, 'file'), 'old');
});

function optionsFor(instance: Instance): InstanceOptions {
  return {
    adapter: shoebox({ configure: () => Promise.resolve(instance) }),
    adapterPackage: { name: 'shoebox', packageVersion: '1.0.0' },
    given: { configFiles: [] },
    environment: {},
    workingDirectory: '/',
  };
}

const sqlite = (path: string): Partial<Instance> => ({
  database: { value: { engine: 'sqlite', path }, source: 'the test' },
});
const target = (
  instance: Instance,
  parts: ('database' | 'media')[] = ['database', 'media'],
): Promise<Target> => findTarget(optionsFor(instance), parts);
const mediaTarget = () => target(instanceOf([rootOf(media)]), ['media']);

describe('a target', () => {
  test('is the roots and the database, with every room that they can have', async () => {
    const path = join(base, 'data', 'db.sqlite3');
    mkdirSync(join(base, 'data'));
    const found = await target(
      instanceOf([rootOf(media), rootOf(join(base, 'data'), 'data')], sqlite(path)),
    );
    expect(found.places.map(({ name, directory, room }) => [name, directory, room])).toEqual([
      ['files', media, join(base, '.media.dms-backup')],
      ['data', join(base, 'data'), join(base, '.data.dms-backup')],
      ['database', join(base, 'data'), join(base, '.data.dms-backup')],
    ]);
    expect(found.rooms.toSorted()).toEqual(
      [
        join(base, '.media.dms-backup'),
        join(base, '.data.dms-backup'),
        join(media, '.dms-backup'),
        join(base, 'data', '.dms-backup'),
        join(base, 'data', '.db.sqlite3.dms-backup'),
      ].toSorted(),
    );
    expect(found.database?.engine.name).toBe('sqlite');
    expect(readdirSync(base).toSorted()).toEqual(['data', 'media']);
  });

  test('has links resolved, also where something is not there yet', async () => {
    symlinkSync(media, join(base, 'link'));
    const path = join(base, 'link', 'new', 'db.sqlite3');
    const found = await target(
      instanceOf([rootOf(join(base, 'link')), rootOf(join(base, 'x', 'y'), 'data')], sqlite(path)),
    );
    expect(found.roots.map(({ directory }) => directory)).toEqual([media, join(base, 'x', 'y')]);
    expect(found.database?.location).toEqual({
      engine: 'sqlite',
      path: join(media, 'new', 'db.sqlite3'),
    });
  });

  test('does not count the database as part of a root, also through links', async () => {
    new DatabaseSync(join(media, 'db.sqlite3')).close();
    symlinkSync(media, join(base, 'link'));
    const found = await target(
      instanceOf([rootOf(media)], sqlite(join(base, 'link', 'db.sqlite3'))),
    );
    const children = found.places.map((place) => place.children().map(String));
    expect(children).toEqual([['file'], ['db.sqlite3']]);
  });

  test('may be one part alone', async () => {
    const instance = instanceOf([rootOf(media)], sqlite(join(base, 'db.sqlite3')));
    expect((await target(instance, ['media'])).places.map(({ name }) => name)).toEqual(['files']);
    const database = await target(instance, ['database']);
    expect(database.places.map(({ name }) => name)).toEqual(['database']);
    // a room of the media is looked at all the same: a run for both may have been killed
    expect(database.rooms).toContain(join(base, '.media.dms-backup'));
  });

  test('without a database is refused with every place that was looked at', async () => {
    const lookedAt = [
      { place: '/etc/shoebox.conf', found: true },
      { place: 'SHOEBOX_DB', found: false },
    ];
    const error = await rejection(target(instanceOf([], { lookedAt })));
    expect([error.code, error.message]).toEqual([
      'instance-not-found',
      'no database found; looked at: /etc/shoebox.conf, SHOEBOX_DB (not there)',
    ]);
    expect((await rejection(target(instanceOf([])))).message).toContain('looked at: nothing');
  });

  test('without a database is refused where one is wanted', async () => {
    expect((await rejection(target(instanceOf([rootOf(media)])))).code).toBe('instance-not-found');
    expect((await mediaTarget()).database).toBeUndefined();
  });

  test.each([
    ['media/inner', 'inner'],
    ['media', 'the same'],
  ])('of a root in another is refused: %s', async (inner) => {
    mkdirSync(join(base, inner), { recursive: true });
    const error = await rejection(
      target(instanceOf([rootOf(media), rootOf(join(base, inner), 'data')]), ['media']),
    );
    expect(error.code).toBe('target-unsafe');
    expect(error.message).toContain('lies inside the');
  });

  test('of roots with names that begin alike is none of that', async () => {
    mkdirSync(join(base, 'media-2'));
    const found = await target(instanceOf([rootOf(media), rootOf(join(base, 'media-2'), 'data')]), [
      'media',
    ]);
    expect(found.places).toHaveLength(2);
  });
});

describe('the lock', () => {
  test('is for one, and leaves nothing', async () => {
    const { lock, recovery } = await lockTarget(await mediaTarget());
    expect(recovery).toBeNull();
    expect(existsSync(join(base, '.media.dms-backup', 'lock'))).toBe(true);
    const error = await rejection(lockTarget({ ...found, places: found.places }));
    expect([error.code, error.message]).toEqual([
      'locked',
      `another dms-backup is working on '${media}'`,
    ]);
    lock.release();
    lock.release();
    expect(readdirSync(base)).toEqual(['media']);
  });
  let found: Target;
  beforeEach(async () => {
    found = await mediaTarget();
  });

  test('takes the directories away that it made', async () => {
    const missing = await target(instanceOf([rootOf(join(base, 'deep', 'er', 'media'))]), [
      'media',
    ]);
    const { lock } = await lockTarget(missing);
    expect(existsSync(join(base, 'deep', 'er', '.media.dms-backup', 'lock'))).toBe(true);
    lock.release();
    expect(readdirSync(base)).toEqual(['media']);
  });

  test('leaves a room that holds something, and what others put beside it', async () => {
    const missing = await target(instanceOf([rootOf(join(base, 'deep', 'er', 'media'))]), [
      'media',
    ]);
    const { lock } = await lockTarget(missing);
    writeFileSync(join(base, 'deep', 'file'), 'of another');
    lock.release();
    expect(readdirSync(join(base, 'deep'))).toEqual(['file']);
    const again = await lockTarget(found);
    writeFileSync(join(base, '.media.dms-backup', 'undo.json'), '{}');
    again.lock.release();
    expect(readdirSync(join(base, '.media.dms-backup'))).toEqual(['undo.json']);
  });

  test('of nothing cannot be taken', async () => {
    expect((await rejection(lockTarget({ ...found, room: undefined }))).code).toBe(
      'instance-not-found',
    );
  });

  test('cannot be taken where this user may not write', async () => {
    failOnDisk('mkdirSync', 'EACCES');
    const error = await rejection(lockTarget(found));
    expect([error.code, error.message]).toEqual([
      'destination-unwritable',
      `cannot write '${join(base, '.media.dms-backup')}' (EACCES)`,
    ]);
  });

  test('that leaves its empty room behind fails nobody: the work is done, and the next run takes it', async () => {
    const { lock } = await lockTarget(found);
    failOnDisk('rmdirSync', 'EIO');
    lock.release();
    const again = await lockTarget(found);
    again.lock.release();
  });
});

describe('a backup', () => {
  const location = () => ({ engine: 'sqlite', path: join(base, 'db.sqlite3') }) as const;
  const environment = () => ({ XDG_STATE_HOME: join(base, 'state') });
  const share = (roots = [rootOf(media)], wait = {}) =>
    shareInstance(roots, location(), environment(), wait);
  const restoreTarget = () =>
    findTarget({ ...optionsFor(instanceOf([rootOf(media)])), environment: environment() }, [
      'media',
    ]);

  test('shares the instance with other backups and keeps restores away, without a trace beside it', async () => {
    const [one, other] = [await share(), await share()];
    expect(readdirSync(base).toSorted()).toEqual(['media', 'state']);
    one.release();
    expect((await rejection(lockTarget(await restoreTarget()))).code).toBe('locked');
    expect(readdirSync(base).toSorted()).toEqual(['media', 'state']);
    other.release();
    const { lock } = await lockTarget(await restoreTarget());
    expect((await rejection(share())).code).toBe('locked');
    // a part of it is enough
    expect((await rejection(share([rootOf('/srv/another'), rootOf(media, 'm')]))).code).toBe(
      'locked',
    );
    const waiting = share(undefined, { lockTimeoutMs: 60_000 });
    lock.release();
    (await waiting).release();
    expect(readdirSync(join(base, 'state', 'dms-backup'))).toEqual([]);
  });

  test('of another installation is not in the way', async () => {
    const restore = await lockTarget(await restoreTarget());
    const roots = [rootOf('/srv/another')];
    (await share(roots)).release();
    restore.lock.release();
  });

  test('goes on where no lock can be made', async () => {
    failOnDisk('mkdirSync', 'EROFS');
    (await share()).release();
  });

  test('sees a restore or undo that came between', async () => {
    const mark = () => restoreMark([rootOf(media)], location(), {});
    const before = mark();
    expect(mark()).toBe(before);
    mkdirSync(join(base, '.media.dms-backup'));
    writeFileSync(join(base, '.media.dms-backup', 'undo.json'), '{}');
    const after = mark();
    expect(after).not.toBe(before);
    writeFileSync(join(base, '.media.dms-backup', 'undo.json'), '{} ');
    expect(mark()).not.toBe(after);
  });
});

describe('after a run that was killed', () => {
  const plan = (of: Target) => ({
    verb: 'restore' as const,
    archiveId: 'archive',
    places: of.places,
    created: [],
    attributes: [],
    keepUndo: true,
  });

  test('while it prepared, the lock finds the target as it was', async () => {
    const found = await mediaTarget();
    beginJournal(plan(found));
    mkdirSync(newFolder(found.places[0]!));
    expect(
      caught(() => assertNoRestore(found.roots, { engine: 'sqlite', path: join(base, 'db') }, {}))
        .code,
    ).toBe('restore-unfinished');
    const { lock, recovery } = await lockTarget(found);
    expect(recovery?.state).toBe('old');
    lock.release();
    expect(readdirSync(base)).toEqual(['media']);
    expect(() =>
      assertNoRestore(found.roots, { engine: 'sqlite', path: join(base, 'db') }, {}),
    ).not.toThrow();
  });

  test('while it switched, the lock finds the target new', async () => {
    const found = await mediaTarget();
    const journal = beginJournal(plan(found));
    mkdirSync(newFolder(found.places[0]!));
    writeFileSync(join(newFolder(found.places[0]!), 'file'), 'new');
    writeJournal(planSwitch(plan(found), journal));
    expect((await recoverIfNeeded(await mediaTarget()))?.state).toBe('new');
    expect(await recoverIfNeeded(found)).toBeNull();
    expect(readdirSync(join(base, '.media.dms-backup')).toSorted()).toEqual([
      'old-files',
      'undo.json',
    ]);
  });

  test('nothing is locked or made when there is nothing to do', async () => {
    expect(await recoverIfNeeded(await mediaTarget())).toBeNull();
    expect(readdirSync(base)).toEqual(['media']);
  });

  test('with a journal that cannot be understood, the lock is free again', async () => {
    const found = await mediaTarget();
    mkdirSync(join(base, '.media.dms-backup'));
    writeFileSync(join(base, '.media.dms-backup', 'journal.json'), '{"journalVersion":99}');
    for (let time = 0; time < 2; time++)
      expect((await rejection(lockTarget(found))).code).toBe('target-unsafe');
    expect(readdirSync(join(base, '.media.dms-backup'))).toEqual(['journal.json']);
  });

  test('of the database alone, a backup is told', async () => {
    const path = join(base, 'db.sqlite3');
    mkdirSync(join(base, '.db.sqlite3.dms-backup'));
    writeFileSync(join(base, '.db.sqlite3.dms-backup', 'journal.json'), '{}');
    expect(caught(() => assertNoRestore([], { engine: 'sqlite', path }, {})).code).toBe(
      'restore-unfinished',
    );
    expect(() =>
      assertNoRestore([], { engine: 'postgres', host: 'db', name: 'x' }, {}),
    ).not.toThrow();
  });
});
