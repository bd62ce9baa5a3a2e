// Where the bytes of an archive come from: a file, a storage far away, or one of these behind encryption. Reading is
// synchronous everywhere, in threads too, so that there is one reader; what is far away is loaded before, or fetched for a
// thread that waits.

import type { AgePayload } from '../encryption/age-reader.ts';
import type { MessagePort, Transferable } from 'node:worker_threads';

export interface ByteSource {
  readonly sizeBytes: number;
  /**
   * Exactly these bytes, in memory of their own. Throws `archive-damaged` when the file ends before, `source-unreadable` on I/O
   * errors; on the main thread {@link NotLoaded} when they were not loaded.
   */
  read(position: number, lengthBytes: number): Buffer;
}

/** As the main thread has it. */
export interface ArchiveSource extends ByteSource {
  /** For messages. */
  readonly name: string;
  /** Makes the bytes readable here; nothing to do for a file. Throws what the storage throws. */
  load(position: number, lengthBytes: number): Promise<void>;
  /** For one thread, which makes its source of it with `openThreadSource`. */
  forThread(): ThreadSource;
  close(): void;
}

/** What a thread needs to read for itself. */
export interface ThreadSource {
  readonly data: ThreadSourceData;
  readonly transfer: readonly Transferable[];
}

export type ThreadSourceData =
  /** Threads share the open files of the process. */
  | { readonly kind: 'file'; readonly fd: number; readonly sizeBytes: number }
  /** Asks the main thread and waits at the gate; see `remote-source.ts`. */
  | {
      readonly kind: 'remote';
      readonly port: MessagePort;
      readonly gate: Int32Array;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'age'; readonly inner: ThreadSourceData; readonly payload: AgePayload };

/** Thrown by `read` on the main thread, which must not wait: load the bytes, then try again. */
export class NotLoaded extends Error {
  /** Loads what was missing. */
  readonly load: () => Promise<void>;

  constructor(load: () => Promise<void>) {
    super('bytes of an archive were not loaded before they were read');
    this.load = load;
  }
}

/** Runs `read` until all that it needs is loaded. It must be harmless to run it from the start again. */
export async function withLoaded<Result>(read: () => Result | Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      await error.load();
    }
  }
}
