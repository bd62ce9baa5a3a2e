// One side of a comparison: the documents in the order of their ids, what their files are, and rows per table. An archive
// answers from its catalogue and index, a live instance from its database and disk.

import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Adapter, CatalogueDocument, Instance } from '../adapter.ts';
import { checked } from '../adapter-check.ts';
import { CatalogueDocumentSchema } from '../adapter-schema.ts';
import { formatMtime } from '../archive/entry-time.ts';
import { cataloguePath, readCatalogue } from '../archive/read-catalogue.ts';
import type { ArchiveReader, PlacedEntry } from '../archive/reader.ts';
import type { Manifest } from '../archive/schema.ts';
import type { DatabaseSnapshot } from '../database/engine.ts';
import { quoteIdentifier } from '../database/quote-identifier.ts';
import { qualifiedName } from '../database/schema.ts';
import { openTemporaryDatabase } from '../io/temporary-database.ts';

/** What is known of a file without reading it. */
export interface FileFacts {
  readonly size: number;
  readonly mtime: string;
  readonly sha256: string;
}

export interface Side {
  /** False for an archive without media: nothing can be said of contents. */
  readonly hasFiles: boolean;
  documents(): AsyncIterable<CatalogueDocument> | Iterable<CatalogueDocument>;
  /** SHA-256 of a file; null when there is none. `hint`: the other side's file of that path, which spares the reading. */
  digest(root: string, path: string, hint?: FileFacts): Promise<string | null>;
  /** Of an archive; undefined when that would mean reading the file. */
  facts(root: string, path: string): FileFacts | undefined;
  /** Rows of the tables whose rows are kept, by qualified name. */
  rows(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export class ArchiveSide implements Side {
  readonly #reader: ArchiveReader;
  readonly #files = openTemporaryDatabase(
    'CREATE TABLE files (path BLOB PRIMARY KEY, size INTEGER, mtime TEXT, sha256 TEXT) WITHOUT ROWID;',
  );
  readonly #find = this.#files.prepare('SELECT size, mtime, sha256 FROM files WHERE path = ?');
  readonly #catalogue: PlacedEntry | undefined;
  readonly manifest: Manifest;

  get hasFiles(): boolean {
    return this.manifest.options.parts.includes('media');
  }

  /** Reads the index. The reader stays the caller's. Throws `archive-damaged`. */
  constructor(reader: ArchiveReader) {
    this.#reader = reader;
    try {
      this.manifest = this.#reader.manifest();
      const insert = this.#files.prepare('INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)');
      for (const entry of this.#reader.entries()) {
        if (entry.pathBytes.toString() === cataloguePath) this.#catalogue = entry;
        if (entry.type !== 'file' || entry.superseded) continue;
        insert.run(entry.pathBytes, entry.size, entry.mtime, entry.sha256 ?? '');
      }
    } catch (error) {
      this.#files.close();
      throw error;
    }
  }

  documents(): AsyncGenerator<CatalogueDocument> {
    return readCatalogue(this.#reader, this.#catalogue);
  }

  facts(root: string, path: string): FileFacts | undefined {
    const row = this.#find.get(Buffer.from(`media/${root}/${path}`));
    return row as FileFacts | undefined;
  }

  async digest(root: string, path: string): Promise<string | null> {
    return this.facts(root, path)?.sha256 ?? null;
  }

  async rows(): Promise<ReadonlyMap<string, number>> {
    const kept = this.#reader.seal.tables.filter(({ keepRows }) => keepRows);
    return new Map(kept.map(({ table, rows }) => [table, rows]));
  }

  async close(): Promise<void> {
    this.#files.close();
  }
}

export class LiveSide implements Side {
  readonly hasFiles = true;
  readonly #adapter: Adapter;
  readonly #instance: Instance;
  readonly #snapshot: DatabaseSnapshot;

  constructor(adapter: Adapter, instance: Instance, snapshot: DatabaseSnapshot) {
    this.#adapter = adapter;
    this.#instance = instance;
    this.#snapshot = snapshot;
  }

  async *documents(): AsyncGenerator<CatalogueDocument> {
    for await (const each of this.#adapter.documents(this.#snapshot, this.#instance))
      yield checked(CatalogueDocumentSchema, each, this.#adapter.name, 'documents');
  }

  facts(): undefined {
    return undefined;
  }

  async digest(root: string, path: string, hint?: FileFacts): Promise<string | null> {
    const directory = this.#instance.roots.find(({ name }) => name === root)?.directory;
    if (directory === undefined) return null;
    const file = join(directory, path);
    try {
      const { size, mtimeNs } = statSync(file, { bigint: true });
      if (hint && BigInt(hint.size) === size && hint.mtime === formatMtime(mtimeNs))
        return hint.sha256;
      const hash = createHash('sha256');
      await pipeline(createReadStream(file), hash);
      return hash.digest('hex');
    } catch {
      return null;
    }
  }

  async rows(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const table of this.#snapshot.schema.tables) {
      const name = [table.schema, table.name].filter((part) => part !== undefined);
      const sql = `SELECT count(*) AS "n" FROM ${name.map(quoteIdentifier).join('.')}`;
      for await (const row of this.#snapshot.query(sql))
        counts.set(qualifiedName(table), Number(row['n']));
    }
    return counts;
  }

  async close(): Promise<void> {
    await this.#snapshot.close();
  }
}
