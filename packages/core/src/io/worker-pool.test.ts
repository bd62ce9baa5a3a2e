// Threads: results come back, failures come back as what they were, and nothing hangs whatever happens to a thread.

import { describe, expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../test/caught.ts';
import type { ThreadJob } from '../../test/threads/obedient-thread.ts';
import { WorkerPool, defaultThreads } from './worker-pool.ts';

function openPool(threads = 2, module = 'obedient-thread'): WorkerPool<ThreadJob, unknown> {
  const pool = new WorkerPool<ThreadJob, unknown>(
    new URL(`../../test/threads/${module}`, import.meta.url),
    threads,
  );
  onTestFinished(() => pool.close());
  return pool;
}

async function run(pool: WorkerPool<ThreadJob, unknown>, job: ThreadJob): Promise<unknown> {
  const { result } = await pool.submit(job);
  return await result;
}

async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  const found = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (found instanceof Error) return found;
  throw new Error('nothing was thrown');
}

const shared = () => new Int32Array(new SharedArrayBuffer(8));
/** Lets threads that wait go on. */
function release(memory: Int32Array): void {
  Atomics.store(memory, 1, 1);
  Atomics.notify(memory, 1);
}

describe('jobs', () => {
  test('give their results, each its own', async () => {
    const pool = openPool(3);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, value) => run(pool, { do: 'answer', value: { value } })),
    );
    expect(answers).toEqual(Array.from({ length: 100 }, (_, value) => ({ value })));
    expect(pool.threads).toBe(3);
  });

  test('wait for a place when each thread has two', async () => {
    const pool = openPool(2);
    const memory = shared();
    const results: Promise<unknown>[] = [];
    for (let job = 0; job < 4; job++)
      results.push((await pool.submit({ do: 'wait', shared: memory })).result);
    let placed = 0;
    const later = Array.from({ length: 3 }, async () => {
      const { result } = await pool.submit({ do: 'answer', value: 'later' });
      placed++;
      return await result;
    });
    await Promise.all(Array.from({ length: 50 }, () => new Promise(setImmediate)));
    expect(placed).toBe(0);
    release(memory);
    expect(await Promise.all(results)).toEqual(Array.from({ length: 4 }, () => 'waited'));
    expect(await Promise.all(later)).toEqual(['later', 'later', 'later']);
  });

  test('take memory with them', async () => {
    const pool = openPool(1);
    const bytes = new Uint8Array(100).fill(7);
    const { result } = await pool.submit({ do: 'answer', value: bytes }, [bytes.buffer]);
    expect(bytes.byteLength).toBe(0);
    expect(await result).toEqual(new Uint8Array(100).fill(7));
  });

  test('have a sensible number of threads', () => {
    expect(defaultThreads()).toBeGreaterThanOrEqual(1);
    expect(defaultThreads()).toBeLessThanOrEqual(3);
  });
});

describe('a job that fails', () => {
  test('with an error of ours gives that error', async () => {
    const error = await rejection(run(openPool(), { do: 'fail', how: 'ours' }));
    expect([error.code, error.message, error.exitCode]).toEqual([
      'archive-damaged',
      'the entry is damaged',
      20,
    ]);
  });

  test('with another error gives its code, message and stack', async () => {
    const error = await failure(run(openPool(), { do: 'fail', how: 'system' }));
    expect([error.name, error.code, error.message]).toEqual(['Error', 'ENOENT', 'no such file']);
    expect(error.stack).toContain('obedient-thread');
  });

  test('with no error gives one', async () => {
    expect((await failure(run(openPool(), { do: 'fail', how: 'text' }))).message).toBe(
      'just a text',
    );
  });

  test('with a code that every object has is none of ours', async () => {
    const error = await failure(run(openPool(), { do: 'fail', how: 'prototype' }));
    expect([error.name, error.message]).toEqual(['Error', 'odd']);
  });

  test('because its result cannot be sent gives an error', async () => {
    expect((await failure(run(openPool(), { do: 'answer with a function' }))).message).toContain(
      'could not be cloned',
    );
  });

  test('fails alone', async () => {
    const pool = openPool(1);
    const failed = run(pool, { do: 'fail', how: 'ours' });
    const good = run(pool, { do: 'answer', value: 7 });
    expect((await rejection(failed)).code).toBe('archive-damaged');
    expect(await good).toBe(7);
    expect(await run(pool, { do: 'answer', value: 8 })).toBe(8);
  });

  test('and that nobody asks about ends nothing', async () => {
    const pool = openPool(1);
    await pool.submit({ do: 'fail', how: 'system' });
    expect(await run(pool, { do: 'answer', value: 7 })).toBe(7);
  });
});

describe('a thread that ends', () => {
  test('by a crash fails every job, the ones that wait and the ones to come', async () => {
    const pool = openPool(1);
    const crash = await pool.submit({ do: 'crash' });
    const behind = run(pool, { do: 'answer', value: 1 });
    const waiting = [2, 3, 4].map((value) => run(pool, { do: 'answer', value }));
    const failed = await Promise.all([behind, ...waiting].map(failure));
    expect(new Set(failed.map(({ message }) => message))).toEqual(new Set(['the thread crashed']));
    // its answer may have left the thread before
    await crash.result.catch(() => undefined);
    expect((await failure(run(pool, { do: 'answer', value: 7 }))).message).toBe(
      'the thread crashed',
    );
  });

  test.each([
    ['cannot start', 'broken-thread', /the thread cannot start/],
    ['is not there', 'no-thread', /no-thread/],
    ['has nothing to do', 'idle-thread', /a thread ended/],
  ])('because its module %s fails every job', async (_, module, message) => {
    const pool = openPool(2, module);
    const results = await Promise.all(
      [1, 2, 3, 4, 5].map((value) => failure(run(pool, { do: 'answer', value }))),
    );
    for (const error of results) expect(error.message).toMatch(message);
  });

  test('by itself fails the jobs it had', async () => {
    const pool = openPool(1);
    const exit = await pool.submit({ do: 'exit' });
    const behind = await pool.submit({ do: 'answer', value: 7 });
    expect((await failure(exit.result)).message).toBe('a thread ended in the middle of its work');
    await failure(behind.result);
  });
});

describe('closing', () => {
  test('lets jobs that are under way end', async () => {
    const pool = openPool(1);
    const memory = shared();
    const { result } = await pool.submit({ do: 'wait', shared: memory });
    const closed = pool.close();
    release(memory);
    await closed;
    expect(await result).toBe('waited');
  });

  test('refuses jobs that wait and jobs that come later', async () => {
    const pool = openPool(1);
    const memory = shared();
    const two = [
      await pool.submit({ do: 'wait', shared: memory }),
      await pool.submit({ do: 'answer', value: 2 }),
    ];
    const waiting = run(pool, { do: 'answer', value: 3 });
    const refused = rejection(waiting);
    const closed = pool.close();
    release(memory);
    await closed;
    expect(await Promise.all(two.map(({ result }) => result))).toEqual(['waited', 2]);
    expect((await refused).code).toBe('interrupted');
    expect((await rejection(run(pool, { do: 'answer', value: 4 }))).code).toBe('interrupted');
  });

  test('can be done twice, and after a crash', async () => {
    const pool = openPool(2);
    await pool.close();
    expect((await rejection(run(pool, { do: 'answer', value: 1 }))).code).toBe('interrupted');
    await pool.close();
    const broken = openPool(2, 'broken-thread');
    await failure(run(broken, { do: 'answer', value: 1 }));
    await broken.close();
  });
});
