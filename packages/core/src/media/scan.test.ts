// The walk sees everything that is there, byte for byte, follows nothing, and says what it could not see.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { Dir } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { sorted } from '../../test/sorted.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import type { PathRule } from '../adapter.ts';
import { joinBytes, scanTree } from './scan.ts';
import type { ScannedFile } from './scan.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let root: string;
beforeEach(() => {
  root = join(scratchDirectory(), 'root');
  mkdirSync(root);
});

interface Seen {
  readonly found: ScannedFile[];
  readonly paths: string[];
  readonly excluded: [path: string, rule: PathRule][];
  readonly unreadable: [path: string, code: string][];
  readonly classified: string[];
}

const keep: PathRule = { class: 'essential', keep: true };

function scan(
  classify: (path: string) => PathRule = () => keep,
  ignored: readonly string[] = [],
): Seen {
  const seen: Seen = { found: [], paths: [], excluded: [], unreadable: [], classified: [] };
  scanTree(root, {
    classify: (path) => {
      seen.classified.push(path);
      return classify(path);
    },
    found: (file) => {
      seen.found.push(file);
      seen.paths.push(
        file.path.toString('latin1') +
          (file.kind === 'directory' ? '/' : file.kind === 'link' ? '@' : ''),
      );
    },
    excluded: (path, rule) => void seen.excluded.push([path, rule]),
    unreadable: (path, code) => void seen.unreadable.push([path.toString(), code]),
    ignored: new Set(ignored),
  });
  return seen;
}

const file = (name: string | Buffer, content = '') =>
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]), content);

describe('a tree', () => {
  test('is seen with sizes, times and kinds, directories before what is in them', () => {
    mkdirSync(join(root, 'a', 'b'), { recursive: true });
    file('a/file', 'some text');
    utimesSync(join(root, 'a', 'file'), 5, 1_700_000_000.25);
    symlinkSync('file', join(root, 'a', 'link'));
    const { found, paths, excluded, unreadable } = scan();
    expect(paths.toSorted()).toEqual(['/', 'a/', 'a/b/', 'a/file', 'a/link@']);
    expect([excluded, unreadable]).toEqual([[], []]);
    expect(found[0]).toMatchObject({ kind: 'directory', size: 0 });
    expect(found[0]!.path.length).toBe(0);
    expect(found.find(({ path }) => path.toString() === 'a/file')).toEqual({
      path: Buffer.from('a/file'),
      kind: 'file',
      size: 9,
      mtimeNs: 1_700_000_000_250_000_000n,
    });
    expect(found.find(({ kind }) => kind === 'link')?.size).toBe(0);
    for (const path of paths)
      expect(paths.indexOf(path)).toBeGreaterThanOrEqual(
        paths.indexOf(`${path.split('/').slice(0, -1).join('/')}/`),
      );
  });

  test('may have any names, and they stay bytes', () => {
    const names = [
      ' ',
      '..a',
      '...',
      '-rf',
      '*',
      '\n',
      'a\tb',
      '\x01',
      'a\\b',
      '"',
      "'",
      '$HOME',
      'ä',
      'a\u0308',
      '文件',
      '😀',
      'x'.repeat(255),
    ];
    for (const name of names) file(name);
    const odd = Buffer.from([0xff, 0xfe, 0x80, 0x2e]);
    file(odd);
    const { found } = scan();
    const expected = [...names.map((name) => Buffer.from(name)), odd].map((name) =>
      name.toString('latin1'),
    );
    expect(
      found
        .filter(({ kind }) => kind === 'file')
        .map(({ path }) => path.toString('latin1'))
        .toSorted(),
    ).toEqual(expected.toSorted());
  });

  test('that links lead around in is walked once', () => {
    mkdirSync(join(root, 'a'));
    symlinkSync('..', join(root, 'a', 'up'));
    symlinkSync('.', join(root, 'a', 'here'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('/', join(root, 'all'));
    symlinkSync(root, join(root, 'self'));
    expect(scan().paths.toSorted()).toEqual([
      '/',
      'a/',
      'a/here@',
      'a/up@',
      'all@',
      'loop@',
      'self@',
    ]);
  });

  test('of many files in one directory is seen whole', () => {
    for (let number = 0; number < 20_000; number++) file(`f${number}`);
    const { paths } = scan();
    expect(paths).toHaveLength(20_001);
    expect(new Set(paths).size).toBe(20_001);
  });

  test('of great depth is seen to its end', () => {
    // below the longest path that can be made at once
    mkdirSync(join(root, ...Array.from({ length: 1500 }, () => 'd')), { recursive: true });
    expect(scan().found).toHaveLength(1501);
  });

  test('with hard links has each name', () => {
    file('one', 'x');
    linkSync(join(root, 'one'), join(root, 'two'));
    expect(scan().paths.toSorted()).toEqual(['/', 'one', 'two']);
  });
});

describe('what is not kept', () => {
  test('by rule is declared with the rule, and a directory of it is not entered', () => {
    mkdirSync(join(root, 'cache', 'deep'), { recursive: true });
    file('cache/x');
    file('lock');
    file('document');
    const rule: PathRule = {
      class: 'derived',
      keep: false,
      reason: 'made again',
      declareAs: 'cache/',
    };
    const { paths, excluded, classified } = scan((path) =>
      path === 'cache/' || path === 'lock' ? rule : keep,
    );
    expect(paths.toSorted()).toEqual(['/', 'document']);
    expect(sorted(excluded)).toEqual([
      ['cache/', rule],
      ['lock', rule],
    ]);
    expect(classified.toSorted()).toEqual(['cache/', 'document', 'lock']);
  });

  test('because it has no content is declared: sockets and pipes', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const { paths, excluded, classified } = scan();
    server.close();
    expect(paths).toEqual(['/']);
    expect(
      sorted(
        excluded.map(([path, { class: kind, keep: kept, reason }]) => [path, kind, kept, reason]),
      ),
    ).toEqual(
      ['pipe', 'socket'].map((path) => [
        path,
        'ephemeral',
        false,
        'socket, pipe or device: no content to keep',
      ]),
    );
    // no adapter is asked about them
    expect(classified).toEqual([]);
  });

  test('because it is ours is declared, and only at the top', () => {
    mkdirSync(join(root, '.dms-backup', 'new-media'), { recursive: true });
    mkdirSync(join(root, 'a', '.dms-backup'), { recursive: true });
    file('.dms-backup-not');
    const { paths, excluded } = scan();
    expect(paths.toSorted()).toEqual(['.dms-backup-not', '/', 'a/', 'a/.dms-backup/']);
    expect(excluded.map(([path]) => path)).toEqual(['.dms-backup/']);
  });

  test('because it belongs to the database is passed over without a word', () => {
    mkdirSync(join(root, 'data'));
    for (const name of ['db.sqlite3', 'db.sqlite3-wal', 'data/db.sqlite3', 'größe']) file(name);
    const ignored = ['db.sqlite3', 'db.sqlite3-wal', Buffer.from('größe').toString('latin1')];
    const { paths, excluded, classified } = scan(() => keep, ignored);
    expect(paths.toSorted()).toEqual(['/', 'data/', 'data/db.sqlite3']);
    expect(excluded).toEqual([]);
    expect(classified).toEqual(['data/', 'data/db.sqlite3']);
  });
});

describe('what cannot be seen', () => {
  /** As a user who is not root. */
  function asNobody<Result>(action: () => Result): Result {
    if (process.getuid!() !== 0) return action();
    chmodSync(join(root, '..'), 0o755);
    process.seteuid!(65_534);
    try {
      return action();
    } finally {
      process.seteuid!(0);
    }
  }

  test('is told: a directory that cannot be listed, and one whose files cannot be looked at', () => {
    for (const [name, mode] of [
      ['closed', 0],
      ['listed', 0o744],
      ['open', 0o755],
    ] as const) {
      mkdirSync(join(root, name));
      file(`${name}/file`, 'x');
      chmodSync(join(root, name), mode);
    }
    if (process.getuid!() !== 0) chmodSync(join(root, 'listed'), 0o644);
    const { paths, unreadable } = asNobody(() => scan());
    expect(paths.toSorted()).toEqual(['/', 'closed/', 'listed/', 'open/', 'open/file']);
    expect(sorted(unreadable)).toEqual([
      ['closed', 'EACCES'],
      ['listed/file', 'EACCES'],
    ]);
    for (const name of ['closed', 'listed']) chmodSync(join(root, name), 0o755);
  });

  test('because the disk fails while listing is told, and the rest goes on', () => {
    mkdirSync(join(root, 'a'));
    file('a/file');
    file('b');
    replaceOnDisk('opendirSync', (real, values) => {
      const directory = real(...values) as Dir;
      if (!String(values[0]).endsWith('/a')) return directory;
      return {
        readSync: () => {
          throw Object.assign(new Error('the disk fails'), { code: 'EIO' });
        },
        closeSync: () => directory.closeSync(),
      };
    });
    const { paths, unreadable } = scan();
    expect(paths.toSorted()).toEqual(['/', 'a/', 'b']);
    expect(unreadable).toEqual([['a', 'EIO']]);
  });

  test('for a reason without a code is told as EIO', () => {
    file('a');
    replaceOnDisk('lstatSync', (_, [path]) => {
      if (String(path).endsWith('/a')) throw new Error('odd');
    });
    expect(scan().unreadable).toEqual([['a', 'EIO']]);
    replaceOnDisk('opendirSync', () => {
      throw new Error('odd');
    });
    expect(scan().unreadable).toEqual([['', 'EIO']]);
  });

  test('because it went meanwhile is nothing to tell', () => {
    file('a');
    file('b');
    failOnDisk('lstatSync', 'ENOENT', { when: (path) => String(path).endsWith('/a') });
    expect(scan()).toMatchObject({ paths: ['/', 'b'], unreadable: [] });
  });

  test('because its directory went meanwhile is nothing to tell, unless it is the root', () => {
    mkdirSync(join(root, 'a'));
    const { unreadable } = scan((path) => {
      if (path === 'a/') rmdirSync(join(root, 'a'));
      return keep;
    });
    expect(unreadable).toEqual([]);
    failOnDisk('opendirSync', 'ENOENT');
    expect(scan().unreadable).toEqual([['', 'ENOENT']]);
  });

  test('because a directory was exchanged for a link to elsewhere is not followed', () => {
    const outside = join(root, '..', 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), '');
    mkdirSync(join(root, 'a'));
    const { paths, unreadable } = scan((path) => {
      if (path === 'a/') {
        renameSync(join(root, 'a'), join(root, '..', 'moved'));
        symlinkSync(outside, join(root, 'a'));
      }
      return keep;
    });
    unlinkSync(join(root, 'a'));
    expect(paths).not.toContain('a/secret');
    expect(unreadable).toEqual([['a', 'ELOOP']]);
  });
});

test('an error of the visitor ends the walk', () => {
  file('a');
  const classify = () => {
    throw new Error('a fault of the adapter');
  };
  expect(() => scan(classify)).toThrow('a fault of the adapter');
});

test('paths are joined as bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 20 }).map((each) => Buffer.from(each));
  fc.assert(
    fc.property(bytes, bytes, (directory, path) => {
      const joined = joinBytes(directory, path);
      const expected = [directory, path]
        .filter(({ length }) => length > 0)
        .map((part) => part.toString('latin1'));
      expect(joined.toString('latin1')).toBe(expected.join('/'));
    }),
  );
});
