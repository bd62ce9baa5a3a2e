// Damaged archives of all three kinds: every one is refused, and a restore of one changes nothing.

import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { isDmsBackupError, verify } from '@dms-backup/core';
import type { SampleInstance } from '@dms-backup/test-fixtures';
import { beforeAll, describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  flagsOf,
  makeArchive,
  namesIn,
  told,
} from './bench.ts';
import type { Place } from './bench.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
const bench = createBench('damage');

const refusing = [10, 20, 21];
let instance: SampleInstance;
let target: Place;
let before: Record<string, string>;

beforeAll(() => {
  instance = bench.build({ appVersion: '3.0.5', documents: 5 });
  target = bench.copy(bench.build({ appVersion: '3.0.5', documents: 5, seed: 2 }), 'target');
  before = bytesOf(join(target.dataDirectory, '..'));
});

/** The verb itself, in this process; the exit code it stands for. */
async function exitOf(archive: string): Promise<number> {
  try {
    await verify({ archive, workingDirectory: bench.folder, quick: false });
    return 0;
  } catch (error) {
    if (isDmsBackupError(error)) return error.exitCode;
    throw error;
  }
}

/** The same numbers for the same seed on every machine. */
function spread(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

interface Damage {
  readonly name: string;
  readonly bytes: () => Buffer;
}

function truncations(whole: Buffer): Damage[] {
  const lengths = new Set<number>();
  for (let part = 0; part < 32; part++) lengths.add(Math.floor((whole.length * part) / 32));
  for (let cut = 1; cut <= 64; cut++) lengths.add(whole.length - cut);
  return [...lengths].map((length) => ({
    name: `cut to ${length} of ${whole.length}`,
    bytes: () => whole.subarray(0, length),
  }));
}

function flips(whole: Buffer, count: number): Damage[] {
  const random = spread(whole.length);
  const places = new Set<number>();
  for (let number = 0; number < count; number++) {
    const step = whole.length / count;
    places.add(Math.floor(step * number) + random(Math.floor(step)));
  }
  for (let edge = 0; edge < 24; edge++) places.add(edge).add(whole.length - 1 - edge);
  return [...places].map((place) => {
    const bit = random(8);
    return {
      name: `bit ${bit} of byte ${place}`,
      bytes: () => {
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(place) ^ (1 << bit), place);
        return damaged;
      },
    };
  });
}

function appended(whole: Buffer): Damage[] {
  const more = {
    'a byte': Buffer.from('x'),
    'a block of zeros': Buffer.alloc(512),
    '10 KiB of zeros': Buffer.alloc(10_240),
    'its own half': whole.subarray(0, whole.length >> 1),
    itself: whole,
  };
  return Object.entries(more).map(([name, bytes]) => ({
    name: `${name} appended`,
    bytes: () => Buffer.concat([whole, bytes]),
  }));
}

/** Two stretches exchanged, one doubled, one missing. */
function rearranged(whole: Buffer): Damage[] {
  const [a, b, c] = [0.3, 0.4, 0.5].map(
    (part) => Math.floor((whole.length * part) / 512) * 512,
  ) as [number, number, number];
  const piece = (from: number, to?: number): Buffer => whole.subarray(from, to);
  return [
    {
      name: 'two stretches exchanged',
      bytes: () => Buffer.concat([piece(0, a), piece(b, c), piece(a, b), piece(c)]),
    },
    { name: 'a stretch doubled', bytes: () => Buffer.concat([piece(0, b), piece(a)]) },
    { name: 'a stretch missing', bytes: () => Buffer.concat([piece(0, a), piece(b)]) },
    {
      name: 'a stretch of zeros',
      bytes: () => Buffer.concat([piece(0, a), Buffer.alloc(b - a), piece(b)]),
    },
    { name: 'the first block missing', bytes: () => piece(512) },
  ];
}

describe.each(['zstd', 'gzip', 'none'] as const)('%s', (compression) => {
  let archive: string;
  let whole: Buffer;

  beforeAll(async () => {
    archive = await makeArchive(bench, instance, '--compression', compression);
    whole = readFileSync(archive);
    expect(await exitOf(archive)).toBe(0);
  });

  /** A few bits of compressed data mean nothing: what comes out is what went in. An uncompressed archive has none. */
  function decodesToTheSame(damaged: Buffer): boolean {
    const decode = { gzip: gunzipSync, zstd: zstdDecompressSync, none: undefined }[compression];
    if (decode === undefined || damaged.length !== whole.length) return false;
    try {
      return decode(damaged).equals(decode(whole));
    } catch {
      return false;
    }
  }

  /** Of what was accepted, or ended in anything but a refusal. */
  async function accepted(damages: readonly Damage[]): Promise<string[]> {
    const path = join(bench.directory('damaged'), 'archive');
    const found: string[] = [];
    for (const damage of damages) {
      writeFileSync(path, damage.bytes());
      const code = await exitOf(path).catch((error: unknown) => String(error));
      if (refusing.includes(Number(code)) || (code === 0 && decodesToTheSame(readFileSync(path))))
        continue;
      found.push(`${damage.name}: ${code}`);
    }
    return found;
  }

  test('every truncation is refused', async () => {
    expect(await accepted(truncations(whole))).toEqual([]);
  });

  test('every flipped bit is refused', async () => {
    expect(await accepted(flips(whole, 300))).toEqual([]);
  });

  test('appended and rearranged bytes are refused', async () => {
    expect(await accepted([...appended(whole), ...rearranged(whole)])).toEqual([]);
  });

  test('every flipped bit of seal and index is refused, and what verify accepts can be restored', async () => {
    const tail = whole.subarray(Math.max(0, whole.length - 14_000));
    const at = whole.length - tail.length;
    const some: Damage[] = [];
    for (let place = 0; place < tail.length; place += Math.ceil(tail.length / 60)) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at + place) ^ 1, at + place);
      some.push({ name: `bit 0 of byte ${at + place}`, bytes: () => damaged });
    }
    expect(await accepted(some)).toEqual([]);
  });

  test('a sample through the program: verify and restore refuse, the target stays as it was', async () => {
    const all = [...truncations(whole), ...flips(whole, 40)];
    const folder = bench.directory('sample');
    const path = join(folder, 'archive');
    for (const damage of all.filter((_, index) => index % Math.ceil(all.length / 5) === 2)) {
      writeFileSync(path, damage.bytes());
      for (const words of [
        ['verify', path],
        ['restore', path, ...flagsOf(target), '--yes'],
      ]) {
        const run = await bench.run(words);
        expect(refusing, `${damage.name}: ${told(run)}`).toContain(run.code);
        expectNoTrace(run);
      }
      expect(bytesOf(join(target.dataDirectory, '..')), damage.name).toEqual(before);
    }
    expect(namesIn(folder)).toEqual(['archive']);
    expect(namesIn(bench.temporary)).toEqual([]);
  });

  test('damage of file content that only a whole read finds is found by restore, before anything is switched', async () => {
    const path = join(bench.directory('content'), 'archive');
    copyFileSync(archive, path);
    const damaged = readFileSync(path);
    // In the first third: media, far from seal and index.
    const at = Math.floor(statSync(path).size / 3);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
    writeFileSync(path, damaged);
    const run = await bench.run([
      'restore',
      path,
      ...flagsOf(target),
      '--yes',
      '--media-strategy',
      'merge',
    ]);
    expect(run.code, told(run)).toBe(20);
    expect(bytesOf(join(target.dataDirectory, '..'))).toEqual(before);
  });
});
