// What the writer asks of its threads: fill one frame, hash what goes in, compress it. Plain data, so that it can be posted.

import type { Codec } from './frame-codec.ts';
import type { EntryType } from './tar-entry.ts';

/** A file on disk, small enough to share a frame. The thread reads it once. */
export interface DiskItem {
  readonly kind: 'disk';
  /** Absolute path on disk, bytes. */
  readonly source: Uint8Array;
  /** Path in the archive, bytes. */
  readonly path: Uint8Array;
  /** As seen by the scan; the thread takes the size that it finds. */
  readonly expectedSize: number;
  readonly md5: boolean;
}

/** An entry whose content is at hand (or that has none). */
export interface MemoryItem {
  readonly kind: 'memory';
  readonly path: Uint8Array;
  readonly type: EntryType;
  readonly content: Uint8Array;
  readonly link?: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Decimal seconds with nine digits. */
  readonly mtime: string;
}

/** A piece of a large file: the main thread has opened it, made the head, and hashes the pieces in order. */
export interface PieceItem {
  readonly kind: 'piece';
  readonly fd: number;
  readonly start: number;
  readonly length: number;
  /** Head of the entry, before the first piece. */
  readonly head: Uint8Array;
  /** Zero bytes behind the last piece. */
  readonly padding: number;
}

export type PackItem = DiskItem | MemoryItem | PieceItem;

export interface PackJob {
  readonly items: readonly PackItem[];
  readonly codec: Codec;
  readonly level: number;
  /** Zero bytes behind everything: the end of the archive. */
  readonly endBytes: number;
}

/** What became of one item. `failure`: a system error code such as ENOENT; then nothing of it is in the frame. */
export interface PackedItem {
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
  readonly md5?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
  /** The file changed while it was read: its bytes are no state it ever had. */
  readonly changed?: boolean;
  readonly failure?: string;
}

export interface PackResult {
  /** Compressed; empty when nothing was packed. */
  readonly frame: Uint8Array;
  readonly contentSize: number;
  readonly items: readonly PackedItem[];
  /** Content of a piece, for hashing in order. */
  readonly piece?: Uint8Array;
}

/** Failure code for a file that grew beyond what a shared frame takes; the writer packs it as a large file then. */
export const grewFailure = 'GREW';
/** Failure code for something that is no regular file any more. */
export const notRegularFailure = 'NOTREG';
