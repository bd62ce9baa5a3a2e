// What every place for archives can do, whatever is behind it. Names are plain file names directly at the place. The
// invariant of all storages: a name leads to a whole archive or to nothing, and no archive is ever written over another.

import type { Sink } from '../io/sink.ts';

/** A file directly at the place, as the storage describes it. */
export interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date | null;
}

/** A file that is read in pieces, from any position, in any order, also several at a time. */
export interface StoredReader {
  readonly sizeBytes: number;
  /**
   * Exactly these bytes; a cut connection is retried inside. Throws `server-unreachable`, `storage-denied`,
   * `source-unreadable`, or `archive-damaged` when the file changed or became shorter since it was opened.
   */
  read(position: number, lengthBytes: number, signal?: AbortSignal): Promise<Buffer>;
  close(): Promise<void>;
}

/** A file that can only be read from its beginning to its end (restic). The stream throws what `read` throws. */
export interface StoredStream {
  readonly sizeBytes: number;
  readonly stream: AsyncIterable<Buffer>;
  /** Ends the reading, also before the end of the stream. */
  close(): Promise<void>;
}

export type OpenedFile =
  | { readonly kind: 'ranges'; readonly reader: StoredReader }
  | ({ readonly kind: 'stream' } & StoredStream);

export interface Storage {
  /** The place as users write it, for messages: without options, never with a secret. */
  readonly url: string;
  /** Files directly at the place, in no order. Names that no archive can have are left out. Throws `archive-not-found`. */
  list(): Promise<readonly StoredFile[]>;
  /** Throws `archive-not-found`. */
  open(name: string, signal?: AbortSignal): Promise<OpenedFile>;
  /**
   * The file appears under its name with `commit` and not before; `discard` waits until nothing is left, as far as the storage can
   * still be reached. Throws `destination-exists` now if the name is taken,
   * and at `commit` if it was taken meanwhile. Makes the place where that is a directory that is not there yet.
   */
  createSink(name: string, signal?: AbortSignal): Promise<Sink>;
  /** Throws `archive-not-found`. */
  remove(name: string): Promise<void>;
  /** Ends connections. The storage is of no use afterwards. */
  close(): Promise<void>;
}

/** What the clients of the storages may look at. */
export interface StorageContext {
  /** Variables such as AWS_PROFILE or RESTIC_PASSWORD_FILE; passed to the programs that are started. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths count from here. */
  readonly workingDirectory: string;
  readonly signal?: AbortSignal | undefined;
  /** How long to go on trying; for tests. */
  readonly patience?: Patience | undefined;
}

/** Attempts and the pauses between them: each is twice as long as the one before, up to the longest. */
export interface Patience {
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A server that says nothing for this long is treated as cut off. */
  readonly stallMs: number;
}
