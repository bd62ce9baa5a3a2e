// An archive far away: verified whole by threads, opened by the main thread from a few ranges, and errors of the storage are told
// as they are.

import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { assembleArchive, withParts } from '../../test/assemble-archive.ts';
import type { Assembly } from '../../test/assemble-archive.ts';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { openArchive } from '../archive/reader.ts';
import type { ArchiveReader } from '../archive/reader.ts';
import { walkArchive } from '../archive/walk.ts';
import { DmsBackupError } from '../errors.ts';
import { NotLoaded } from './byte-source.ts';
import { RemoteSource } from './remote-source.ts';
import type { RangeReader } from './remote-source.ts';

/** A storage that answers after a while, out of order, and counts what it gave. */
function storageOf(file: Buffer): RangeReader & { given: number; requests: number } {
  const storage = {
    sizeBytes: file.length,
    given: 0,
    requests: 0,
    read: async (position: number, lengthBytes: number) => {
      storage.given += lengthBytes;
      const wait = (storage.requests++ % 3) * 5;
      await new Promise((resolve) => setTimeout(resolve, wait));
      return Buffer.from(file.subarray(position, position + lengthBytes));
    },
  };
  return storage;
}

const large = withParts(
  ...Array.from({ length: 12 }, (_, number) => ({
    path: `media/files/${number}`,
    content: randomBytes(700_000),
    newFrame: true,
  })),
);
const archiveOf = (assembly: Assembly = { parts: large }): Buffer =>
  readFileSync(assembleArchive(scratchDirectory(), assembly));

async function opened(storage: RangeReader): Promise<ArchiveReader> {
  const reader = await openArchive(new RemoteSource('far away', storage));
  onTestFinished(() => reader.close());
  return reader;
}

test.for(['zstd', 'gzip', 'none'] as const)('%s is proved whole by threads', async (codec) => {
  const reader = await opened(storageOf(archiveOf({ parts: large, codec })));
  const found = await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 2 });
  expect(found.media).toMatchObject({ files: 12, bytes: 12 * 700_000 });
});

test('is opened, and gives one entry, without the rest being read', async () => {
  const file = archiveOf();
  const storage = storageOf(file);
  const reader = await opened(storage);
  expect(reader.manifest().archiveId).toBe(reader.seal.archiveId);
  const entry = [...reader.entries()].find(({ pathBytes }) => pathBytes.toString().endsWith('/7'))!;
  expect(() => reader.content(entry)).toThrow(NotLoaded);
  await reader.load(entry.position, entry.end);
  expect(reader.content(entry).length).toBe(700_000);
  expect(storage.given).toBeLessThan(file.length / 3);
});

test('that is damaged is refused here and in threads', async () => {
  const file = archiveOf();
  file[file.length - 30] = file[file.length - 30]! ^ 1;
  expect((await rejection(opened(storageOf(file)))).code).toBe('archive-damaged');
  const other = archiveOf();
  other[3_000_000] = other[3_000_000]! ^ 1;
  const reader = await opened(storageOf(other));
  const walk = walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 2 });
  expect((await rejection(walk)).code).toBe('archive-damaged');
});

test('that becomes unreachable says so, here and in threads', async () => {
  const gone = () =>
    Promise.reject(new DmsBackupError('server-unreachable', 'cannot reach the storage'));
  const storage = storageOf(archiveOf());
  const closed = opened({ sizeBytes: storage.sizeBytes, read: gone });
  expect((await rejection(closed)).code).toBe('server-unreachable');
  let isGone = false;
  const reader = await opened({
    sizeBytes: storage.sizeBytes,
    read: (...range) => (isGone ? gone() : storage.read(...range)),
  });
  isGone = true;
  const walk = walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 2 });
  expect((await rejection(walk)).message).toBe('cannot reach the storage');
});

test('is not read beyond its end', async () => {
  const source = new RemoteSource('far away', storageOf(Buffer.alloc(10)));
  onTestFinished(() => source.close());
  expect((await rejection(source.load(5, 6))).code).toBe('archive-damaged');
  await source.load(0, 10);
  expect(source.read(2, 0).length).toBe(0);
  expect(source.read(0, 10).length).toBe(10);
});
