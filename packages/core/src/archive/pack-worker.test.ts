// The thread of the writer, called in the test's own thread, where the disk can be made to fail and files to change at will.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { sha256 } from '../../test/assemble-archive.ts';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { formatMtime } from './entry-time.ts';
import { decompressFrame } from './frame-codec.ts';
import type { DiskItem, MemoryItem, PackItem, PackJob, PackResult, PieceItem } from './pack-job.ts';
import { encodeHead } from './tar-entry.ts';

const thread = vi.hoisted(() => ({
  run: undefined as ((job: PackJob) => { result: PackResult; transfer: ArrayBuffer[] }) | undefined,
}));
vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);
vi.mock('../io/worker-pool.ts', () => ({
  serveJobs: (run: NonNullable<typeof thread.run>) => void (thread.run = run),
}));
beforeAll(async () => void (await import('./pack-worker.ts')));

let directory: string;
beforeEach(() => {
  directory = scratchDirectory();
});

function pack(items: readonly PackItem[], endBytes = 0): PackResult & { content: Buffer } {
  const { result, transfer } = thread.run!({ items, codec: 'zstd', level: 1, endBytes });
  expect(transfer).toContain(result.frame.buffer);
  const content =
    result.contentSize === 0
      ? Buffer.alloc(0)
      : decompressFrame(Buffer.from(result.frame), 'zstd', result.contentSize);
  return { ...result, content };
}

function disk(name: string, more: Partial<DiskItem> = {}): DiskItem {
  return {
    kind: 'disk',
    source: Buffer.from(join(directory, name)),
    path: Buffer.from(`media/files/${name}`),
    expectedSize: 10,
    md5: false,
    ...more,
  };
}

function memory(path: string, more: Partial<MemoryItem> = {}): MemoryItem {
  return {
    kind: 'memory',
    path: Buffer.from(path),
    type: 'file',
    content: Buffer.from(`content of ${path}`),
    mode: 0o644,
    uid: 1,
    gid: 2,
    mtime: '5.500000000',
    ...more,
  };
}

const file = (name: string, content: string | Buffer) =>
  writeFileSync(join(directory, name), content);

describe('a file on disk', () => {
  test('is in the frame with head, content and padding, and told with its hashes', () => {
    file('a', 'some text');
    chmodSync(join(directory, 'a'), 0o2751);
    utimesSync(join(directory, 'a'), 100, 200.5);
    const { uid, gid } = statSync(join(directory, 'a'));
    const { items, content, contentSize } = pack([disk('a', { md5: true })]);
    const facts = { mode: 0o2751, uid, gid };
    expect(items).toEqual([
      {
        offset: 0,
        size: 9,
        sha256: sha256('some text'),
        md5: '552e21cd4cd9918678e3c1a0df491bc3',
        mtime: '200.500000000',
        ...facts,
      },
    ]);
    const head = encodeHead({
      path: Buffer.from('media/files/a'),
      type: 'file',
      size: 9,
      mtimeSeconds: 200,
      ...facts,
    });
    expect(content.equals(Buffer.concat([head, Buffer.from('some text'), Buffer.alloc(503)]))).toBe(
      true,
    );
    expect(contentSize).toBe(1024);
  });

  test('that is empty has a head only', () => {
    file('a', '');
    const { items, contentSize } = pack([disk('a')]);
    expect(items[0]).toMatchObject({ size: 0, sha256: sha256('') });
    expect(items[0]).not.toHaveProperty('md5');
    expect(contentSize).toBe(512);
  });

  test('may have another size than the scan saw', () => {
    file('more', 'x'.repeat(5000));
    file('less', '');
    const { items } = pack([disk('more'), disk('less')]);
    expect(items.map(({ size, changed, failure }) => [size, changed, failure])).toEqual([
      [5000, undefined, undefined],
      [0, undefined, undefined],
    ]);
  });

  test.each<[string, string, (path: string) => void]>([
    ['vanished', 'ENOENT', () => undefined],
    ['became a link', 'ELOOP', (path) => symlinkSync('/etc/passwd', path)],
    ['became a directory', 'NOTREG', (path) => mkdirSync(path)],
    ['became a pipe', 'NOTREG', (path) => void execFileSync('mkfifo', [path])],
    ['lies in a file now', 'ENOTDIR', (path) => writeFileSync(join(path, '..', 'd'), '')],
  ])('that %s is told as %s and leaves nothing in the frame', (what, code, make) => {
    file('good', 'good');
    const name = what === 'lies in a file now' ? 'd/x' : 'bad';
    if (name === 'bad') make(join(directory, name));
    else file('d', '');
    const { items, content } = pack([disk('good'), disk(name), disk('good')]);
    expect(items.map(({ failure }) => failure)).toEqual([undefined, code, undefined]);
    expect(items[1]).toMatchObject({ size: 0, sha256: '' });
    expect(items[2]!.offset).toBe(1024);
    expect(content.length).toBe(2048);
  });

  test('that became a socket is told', async () => {
    const server = createServer().listen(join(directory, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(pack([disk('socket')]).items[0]!.failure).toBe('ENXIO');
    await new Promise((resolve) => server.close(resolve));
  });

  test('that nothing of can be read leaves an empty frame', () => {
    const { frame, contentSize, items } = pack([disk('missing')]);
    expect([frame.length, contentSize, items[0]!.failure]).toEqual([0, 0, 'ENOENT']);
  });

  test('on a disk that fails in the middle leaves nothing in the frame', () => {
    file('good', 'good');
    file('bad', 'x'.repeat(3000));
    failOnDisk('readSync', 'EIO', { after: 1 });
    const { items, content } = pack([disk('good'), disk('bad')]);
    expect(items.map(({ failure }) => failure)).toEqual([undefined, 'EIO']);
    expect(content.length).toBe(1024);
  });

  test('on a disk that fails without a code is told as EIO', () => {
    file('a', 'x');
    replaceOnDisk('readSync', () => {
      throw new Error('odd');
    });
    expect(pack([disk('a')]).items[0]!.failure).toBe('EIO');
  });

  test.each<[string, (path: string) => void, number]>([
    ['grows', (path) => appendFileSync(path, 'more'), 3000],
    ['shrinks', (path) => truncateSync(path, 1000), 1000],
    ['is emptied', (path) => truncateSync(path, 0), 0],
    [
      'is written anew',
      (path) => (writeFileSync(path, 'y'.repeat(3000)), utimesSync(path, 1, 1)),
      3000,
    ],
  ])(
    'that %s while it is read is told as changed, and its bytes are as told',
    (_, change, size) => {
      file('a', 'x'.repeat(3000));
      utimesSync(join(directory, 'a'), 100, 100);
      file('after', 'after');
      let changed = false;
      replaceOnDisk('readSync', () => {
        if (!changed) change(join(directory, 'a'));
        changed = true;
      });
      const { items, content } = pack([disk('a'), disk('after')]);
      expect(items[0]).toMatchObject({ size, changed: true });
      expect(sha256(content.subarray(512, 512 + size))).toBe(items[0]!.sha256);
      expect(items[1]).not.toHaveProperty('changed');
      expect(content.toString('utf8', items[1]!.offset + 512, items[1]!.offset + 517)).toBe(
        'after',
      );
    },
  );

  test('that is read in small pieces is whole', () => {
    file('a', 'text of several pieces');
    replaceOnDisk('readSync', (real, [fd, buffer, at, length, position]) =>
      real(fd, buffer, at, Math.min(5, Number(length)), position),
    );
    expect(pack([disk('a')]).items[0]!.sha256).toBe(sha256('text of several pieces'));
  });

  test('that grew too large for a shared frame is handed back', () => {
    file('small', 'small');
    file('huge', '');
    truncateSync(join(directory, 'huge'), 80 << 20);
    const { items, content } = pack([disk('small'), disk('huge'), disk('small')]);
    expect(items.map(({ failure }) => failure)).toEqual([undefined, 'GREW', undefined]);
    expect(content.length).toBe(2048);
    expect(pack([disk('huge')]).items[0]!.failure).toBe('GREW');
  });

  test('that grew is taken while the frame stays below its limit, and what follows is whole', async () => {
    // a thread that is new, so that its memory is as small as the first file makes it
    vi.resetModules();
    await import('./pack-worker.ts');
    for (const [name, bytes] of [
      ['one', (60 << 20) - 1024],
      ['two', (4 << 20) - 4096],
    ] as const) {
      file(name, '');
      truncateSync(join(directory, name), bytes);
    }
    const content = () => Buffer.alloc(3 << 20, 'made ');
    const folder = memory('tree/x', { type: 'directory', content: Buffer.alloc(0) });
    const result = pack(
      [disk('one'), disk('two'), memory('catalogue/made', { content: content() }), folder],
      1024,
    );
    expect(result.items.map(({ failure }) => failure)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const at = result.items[2]!.offset + 512;
    expect(result.content.subarray(at, at + content().length).equals(content())).toBe(true);
    expect(result.contentSize).toBe(result.items[3]!.offset + 512 + 1024);
    expect(result.content.length).toBe(result.contentSize);
  });
});

describe('an entry from memory', () => {
  test('is as it was given', () => {
    const link = Buffer.from('../elsewhere');
    const { items, content } = pack([
      memory('catalogue/a'),
      memory('media/files/d', {
        type: 'directory',
        content: Buffer.alloc(0),
        mtime: '-0.500000000',
      }),
      memory('tree/l', { type: 'link', content: Buffer.alloc(0), link }),
    ]);
    const facts = { mode: 0o644, uid: 1, gid: 2, mtimeSeconds: 5, size: 0 };
    const heads = [
      encodeHead({ ...facts, path: Buffer.from('catalogue/a'), type: 'file', size: 22 }),
      encodeHead({
        ...facts,
        path: Buffer.from('media/files/d'),
        type: 'directory',
        mtimeSeconds: -1,
      }),
      encodeHead({ ...facts, path: Buffer.from('tree/l'), type: 'link', link }),
    ];
    const text = Buffer.from('content of catalogue/a'.padEnd(512, '\0'));
    expect(content.equals(Buffer.concat([heads[0]!, text, heads[1]!, heads[2]!]))).toBe(true);
    expect(items.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 22],
      [1024, 0],
      [1536, 0],
    ]);
    expect(items[0]).toMatchObject({
      sha256: sha256('content of catalogue/a'),
      mtime: '5.500000000',
      uid: 1,
      gid: 2,
    });
  });

  test('may be a view of larger memory', () => {
    const content = new Uint8Array(Buffer.from('--inside--')).subarray(2, 8);
    expect(pack([memory('catalogue/a', { content })]).items[0]!.sha256).toBe(sha256('inside'));
  });

  test('may be far larger than a frame is meant to be', () => {
    // memory of this size is given away
    const content = () => Buffer.alloc(60 << 20, 'x');
    const { items, content: packed } = pack([
      memory('database/tables/a/000001.copy', { content: content() }),
    ]);
    expect(items[0]!.sha256).toBe(sha256(content()));
    expect(packed.subarray(512, 512 + content().length).equals(content())).toBe(true);
  });

  test('ends an archive with zeros', () => {
    const { content } = pack([memory('catalogue/a')], 1024);
    expect(content.length).toBe(512 + 512 + 1024);
    expect(content.subarray(-1024).every((byte) => byte === 0)).toBe(true);
  });
});

describe('a piece of a large file', () => {
  function piece(more: Partial<PieceItem>): PieceItem {
    return {
      kind: 'piece',
      fd: opened('large'),
      start: 0,
      length: 1000,
      head: new Uint8Array(),
      padding: 0,
      ...more,
    };
  }

  function opened(name: string): number {
    const fd = openSync(join(directory, name), 'r');
    onTestFinished(() => closeSync(fd));
    return fd;
  }

  const large = Buffer.from(Array.from({ length: 3000 }, (_, number) => number % 256));
  beforeEach(() => file('large', large));

  test('is handed back for hashing, with head before and padding behind it in the frame', () => {
    const head = Buffer.alloc(512, 'h');
    const first = pack([piece({ head, length: 2000 })]);
    expect(first.items[0]).toEqual({
      offset: 0,
      size: 2000,
      sha256: '',
      mode: 0,
      uid: 0,
      gid: 0,
      mtime: '',
    });
    expect(first.content.equals(Buffer.concat([head, large.subarray(0, 2000)]))).toBe(true);
    expect(Buffer.from(first.piece!).equals(large.subarray(0, 2000))).toBe(true);
    const last = pack([piece({ start: 2000, length: 1000, padding: 72 })]);
    expect(last.content.equals(Buffer.concat([large.subarray(2000), Buffer.alloc(72)]))).toBe(true);
    expect(Buffer.from(last.piece!).equals(large.subarray(2000))).toBe(true);
  });

  test('of which there is less is filled with zeros and told as changed', () => {
    const {
      items,
      content,
      piece: bytes,
    } = pack([piece({ start: 2500, length: 1000, padding: 24 })]);
    const filled = Buffer.concat([large.subarray(2500), Buffer.alloc(500)]);
    expect(items[0]).toMatchObject({ size: 500, changed: true });
    expect(content.equals(Buffer.concat([filled, Buffer.alloc(24)]))).toBe(true);
    expect(Buffer.from(bytes!).equals(filled)).toBe(true);
  });

  test('that cannot be read is filled with zeros and told with the reason', () => {
    failOnDisk('readSync', 'EIO');
    const { items, content } = pack([piece({})]);
    expect(items[0]).toMatchObject({ size: 0, changed: true, failure: 'EIO' });
    expect(content.equals(Buffer.alloc(1000))).toBe(true);
  });

  test('of nothing is nothing', () => {
    const { contentSize, piece: bytes } = pack([piece({ length: 0 })]);
    expect([contentSize, bytes!.length]).toEqual([0, 0]);
  });
});

test('times before 1970 and fractions survive', () => {
  file('a', '');
  // as text: Node takes a negative number for "now"
  utimesSync(join(directory, 'a'), '-1.5', '-1.5');
  const { mtimeNs } = statSync(join(directory, 'a'), { bigint: true });
  expect(mtimeNs).toBe(-1_500_000_000n);
  expect(pack([disk('a')]).items[0]!.mtime).toBe(formatMtime(mtimeNs));
});
