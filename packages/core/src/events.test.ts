// Progress is told a few times per second, however often it is made; the last word always.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { throttledProgress } from './events.ts';
import type { VerbEvent } from './events.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  // long after the start of the process
  vi.advanceTimersByTime(10_000);
});
afterEach(() => {
  vi.useRealTimers();
});

const progress = (doneItems: number) => ({
  phase: 'media',
  doneBytes: 0,
  doneItems,
  items: 'files',
});

function collected(intervalMs?: number): {
  events: VerbEvent[];
  tell: ReturnType<typeof throttledProgress>;
} {
  const events: VerbEvent[] = [];
  return { events, tell: throttledProgress((event) => void events.push(event), intervalMs) };
}

test('one event per interval goes through, as it was made', () => {
  const { events, tell } = collected();
  for (let item = 0; item < 1000; item++) {
    tell(progress(item));
    vi.advanceTimersByTime(1);
  }
  expect(events).toHaveLength(10);
  expect(events.slice(0, 2)).toEqual([
    { type: 'progress', ...progress(0) },
    { type: 'progress', ...progress(100) },
  ]);
});

test('the last event goes through at once', () => {
  const { events, tell } = collected();
  tell(progress(1));
  tell(progress(2));
  tell(progress(3), true);
  tell(progress(4));
  expect(events).toEqual([
    { type: 'progress', ...progress(1) },
    { type: 'progress', ...progress(3) },
  ]);
});

test('the interval is the one that was asked for', () => {
  const { events, tell } = collected(1000);
  for (const wait of [0, 999, 1, 999, 1]) {
    vi.advanceTimersByTime(wait);
    tell(progress(wait));
  }
  expect(events).toHaveLength(3);
});
