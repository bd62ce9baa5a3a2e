// What the reader asks of its threads: walk a run of entries, compare heads and hashes with the index, and write files.

import type { IndexedEntry } from './index-entry.ts';
import type { Codec } from './frame-codec.ts';
import type { Frame } from './frame-table.ts';

export interface UnpackEntry extends Omit<IndexedEntry, 'pathBytes' | 'linkBytes'> {
  readonly pathBytes: Uint8Array;
  readonly linkBytes?: Uint8Array;
  /** Where the file is to be written (absolute, bytes); absent: only checked. */
  readonly writeTo?: Uint8Array;
  /** Bytes of other entries before this one, which are passed over. */
  readonly skipBytes?: number;
  /** Its content is wanted back. */
  readonly wantContent?: boolean;
}

export interface UnpackJob {
  readonly codec: Codec;
  readonly frames: readonly Frame[];
  /** Position of the first entry's head in the tar stream. */
  readonly start: number;
  readonly entries: readonly UnpackEntry[];
  /** Shared; not 0 when the work is to end in the middle of a file, with `interrupted`. */
  readonly stop?: Int32Array;
  /** Set owner as recorded (needs root). */
  readonly setOwner: boolean;
}

export interface UnpackResult {
  readonly bytes: number;
  /** LF bytes in the content of each entry whose path ends with `.copy`, by number of the entry. */
  readonly rows: readonly (readonly [number: number, rows: number])[];
  /** Contents of the entries with `wantContent`, in their order. */
  readonly contents: readonly Uint8Array[];
}
