// The proof of one table: rows counted and hashed while they pass, independent of how they were cut into chunks
// ({@link TableDigestSchema}). Source and restored table give the same digest exactly when they hold the same rows.

import { createHash } from 'node:crypto';
import type { TableDigest } from './engine.ts';

/** What {@link TableDigester.add} takes: a chunk as it goes into the archive, and what is only hashed. */
export interface DigestedPart {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly storage?: Uint8Array;
  /** COPY text of the generated columns of the same rows; absent for tables without such columns. */
  readonly generated?: Uint8Array;
}

export interface TableDigester {
  /** Adds the next rows. Row numbers of storage lines count within the part; they are hashed as numbers in the table. */
  add(part: DigestedPart): void;
  finish(): TableDigest;
}

export function createTableDigester(): TableDigester {
  const copy = createHash('sha256');
  const storage = createHash('sha256');
  const generated = createHash('sha256');
  let rows = 0;
  return {
    add(part) {
      copy.update(part.bytes);
      if (part.storage !== undefined) storage.update(shiftRows(part.storage, rows));
      if (part.generated !== undefined) generated.update(part.generated);
      rows += part.rows;
    },
    finish() {
      const digest = createHash('sha256');
      for (const hash of [copy, storage, generated]) digest.update(hash.digest());
      return { rows, digest: digest.digest('hex') };
    },
  };
}

function shiftRows(lines: Uint8Array, rows: number): string {
  return Buffer.from(lines)
    .toString('latin1')
    .replaceAll(/^\{"row":(\d+)/gm, (_, row: string) => `{"row":${Number(row) + rows}`);
}
