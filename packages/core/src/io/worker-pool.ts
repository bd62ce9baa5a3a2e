// A few threads that take jobs and give results back, at most two jobs per thread under way: in-flight buffers decide the
// memory of a run. The first failure of a thread fails every job; nothing hangs.

import { availableParallelism } from 'node:os';
import { Worker, parentPort } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import { DmsBackupError, errorTable, systemErrorCode } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';

/** What a worker posts back: the result, or an error as plain data (classes do not survive the trip). */
export type WorkerAnswer<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: WorkerFailure };

export interface WorkerFailure {
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

interface Pending<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const mostThreads = 3;

/**
 * Threads to use by default: all cores, at most three. Each takes about 25 MB, and with four of them a backup of 100,000 files
 * came to 255 MB; the main thread (order, notes, hashes of large files) keeps a fourth core busy.
 */
export function defaultThreads(): number {
  return Math.max(1, Math.min(mostThreads, availableParallelism()));
}

/**
 * File contents lie outside of the heap; on it a thread has some thousand small objects per job. A small heap is collected
 * early: without a limit each thread grows by 30 MB of garbage first. But V8 also stops and collects all of it when the memory
 * outside grows by half of this number.
 */
const threadHeapMebibytes = 16;
const nothing = { data: undefined, transfer: [] };

export interface PoolOptions {
  /** Old generation of the heap of each thread. */
  readonly heapMebibytes?: number;
  /** Called once for each thread: what it finds as its `workerData`. */
  readonly giveThread?: () => { data: unknown; transfer: readonly Transferable[] };
}

export class WorkerPool<Job, Result> {
  readonly #workers: { worker: Worker; busy: number; exited: Promise<void> }[] = [];
  readonly #pending = new Map<number, Pending<Result>>();
  readonly #waiting: (() => void)[] = [];
  #nextId = 0;
  #closed = false;
  #failure: unknown;

  /** `module`: file URL of the worker's source without its ending, e.g. `new URL('./pack-worker', import.meta.url)`. */
  constructor(
    module: URL,
    threads = defaultThreads(),
    { heapMebibytes = threadHeapMebibytes, giveThread = () => nothing }: PoolOptions = {},
  ) {
    // from sources (tests) Node strips the types itself, which takes a larger heap; built packages hold JavaScript
    const fromSources = import.meta.url.endsWith('.ts');
    const file = new URL(`${module.href}${fromSources ? '.ts' : '.js'}`);
    const resourceLimits = fromSources ? {} : { maxOldGenerationSizeMb: heapMebibytes };
    for (let number = 0; number < threads; number++) {
      const { data, transfer } = giveThread();
      const worker = new Worker(file, {
        resourceLimits,
        workerData: data,
        transferList: [...transfer],
      });
      const exited = new Promise<void>((resolve) => {
        worker.once('exit', () => {
          resolve();
          // also without an error: whoever waits for a result would wait for ever
          if (!this.#closed) this.#fail(new Error('a thread ended in the middle of its work'));
        });
      });
      const slot = { worker, busy: 0, exited };
      worker.on('message', (answer: WorkerAnswer<Result>) => {
        slot.busy--;
        this.#settle(answer);
      });
      worker.on('messageerror', (error) => this.#fail(error));
      worker.on('error', (error) => this.#fail(error));
      this.#workers.push(slot);
    }
  }

  get threads(): number {
    return this.#workers.length;
  }

  /** Waits for a free place, then hands the job over. The outer promise is the place, the inner one the result. */
  async submit(
    job: Job,
    transfer: readonly Transferable[] = [],
  ): Promise<{ result: Promise<Result> }> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const slot = this.#workers.reduce((least, each) => (each.busy < least.busy ? each : least));
      if (slot.busy < 2) {
        slot.busy++;
        const id = this.#nextId++;
        const result = new Promise<Result>((resolve, reject) => {
          this.#pending.set(id, { resolve, reject });
        });
        // a rejection is seen by whoever awaits the result; until then it must not end the process
        result.catch(() => undefined);
        slot.worker.postMessage({ id, job }, transfer);
        return { result };
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /**
   * Lets the threads end by themselves after the jobs they have (at most two each); must be called, or the process does not
   * end. Terminating threads in the middle of native code has crashed Node 24 here.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { worker } of this.#workers) worker.postMessage(null);
    await Promise.all(this.#workers.map(({ exited }) => exited));
    this.#fail(new DmsBackupError('interrupted', 'work was stopped'));
  }

  #settle(answer: WorkerAnswer<Result>): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(failureToError(answer.failure));
    this.#waiting.shift()?.();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

/** For the thread's side: answers every job with what `run` returns or throws, until the pool is closed. */
export function serveJobs(run: (job: never) => { result: unknown; transfer: ArrayBuffer[] }): void {
  const port = parentPort;
  // the pool that was opened for this thread's module posts no other jobs
  port?.on('message', (message: { id: number; job: never } | null) => {
    if (message === null) return port.close();
    const { id, job } = message;
    try {
      const { result, transfer } = run(job);
      port.postMessage({ id, result }, transfer);
    } catch (error) {
      port.postMessage({ id, failure: errorToFailure(error) });
    }
  });
}

export function errorToFailure(error: unknown): WorkerFailure {
  const known = error instanceof Error ? error : new Error(String(error));
  return { code: systemErrorCode(known) ?? '', message: known.message, stack: known.stack };
}

export function failureToError(failure: WorkerFailure): Error {
  if (Object.hasOwn(errorTable, failure.code))
    return new DmsBackupError(failure.code as ErrorCode, failure.message);
  const error = Object.assign(new Error(failure.message), { code: failure.code });
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
