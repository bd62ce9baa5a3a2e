// Repeats what failed because of the network or a busy server: with pauses that grow, and at once gone when interrupted.

import { setTimeout as pause } from 'node:timers/promises';
import { DmsBackupError, assertNotAborted } from '../errors.ts';
import type { Patience } from './storage.ts';

/** For data under way: about three minutes of a broken network are survived. */
export const patient: Patience = {
  attempts: 10,
  firstPauseMs: 500,
  longestPauseMs: 60_000,
  stallMs: 60_000,
};

/** For the first word to a server: a wrong address should be told within seconds. */
export function impatient(patience: Patience): Patience {
  return { ...patience, attempts: Math.min(patience.attempts, 4) };
}

/**
 * Runs the action until it succeeds, fails for good, or the attempts are used up; then the last error is thrown.
 * `isTransient` tells which errors are worth another attempt. Throws `interrupted` when the signal is aborted.
 */
export async function withRetries<T>(
  action: (attempt: number) => Promise<T>,
  isTransient: (error: unknown) => boolean,
  patience: Patience,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    assertNotAborted(signal);
    try {
      return await action(attempt);
    } catch (error) {
      assertNotAborted(signal);
      if (attempt >= patience.attempts || !isTransient(error)) throw error;
      await interruptiblePause(pauseMs(patience, attempt), signal);
    }
  }
}

/** The pause after an attempt: between half of it and all of it, so that many clients do not return together. */
function pauseMs(patience: Patience, attempt: number): number {
  const full = Math.min(patience.firstPauseMs * 2 ** (attempt - 1), patience.longestPauseMs);
  return full * (0.5 + Math.random() / 2);
}

async function interruptiblePause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await pause(milliseconds, undefined, signal && { signal });
  } catch (cause) {
    throw new DmsBackupError('interrupted', 'interrupted by the user', { cause });
  }
}

/** The same promise, but `interrupted` as soon as the signal is aborted; what the promise does later is not looked at. */
export async function orInterrupted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  let interrupt: (() => void) | undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt = () => reject(new DmsBackupError('interrupted', 'interrupted by the user'));
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    if (interrupt) signal.removeEventListener('abort', interrupt);
  }
}

/** Waits for the work, but not longer than this. What the work does later is not looked at. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  const timer = pause(milliseconds, undefined, { signal: enough.signal }).catch(() => undefined);
  try {
    await Promise.race([work, timer]);
  } finally {
    enough.abort();
    work.catch(() => undefined);
  }
}
