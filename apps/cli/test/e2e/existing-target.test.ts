// A restore over an installation with other content: asked for, complete, and taken back byte for byte by undo.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { SampleInstance } from '@dms-backup/test-fixtures';
import { beforeAll, describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  expectRefusal,
  flagsOf,
  inNamespace,
  lastJson,
  makeArchive,
  namesIn,
  stateOf,
  told,
} from './bench.ts';
import type { Place, State } from './bench.ts';
import { prove, withoutLeftOut } from './proof.ts';
import type { Declaration } from './proof.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const bench = createBench('existing');

let source: SampleInstance;
let other: SampleInstance;
let archive: string;
let fresh: State;
let excluded: Declaration[];

/** In the target only: a row that the archive does not have, files, and modes that differ. */
beforeAll(async () => {
  source = bench.build({ appVersion: '3.0.5', documents: 42, seed: 1 });
  other = bench.build({ appVersion: '3.0.5', documents: 40, seed: 2, uncheckpointed: true });
  writeFileSync(join(other.mediaDirectory, 'documents/originals/only in the target.pdf'), 'target');
  writeFileSync(join(other.dataDirectory, 'only in the target.txt'), 'target');
  writeFileSync(join(other.dataDirectory, 'log/paperless.log'), 'log of the target\n');
  execFileSync('chmod', ['0751', other.mediaDirectory]);
  execFileSync('chmod', ['0600', other.databasePath]);
  archive = await makeArchive(bench, source);
  const inspected = await bench.done(['inspect', archive, '--json']);
  ({ excluded } = lastJson<{ excluded: Declaration[] }>(inspected));
  fresh = stateOf(source);
});

const around = (place: Place): string => join(place.dataDirectory, '..');

/** Everything that belongs to the application: what undo must bring back to the byte. */
function applicationBytes(place: Place): Record<string, string> {
  const inside = Object.entries(bytesOf(around(place))).filter(([path]) =>
    /^(data|media)(\/|$)/u.test(path),
  );
  // The two directories themselves are not renamed: their times are set, as exactly as Node can.
  return Object.fromEntries(
    inside.map(([path, text]) => [
      path,
      path.includes('/') ? text : text.replace(/\d{6} 0 $/u, ''),
    ]),
  );
}

/** Equal to the source, apart from what stays of the target by rule. */
function expectRestored(place: Place, part?: 'database' | 'media'): void {
  const after = withoutLeftOut(stateOf(place), excluded);
  expect(prove(withoutLeftOut(fresh, excluded), after, excluded, part).differences).toEqual([]);
  if (part === 'database') return;
  expect([...after.media.keys()].filter((path) => path.includes('only in'))).toEqual([]);
  expect([...after.data.keys()].filter((path) => path.includes('only in'))).toEqual([]);
}

describe('without --yes', () => {
  test('exit 22, nothing changed, and the hint says what to do', async () => {
    const target = bench.copy(other, 'target');
    const before = bytesOf(around(target));
    await expectRefusal(bench, ['restore', archive, ...flagsOf(target)], {
      exit: 22,
      code: 'target-not-empty',
      says: /--yes/u,
    });
    expect(bytesOf(around(target))).toEqual(before);
    const undo = await bench.run(['undo', ...flagsOf(target), '--yes']);
    expect(undo.code, told(undo)).toBe(10);
    expect(bytesOf(around(target))).toEqual(before);
  });

  test('an occupied database alone, or occupied media alone, is enough to be refused', async () => {
    for (const gone of ['media', 'data'] as const) {
      const target = bench.copy(other, 'target');
      rmSync(gone === 'media' ? target.mediaDirectory : target.dataDirectory, { recursive: true });
      const before = bytesOf(around(target));
      const run = await bench.run(['restore', archive, ...flagsOf(target)]);
      expect(run.code, told(run)).toBe(22);
      expect(bytesOf(around(target))).toEqual(before);
    }
  });
});

describe('with --yes', () => {
  test('everything is replaced, undo brings everything back, a second undo is a redo', async () => {
    const target = bench.copy(other, 'target');
    const before = applicationBytes(target);
    expect(Object.keys(before)).toContain('data/db.sqlite3-wal');
    const restored = await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--json']);
    expect(lastJson<{ undo: string | null }>(restored).undo).not.toBe(null);
    expectRestored(target);
    expect(existsSync(`${target.databasePath}-wal`)).toBe(false);
    const after = applicationBytes(target);

    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(before);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(after);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(before);
  });

  test('logs and lock files of the target stay, its search index and classifier go', async () => {
    const target = bench.copy(other, 'target');
    const before = applicationBytes(target);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    const after = applicationBytes(target);
    const stays = [
      'data/log/paperless.log',
      'data/log/paperless.log.1',
      'data/celerybeat-schedule.db',
      'data/migration_lock',
      'media/media.lock',
    ];
    for (const path of stays) expect({ path, is: after[path] }).toEqual({ path, is: before[path] });
    expect(readFileSync(join(target.dataDirectory, 'log/paperless.log'), 'utf8')).toBe(
      'log of the target\n',
    );
    for (const path of [
      'data/classification_model.pickle',
      'data/index/meta.json',
      'data/llm_index',
    ]) {
      expect(before[path]).toBeDefined();
      expect(after[path]).toBeUndefined();
    }
    expect(namesIn(join(target.dataDirectory, 'index'))).toEqual([]);
  });

  test('modes and times are those of the archive, the mode of the database that of the target', async () => {
    const target = bench.copy(other, 'target');
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    expect(statSync(target.databasePath).mode & 0o7777).toBe(0o600);
    for (const directory of ['mediaDirectory', 'dataDirectory'] as const) {
      const [is, was] = [statSync(target[directory]), statSync(source[directory])];
      expect(is.mode).toBe(was.mode);
      expect(Math.abs(is.mtimeMs - was.mtimeMs)).toBeLessThan(1);
    }
    const times = (place: Place): string[] =>
      execFileSync('find', ['documents', 'logo', '-type', 'd', '-printf', '%p %m %T@\n'], {
        cwd: place.mediaDirectory,
        encoding: 'utf8',
      })
        .split('\n')
        .map((line) => line.replace(/(\.\d{6})\d*$/u, '$1'))
        .toSorted();
    expect(times(target)).toEqual(times(source));
  });

  test('--no-verify reads no table back, and says so', async () => {
    const target = bench.copy(other, 'target');
    const flags = [...flagsOf(target), '--yes', '--no-verify', '--json'];
    const run = await bench.done(['restore', archive, ...flags]);
    expect(lastJson<{ warnings: string[] }>(run).warnings).toEqual([
      'the loaded tables were not read back and compared, as you asked',
    ]);
    expect(run.stdout).not.toMatch(/"phase":"prove","doneBytes":0,"doneItems":[1-9]/);
    const proved = await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--json']);
    expect(lastJson<{ warnings: string[] }>(proved).warnings).toEqual([]);
  });

  test('--no-undo keeps nothing beside the target', async () => {
    const target = bench.copy(other, 'target');
    await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--no-undo']);
    expectRestored(target);
    expect(namesIn(around(target))).toEqual(['data', 'media']);
    const after = bytesOf(around(target));
    const undo = await bench.run(['undo', ...flagsOf(target), '--yes']);
    expect(undo.code, told(undo)).toBe(10);
    expect(bytesOf(around(target))).toEqual(after);
  });

  test('--no-undo after a restore with undo removes the former undo, too', async () => {
    const target = bench.copy(other, 'target');
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    expect(namesIn(around(target)).length).toBeGreaterThan(2);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--no-undo']);
    expectRestored(target);
    expect(namesIn(around(target))).toEqual(['data', 'media']);
  });

  test('a second restore replaces the undo: it leads to what the first one brought', async () => {
    const target = bench.copy(other, 'target');
    const second = bench.build({ appVersion: '3.0.5', documents: 8, seed: 7 });
    const secondArchive = await makeArchive(bench, second);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    const first = applicationBytes(target);
    await bench.done(['restore', secondArchive, ...flagsOf(target), '--yes']);
    expect(stateOf(target).media.size).toBeLessThan(fresh.media.size);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(first);
    expectRestored(target);
  });

  test('what the application changes after a restore goes with undo and comes back with redo', async () => {
    const target = bench.copy(other, 'target');
    const before = applicationBytes(target);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    mkdirSync(join(target.dataDirectory, 'index/new'));
    writeFileSync(join(target.dataDirectory, 'index/new/segment'), 'built after the restore');
    writeFileSync(
      join(target.mediaDirectory, 'documents/originals/later.pdf'),
      'added after the restore',
    );
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(before);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(readFileSync(join(target.mediaDirectory, 'documents/originals/later.pdf'), 'utf8')).toBe(
      'added after the restore',
    );
    expect(existsSync(join(target.dataDirectory, 'index/new/segment'))).toBe(true);
  });

  test('undo without --yes is refused and changes nothing', async () => {
    const target = bench.copy(other, 'target');
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    const [names, after] = [namesIn(around(target)), applicationBytes(target)];
    await expectRefusal(bench, ['undo', ...flagsOf(target)], {
      exit: 22,
      code: 'target-not-empty',
      says: /--yes/u,
    });
    expect(applicationBytes(target)).toEqual(after);
    expect(namesIn(around(target))).toEqual(names);
  });

  test('only the database, only the media: the other part is not touched', async () => {
    for (const part of ['database', 'media'] as const) {
      const target = bench.copy(other, 'target');
      const before = applicationBytes(target);
      const isDatabase = (path: string): boolean => path.startsWith('data/db.sqlite3');
      await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--only', part]);
      expectRestored(target, part);
      const after = applicationBytes(target);
      for (const [path, was] of Object.entries(before)) {
        if (path.includes('/') && isDatabase(path) === (part === 'media')) {
          expect({ path, is: after[path] }).toEqual({ path, is: was });
        }
      }
      await bench.done(['undo', ...flagsOf(target), '--yes']);
      const again = applicationBytes(target);
      // Renames inside `data` give the directory itself a new time; it was no part of this restore.
      for (const each of [before, again]) delete each['data'];
      expect(again).toEqual(before);
    }
  });

  test('a media directory that is a link stays one, and the directory behind it is exchanged', async () => {
    const target = bench.copy(other, 'target');
    const behind = join(bench.directory('disk'), 'media');
    execFileSync('mv', [target.mediaDirectory, behind]);
    symlinkSync(behind, target.mediaDirectory);
    const before = bytesOf(behind);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    expect(execFileSync('readlink', [target.mediaDirectory], { encoding: 'utf8' }).trim()).toBe(
      behind,
    );
    expectRestored({ ...target, mediaDirectory: behind });
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(bytesOf(behind)).toEqual(before);
  });

  test('a damaged database of the target can be replaced, and undo keeps the damage', async () => {
    const target = bench.copy(other, 'target');
    writeFileSync(target.databasePath, 'this is no database any more '.repeat(100));
    rmSync(`${target.databasePath}-wal`);
    const before = applicationBytes(target);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    expectRestored(target);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(before);
  });
});

describe('--media-strategy', () => {
  /** Path -> content digest of files below the media root, without the lock. */
  const files = (state: State): Map<string, string> =>
    new Map(
      [...state.media]
        .filter(([path, { kind }]) => kind !== 'directory' && path !== 'media.lock')
        .map(([path, { sha256 }]) => [path, sha256]),
    );

  test.each(['merge', 'keep-existing'] as const)(
    '%s keeps what only the target has, and undo brings all back',
    async (strategy) => {
      const target = bench.copy(other, 'target');
      const before = applicationBytes(target);
      const [mine, theirs] = [files(stateOf(target)), files(fresh)];
      const conflicts = [...theirs].filter(
        ([path, sha256]) => mine.has(path) && mine.get(path) !== sha256,
      );
      expect(conflicts.length).toBeGreaterThan(10);
      await bench.done([
        'restore',
        archive,
        ...flagsOf(target),
        '--yes',
        '--media-strategy',
        strategy,
      ]);
      const expected =
        strategy === 'merge' ? new Map([...mine, ...theirs]) : new Map([...theirs, ...mine]);
      const after = stateOf(target);
      expect(Object.fromEntries(files(after))).toEqual(Object.fromEntries(expected));
      // The database is that of the archive, whatever happens to the files.
      expect(prove(fresh, after, excluded, 'database').differences).toEqual([]);
      await bench.done(['undo', ...flagsOf(target), '--yes']);
      expect(applicationBytes(target)).toEqual(before);
    },
  );

  test('merge: a change of a kept file after the restore does not reach the undo', async () => {
    const target = bench.copy(other, 'target');
    const before = applicationBytes(target);
    await bench.done([
      'restore',
      archive,
      ...flagsOf(target),
      '--yes',
      '--media-strategy',
      'merge',
    ]);
    appendFileSync(
      join(target.mediaDirectory, 'documents/originals/only in the target.pdf'),
      ', changed after the restore',
    );
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(applicationBytes(target)).toEqual(before);
  });

  test('replace is the default, and merge into nothing is a plain restore', async () => {
    const target = bench.emptyPlace('target');
    await bench.done(['restore', archive, ...flagsOf(target), '--media-strategy', 'merge']);
    expectRestored(target);
  });
});

if (inNamespace) {
  const namespace = inNamespace;
  /** Runs the script with `$media`, `$data`; `tool` runs the program with the words given here. */
  const inMounts = async (
    script: string,
    words: readonly string[],
    target: Place,
  ): Promise<{ code: number | null; text: string }> => {
    const whole = `media=${target.mediaDirectory}; data=${target.dataDirectory}; mv "$media" "$media.away"; mv "$data" "$data.away"
      mkdir "$media" "$data"; mount -t tmpfs tmpfs "$media"; mount -t tmpfs tmpfs "$data"
      cp -a "$media.away/." "$media/"; cp -a "$data.away/." "$data/"
      ${script}
      for each in "$media" "$data"; do rm -rf "$each.after"; cp -a "$each" "$each.after"; done`;
    const run = await bench.run(words, { wrapper: [...namespace, whole, 'sh'] });
    expectNoTrace(run);
    return { code: run.code, text: told(run) };
  };
  const afterwards = (target: Place): Place => ({
    mediaDirectory: `${target.mediaDirectory}.after`,
    dataDirectory: `${target.dataDirectory}.after`,
    databasePath: join(`${target.dataDirectory}.after`, 'db.sqlite3'),
  });

  describe('mount points, as Docker volumes are', () => {
    test('are restored into; the side folder lies inside, and --no-undo leaves none', async () => {
      const target = bench.copy(other, 'target');
      const { code, text } = await inMounts(
        '"$@"',
        ['restore', archive, ...flagsOf(target), '--yes'],
        target,
      );
      expect(code, text).toBe(0);
      const after = afterwards(target);
      expect(namesIn(after.mediaDirectory)).toContain('.dms-backup');
      for (const directory of [after.mediaDirectory, after.dataDirectory])
        rmSync(join(directory, '.dms-backup'), { recursive: true });
      expectRestored(after);

      const plain = bench.copy(other, 'target');
      const second = await inMounts(
        '"$@"',
        ['restore', archive, ...flagsOf(plain), '--yes', '--no-undo'],
        plain,
      );
      expect(second.code, second.text).toBe(0);
      expectRestored(afterwards(plain));
      expect(namesIn(`${plain.mediaDirectory}.after`)).toEqual(['documents', 'logo', 'media.lock']);
    });

    test('get everything back by undo', async () => {
      const target = bench.copy(other, 'target');
      const before = bytesOf(target.mediaDirectory);
      const database = stateOf(target).database;
      const words = ['undo', ...flagsOf(target), '--yes'];
      const restore = ['restore', archive, ...flagsOf(target), '--yes']
        .map((word) => `'${word}'`)
        .join(' ');
      // "$@" is node, program, words of undo.
      const { code, text } = await inMounts(`"$1" "$2" ${restore}; "$@"`, words, target);
      expect(code, text).toBe(0);
      const after = afterwards(target);
      rmSync(join(after.mediaDirectory, '.dms-backup'), { recursive: true });
      expect(bytesOf(after.mediaDirectory)).toEqual(before);
      expect(stateOf(after).database).toEqual(database);
    });

    test('a backup of them does not hold the side folder', async () => {
      const target = bench.copy(other, 'target');
      const destination = bench.directory('archives');
      const restore = ['restore', archive, ...flagsOf(target), '--yes']
        .map((word) => `'${word}'`)
        .join(' ');
      const words = ['backup', ...flagsOf(target), join(destination, 'one.tar')].concat(
        '--compression',
        'none',
      );
      const { code, text } = await inMounts(`"$1" "$2" ${restore}; "$@"`, words, target);
      expect(code, text).toBe(0);
      const names = execFileSync('tar', ['-tf', join(destination, 'one.tar')], {
        encoding: 'utf8',
      });
      expect(names).not.toContain('.dms-backup');
      expect(names).not.toContain('only in the target');
    });
  });
}
