// A busy application: documents are added, get further versions, are moved and deleted at a given rate, in the order of file and
// row that the product keeps. What it leaves can be judged without its help: the name of a file tells its content.

import { setTimeout as sleep } from 'node:timers/promises';

import { createRandom } from '../random.ts';
import type { Connection } from './connection.ts';

export type BusyProduct = 'paperless' | 'papermerge' | 'nextgisweb';

/** What one product does. Documents are known by a number that is never used again. */
export interface Habits {
  /** Reads what new documents belong to. Called once. */
  begin(): Promise<void>;
  add(document: number): Promise<void>;
  /** A further version, or another file in place of the present one. */
  replace(document: number): Promise<void>;
  move(document: number): Promise<void>;
  remove(document: number): Promise<void>;
  /** Does what is still to be done, and lets go of everything. */
  end(): Promise<void>;
}

export interface HabitOptions {
  readonly connection: Connection;
  readonly mediaDirectory: string;
}

export interface BusyStatistics {
  readonly operations: number;
  readonly added: number;
  readonly replaced: number;
  readonly moved: number;
  readonly removed: number;
  /** How long the application waited for one operation at most. */
  readonly longestMs: number;
  /** Messages of operations that failed; a healthy application has none. */
  readonly failures: readonly string[];
}

/** Content of the file of that name: other bytes for each name, 2 to 60 KB, the same on every machine. */
export function contentOf(name: string): Buffer {
  const random = createRandom(`busy ${name}`);
  return random.bytes(random.integer(2_000, 60_000));
}

/** Works until the signal. `documents`: so many are there before `onReady`. */
export async function work(
  habits: Habits,
  options: { readonly documents: number; readonly rate: number; readonly seed: string },
  onReady: () => void,
  signal: AbortSignal,
): Promise<BusyStatistics> {
  const { documents, rate, seed } = options;
  const random = createRandom(seed);
  const live: number[] = [];
  const counts = { added: 0, replaced: 0, moved: 0, removed: 0 };
  const failures: string[] = [];
  let [last, longestMs, operations] = [0, 0, 0];

  const add = async (): Promise<void> => {
    const document = ++last;
    await habits.add(document);
    live.push(document);
  };
  const any = (): number => random.integer(0, live.length - 1);
  const operate = async (): Promise<void> => {
    const kind = random.integer(1, 100);
    // as many come as go
    if (kind <= 30 || live.length === 0) {
      await add();
      counts.added++;
    } else if (kind <= 50) {
      await habits.replace(live[any()]!);
      counts.replaced++;
    } else if (kind <= 70) {
      await habits.move(live[any()]!);
      counts.moved++;
    } else {
      // new ones, too: a file that came after the walk may be gone before it is looked for
      const index = random.chance(0.5) ? live.length - 1 : any();
      const [document] = live.splice(index, 1);
      await habits.remove(document!);
      counts.removed++;
    }
  };

  await habits.begin();
  while (live.length < documents) await add();
  onReady();
  const began = performance.now();
  while (!signal.aborted) {
    const started = performance.now();
    try {
      await operate();
    } catch (error) {
      failures.push(String(error));
    }
    longestMs = Math.max(longestMs, performance.now() - started);
    operations++;
    const rest = began + (operations * 1000) / rate - performance.now();
    if (rest > 1) await sleep(rest);
  }
  await habits.end();
  return { operations, ...counts, longestMs: Math.round(longestMs), failures };
}
