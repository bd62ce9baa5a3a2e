// The thread of the reader, called in the test's own thread, where the disk can be made to fail.

import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { assembleArchive, withParts } from '../../test/assemble-archive.ts';
import type { Part } from '../../test/assemble-archive.ts';
import { caught } from '../../test/caught.ts';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import type { ByteSource } from '../source/byte-source.ts';
import { FileSource } from '../source/file-source.ts';
import { compressFrame } from './frame-codec.ts';
import { ArchiveReader } from './reader.ts';
import type { PlacedEntry } from './reader.ts';
import { encodeHead } from './tar-entry.ts';
import type { UnpackEntry, UnpackJob, UnpackResult } from './unpack-job.ts';

const thread = vi.hoisted(() => ({
  source: undefined as ByteSource | undefined,
  run: undefined as
    | ((job: UnpackJob) => { result: UnpackResult; transfer: ArrayBuffer[] })
    | undefined,
}));
vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);
vi.mock('../source/thread-source.ts', () => ({
  openThreadSource: (): ByteSource => ({
    sizeBytes: 0,
    read: (position, lengthBytes) => thread.source!.read(position, lengthBytes),
  }),
}));
vi.mock('../io/worker-pool.ts', () => ({
  WorkerPool: undefined,
  serveJobs: (run: NonNullable<typeof thread.run>) => void (thread.run = run),
}));
beforeAll(async () => void (await import('./unpack-worker.ts')));

let directory: string;
let target: string;
beforeEach(() => {
  directory = scratchDirectory();
  target = join(directory, 'target');
});

/** Reads the entries behind README, manifest and root, with the wishes of the test. */
function unpack(
  parts: readonly Part[],
  wish: (entry: PlacedEntry) => Partial<UnpackEntry>,
  setOwner = false,
): ReturnType<NonNullable<typeof thread.run>> {
  const reader = new ArchiveReader(assembleArchive(directory, { parts: withParts(...parts) }));
  onTestFinished(() => reader.close());
  thread.source = reader.source;
  const entries = [...reader.entries()].slice(3);
  const [start, end] = [entries[0]!.position, entries.at(-1)!.end];
  return thread.run!({
    codec: reader.codec,
    frames: [...reader.frames.covering(start, end)],
    start,
    setOwner,
    entries: entries.map((entry) => ({ ...entry, ...wish(entry) })),
  });
}

const file: Part = { path: 'media/files/a', content: 'content of a' };
const toTarget = () => ({ writeTo: Buffer.from(target) });

describe('an entry', () => {
  test('is proved without anything being written', () => {
    const { result, transfer } = unpack(
      [file, { path: 'media/files/d', type: 'directory' }],
      () => ({}),
    );
    expect(result).toEqual({ bytes: 12, rows: [], contents: [] });
    expect(transfer).toEqual([]);
  });

  test('is handed back when its content is wanted, in order', () => {
    const parts: Part[] = [
      file,
      { path: 'media/files/b' },
      { path: 'media/files/c', content: 'c' },
    ];
    const { result, transfer } = unpack(parts, ({ pathBytes }) => ({
      wantContent: pathBytes.toString() !== 'media/files/b',
    }));
    expect(result.contents.map((content) => Buffer.from(content).toString())).toEqual([
      'content of a',
      'c',
    ]);
    expect(transfer).toEqual(result.contents.map(({ buffer }) => buffer));
    const empty = unpack([{ path: 'media/files/a' }], () => ({ wantContent: true }));
    expect(empty.result.contents).toEqual([new Uint8Array()]);
  });

  test('of another hash, or with something behind it, is refused', () => {
    const wrong = { sha256: '0'.repeat(64) };
    expect(caught(() => unpack([file], () => wrong)).message).toBe(
      "the entry 'media/files/a' has another SHA-256 than the index says",
    );
    const padding = Buffer.alloc(500, 1);
    expect(caught(() => unpack([{ ...file, padding }], () => ({}))).message).toBe(
      "the entry 'media/files/a' is followed by bytes that should be zero",
    );
  });

  test('of rows has them counted, across frames too', () => {
    const large = Buffer.alloc(600_000, 'row\n');
    const parts: Part[] = [
      { path: 'database/tables/a/000001.copy', content: large },
      { path: 'database/tables/a/000001.storage', content: 'line\n' },
      { path: 'database/tables/b/000001.copy', content: '1\n2\n' },
      { path: 'database/tables/c/000001.copy', content: '' },
    ];
    expect(unpack(parts, () => ({})).result.rows).toEqual([
      [0, 150_000],
      [2, 2],
      [3, 0],
    ]);
  });

  test('too large for memory is not handed back', () => {
    // another size than in its head is found first; here the head is that of so large a file
    const error = caught(() => unpack([file], () => ({ wantContent: true, size: 2 ** 31 })));
    expect(error.message).toContain('has another head');
    const size = 2 ** 30 + 1;
    const head = encodeHead({
      path: Buffer.from('catalogue/a'),
      type: 'file',
      size,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeSeconds: 1_700_000_000,
    });
    const archive = join(directory, 'huge');
    writeFileSync(archive, compressFrame(head, 'none', 0));
    const source = new FileSource(archive);
    onTestFinished(() => source.close());
    thread.source = source;
    const entry = {
      pathBytes: Buffer.from('catalogue/a'),
      type: 'file' as const,
      size,
      sha256: '',
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: '1700000000.000000000',
      frame: 0,
      offset: 0,
      wantContent: true,
    };
    const frame = { fileOffset: 0, compressedSize: 512, position: 0, size: 512 };
    const refused = caught(() =>
      thread.run!({
        codec: 'none',
        frames: [frame],
        start: 0,
        entries: [entry],
        setOwner: false,
      }),
    );
    expect(refused.message).toBe("the entry 'catalogue/a' is larger than any chunk can be");
  });

  test('with a very long name and target has a head that is compared whole', () => {
    const path = `media/files/${'d/'.repeat(2000)}x`;
    const link = 'x/'.repeat(2000);
    expect(unpack([{ path, type: 'link', link }], () => ({})).result.bytes).toBe(0);
    const other = Buffer.from(`${link.slice(0, -1)}y`);
    expect(
      caught(() => unpack([{ path, type: 'link', link }], () => ({ linkBytes: other }))).message,
    ).toContain('has another head');
  });
});

describe('a file', () => {
  test('is written new, with mode and time, and private until it is whole', () => {
    let mode = 0;
    replaceOnDisk('writeSync', () => void (mode = statSync(target).mode & 0o777));
    // the head has whole seconds: the fraction comes from the index
    unpack([file], () => ({ ...toTarget(), mtime: '1700000000.250000000' }));
    expect(readFileSync(target, 'utf8')).toBe('content of a');
    expect(mode).toBe(0o600);
    expect(statSync(target).mode & 0o7777).toBe(0o644);
    expect(statSync(target).mtimeMs).toBe(1_700_000_000_250);
  });

  test.each([
    [0o7777, 0o1777],
    [0o4755, 0o755],
    [0o2755, 0o755],
    [0o1640, 0o1640],
    [0, 0],
  ])('of mode %o gets no bits that make a program run as another user', (mode, safe) => {
    unpack([{ ...file, mode }], toTarget);
    expect(statSync(target).mode & 0o7777).toBe(safe);
  });

  test('gets its owner when that is wanted, before its mode', () => {
    const calls: unknown[][] = [];
    replaceOnDisk('fchownSync', (_, [, uid, gid]) => {
      calls.push(['fchown', uid, gid]);
      return true;
    });
    replaceOnDisk('fchmodSync', () => void calls.push(['fchmod']));
    unpack([file], toTarget);
    expect(calls).toEqual([['fchmod']]);
    target = join(directory, 'other');
    unpack([file], toTarget, true);
    expect(calls.slice(1)).toEqual([['fchown', 0, 0], ['fchmod']]);
  });

  test('is whole on a disk that takes a few bytes at a time', () => {
    replaceOnDisk('writeSync', (real, [fd, view, at]) =>
      real(fd, view, at, Math.min(5, (view as Buffer).length - Number(at))),
    );
    unpack([file], toTarget);
    expect(readFileSync(target, 'utf8')).toBe('content of a');
  });

  test('is never written through a link, nor over another file', () => {
    const outside = join(directory, 'outside');
    symlinkSync(outside, target);
    const error = caught(() => unpack([file], toTarget));
    expect([error.code, error.message]).toEqual([
      'archive-damaged',
      `the archive has '${target}' twice`,
    ]);
    expect(existsSync(outside)).toBe(false);
    writeFileSync(outside, 'old');
    expect(caught(() => unpack([file], toTarget)).code).toBe('archive-damaged');
    expect(readFileSync(outside, 'utf8')).toBe('old');
  });

  test.each([
    ['openSync', 'ENOSPC', 'no-space'],
    ['openSync', 'EROFS', 'restore-failed'],
    ['writeSync', 'ENOSPC', 'no-space'],
    ['writeSync', 'EDQUOT', 'no-space'],
    ['writeSync', 'EIO', 'restore-failed'],
    ['fchmodSync', 'EPERM', 'restore-failed'],
    ['futimesSync', 'EPERM', 'restore-failed'],
  ] as const)('is told as it is when %s fails with %s', (name, systemCode, code) => {
    // reading the archive goes on
    failOnDisk(name, systemCode, {
      when: (path) => name !== 'openSync' || String(path) === target,
    });
    const error = caught(() => unpack([file], toTarget));
    expect(error.code).toBe(code);
    expect(error.message).toContain(target);
    expect((error.cause as { code: string }).code).toBe(systemCode);
  });

  test('is told when the disk fails without a code', () => {
    replaceOnDisk('fchmodSync', () => {
      throw new Error('odd');
    });
    expect(caught(() => unpack([file], toTarget)).message).toContain('(Error: odd)');
  });
});
