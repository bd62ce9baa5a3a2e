// Puts the entries below `database/tables/` together again: which table a chunk belongs to, and the storage lines beside it.

import type { CopyChunk } from '../database/engine.ts';
import { DmsBackupError } from '../errors.ts';
import { chunkPath, storagePath } from './database-part.ts';
import type { ArchivedSchema } from './database-part.ts';

export type ArchivedTable = ArchivedSchema['tables'][number];

/** Takes entries in the order of the archive and hands whole chunks on. */
export class ChunkOrder {
  readonly #byFolder: ReadonlyMap<string, { table: ArchivedTable; chunks: number }>;
  readonly #take: (table: ArchivedTable, chunk: CopyChunk) => Promise<void>;
  /** A chunk waits for the storage lines that may follow it. */
  #waiting: { table: ArchivedTable; number: number; bytes: Buffer } | undefined;

  constructor(
    schema: ArchivedSchema,
    take: (table: ArchivedTable, chunk: CopyChunk) => Promise<void>,
  ) {
    this.#byFolder = new Map(schema.tables.map((table) => [table.folder, { table, chunks: 0 }]));
    this.#take = take;
  }

  /** The next entry. Throws `archive-damaged` for one that belongs to no table, or is not the next of its table. */
  async add(path: string, bytes: Buffer): Promise<void> {
    const waiting = this.#waiting;
    if (waiting && path === storagePath(waiting.table.folder, waiting.number))
      return await this.end(bytes);
    await this.end();
    const found = this.#byFolder.get(path.split('/')[2] ?? '');
    if (
      !found ||
      !found.table.keepRows ||
      path !== chunkPath(found.table.folder, found.chunks + 1)
    ) {
      throw new DmsBackupError(
        'archive-damaged',
        `the archive holds rows that belong to no table: '${path}'`,
      );
    }
    found.chunks++;
    this.#waiting = { table: found.table, number: found.chunks, bytes };
  }

  /** After the last entry: hands on what still waits. */
  async end(storage?: Buffer): Promise<void> {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    const { table, bytes } = waiting;
    await this.#take(table, { bytes, rows: countRows(bytes), ...(storage && { storage }) });
  }
}

/** Line feeds inside values are escaped in COPY text. */
function countRows(bytes: Buffer): number {
  let rows = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) rows++;
  return rows;
}
