// The walk proves every byte of an archive. Archives put together from valid parts, with right hashes, in which one thing is
// wrong: each is refused as damage, none with an error that is not ours, none by waiting for ever.

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  assembleArchive,
  manifestPart,
  readme,
  root,
  verdictOn,
  withParts,
} from '../../test/assemble-archive.ts';
import type { Assembly, Part } from '../../test/assemble-archive.ts';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { DmsBackupError } from '../errors.ts';
import { ArchiveReader } from './reader.ts';
import type { PlacedEntry } from './reader.ts';
import { walkArchive } from './walk.ts';
import type { WalkOptions, WalkResult, Wish } from './walk.ts';

const file = (path: string, content = `content of ${path}`): Part => ({ path, content });
const directory = (path: string): Part => ({ path, type: 'directory' });
const link = (path: string, target: string): Part => ({ path, type: 'link', link: target });

const verdict = (assembly: Assembly) => verdictOn(assembleArchive(scratchDirectory(), assembly));

async function walk(assembly: Assembly, options: Partial<WalkOptions> = {}): Promise<WalkResult> {
  const reader = new ArchiveReader(assembleArchive(scratchDirectory(), assembly));
  try {
    return await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 1, ...options });
  } finally {
    reader.close();
  }
}

const several = withParts(
  file('media/files/a'),
  directory('media/files/sub'),
  link('media/files/sub/link', '../a'),
  file('media/files/sub/b', 'x'.repeat(2000)),
  file('database/schema.json', '{}'),
  file('database/tables/paper/000001.copy', '1\n2\n3\n'),
  file('database/tables/paper/000002.copy', '4\n'),
  file('database/tables/paper/000002.storage', '{"row":0}\n'),
  file('database/tables/empty/000001.copy', ''),
  file('tables/x.copy'.replace('tables', 'catalogue'), 'no\nrows\n'),
);

describe('a walk', () => {
  test('counts what there is', async () => {
    const found = await walk({ parts: several });
    expect(found.entries).toBe(several.length);
    expect(found.media).toEqual({ files: 2, directories: 2, links: 1, bytes: 2024 });
    expect(found.databaseBytes).toBe(2 + 6 + 2 + 10);
    expect(found.rows).toEqual(
      new Map([
        ['paper', 4],
        ['empty', 0],
      ]),
    );
    expect(found.bytes).toBe(
      several.reduce((sum, { content }) => sum + Buffer.byteLength(content ?? ''), 0),
    );
  });

  test('asks for each entry in order, and hands contents over in order', async () => {
    const asked: string[] = [];
    const taken: string[] = [];
    const done: number[] = [];
    await walk(
      { parts: several },
      {
        wish: async (entry: PlacedEntry) => {
          asked.push(entry.pathBytes.toString());
          return entry.type === 'file'
            ? { do: 'content', take: async (content) => void taken.push(content.toString()) }
            : { do: 'prove' };
        },
        onDone: (entries) => void done.push(entries),
      },
    );
    expect(asked).toEqual(several.map(({ path }) => path));
    expect(taken).toEqual(
      several.filter(({ type }) => type === undefined).map(({ content }) => content),
    );
    expect(done.reduce((sum, entries) => sum + entries)).toBe(several.length);
  });

  test('writes files where it is told', async () => {
    const out = scratchDirectory();
    await walk(
      { parts: several },
      {
        wish: (entry) =>
          entry.type === 'file'
            ? { do: 'write', to: Buffer.from(join(out, entry.pathBytes.toString('base64url'))) }
            : { do: 'prove' },
      },
    );
    const name = Buffer.from('media/files/sub/b').toString('base64url');
    expect(readFileSync(join(out, name), 'utf8')).toBe('x'.repeat(2000));
    expect(statSync(join(out, name)).mode & 0o7777).toBe(0o644);
    expect(statSync(join(out, name)).mtimeMs).toBe(1_700_000_000_000);
    expect(readdirSync(out)).toHaveLength(several.filter(({ type }) => type === undefined).length);
  });

  test('ends with the error of the one who takes', async () => {
    const refusal = new DmsBackupError('restore-failed', 'not wanted');
    const take = () => Promise.reject(refusal);
    expect(
      await rejection(walk({ parts: several }, { wish: () => ({ do: 'content', take }) })),
    ).toBe(refusal);
    const wish = () => Promise.reject(refusal);
    expect(await rejection(walk({ parts: several }, { wish }))).toBe(refusal);
  });

  /** More runs than are read ahead. */
  const runs = withParts(
    ...Array.from('abcdefgh', (letter) => ({
      ...file(`media/files/${letter}`, letter.repeat(2 << 20)),
      newFrame: true,
    })),
  );

  test('reads ahead of a slow one, and hands over one at a time', async () => {
    const taken: string[] = [];
    let busy = 0;
    const take = async (content: Buffer): Promise<void> => {
      expect(++busy).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      taken.push(content.toString('latin1', 0, 1));
      busy--;
    };
    const wish = (entry: PlacedEntry): Wish =>
      entry.size > 1 << 20 ? { do: 'content', take } : { do: 'prove' };
    await walk({ parts: runs }, { wish, threads: 2 });
    expect(taken.join('')).toBe('abcdefgh');
  });

  test('after it has failed, nothing is handed over any more', async () => {
    let calls = 0;
    const take = async (): Promise<void> => {
      calls++;
      if (calls === 3) throw new DmsBackupError('restore-failed', 'no more');
      await new Promise((resolve) => setImmediate(resolve));
    };
    const wish = (): Wish => ({ do: 'content', take });
    const error = await rejection(walk({ parts: runs }, { wish, threads: 2 }));
    expect(error.code).toBe('restore-failed');
    expect(calls).toBe(3);
  });

  test('ends when it is interrupted', async () => {
    const controller = new AbortController();
    const wish = () => {
      controller.abort();
      return { do: 'prove' } as const;
    };
    const error = await rejection(walk({ parts: several }, { wish, signal: controller.signal }));
    expect(error.code).toBe('interrupted');
  });

  test('does not write over a file that is there', async () => {
    const out = scratchDirectory();
    const to = Buffer.from(join(out, 'same'));
    const error = await rejection(
      walk(
        { parts: several },
        { wish: (entry) => (entry.type === 'file' ? { do: 'write', to } : { do: 'prove' }) },
      ),
    );
    expect(error.code).toBe('archive-damaged');
    expect(readFileSync(to, 'utf8')).toBe('read me');
  });

  test('ends with what the disk says', async () => {
    const to = Buffer.from(join(scratchDirectory(), 'missing', 'x'));
    const error = await rejection(walk({ parts: several }, { wish: () => ({ do: 'write', to }) }));
    expect(error.code).toBe('restore-failed');
    expect(error.message).toContain('ENOENT');
  });

  test('stops soon after damage, also when much follows', async () => {
    const many = Array.from({ length: 10_000 }, (_, number) =>
      file(`media/files/${number}`, String(number)),
    );
    const wrong = {
      ...file('media/files/wrong'),
      line: { sha256: '0'.repeat(64) },
      newFrame: true,
    };
    const wish = () => ({ do: 'content', take: () => undefined }) as const;
    const error = await rejection(walk({ parts: withParts(wrong, ...many) }, { wish }));
    expect(error.message).toBe(
      "the entry 'media/files/wrong' has another SHA-256 than the index says",
    );
    expect(await verdict({ parts: withParts(wrong, ...many) })).toContain('has another SHA-256');
  });

  test('reads runs that are cut at frame borders, and files larger than a frame', async () => {
    const large = Buffer.alloc(3 << 20, 'large ');
    const parts = withParts(
      ...Array.from({ length: 6 }, (_, number) => ({
        path: `media/files/${number}`,
        content: large,
        newFrame: true,
      })),
      ...Array.from({ length: 5000 }, (_, number) => file(`media/files/small-${number}`, '')),
    );
    for (const codec of ['zstd', 'none'] as const) {
      const found = await walk({ codec, parts }, { threads: 3 });
      expect(found.media).toEqual({
        files: 5006,
        directories: 1,
        links: 0,
        bytes: 6 * large.length,
      });
    }
  });
});

describe('superseded entries', () => {
  const old = { ...file('media/files/a', 'old'), line: { superseded: true } };
  const current = file('media/files/a', 'new');

  test('are proved and neither asked for nor counted', async () => {
    const asked: string[] = [];
    const found = await walk(
      { parts: withParts(old, old, current) },
      {
        wish: (entry) => {
          asked.push(`${entry.pathBytes.toString()} ${entry.size}`);
          return { do: 'prove' };
        },
      },
    );
    expect(asked.slice(3)).toEqual(['media/files/a 3']);
    expect(found.media).toEqual({ files: 1, directories: 1, links: 0, bytes: 3 });
    expect(found.entries).toBe(6);
  });

  test('with a wrong hash are damage', async () => {
    const wrong = { ...old, line: { superseded: true, sha256: '0'.repeat(64) } };
    expect(await verdict({ parts: withParts(wrong, current) })).toContain('has another SHA-256');
  });

  test('that nothing supersedes are damage', async () => {
    const why = "archive-damaged: the entry 'media/files/a' is superseded by nothing";
    expect(await verdict({ parts: withParts(old) })).toBe(why);
    expect(await verdict({ parts: withParts(old, old) })).toBe(why);
    expect(await verdict({ parts: withParts(old, directory('media/files/b')) })).toBe(why);
  });

  test('may come after the one that counts: a second reading that gave no good state', async () => {
    expect(await verdict({ parts: withParts(current, old) })).toBe('accepted');
  });
});

describe('names', () => {
  test.each<[string, readonly Part[], string]>([
    [
      'a file twice',
      withParts(file('media/files/a'), file('media/files/a')),
      "'media/files/a' is there twice",
    ],
    [
      'a directory twice',
      withParts(directory('media/files/a'), directory('media/files/a')),
      'is there twice',
    ],
    [
      'a file and a directory of one name',
      withParts(file('media/files/a'), directory('media/files/a')),
      'is there twice',
    ],
    [
      'a link and a file of one name',
      withParts(link('media/files/a', '/etc'), file('media/files/a')),
      'is there twice',
    ],
    [
      'a table chunk twice',
      withParts(file('database/tables/a/000001.copy'), file('database/tables/a/000001.copy')),
      'is there twice',
    ],
    ['a root twice', withParts(root), 'is there twice'],
    [
      'a file below a file',
      withParts(file('media/files/a'), file('media/files/a/b')),
      'lies in no directory',
    ],
    [
      'a file below a link',
      withParts(link('media/files/a', '/etc'), file('media/files/a/passwd')),
      'lies in no directory',
    ],
    [
      'a directory below a link',
      withParts(link('media/files/a', '/etc'), directory('media/files/a/b')),
      'lies in no directory',
    ],
    [
      'a link below a link',
      withParts(link('media/files/a', '/etc'), link('media/files/a/b', 'x')),
      'lies in no directory',
    ],
    [
      'a file in a directory that is not there',
      withParts(file('media/files/a/b')),
      'lies in no directory',
    ],
    [
      'a file before its directory',
      withParts(file('media/files/a/b'), directory('media/files/a')),
      'lies in no directory',
    ],
    [
      'a superseded file below a link',
      withParts(link('media/files/a', '/etc'), {
        ...file('media/files/a/b'),
        line: { superseded: true },
      }),
      'lies in no directory',
    ],
    [
      'a file below a superseded directory',
      withParts(
        { ...directory('media/files/a'), line: { superseded: true } },
        file('media/files/a/b'),
      ),
      'lies in no directory',
    ],
    [
      'a file of a root that is not there',
      [readme, manifestPart, file('media/files/a')],
      'lies in no directory',
    ],
    [
      'a file in place of a root',
      [readme, manifestPart, file('media/files')],
      'is no root directory',
    ],
    [
      'a link in place of a root',
      [readme, manifestPart, link('media/files', '/etc')],
      'is no root directory',
    ],
    ['media alone', [readme, manifestPart, directory('media')], 'is no root directory'],
    ['database alone', [readme, manifestPart, directory('database')], 'is out of place'],
    [
      'the index, listed in itself',
      withParts(file('index.jsonl')),
      "'index.jsonl' is out of place",
    ],
    ['a seal that is listed', withParts(file('seal.json')), "'seal.json' is out of place"],
    ['README a second time', withParts(readme), 'is there twice'],
    ['the manifest a second time', withParts(manifestPart), 'is there twice'],
    ['no README', [manifestPart, root], 'is out of place'],
    ['no manifest', [readme, root, file('media/files/a')], 'the archive has no manifest'],
    ['the manifest first', [manifestPart, readme, root], 'is out of place'],
    ['README as a directory', [directory('README.txt'), manifestPart], 'is out of place'],
    ['README as a link', [link('README.txt', '/etc/passwd'), manifestPart], 'is out of place'],
    ['an unknown place', withParts(file('etc/passwd')), 'unsafe path'],
    ['a path that climbs', withParts(file('media/files/../../etc/passwd')), 'unsafe path'],
    ['an absolute path', withParts(file('/etc/passwd')), 'unsafe path'],
  ])('%s is damage', async (_, parts, why) => {
    const found = await verdict({ parts });
    expect(found).toMatch(/^archive-damaged: /);
    expect(found).toContain(why);
  });

  test('that differ only in case or in normal form are different files', async () => {
    const parts = withParts(
      file('media/files/A'),
      file('media/files/a'),
      file('media/files/ä'),
      file('media/files/a\u0308'),
    );
    expect(await verdict({ parts })).toBe('accepted');
  });

  test('may be no UTF-8, and very deep', async () => {
    const odd = Buffer.from('media/files/\xe4\xf6', 'latin1');
    const deep = Array.from({ length: 2000 }, (_, depth) =>
      directory(`media/files${'/d'.repeat(depth + 1)}`),
    );
    const parts = withParts(
      { path: odd, content: 'odd' },
      ...deep,
      file(`media/files${'/d'.repeat(2000)}/f`),
    );
    expect(await verdict({ parts })).toBe('accepted');
  });
});

describe.each(['zstd', 'gzip', 'none'] as const)('heads and contents with codec %s', (codec) => {
  test.each<[string, Part['line'], string]>([
    ['hash', { sha256: '0'.repeat(64) }, 'has another SHA-256'],
    ['mode', { mode: 0o777 }, 'has another head'],
    ['owner', { uid: 1 }, 'has another head'],
    ['group', { gid: 1 }, 'has another head'],
    ['time', { mtime: '1700000001.000000000' }, 'has another head'],
    ['name', { path: 'media/files/b' }, 'has another head'],
    ['size in the same block', { size: 5 }, 'has another head'],
    ['type', { type: 'link', link: '/etc', sha256: undefined, size: 0 }, 'damaged'],
  ])('of another %s than the index says are damage', async (_, line, why) => {
    expect(
      await verdict({ codec, parts: withParts({ ...file('media/files/a'), line }) }),
    ).toContain(why);
  });

  test('a link that leads elsewhere than the index says is damage', async () => {
    const other = { ...link('media/files/a', '/etc/passwd'), line: { link: '../a' } };
    expect(await verdict({ codec, parts: withParts(other) })).toContain('has another head');
  });

  test('a fraction of the time is in the index alone', async () => {
    const line = { mtime: '1700000000.999999999' };
    expect(await verdict({ codec, parts: withParts({ ...file('media/files/a'), line }) })).toBe(
      'accepted',
    );
  });

  test('bytes behind a file that are not zero are damage', async () => {
    const padding = Buffer.alloc(512 - 24, 1);
    const part = { ...file('media/files/a', 'x'.repeat(24)), padding };
    expect(await verdict({ codec, parts: withParts(part) })).toContain(
      'is followed by bytes that should be zero',
    );
  });
});

describe('a million entries', () => {
  // in processes of their own, collected as often as in the program (apps/cli), so that their memory is that of the walk:
  // 128 bytes on the heap for each entry would end the second one
  test('are read with flat memory', { timeout: 1_800_000 }, () => {
    const directoryOfAll = scratchDirectory();
    const run = (script: string, count: number, ...options: string[]) => {
      const program = new URL(`../../test/${script}.ts`, import.meta.url).pathname;
      const words = [
        '--max-old-space-size=128',
        ...options,
        program,
        join(directoryOfAll, String(count)),
        String(count),
      ];
      const { stdout, stderr, status } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout;
    };
    // the heap itself comes to its size within the first 300,000
    const walked = [300_000, 1_000_000].map((count) => {
      run('write-many', count);
      const options = ['--semi-space-growth-factor=1', '--heap-growing-percent=40'];
      return JSON.parse(run('walk-many', count, ...options)) as {
        entries: number;
        peakBytes: number;
      };
    });
    expect(walked.map(({ entries }) => entries)).toEqual([300_003, 1_000_003]);
    expect(walked[1]!.peakBytes - walked[0]!.peakBytes).toBeLessThan(96 * 2 ** 20);
  });
});
