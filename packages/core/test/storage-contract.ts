// What every storage promises, as tests that each of them runs against a real server.

import { describe, expect, test } from 'vitest';
import { openStorage } from '../src/storage/open-storage.ts';
import { parsePlace } from '../src/storage/place.ts';
import type { OpenedFile, Patience, Storage } from '../src/storage/storage.ts';
import { rejection } from './caught.ts';

/** Few and short pauses: tests do not wait for a network to recover. */
export const hurried: Patience = {
  attempts: 6,
  firstPauseMs: 5,
  longestPauseMs: 40,
  stallMs: 5000,
};

export interface ContractPlace {
  /** An empty place of its own. */
  readonly url: string;
  readonly environment?: Record<string, string | undefined>;
}

export interface ContractOptions {
  /** False for storages that only give streams. */
  readonly ranges?: boolean;
  /** False for storages that hold no empty file (restic). */
  readonly empty?: boolean;
  /** True where every call starts a program: fewer strange names are tried. */
  readonly slow?: boolean;
  /** Every name that is there, also of unfinished files, as the server sees it. */
  readonly everything: (place: ContractPlace) => Promise<readonly string[]>;
  /** Gives a file another name, past the storage; the old name may stay. */
  readonly rename: (place: ContractPlace, from: string, to: string) => Promise<void>;
}

export async function openPlace(place: ContractPlace, patience = hurried): Promise<Storage> {
  return openStorage(parsePlace(place.url), {
    environment: { ...process.env, ...place.environment },
    workingDirectory: '/',
    patience,
  });
}

/** Bytes that differ everywhere, so that a piece in the wrong place is noticed. */
export function patternBytes(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed >>> 0 || 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state >>> 0;
  }
  return Buffer.from(words.buffer, 0, length);
}

/** Writes in pieces of an odd size, and reuses the piece as the archive writer may. */
export async function store(
  storage: Storage,
  name: string,
  bytes: Buffer,
  pieceBytes = 100_003,
): Promise<void> {
  const sink = await storage.createSink(name);
  try {
    const piece = Buffer.alloc(pieceBytes);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const length = bytes.copy(piece, 0, at, at + pieceBytes);
      await sink.write(piece.subarray(0, length));
      piece.fill(0xee);
    }
    await sink.commit();
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

export async function readWhole(opened: OpenedFile): Promise<Buffer> {
  try {
    if (opened.kind === 'ranges') return await opened.reader.read(0, opened.reader.sizeBytes);
    const pieces: Buffer[] = [];
    for await (const piece of opened.stream) pieces.push(piece);
    return Buffer.concat(pieces);
  } finally {
    await (opened.kind === 'ranges' ? opened.reader : opened).close();
  }
}

/** Files are compared without printing megabytes. */
export function expectSame(found: Buffer, wanted: Buffer): void {
  expect(found.length).toBe(wanted.length);
  expect(found.equals(wanted)).toBe(true);
}

const refusedNames = ['../a.tar', 'a/b.tar', '', '.', '..', 'a\nb.tar', 'a\0.tar', 'x'.repeat(248)];

const strangeNames = [
  '-rf.tar',
  'ä€😀+%20&?#[x]*.tar',
  'a \'b\' "c".tar',
  '$(id).tar',
  ' a.tar',
  '{a}.tar',
  '~a.tar',
];

export function storageContract(
  makePlace: () => Promise<ContractPlace>,
  options: ContractOptions,
): void {
  const { everything, rename, ranges = true, empty = true, slow = false } = options;
  const prepare = async () => {
    const place = await makePlace();
    return { place, storage: await openPlace(place) };
  };

  describe('keeps the contract of a storage', () => {
    test('a file has its name when it is committed and not before, and comes back', async () => {
      const { storage } = await prepare();
      const bytes = patternBytes(1_300_001);
      const sink = await storage.createSink('a-1.tar.zst');
      await sink.write(bytes);
      expect(await storage.list()).not.toContainEqual(
        expect.objectContaining({ name: 'a-1.tar.zst' }),
      );
      expect((await rejection(storage.open('a-1.tar.zst'))).code).toBe('archive-not-found');
      await sink.commit();
      await sink.discard();
      const [file, ...others] = await storage.list();
      expect(others).toEqual([]);
      expect(file).toMatchObject({ name: 'a-1.tar.zst', sizeBytes: bytes.length });
      expect(Math.abs(Date.now() - (file?.modifiedAt?.getTime() ?? 0))).toBeLessThan(120_000);
      expectSame(await readWhole(await storage.open('a-1.tar.zst')), bytes);
      await storage.close();
    });

    if (empty)
      test('an empty file is a file', async () => {
        const { storage } = await prepare();
        await store(storage, 'empty.tar', Buffer.alloc(0));
        expect(await storage.list()).toMatchObject([{ name: 'empty.tar', sizeBytes: 0 }]);
        expectSame(await readWhole(await storage.open('empty.tar')), Buffer.alloc(0));
        await storage.close();
      });

    test('a name that is taken is refused, and what is there stays', async () => {
      const { storage, place } = await prepare();
      const first = patternBytes(5000, 7);
      await store(storage, 'a.tar', first);
      expect((await rejection(storage.createSink('a.tar'))).code).toBe('destination-exists');
      expectSame(await readWhole(await storage.open('a.tar')), first);
      expect(await everything(place)).toHaveLength(1);
      await storage.close();
    });

    test('a name that is taken while the archive is written is refused at the end', async () => {
      const { storage, place } = await prepare();
      const other = await openPlace(place);
      const sink = await storage.createSink('a.tar');
      await sink.write(patternBytes(4000, 1));
      const first = patternBytes(3000, 2);
      // another machine, which does not see our unfinished file
      await store(other, 'b.tar', first);
      await rename(place, 'b.tar', 'a.tar');
      expect((await rejection(sink.commit())).code).toBe('destination-exists');
      await sink.discard();
      expectSame(await readWhole(await storage.open('a.tar')), first);
      const rest = (await everything(place)).filter((file) => !file.endsWith('b.tar'));
      expect(rest).toHaveLength(1);
      await Promise.all([storage.close(), other.close()]);
    });

    test('discard leaves nothing, whenever it comes', async () => {
      const { storage, place } = await prepare();
      for (const length of [0, 10, 700_000]) {
        const sink = await storage.createSink('a.tar');
        if (length > 0) await sink.write(patternBytes(length));
        await sink.discard();
        await sink.discard();
        expect(await everything(place)).toEqual([]);
      }
      await storage.close();
    });

    test('an aborted signal ends the writing, and discard leaves nothing', async () => {
      const { storage, place } = await prepare();
      const interrupt = new AbortController();
      const sink = await storage.createSink('a.tar', interrupt.signal);
      await sink.write(patternBytes(300_000));
      interrupt.abort();
      const writeOrCommit = sink.write(patternBytes(300_000)).then(() => sink.commit());
      expect((await rejection(writeOrCommit)).code).toBe('interrupted');
      await sink.discard();
      expect(await everything(place)).toEqual([]);
      await storage.close();
    });

    test('a file that is not there is said to be missing', async () => {
      const { storage } = await prepare();
      await store(storage, 'a.tar', patternBytes(10));
      expect((await rejection(storage.open('b.tar'))).code).toBe('archive-not-found');
      expect((await rejection(storage.remove('b.tar'))).code).toBe('archive-not-found');
      await storage.close();
    });

    test('a removed file is gone, and its name is free', async () => {
      const { storage, place } = await prepare();
      await store(storage, 'a.tar', patternBytes(100, 1));
      await store(storage, 'b.tar', patternBytes(100, 2));
      await storage.remove('a.tar');
      expect(await storage.list()).toMatchObject([{ name: 'b.tar' }]);
      expect(await everything(place)).toHaveLength(1);
      await store(storage, 'a.tar', patternBytes(50, 3));
      expectSame(await readWhole(await storage.open('a.tar')), patternBytes(50, 3));
      await storage.close();
    });

    test('names that no file can have are refused', async () => {
      const { storage, place } = await prepare();
      for (const name of refusedNames) {
        expect((await rejection(storage.createSink(name))).code).toBe('usage');
        expect((await rejection(storage.open(name))).code).toBe('usage');
        expect((await rejection(storage.remove(name))).code).toBe('usage');
      }
      expect(await everything(place)).toEqual([]);
      await storage.close();
    });

    test.each(slow ? strangeNames.slice(0, 2) : strangeNames)(
      'the name %j is kept as it is',
      async (name) => {
        const { storage, place } = await prepare();
        const bytes = patternBytes(1234);
        await store(storage, name, bytes);
        expect(await storage.list()).toMatchObject([{ name }]);
        expectSame(await readWhole(await storage.open(name)), bytes);
        await storage.remove(name);
        expect(await everything(place)).toEqual([]);
        await storage.close();
      },
    );

    if (ranges)
      test('any range comes back, also several at a time', async () => {
        const { storage } = await prepare();
        const bytes = patternBytes(900_000);
        await store(storage, 'a.tar', bytes);
        const opened = await storage.open('a.tar');
        if (opened.kind !== 'ranges') throw new Error('no ranges');
        const { reader } = opened;
        const wanted = [
          [0, 1],
          [899_999, 1],
          [0, 900_000],
          [123_456, 300_000],
          [500_000, 0],
        ] as const;
        const found = await Promise.all(
          wanted.map(([position, length]) => reader.read(position, length)),
        );
        for (const [index, [position, length]] of wanted.entries())
          expectSame(found[index]!, bytes.subarray(position, position + length));
        expect((await rejection(reader.read(899_999, 2))).code).toBe('archive-damaged');
        await reader.close();
        await storage.close();
      });
  });
}
