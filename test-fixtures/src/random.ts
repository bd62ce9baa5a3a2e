// Numbers, choices and bytes that look random and are the same for the same seed on every machine.

import { createCipheriv, createHash } from 'node:crypto';

export interface Random {
  /** Whole number, both ends included. */
  integer(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** Lower-case hex digits. */
  hex(length: number): string;
  /** Bytes that do not compress. */
  bytes(length: number): Buffer;
}

/** `seed`: any text; equal text, equal sequence. */
export function createRandom(seed: string): Random {
  const key = createHash('sha256').update(seed).digest();
  let state = key.readUInt32LE(0);

  /** mulberry32 (public domain): 32 bits of state are plenty for test data. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const random: Random = {
    integer: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    hex: (length) => Array.from({ length }, () => random.integer(0, 15).toString(16)).join(''),
    bytes: (length) => {
      const start = Buffer.alloc(16);
      start.writeUInt32LE(random.integer(0, 2 ** 32 - 1), 0);
      return createCipheriv('aes-128-ctr', key.subarray(0, 16), start).update(Buffer.alloc(length));
    },
  };
  return random;
}

const DAY_MS = 86_400_000;

/** A calendar day, `YYYY-MM-DD`, from 2009 to 2026. */
export function randomDay(random: Random): string {
  return new Date(Date.UTC(2009, 0, 1) + random.integer(0, 6_500) * DAY_MS)
    .toISOString()
    .slice(0, 10);
}

/** UTC as Django stores it in SQLite: `YYYY-MM-DD HH:MM:SS.ffffff`; microseconds are kept, so their loss is visible. */
export function randomMoment(random: Random): string {
  const milliseconds =
    Date.UTC(2019, 0, 1) + random.integer(0, 2_500) * DAY_MS + random.integer(0, DAY_MS - 1);
  const text = new Date(milliseconds).toISOString().slice(0, 23).replace('T', ' ');
  return text + random.integer(0, 999).toString().padStart(3, '0');
}
