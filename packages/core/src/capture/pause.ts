// The pause of the application, as its adapter offers it, within bounds that core keeps: a limited wait for it, a limited
// time until it ends (whatever else is under way), and an end on every way out. What cannot be paused is backed up without:
// the proof does not rest on the pause, it only makes further snapshots rare.

import type { Adapter, Instance } from '../adapter.ts';
import { DmsBackupError, assertNotAborted } from '../errors.ts';

export interface PauseLimits {
  /** Until the application stands still. It works meanwhile, so this may be long. */
  readonly waitMs: number;
  /** Until the pause ends, ready or not. With the release and the application's own polling it stays below 2 seconds. */
  readonly holdMs: number;
  /** For the release. */
  readonly releaseMs: number;
}

const usualLimits: PauseLimits = { waitMs: 5_000, holdMs: 1_500, releaseMs: 1_000 };

type Release = () => Promise<void>;

export class ApplicationPause {
  readonly #adapter: Adapter;
  readonly #instance: Instance;
  readonly #signal: AbortSignal | undefined;
  readonly #limits: PauseLimits;
  /** At most one: after it nothing is tried again. */
  #warning: string | undefined;
  #count = 0;
  #longestMs = 0;
  #end: (() => Promise<void>) | undefined;

  constructor(
    source: { adapter: Adapter; instance: Instance; signal?: AbortSignal },
    limits: Partial<PauseLimits> = {},
  ) {
    this.#adapter = source.adapter;
    this.#instance = source.instance;
    this.#signal = source.signal;
    this.#limits = { ...usualLimits, ...limits };
  }

  /** True when the adapter knows how to pause the application, whether or not it worked so far. */
  get isOffered(): boolean {
    return this.#adapter.quiesce !== undefined;
  }

  /** Why the application was not paused, as a sentence for the user. */
  get warnings(): readonly string[] {
    return this.#warning === undefined ? [] : [this.#warning];
  }

  /** For people: how often, and how long at most. Undefined when there was no pause. */
  get summary(): string | undefined {
    if (this.#count === 0) return undefined;
    const longest = `${(this.#longestMs / 1000).toFixed(2)} s`;
    return this.#count === 1
      ? `the application was paused for ${longest}`
      : `the application was paused ${this.#count} times, for ${longest} at most`;
  }

  /**
   * Runs `work` while the application is paused, or without a pause when there is none to be had. The pause ends with the
   * work, with its failure, and at the limit, when the work goes on without. Throws what `work` throws, `interrupted`, and
   * `adapter-invalid` when `quiesce` returns no release.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.#begin();
    const timer = setTimeout(() => void this.#end?.(), this.#limits.holdMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      await this.#end?.();
    }
  }

  async #begin(): Promise<void> {
    this.#end = undefined;
    if (!this.isOffered || this.#warning !== undefined) return;
    assertNotAborted(this.#signal);
    let release: Release;
    try {
      release = await this.#take();
    } catch (error) {
      assertNotAborted(this.#signal);
      return this.#warn('the application was not paused while its last files were read', error);
    }
    if (typeof release !== 'function') {
      throw new DmsBackupError(
        'adapter-invalid',
        `adapter '${this.#adapter.name}' returned something else than \`quiesce\` promises (no function)`,
      );
    }
    const began = performance.now();
    let ended: Promise<void> | undefined;
    // the timer and the end of the work may both come
    this.#end = () => (ended ??= this.#release(release, began));
  }

  async #take(): Promise<Release> {
    const { waitMs } = this.#limits;
    const controller = new AbortController();
    const stop = () => controller.abort();
    this.#signal?.addEventListener('abort', stop);
    const asked = (async () =>
      await this.#adapter.quiesce!(this.#instance, { signal: controller.signal, waitMs }))();
    try {
      return await within(asked, waitMs + 500, controller.signal);
    } catch (error) {
      // it may come when nobody waits for it any more
      asked
        .then(
          async (release) => await release(),
          () => undefined,
        )
        .catch(() => undefined);
      stop();
      throw error;
    } finally {
      this.#signal?.removeEventListener('abort', stop);
    }
  }

  async #release(release: Release, began: number): Promise<void> {
    try {
      await within((async () => await release())(), this.#limits.releaseMs);
    } catch (error) {
      this.#warn('the end of the pause of the application is not certain', error);
    }
    this.#count++;
    this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
  }

  #warn(what: string, error: unknown): void {
    this.#warning ??= `${what}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The result of `promise`, or a rejection when it takes too long or the signal is aborted. */
async function within<T>(promise: Promise<T>, limitMs: number, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer from its adapter within ${limitMs / 1000} s`)),
      limitMs,
    );
    stop = () => reject(new Error('interrupted'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop!);
  }
}
