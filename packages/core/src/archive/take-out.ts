// Writes chosen files of an archive, in threads, each proved by head, hash and padding while it is written. What lies between
// them is neither read nor proved: that is what `walk.ts` is for.

import { DmsBackupError, assertNotAborted, isDmsBackupError } from '../errors.ts';
import { WorkerPool, defaultThreads } from '../io/worker-pool.ts';
import { frameTargetBytes } from './frame-codec.ts';
import type { ArchiveReader, PlacedEntry } from './reader.ts';
import type { UnpackEntry, UnpackJob, UnpackResult } from './unpack-job.ts';

export interface ChosenFile {
  readonly entry: PlacedEntry;
  /** A path at which there is nothing. */
  readonly writeTo: Buffer;
}

export interface TakeOutOptions {
  /** All that is chosen, for the number of threads. */
  readonly bytes: number;
  /** Called as runs of files are done. */
  readonly onDone: (files: number, bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Below, a second thread takes longer to start than it saves. */
const bytesPerThread = 16 * 1024 * 1024;
const jobLimitEntries = 256;

/**
 * `chosen`: in the order of their positions. Files that were written stay when it fails. Throws `archive-damaged`, `no-space`,
 * `destination-unwritable`, `interrupted`.
 */
export async function takeOut(
  reader: ArchiveReader,
  chosen: Iterable<ChosenFile>,
  { bytes, onDone, signal }: TakeOutOptions,
): Promise<void> {
  const threads = Math.min(defaultThreads(), 1 + Math.floor(bytes / bytesPerThread));
  const pool = new WorkerPool<UnpackJob, UnpackResult>(
    new URL('./unpack-worker', import.meta.url),
    threads,
    { giveThread: () => reader.source.forThread() },
  );
  // a file of gigabytes from far away takes an hour: nobody waits for its end after Ctrl-C
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const stopNow = (): void => void Atomics.store(stop, 0, 1);
  signal?.addEventListener('abort', stopNow);
  const underWay = new Set<Promise<void>>();
  let failure: unknown;
  const note = async (job: UnpackJob, result: Promise<UnpackResult>): Promise<void> => {
    try {
      onDone(job.entries.length, (await result).bytes);
    } catch (error) {
      failure ??= asWriteError(error);
      stopNow();
    }
  };
  try {
    for (const job of jobsFor(reader, chosen)) {
      assertNotAborted(signal);
      if (failure !== undefined) throw failure;
      const { result } = await pool.submit({ ...job, stop });
      const noted = note(job, result).finally(() => underWay.delete(noted));
      underWay.add(noted);
    }
    await Promise.all(underWay);
    assertNotAborted(signal);
    if (failure !== undefined) throw failure;
  } finally {
    signal?.removeEventListener('abort', stopNow);
    await pool.close();
  }
}

/** Runs of files whose frames touch, so that no frame is read twice and none that has nothing of them. */
function* jobsFor(reader: ArchiveReader, chosen: Iterable<ChosenFile>): Generator<UnpackJob> {
  const { codec, frames } = reader;
  let entries: UnpackEntry[] = [];
  let [start, end, frameEnd] = [0, 0, 0];
  const job = (): UnpackJob => ({
    codec,
    frames: [...frames.covering(start, end)],
    start,
    entries,
    setOwner: false,
  });
  for (const { entry, writeTo } of chosen) {
    const { position, end: entryEnd, ...facts } = entry;
    const belongs =
      entries.length > 0 &&
      entries.length < jobLimitEntries &&
      end - start < frameTargetBytes &&
      position >= end &&
      position < frameEnd;
    if (!belongs) {
      if (entries.length > 0) yield job();
      [entries, start, end] = [[], position, position];
    }
    entries.push({ ...facts, writeTo, skipBytes: position - end });
    end = entryEnd;
    for (const frame of frames.covering(end - 1, end)) frameEnd = frame.position + frame.size;
  }
  if (entries.length > 0) yield job();
}

/** Threads know of restores only. */
function asWriteError(error: unknown): unknown {
  if (!isDmsBackupError(error) || error.code !== 'restore-failed') return error;
  return new DmsBackupError('destination-unwritable', error.message, { cause: error });
}
