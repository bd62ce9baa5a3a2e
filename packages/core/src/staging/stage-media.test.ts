// The staged tree: complete with modes, times and links, merged with what is live as asked, and nothing of it outside of the
// room, whatever the archive and the target hold.

import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught } from '../../test/caught.ts';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import type { PlacedEntry } from '../archive/reader.ts';
import { listChildren, newFolder } from './place.ts';
import type { Place } from './place.ts';
import { MediaStage } from './stage-media.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let base: string;
let live: string;
let place: Place;
beforeEach(() => {
  base = scratchDirectory();
  live = join(base, 'media');
  mkdirSync(live);
  place = {
    name: 'media',
    directory: live,
    room: join(base, '.media.dms-backup'),
    children: () => listChildren(live),
  };
  mkdirSync(place.room);
});

function opened(setOwner = false): MediaStage {
  const stage = new MediaStage(place, setOwner);
  onTestFinished(() => stage.close());
  return stage;
}

/** What an archive says of one path below the root. */
interface Said {
  readonly type?: PlacedEntry['type'];
  readonly content?: string;
  readonly link?: string | Buffer;
  readonly mode?: number;
  readonly mtime?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Tells the stage about an entry and writes the file as the threads do. */
function tell(stage: MediaStage, path: string | Buffer, said: Said = {}): void {
  const type = said.type ?? (said.link === undefined ? 'file' : 'link');
  const pathBytes = Buffer.concat([Buffer.from('media/media/'), Buffer.from(path)]);
  const wish = stage.wish(
    {
      pathBytes,
      type,
      size: 0,
      mode: said.mode ?? 0o755,
      uid: said.uid ?? 1000,
      gid: said.gid ?? 1000,
      mtime: said.mtime ?? '1000000000.500000000',
      frame: 0,
      offset: 0,
      position: 0,
      end: 512,
      ...(said.link !== undefined && { linkBytes: Buffer.from(said.link) }),
    },
    Buffer.from(path),
  );
  expect(wish.do).toBe(type === 'file' ? 'write' : 'prove');
  if (wish.do === 'write') writeFileSync(wish.to, said.content ?? 'archived', { flag: 'wx' });
}

const all = () => true;
const staged = (path: string) => join(newFolder(place), path);
function liveFile(path: string, content = 'live'): void {
  mkdirSync(dirname(join(live, path)), { recursive: true });
  writeFileSync(join(live, path), content);
}

/** Everything below a directory, links as they are (readdir's own recursion follows them). */
function tree(directory: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) Object.assign(found, { [name]: '/' }, tree(path, `${name}/`));
    else
      found[name] = entry.isSymbolicLink()
        ? `-> ${readlinkSync(path)}`
        : readFileSync(path, 'utf8');
  }
  return found;
}

describe('a staged tree', () => {
  test('is what the archive holds', () => {
    const stage = opened();
    tell(stage, '', { type: 'directory', mode: 0o2750, mtime: '5.250000000' });
    tell(stage, 'a', { type: 'directory', mode: 0o750, mtime: '-86400.500000000' });
    tell(stage, 'a/b', { type: 'directory', mode: 0o500 });
    tell(stage, 'a/b/file');
    tell(stage, 'link', { link: 'a/b/file', mtime: '7.250000000' });
    tell(stage, 'out', { link: '/etc' });
    stage.complete('replace', all);
    expect(tree(newFolder(place))).toEqual({
      a: '/',
      'a/b': '/',
      'a/b/file': 'archived',
      link: '-> a/b/file',
      out: '-> /etc',
    });
    expect(statSync(staged('a')).mode & 0o7777).toBe(0o750);
    expect(statSync(staged('a')).mtimeMs).toBe(-86_400_500);
    expect(statSync(staged('a/b')).mode & 0o7777).toBe(0o500);
    expect(statSync(staged('a/b')).mtimeMs).toBe(1_000_000_000_500);
    expect(lstatSync(staged('link')).mtimeMs).toBe(7250);
    expect(stage.rootAttributes).toEqual([
      {
        path: live,
        mode: 0o2750,
        uid: process.getuid!(),
        gid: process.getgid!(),
        mtime: '5.250000000',
      },
    ]);
    chmodSync(staged('a/b'), 0o700);
  });

  test('has names byte for byte', () => {
    const stage = opened();
    const odd = Buffer.from('\xe4\xf6', 'latin1');
    tell(stage, odd, { type: 'directory' });
    tell(stage, Buffer.concat([odd, Buffer.from('/'), odd]));
    tell(stage, Buffer.concat([odd, Buffer.from('x')]), { link: odd });
    stage.complete('replace', all);
    const names = readdirSync(newFolder(place), { encoding: 'buffer' }).map((name) =>
      name.toString('latin1'),
    );
    expect(names.toSorted()).toEqual(['\xe4\xf6', '\xe4\xf6x']);
    expect(
      readlinkSync(Buffer.concat([Buffer.from(`${newFolder(place)}/`), odd, Buffer.from('x')]), {
        encoding: 'buffer',
      }).equals(odd),
    ).toBe(true);
  });

  test('is for nobody else while it is made', () => {
    const stage = opened();
    tell(stage, 'a', { type: 'directory', mode: 0o777 });
    expect([newFolder(place), staged('a')].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o700, 0o700,
    ]);
  });

  test('has no link while files are written, so none leads them astray', () => {
    const stage = opened();
    tell(stage, 'link', { link: '/etc' });
    expect(existsSync(staged('link'))).toBe(false);
    expect(lstatSync(staged('link'), { throwIfNoEntry: false })).toBeUndefined();
    stage.complete('replace', all);
    expect(readlinkSync(staged('link'))).toBe('/etc');
  });

  test('keeps the inheritance of groups, and no other set-id bit', () => {
    const stage = opened();
    tell(stage, '', { type: 'directory', mode: 0o7777 });
    tell(stage, 'a', { type: 'directory', mode: 0o7777 });
    stage.complete('replace', all);
    expect(statSync(staged('a')).mode & 0o7777).toBe(0o3777);
    expect(stage.rootAttributes[0]!.mode).toBe(0o3777);
  });

  test('has owners as archived when they can be set', () => {
    const calls: unknown[][] = [];
    for (const name of ['chownSync', 'lchownSync'] as const) {
      replaceOnDisk(name, (_, [path, uid, gid]) => {
        calls.push([name, String(path).slice(newFolder(place).length + 1), uid, gid]);
        return true;
      });
    }
    const stage = opened(true);
    tell(stage, '', { type: 'directory', uid: 7, gid: 8 });
    tell(stage, 'a', { type: 'directory', uid: 5, gid: 6 });
    tell(stage, 'l', { link: 'a', uid: 3, gid: 4 });
    stage.complete('replace', all);
    expect(calls).toEqual([
      ['lchownSync', 'l', 3, 4],
      ['chownSync', 'a', 5, 6],
    ]);
    expect(stage.rootAttributes).toMatchObject([{ uid: 7, gid: 8 }]);
  });

  test('does not look at the live tree when that is replaced', () => {
    liveFile('a/live');
    const stage = opened();
    tell(stage, 'a', { type: 'directory' });
    stage.complete('replace', all);
    expect(tree(newFolder(place))).toEqual({ a: '/' });
  });

  test('is refused where a stage is', () => {
    opened();
    expect(() => new MediaStage(place, false)).toThrow('EEXIST');
  });

  test.each([
    ['mkdirSync', 'ENOSPC', 'no-space'],
    ['mkdirSync', 'EDQUOT', 'no-space'],
    ['mkdirSync', 'EROFS', 'restore-failed'],
    ['symlinkSync', 'EPERM', 'restore-failed'],
    ['chmodSync', 'EIO', 'restore-failed'],
  ] as const)('that cannot be made (%s, %s) is told', (name, systemCode, code) => {
    const stage = opened();
    failOnDisk(name, systemCode);
    const error = caught(() => {
      tell(stage, 'a', { type: 'directory' });
      tell(stage, 'l', { link: 'a' });
      stage.complete('replace', all);
    });
    expect(error.code).toBe(code);
    expect(error.message).toContain(newFolder(place));
  });

  test('that cannot be made for a reason without a code is told', () => {
    const stage = opened();
    replaceOnDisk('mkdirSync', () => {
      throw new Error('odd');
    });
    expect(caught(() => tell(stage, 'a', { type: 'directory' })).message).toContain('(error)');
  });
});

describe.each(['merge', 'keep-existing'] as const)('with strategy %s', (strategy) => {
  const wins = strategy === 'merge' ? 'archived' : 'live';

  test('what is in one of both is there, and what is in both is from the one that wins', () => {
    liveFile('only-live');
    liveFile('both');
    liveFile('dir/only-live');
    liveFile('dir/both');
    mkdirSync(join(live, 'empty'), { mode: 0o711 });
    symlinkSync('live-target', join(live, 'link'));
    symlinkSync('live-only', join(live, 'live-link'));
    const stage = opened();
    tell(stage, 'both');
    tell(stage, 'dir', { type: 'directory', mode: 0o750 });
    tell(stage, 'dir/both');
    tell(stage, 'only-archived');
    tell(stage, 'link', { link: 'archived-target' });
    stage.complete(strategy, all);
    expect(tree(newFolder(place))).toEqual({
      'only-live': 'live',
      both: wins,
      dir: '/',
      'dir/only-live': 'live',
      'dir/both': wins,
      empty: '/',
      'only-archived': 'archived',
      link: `-> ${wins}-target`,
      'live-link': '-> live-only',
    });
    expect(statSync(staged('dir')).mode & 0o7777).toBe(0o750);
    expect(statSync(staged('empty')).mode & 0o7777).toBe(0o711);
  });

  test('the live tree is not touched, and its files are copied: what writes into one leaves the other', () => {
    liveFile('a/file');
    utimesSync(join(live, 'a', 'file'), 5, 5);
    utimesSync(join(live, 'a'), 6, 6.25);
    const before = tree(live);
    const stage = opened();
    stage.complete(strategy, all);
    expect(tree(live)).toEqual(before);
    expect(statSync(staged('a/file')).ino).not.toBe(statSync(join(live, 'a', 'file')).ino);
    expect(statSync(staged('a')).mtimeMs).toBe(6250);
    expect(statSync(join(live, 'a')).mtimeMs).toBe(6250);
  });

  test('files are copied with mode and time, links as links', () => {
    liveFile('file');
    chmodSync(join(live, 'file'), 0o640);
    utimesSync(join(live, 'file'), 5, 7.25);
    symlinkSync('nowhere', join(live, 'dangling'));
    symlinkSync('/etc/passwd', join(live, 'away'));
    lutimesSync(join(live, 'away'), 5, 9.25);
    const stage = opened();
    stage.complete(strategy, all);
    expect(tree(newFolder(place))).toEqual({
      file: 'live',
      dangling: '-> nowhere',
      away: '-> /etc/passwd',
    });
    expect(statSync(staged('file')).ino).not.toBe(statSync(join(live, 'file')).ino);
    expect(statSync(staged('file')).mode & 0o7777).toBe(0o640);
    expect(statSync(staged('file')).mtimeMs).toBe(7250);
    expect(lstatSync(staged('away')).mtimeMs).toBe(9250);
  });

  test('names that are no UTF-8 are kept byte for byte', () => {
    const odd = Buffer.from('\xe4\xf6', 'latin1');
    const path = (directory: string) => Buffer.concat([Buffer.from(`${directory}/`), odd]);
    writeFileSync(path(live), 'live');
    const stage = opened();
    tell(stage, odd);
    stage.complete(strategy, all);
    expect(readFileSync(path(newFolder(place)), 'utf8')).toBe(wins);
    expect(readdirSync(newFolder(place))).toHaveLength(1);
  });

  test('what rules leave out is left out, our own folder too', () => {
    liveFile('cache/x');
    liveFile('.dms-backup/new-media/x');
    liveFile('file');
    const stage = opened();
    stage.complete(strategy, (path) => path !== 'cache/');
    expect(tree(newFolder(place))).toEqual({ file: 'live' });
  });

  test('an empty place is no trouble', () => {
    rmSync(live, { recursive: true });
    const stage = opened();
    tell(stage, 'a');
    stage.complete(strategy, all);
    expect(tree(newFolder(place))).toEqual({ a: 'archived' });
  });

  test('a directory where the archive has a file is refused', () => {
    liveFile('a/file');
    const stage = opened();
    tell(stage, 'a');
    const error = caught(() => stage.complete(strategy, all));
    expect([error.code, error.message]).toEqual([
      'target-unsafe',
      "'a' is a directory in the target and none in the archive",
    ]);
  });

  test('a directory where the archive has a link is refused: nothing is written or removed behind it', () => {
    const outside = join(base, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'same'), 'of another');
    liveFile('a/same', 'live');
    liveFile('a/planted', 'live');
    const stage = opened();
    tell(stage, 'a', { link: outside });
    expect(caught(() => stage.complete(strategy, all)).code).toBe('target-unsafe');
    expect(tree(outside)).toEqual({ same: 'of another' });
  });

  test('a target that cannot be read is not half taken over', () => {
    liveFile('a/file');
    failOnDisk('opendirSync', 'EACCES', { when: (path) => String(path).endsWith('/a') });
    const stage = opened();
    const error = caught(() => stage.complete(strategy, all));
    expect([error.code, error.message]).toEqual([
      'restore-failed',
      "cannot read 'a' of the target (EACCES)",
    ]);
  });
});

describe('a file where the archive has a directory', () => {
  test('gives way when the archive wins', () => {
    liveFile('a');
    const stage = opened();
    tell(stage, 'a', { type: 'directory' });
    tell(stage, 'a/file');
    stage.complete('merge', all);
    expect(tree(newFolder(place))).toEqual({ a: '/', 'a/file': 'archived' });
  });

  test('is refused when what is there is to stay', () => {
    for (const make of [() => liveFile('a'), () => symlinkSync('x', join(live, 'a'))]) {
      rmSync(join(live, 'a'), { force: true });
      rmSync(newFolder(place), { recursive: true, force: true });
      make();
      const stage = opened();
      tell(stage, 'a', { type: 'directory' });
      expect(caught(() => stage.complete('keep-existing', all)).message).toBe(
        "'a' is a file in the target and a directory in the archive",
      );
    }
  });
});

describe('an empty directory that the application needs', () => {
  test('is made, with those above it, unless it is there', () => {
    const stage = opened();
    tell(stage, 'there', { type: 'directory', mode: 0o700, mtime: '5.000000000' });
    stage.complete('replace', all);
    stage.addDirectory('there');
    stage.addDirectory('new/deep');
    expect(tree(newFolder(place))).toEqual({ there: '/', new: '/', 'new/deep': '/' });
    expect(statSync(staged('there')).mode & 0o777).toBe(0o700);
    expect(statSync(staged('new/deep')).mode & 0o777).toBe(0o755);
  });

  test('is not made behind a link of the archive, nor where it has a file', () => {
    const outside = join(base, 'outside');
    mkdirSync(outside);
    const stage = opened();
    tell(stage, 'link', { link: outside });
    tell(stage, 'dangling', { link: join(base, 'planted') });
    tell(stage, 'file');
    stage.complete('replace', all);
    for (const path of ['link/new', 'link', 'dangling', 'dangling/new']) stage.addDirectory(path);
    expect(tree(outside)).toEqual({});
    expect(existsSync(join(base, 'planted'))).toBe(false);
    expect(caught(() => stage.addDirectory('file/new')).code).toBe('restore-failed');
    expect(readdirSync(base).toSorted()).toEqual(['.media.dms-backup', 'media', 'outside']);
  });

  test('is not made outside, whatever an adapter says', () => {
    const stage = opened();
    for (const path of ['../planted', 'a/../../planted', '..']) {
      expect(caught(() => stage.addDirectory(path)).code).toBe('adapter-invalid');
    }
    stage.addDirectory('/etc/');
    expect(tree(newFolder(place))).toEqual({ etc: '/' });
    expect(readdirSync(base).toSorted()).toEqual(['.media.dms-backup', 'media']);
  });

  test('belongs to the owner of what it lies in', () => {
    const calls: unknown[][] = [];
    replaceOnDisk('chownSync', (_, [path, uid, gid]) => {
      calls.push([String(path).slice(newFolder(place).length), uid, gid]);
      return true;
    });
    const stage = opened(true);
    tell(stage, '', { type: 'directory', uid: 7, gid: 8 });
    stage.complete('replace', all);
    stage.addDirectory('new/deep');
    const { uid, gid } = statSync(staged('new'));
    expect(calls).toEqual([
      ['/new', 7, 8],
      ['/new/deep', uid, gid],
    ]);
  });
});

test('hard links between files of the target stay separate names of one file', () => {
  liveFile('a');
  linkSync(join(live, 'a'), join(live, 'b'));
  const stage = opened();
  stage.complete('merge', all);
  expect(tree(newFolder(place))).toEqual({ a: 'live', b: 'live' });
});
