// The pause of an application: used when it is there, bounded whatever the adapter does, and ended on every way out.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { instanceOf, shoebox } from '../../test/shoebox.ts';
import type { Adapter } from '../adapter.ts';
import { ApplicationPause } from './pause.ts';
import type { PauseLimits } from './pause.ts';

const instance = instanceOf([]);
type Quiesce = NonNullable<Adapter['quiesce']>;

function pauseOf(quiesce: Quiesce, limits: Partial<PauseLimits> = {}, signal?: AbortSignal) {
  return new ApplicationPause(
    { adapter: shoebox({ quiesce }), instance, ...(signal && { signal }) },
    limits,
  );
}

/** An application that notes what happens to it. */
function application() {
  const story: string[] = [];
  const quiesce: Quiesce = async () => {
    story.push('paused');
    return async () => void story.push('released');
  };
  const work = async () => void story.push('work');
  return { story, quiesce, work };
}

const never = () => new Promise<never>(() => undefined);

describe('a pause', () => {
  test('lasts as long as the work', async () => {
    const { story, quiesce, work } = application();
    const pause = pauseOf(quiesce);
    await pause.during(work);
    await pause.during(work);
    const once = ['paused', 'work', 'released'];
    expect(story).toEqual([...once, ...once]);
    expect(pause.summary).toMatch(/^the application was paused 2 times, for \d+\.\d\d s at most$/);
    expect(pause.warnings).toEqual([]);
  });

  test('is asked for with the instance and a time to wait', async () => {
    const asked: unknown[] = [];
    const quiesce: Quiesce = async (...given) => {
      asked.push(...given);
      return async () => undefined;
    };
    await pauseOf(quiesce, { waitMs: 123 }).during(async () => undefined);
    expect(asked).toEqual([instance, { signal: expect.any(AbortSignal), waitMs: 123 }]);
  });

  test('is not needed', async () => {
    const pause = new ApplicationPause({ adapter: shoebox(), instance });
    expect(await pause.during(async () => 'done')).toBe('done');
    expect([pause.isOffered, pause.summary, pause.warnings]).toEqual([false, undefined, []]);
  });

  test('ends when the work fails', async () => {
    const { story, quiesce } = application();
    const failing = pauseOf(quiesce).during(() => Promise.reject(new Error('disk on fire')));
    await expect(failing).rejects.toThrow('disk on fire');
    expect(story).toEqual(['paused', 'released']);
  });

  test('ends at its limit, once, and the work goes on', async () => {
    const { story, quiesce, work } = application();
    const pause = pauseOf(quiesce, { holdMs: 50 });
    await pause.during(async () => {
      await vi.waitUntil(() => story.includes('released'));
      await work();
    });
    expect(story).toEqual(['paused', 'released', 'work']);
    const seconds = Number(/for (\d+\.\d\d) s$/.exec(pause.summary ?? '')?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(0.05);
    expect(pause.warnings).toEqual([]);
  });
});

describe('an adapter that', () => {
  test.each<[string, Quiesce]>([
    ['fails later', () => Promise.reject(new Error('no lock'))],
    [
      'fails at once',
      () => {
        throw new Error('no lock');
      },
    ],
  ])('%s is told in one warning, and not asked again', async (_, quiesce) => {
    let asked = 0;
    const pause = pauseOf((...given) => {
      asked++;
      return quiesce(...given);
    });
    expect(await pause.during(async () => 1)).toBe(1);
    expect(await pause.during(async () => 2)).toBe(2);
    expect(asked).toBe(1);
    expect(pause.warnings).toEqual([
      'the application was not paused while its last files were read: no lock',
    ]);
    expect([pause.isOffered, pause.summary]).toEqual([true, undefined]);
  });

  test('never answers is left alone, and told that nobody waits', async () => {
    let signal: AbortSignal | undefined;
    const pause = pauseOf(
      (_, options) => {
        signal = options.signal;
        return never();
      },
      { waitMs: 20 },
    );
    expect(await pause.during(async () => 'done')).toBe('done');
    expect(signal?.aborted).toBe(true);
    expect(pause.warnings).toEqual([
      'the application was not paused while its last files were read: no answer from its adapter within 0.52 s',
    ]);
  });

  test('answers too late is released at once', async () => {
    const { story, quiesce, work } = application();
    const pause = pauseOf(
      async (...given) => {
        await sleep(800);
        return await quiesce(...given);
      },
      { waitMs: 20 },
    );
    await pause.during(work);
    expect(story).toEqual(['work']);
    await expect.poll(() => story).toEqual(['work', 'paused', 'released']);
    expect(pause.summary).toBeUndefined();
  });

  test('returns no release is refused', async () => {
    const broken = (async () => undefined) as unknown as Quiesce;
    const error = await rejection(pauseOf(broken).during(never));
    expect([error.code, error.message]).toEqual([
      'adapter-invalid',
      "adapter 'shoebox' returned something else than `quiesce` promises (no function)",
    ]);
  });

  test.each<[string, () => Promise<void>, string]>([
    ['never releases', never, 'no answer from its adapter within 0.02 s'],
    ['fails to release', () => Promise.reject(new Error('lost it')), 'lost it'],
  ])('%s is told', async (_, release, why) => {
    const pause = pauseOf(async () => release, { releaseMs: 20 });
    expect(await pause.during(async () => 'done')).toBe('done');
    expect(pause.warnings).toEqual([
      `the end of the pause of the application is not certain: ${why}`,
    ]);
  });
});

describe('an interruption', () => {
  test('ends the wait, and what comes after it is released', async () => {
    const { story, quiesce, work } = application();
    const controller = new AbortController();
    const pause = pauseOf(
      async (...given) => {
        controller.abort();
        await sleep(50);
        return await quiesce(...given);
      },
      {},
      controller.signal,
    );
    expect((await rejection(pause.during(work))).code).toBe('interrupted');
    await expect.poll(() => story).toEqual(['paused', 'released']);
  });

  test('before it asks for nothing', async () => {
    const { story, quiesce, work } = application();
    const pause = pauseOf(quiesce, {}, AbortSignal.abort());
    expect((await rejection(pause.during(work))).code).toBe('interrupted');
    expect(story).toEqual([]);
  });
});
