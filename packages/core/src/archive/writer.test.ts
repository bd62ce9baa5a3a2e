// The writer with its threads: order and places, files that are not what the scan saw, and every way to fail: with the right
// code, without a hang, and with nothing left.

import { sealText } from './seal-text.ts';
import { execFileSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
  existsSync,
  appendFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { archiveId, manifest, sealFor, sha256, verdictOn } from '../../test/assemble-archive.ts';
import { rejection } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { createFileSink, createNullSink, createStreamSink } from '../io/sink.ts';
import type { Sink } from '../io/sink.ts';
import { Spool } from '../io/spool.ts';
import { Writable } from 'node:stream';
import type { Codec } from './frame-codec.ts';
import { toIndexEntry } from './index-entry.ts';
import { ArchiveReader } from './reader.ts';
import { ArchiveWriter } from './writer.ts';
import type { DiskFile, WrittenEntry } from './writer.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

const codecs = ['zstd', 'gzip', 'none'] as const;
const mebibyte = 1 << 20;

let directory: string;
beforeEach(() => {
  directory = scratchDirectory();
  mkdirSync(join(directory, 'source'));
  mkdirSync(join(directory, 'destination'));
});

const destination = () => join(directory, 'destination', 'a.tar');
const left = () => readdirSync(join(directory, 'destination'));

function source(name: string, content: string | Buffer): string {
  writeFileSync(join(directory, 'source', name), content);
  return name;
}

function file(name: string, more: Partial<DiskFile> = {}): DiskFile {
  return {
    source: Buffer.from(join(directory, 'source', name)),
    path: Buffer.from(`media/files/${name}`),
    expectedSize: 10,
    md5: false,
    ...more,
  };
}

/** Open files of this process, where the system tells. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

/** Parts of a whole archive around what a test adds. */
class Archive {
  readonly entries: WrittenEntry[] = [];
  readonly writer: ArchiveWriter;
  readonly note = (entry: WrittenEntry): void => void this.entries.push(entry);

  constructor(
    options: { codec?: Codec; sink?: Sink; threads?: number; signal?: AbortSignal } = {},
  ) {
    const { codec = 'zstd', sink = createFileSink(destination()), threads = 2, signal } = options;
    this.writer = new ArchiveWriter({ sink, codec, level: 1, threads, ...(signal && { signal }) });
    onTestFinished(() => this.writer.discard());
  }

  async begin(): Promise<void> {
    await this.writer.addMade({ path: 'README.txt', content: Buffer.from('read me') }, this.note);
    await this.writer.addMade(
      { path: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
      this.note,
    );
    await this.writer.addMade({ path: 'media/files', type: 'directory' }, this.note);
  }

  async finish(): Promise<void> {
    await this.writer.drain();
    const spool = new Spool();
    const good = this.entries.filter(({ failure }) => failure === undefined);
    for (const entry of good) spool.append(`${JSON.stringify(toIndexEntry(entry))}\n`);
    let index: WrittenEntry | undefined;
    await this.writer.addSpool('index.jsonl', spool, (entry) => {
      index = entry;
    });
    await this.writer.drain();
    spool.close();
    const { frame, offset, size, sha256: hash } = index!;
    const seal = sealFor(sha256(JSON.stringify(manifest)), {
      frame,
      offset,
      size,
      sha256: hash,
      entries: good.length,
    });
    await this.writer.finish({ path: 'seal.json', content: Buffer.from(sealText(seal)) });
  }

  /** By name below the root. */
  entry(name: string): WrittenEntry {
    const found = this.entries.find(({ path }) => path.toString() === `media/files/${name}`);
    if (!found) throw new Error(`no entry '${name}' was told`);
    return found;
  }
}

/** Content of an entry as it lies in the finished archive. */
function contentOf(name: string): Buffer {
  const reader = new ArchiveReader(destination());
  try {
    for (const entry of reader.entries()) {
      if (entry.pathBytes.toString() === `media/files/${name}`)
        return reader.content(entry, 256 * mebibyte);
    }
  } finally {
    reader.close();
  }
  throw new Error(`no entry '${name}' is in the archive`);
}

describe.each(codecs)('an archive with codec %s', (codec) => {
  test('holds its entries in the order they were added, small and large', async () => {
    const archive = new Archive({ codec, threads: 3 });
    await archive.begin();
    const names: string[] = [];
    for (let number = 0; number < 40; number++) {
      const size = number % 10 === 9 ? 5 * mebibyte + number : number * 10_000;
      names.push(source(`file-${number}`, Buffer.alloc(size, `${number} `)));
      await archive.writer.addDisk(file(names.at(-1)!, { expectedSize: size }), archive.note);
      if (number % 7 === 0) await archive.writer.flush();
    }
    await archive.finish();
    expect(archive.entries.slice(3).map(({ path }) => path.toString())).toEqual(
      names.map((name) => `media/files/${name}`),
    );
    const reader = new ArchiveReader(destination());
    expect([...reader.entries()].map(({ pathBytes }) => pathBytes.toString())).toEqual(
      archive.entries.map(({ path }) => path.toString()),
    );
    expect(reader.seal.archiveId).toBe(archiveId);
    reader.close();
    expect(await verdictOn(destination())).toBe('accepted');
    expect(archive.writer.writtenBytes).toBeGreaterThan(0);
    expect(left()).toEqual(['a.tar']);
  });

  test('holds content of any size', async () => {
    const archive = new Archive({ codec });
    await archive.begin();
    // beyond what a frame, a spool's buffer, or a reader's frame limit takes
    const sizes = [
      0,
      1,
      511,
      512,
      4 * mebibyte,
      4 * mebibyte + 1,
      16 * mebibyte,
      16 * mebibyte + 1,
      80 * mebibyte,
    ];
    for (const size of sizes) {
      const content = Buffer.alloc(size, 'content ');
      await archive.writer.addMade({ path: `media/files/made-${size}`, content }, archive.note);
      expect(archive.entries.length).toBeLessThanOrEqual(3 + sizes.length);
    }
    await archive.finish();
    for (const size of sizes) {
      const expected = sha256(Buffer.alloc(size, 'content '));
      expect(archive.entry(`made-${size}`)).toMatchObject({
        size,
        sha256: expected,
        mode: 0o644,
        uid: 0,
        gid: 0,
        changed: false,
      });
      expect(sha256(contentOf(`made-${size}`))).toBe(expected);
    }
    expect(await verdictOn(destination())).toBe('accepted');
  });
});

test('made entries have owner, mode and time of their kind, or those that are given', async () => {
  const archive = new Archive();
  await archive.begin();
  const link = Buffer.from('a');
  await archive.writer.addMade({ path: 'tree/l', type: 'link', link }, archive.note);
  await archive.writer.addMade({ path: Buffer.from('tree/d'), type: 'directory' }, archive.note);
  const given = { mode: 0o600, uid: 7, gid: 8, mtime: '5.000000001' };
  await archive.writer.addMade(
    { path: 'catalogue/x', content: Buffer.from('x'), ...given },
    archive.note,
  );
  // large content that is given owner and time as well
  await archive.writer.addMade(
    { path: 'catalogue/y', content: Buffer.alloc(17 * mebibyte), ...given },
    archive.note,
  );
  await archive.finish();
  const facts = archive.entries
    .slice(3)
    .map(({ mode, uid, gid, mtime, type }) => ({ mode, uid, gid, mtime, type }));
  const dated = archive.entries[0]!;
  // a constant: programs that find repeated pieces must find these again in the next archive
  const mtime = '315532800.000000000';
  expect(facts).toEqual([
    { type: 'link', mode: 0o777, uid: 0, gid: 0, mtime },
    { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime },
    { type: 'file', ...given },
    { type: 'file', ...given },
  ]);
  expect(dated.path.toString()).toBe('README.txt');
  expect(Math.abs(Number(dated.mtime) - Date.now() / 1000)).toBeLessThan(300);
});

test('hashes are SHA-256 for all, MD5 where it is wanted', async () => {
  const archive = new Archive();
  await archive.begin();
  source('small', 'small');
  source('large', Buffer.alloc(5 * mebibyte, 'x'));
  for (const [name, expectedSize] of [
    ['small', 5],
    ['large', 5 * mebibyte],
  ] as const) {
    await archive.writer.addDisk(file(name, { expectedSize }), archive.note);
    await archive.writer.addDisk(
      file(name, { expectedSize, md5: true, path: Buffer.from(`media/files/md5-${name}`) }),
      archive.note,
    );
  }
  await archive.writer.drain();
  expect(archive.entry('small')).not.toHaveProperty('md5');
  expect(archive.entry('large')).not.toHaveProperty('md5');
  const md5 = (content: string | Buffer) => createHash('md5').update(content).digest('hex');
  expect(archive.entry('md5-small').md5).toBe(md5('small'));
  expect(archive.entry('md5-large').md5).toBe(md5(Buffer.alloc(5 * mebibyte, 'x')));
  expect(archive.entry('large').sha256).toBe(sha256(Buffer.alloc(5 * mebibyte, 'x')));
});

test('ten thousand files are more than one batch takes', async () => {
  const archive = new Archive();
  await archive.begin();
  source('empty', '');
  for (let number = 0; number < 10_000; number++) {
    await archive.writer.addDisk(
      file('empty', { path: Buffer.from(`media/files/${number}`), expectedSize: 0 }),
      archive.note,
    );
  }
  await archive.finish();
  expect(archive.entries).toHaveLength(10_003);
  expect(await verdictOn(destination())).toBe('accepted');
});

describe.each([
  ['small', 10],
  ['large', 5 * mebibyte],
])('a %s file', (_, expectedSize) => {
  test.each<[string, string, (path: string) => void]>([
    ['vanished', 'ENOENT', () => undefined],
    ['became a link', 'ELOOP', (path) => symlinkSync('/etc/passwd', path)],
    ['became a link that leads nowhere', 'ELOOP', (path) => symlinkSync('nowhere', path)],
    ['became a directory', 'NOTREG', (path) => mkdirSync(path)],
    ['became a pipe', 'NOTREG', (path) => void execFileSync('mkfifo', [path])],
  ])('that %s is told as %s, and the archive is whole without it', async (_what, failure, make) => {
    make(join(directory, 'source', 'bad'));
    const archive = new Archive();
    await archive.begin();
    source('good', 'good');
    await archive.writer.addDisk(file('bad', { expectedSize }), archive.note);
    await archive.writer.addDisk(file('good'), archive.note);
    await archive.finish();
    expect(archive.entry('bad')).toMatchObject({ failure, size: 0, sha256: '', changed: false });
    expect(archive.entry('good')).not.toHaveProperty('failure');
    expect(await verdictOn(destination())).toBe('accepted');
  });

  test('that this user may not read is told, and the archive is whole without it', async () => {
    source('closed', 'x');
    chmodSync(join(directory, 'source', 'closed'), 0);
    chmodSync(directory, 0o755);
    const archive = new Archive();
    await archive.begin();
    await archive.writer.drain();
    const isRoot = process.getuid!() === 0;
    if (isRoot) process.seteuid!(65_534);
    try {
      await archive.writer.addDisk(file('closed', { expectedSize }), archive.note);
      await archive.writer.drain();
    } finally {
      if (isRoot) process.seteuid!(0);
    }
    await archive.finish();
    expect(archive.entry('closed').failure).toBe('EACCES');
    expect(await verdictOn(destination())).toBe('accepted');
  });

  test('on a disk that fails without a code is told', async () => {
    source('a', 'x');
    failOnDisk('openSync', 'EIO', { when: (path) => String(path).endsWith('source/a') });
    const archive = new Archive();
    await archive.begin();
    await archive.writer.addDisk(file('a', { expectedSize }), archive.note);
    await archive.writer.drain();
    // a thread has a disk of its own: there the small file is read
    expect(archive.entry('a').failure).toBe(expectedSize > mebibyte ? 'EIO' : undefined);
  });
});

describe('a file that changes while it is read', () => {
  /** Calls back when the first frame that is larger than a few bytes is written. */
  function sinkThat(onFirst: () => void): Sink {
    const sink = createFileSink(destination());
    let first = true;
    return {
      ...sink,
      write: async (bytes) => {
        if (first) onFirst();
        first = false;
        await sink.write(bytes);
      },
    };
  }

  const large = randomFillSync(Buffer.alloc(40 * mebibyte));

  test.each<[string, (path: string) => void]>([
    ['shrinks', (path) => truncateSync(path, 10 * mebibyte)],
    ['grows', (path) => appendFileSync(path, 'more')],
    ['is emptied', (path) => truncateSync(path, 0)],
    [
      'is written over',
      (path) => {
        const fd = openSync(path, 'r+');
        writeSync(fd, Buffer.alloc(mebibyte, 0xff), 0, mebibyte, 39 * mebibyte);
        closeSync(fd);
      },
    ],
  ])(
    'because it %s is told as changed, and lies in the archive as it is told',
    async (_, change) => {
      source('large', large);
      const path = join(directory, 'source', 'large');
      const sink = sinkThat(() => change(path));
      const archive = new Archive({ sink, threads: 1, codec: 'none' });
      await archive.begin();
      await archive.writer.addDisk(file('large', { expectedSize: large.length }), archive.note);
      source('after', 'after');
      await archive.writer.addDisk(file('after'), archive.note);
      await archive.finish();
      const entry = archive.entry('large');
      expect(entry).toMatchObject({ size: large.length, changed: true });
      expect(entry).not.toHaveProperty('failure');
      expect(sha256(contentOf('large'))).toBe(entry.sha256);
      expect(archive.entry('after').changed).toBe(false);
      expect(await verdictOn(destination())).toBe('accepted');
    },
  );

  test('because its name is removed is read to its end all the same', async () => {
    source('large', large);
    const path = join(directory, 'source', 'large');
    const sink = sinkThat(() => execFileSync('rm', [path]));
    const archive = new Archive({ sink, threads: 1, codec: 'none' });
    await archive.begin();
    await archive.writer.addDisk(file('large', { expectedSize: large.length }), archive.note);
    await archive.finish();
    expect(archive.entry('large')).toMatchObject({ changed: false, sha256: sha256(large) });
  });

  test('between scan and reading, from small to very large, is taken in pieces', async () => {
    source('grown', '');
    truncateSync(join(directory, 'source', 'grown'), 70 * mebibyte);
    source('after', 'after');
    const archive = new Archive();
    await archive.begin();
    await archive.writer.addDisk(file('grown'), archive.note);
    await archive.writer.addDisk(file('after'), archive.note);
    await archive.writer.drain();
    await archive.writer.addDisk(
      file('grown', { path: Buffer.from('media/files/again') }),
      archive.note,
    );
    await archive.writer.flush();
    // the next call finds what was handed back
    for (let number = 0; number < 50; number++) {
      await archive.writer.addDisk(
        file('after', { path: Buffer.from(`media/files/after-${number}`) }),
        archive.note,
      );
    }
    await archive.finish();
    for (const name of ['grown', 'again'])
      expect(archive.entry(name)).toMatchObject({ size: 70 * mebibyte, changed: false });
    expect(archive.entry('after').size).toBe(5);
    expect(await verdictOn(destination())).toBe('accepted');
  });
});

describe('a writer that fails', () => {
  /** Adds files until something is thrown. */
  async function addMany(archive: Archive, sizeBytes = 100_000): Promise<void> {
    source('file', randomFillSync(Buffer.alloc(sizeBytes)));
    for (let number = 0; number < 2000; number++) {
      await archive.writer.addDisk(
        file('file', { path: Buffer.from(`media/files/${number}`), expectedSize: sizeBytes }),
        archive.note,
      );
    }
  }

  test.each(codecs)('because the disk is full (%s) is told and leaves nothing', async (codec) => {
    const archive = new Archive({ codec });
    failOnDisk('writeSync', 'ENOSPC', { after: 2 });
    await archive.begin();
    const error = await rejection(addMany(archive));
    expect([error.code, error.exitCode]).toEqual(['no-space', 31]);
    expect((await rejection(archive.writer.drain())).code).toBe('no-space');
    await archive.writer.discard();
    expect(left()).toEqual([]);
  });

  test('because the disk is full is told at the latest when it is drained, or finished', async () => {
    for (const call of ['drain', 'finish'] as const) {
      const archive = new Archive();
      failOnDisk('writeSync', 'ENOSPC');
      await archive.begin();
      const promise =
        call === 'drain'
          ? archive.writer.drain()
          : archive.writer.finish({ path: 'seal.json', content: Buffer.from('{}') });
      expect((await rejection(promise)).code).toBe('no-space');
      await archive.writer.discard();
      expect(left()).toEqual([]);
    }
  });

  test('in the middle of a large file is told and leaves nothing open', async () => {
    const before = openFiles();
    const archive = new Archive({ threads: 1, codec: 'none' });
    failOnDisk('writeSync', 'ENOSPC', { after: 1 });
    await archive.begin();
    source('large', '');
    truncateSync(join(directory, 'source', 'large'), 100 * mebibyte);
    const add = async () => {
      for (let number = 0; number < 5; number++) {
        await archive.writer.addDisk(
          file('large', {
            path: Buffer.from(`media/files/${number}`),
            expectedSize: 100 * mebibyte,
          }),
          archive.note,
        );
      }
    };
    expect((await rejection(add())).code).toBe('no-space');
    await archive.writer.discard();
    expect(left()).toEqual([]);
    expect(openFiles()).toBe(before);
  });

  test('because it is interrupted is told and leaves nothing', async () => {
    const controller = new AbortController();
    const archive = new Archive({ signal: controller.signal });
    await archive.begin();
    let told = 0;
    const note = () => {
      if (++told === 300) controller.abort();
    };
    source('file', Buffer.alloc(100_000));
    const add = async () => {
      for (let number = 0; number < 5000; number++) {
        await archive.writer.addDisk(
          file('file', { path: Buffer.from(`media/files/${number}`), expectedSize: 100_000 }),
          note,
        );
      }
    };
    expect((await rejection(add())).code).toBe('interrupted');
    await archive.writer.discard();
    expect(left()).toEqual([]);
  });

  test('because it is interrupted at the very end has no archive', async () => {
    const controller = new AbortController();
    const sink = createFileSink(destination());
    const archive = new Archive({
      signal: controller.signal,
      sink: {
        ...sink,
        // the seal is being written
        write: async (bytes) => {
          if (bytes.length < 600) controller.abort();
          await sink.write(bytes);
        },
      },
    });
    await archive.begin();
    await archive.writer.drain().catch(() => undefined);
    expect(
      (await rejection(archive.writer.finish({ path: 'seal.json', content: Buffer.from('{}') })))
        .code,
    ).toBe('interrupted');
    await archive.writer.discard();
    expect(left()).toEqual([]);
  });

  test('to commit is told and leaves nothing', async () => {
    const archive = new Archive();
    await archive.begin();
    writeFileSync(destination(), 'appeared');
    expect((await rejection(archive.finish())).code).toBe('destination-exists');
    await archive.writer.discard();
    expect(left()).toEqual(['a.tar']);
    expect(readFileSync(destination(), 'utf8')).toBe('appeared');
  });

  test('because the one who is told throws is told as that', async () => {
    const archive = new Archive();
    await archive.begin();
    const refusal = Object.assign(new Error('not wanted'), {
      name: 'DmsBackupError',
      code: 'adapter-invalid',
    });
    source('a', 'a');
    await archive.writer.addDisk(file('a'), () => {
      throw refusal;
    });
    expect(await rejection(archive.writer.drain())).toBe(refusal);
  });

  test('that was discarded takes nothing more', async () => {
    const archive = new Archive();
    await archive.begin();
    await archive.writer.discard();
    expect((await rejection(archive.writer.drain())).code).toBe('interrupted');
    expect(left()).toEqual([]);
  });

  test('can be discarded again and again, and after it has finished', async () => {
    const archive = new Archive();
    await archive.begin();
    await archive.finish();
    await archive.writer.discard();
    await archive.writer.discard();
    expect(left()).toEqual(['a.tar']);
    expect(await verdictOn(destination())).toBe('accepted');
  });
});

test('a slow reader of a stream gets the same bytes as a file', async () => {
  const taken: Buffer[] = [];
  const slow = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _, callback) {
      setImmediate(() => {
        taken.push(Buffer.from(chunk));
        callback();
      });
    },
  });
  const archive = new Archive({ sink: createStreamSink(slow), threads: 3 });
  await archive.begin();
  for (let number = 0; number < 30; number++) {
    const content = randomFillSync(Buffer.alloc(400_000));
    source(`file-${number}`, content);
    await archive.writer.addDisk(
      file(`file-${number}`, { expectedSize: content.length }),
      archive.note,
    );
    // frames of all sizes, also of a few bytes
    if (number % 3 === 0) await archive.writer.flush();
  }
  await archive.finish();
  writeFileSync(destination(), Buffer.concat(taken));
  expect(await verdictOn(destination())).toBe('accepted');
  expect(archive.writer.writtenBytes).toBeLessThan(Buffer.concat(taken).length);
});

test('a dry run tells everything and writes nothing', async () => {
  const archive = new Archive({ sink: createNullSink() });
  await archive.begin();
  source('a', 'a');
  await archive.writer.addDisk(file('a'), archive.note);
  await archive.finish();
  expect(archive.entry('a').sha256).toBe(sha256('a'));
  expect(left()).toEqual([]);
});
