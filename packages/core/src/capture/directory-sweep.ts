// Finds the names that came to a tree since it was last swept. Only directories with a new time are listed, and no file is
// looked at, so that it takes a fraction of a second where a walk takes many. Memory: eight bytes per file, and a limited number
// of directories: some applications make one for each document.

import { lstatSync, opendirSync } from 'node:fs';
import type { Dir } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { joinBytes } from '../media/scan.ts';

/** File systems tell times in steps: a directory changed as recently as this may have changed again unseen. */
const settledNs = 100_000_000n;
/** Directories whose state is kept, the upper ones first: 30 to 40 MB. */
const mostDirectories = 100_000;
/** Names and directories handled without letting timers run. */
const portion = 2048;

interface Swept {
  mtimeNs: bigint;
  /** Wall clock. */
  sweptAtNs: bigint;
  /** Sorted, see {@link nameHash}. */
  names: Float64Array;
}

const never: Swept = { mtimeNs: -1n, sweptAtNs: 0n, names: new Float64Array() };

export class DirectorySweep {
  readonly #base: Buffer;
  readonly #entersDirectory: (path: Buffer) => boolean;
  readonly #isKnown: (path: Buffer) => boolean;
  readonly #most: number;
  /** By path as latin1 text. */
  readonly #directories = new Map<string, Swept>([['', never]]);
  /** Directories whose state is not kept, and that nobody has seen yet. */
  readonly #passing: Buffer[] = [];

  /**
   * `entersDirectory` is asked for each directory that is met; the path is relative to the base. `isKnown` is asked for those
   * beyond `most`: one that is known is left to the catch-up, one that is new is listed, every time its parent has changed.
   */
  constructor(
    base: string,
    entersDirectory: (path: Buffer) => boolean,
    isKnown: (path: Buffer) => boolean = () => false,
    most = mostDirectories,
  ) {
    this.#base = Buffer.from(base);
    this.#entersDirectory = entersDirectory;
    this.#isKnown = isKnown;
    this.#most = most;
  }

  /**
   * Yields the paths of files that earlier sweeps have not met, the first time all, in portions. What cannot be listed is
   * left out: it has been told by the walk, or will be missed by the proof.
   */
  async *newFiles(): AsyncGenerator<Buffer[]> {
    let looked = 0;
    // directories that are met on the way come to the end of the map, and are swept as well
    for (const [key, before] of this.#directories) {
      if (++looked % portion === 0) await breathe();
      const path = Buffer.from(key, 'latin1');
      const sweptAtNs = BigInt(Date.now()) * 1_000_000n;
      const mtimeNs = this.#changedAt(path);
      if (mtimeNs === undefined) {
        this.#directories.delete(key);
        continue;
      }
      if (mtimeNs === before.mtimeNs && before.sweptAtNs - mtimeNs > settledNs) continue;
      const hashes: number[] = [];
      for (const files of this.#list(path, before.names, hashes)) {
        await breathe();
        yield files;
      }
      this.#directories.set(key, {
        mtimeNs,
        sweptAtNs,
        names: Float64Array.from(hashes).toSorted(),
      });
      for (let one = this.#passing.pop(); one; one = this.#passing.pop())
        yield* this.#list(one, never.names, []);
    }
  }

  #changedAt(path: Buffer): bigint | undefined {
    try {
      const status = lstatSync(joinBytes(this.#base, path), { bigint: true });
      return status.isDirectory() ? status.mtimeNs : undefined;
    } catch {
      return undefined;
    }
  }

  /** New files of one directory in portions; fills `hashes` with all its names. */
  *#list(path: Buffer, known: Float64Array, hashes: number[]): Generator<Buffer[]> {
    const directory = open(joinBytes(this.#base, path));
    if (!directory) return;
    let files: Buffer[] = [];
    try {
      for (let entry = next(directory); entry; entry = next(directory)) {
        const name = entry.name as unknown as Buffer;
        const hash = nameHash(name);
        hashes.push(hash);
        // a directory may have gone and come again between two listings
        if (entry.isDirectory()) this.#meet(joinBytes(path, name));
        else if (entry.isFile() && !has(known, hash)) files.push(joinBytes(path, name));
        if (hashes.length % portion === 0) {
          yield files;
          files = [];
        }
      }
    } finally {
      directory.closeSync();
    }
    if (files.length > 0) yield files;
  }

  #meet(path: Buffer): void {
    const key = path.toString('latin1');
    if (this.#directories.has(key)) return;
    const isFull = this.#directories.size >= this.#most;
    if ((isFull && this.#isKnown(path)) || !this.#entersDirectory(path)) return;
    if (isFull) this.#passing.push(path);
    else this.#directories.set(key, never);
  }
}

function open(path: Buffer): Dir | undefined {
  try {
    return opendirSync(path, { encoding: 'buffer' as BufferEncoding, bufferSize: portion });
  } catch {
    return undefined;
  }
}

function next(directory: Dir): ReturnType<Dir['readSync']> {
  try {
    return directory.readSync();
  } catch {
    return null;
  }
}

/** 53 bits from two FNV-1a sums. A new name that has the hash of another one is found by the catch-up instead. */
function nameHash(name: Buffer): number {
  let one = 0x811c9dc5;
  let two = 0x050c5d1f;
  for (const byte of name) {
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two ^ byte, 0x01000197);
  }
  return (one >>> 0) * 0x200000 + (two >>> 11);
}

function has(sorted: Float64Array, value: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value;
}
