// Walks all entries of an archive in threads and proves them: order, heads, hashes, unique names, real parents. Verify and
// restore are this walk with different wishes about what to do with an entry.

import { hash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { DmsBackupError, assertNotAborted } from '../errors.ts';
import { openTemporaryDatabase } from '../io/temporary-database.ts';
import { WorkerPool } from '../io/worker-pool.ts';
import { parentPath, splitPath } from './entry-path.ts';
import { frameTargetBytes } from './frame-codec.ts';
import type { ArchiveReader, PlacedEntry } from './reader.ts';
import type { UnpackEntry, UnpackJob, UnpackResult } from './unpack-job.ts';

/** Takes the content of an entry; the walk waits for it before it hands over the next one. */
type Take = (content: Buffer) => Promise<void> | void;

/** What is to be done with an entry besides proving it. */
export type Wish =
  | { readonly do: 'prove' }
  /** Write the file there (absolute path, bytes). */
  | { readonly do: 'write'; readonly to: Buffer }
  /** Hand the content over, in the order of the archive. */
  | { readonly do: 'content'; readonly take: Take };

export interface WalkOptions {
  /** Called for each entry in order, before its content is read. Superseded entries are only proved. */
  readonly wish: (entry: PlacedEntry) => Wish | Promise<Wish>;
  /** Called as runs of entries are done. */
  readonly onDone?: (entries: number, bytes: number) => void;
  readonly setOwner?: boolean;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

export interface WalkResult {
  readonly entries: number;
  readonly bytes: number;
  /** Rows found below `database/tables/`, by folder. */
  readonly rows: ReadonlyMap<string, number>;
  readonly media: {
    readonly files: number;
    readonly directories: number;
    readonly links: number;
    readonly bytes: number;
  };
  readonly databaseBytes: number;
}

/** A run of entries ends at the next frame border from here on; and in any case at twice what the writer puts into a frame. */
const jobTargetEntries = 256;
const jobLimitEntries = 1024;
/** Half of it holds a frame in all its forms: compressed, unpacked, contents (11 MB). */
const threadHeapMebibytes = 32;
/** Contents that threads may read ahead of the one that takes them; a larger one comes alone. */
const readAheadBytes = 3 * frameTargetBytes;
const prove: Wish = { do: 'prove' };

/** Proves the whole archive against index and seal. Throws `archive-damaged`; `no-space` and others while writing. */
export async function walkArchive(
  reader: ArchiveReader,
  options: WalkOptions,
): Promise<WalkResult> {
  const walk = new Walk(reader, options);
  try {
    return await walk.run();
  } finally {
    await walk.close();
  }
}

class Walk {
  readonly #reader: ArchiveReader;
  readonly #options: WalkOptions;
  readonly #pool: WorkerPool<UnpackJob, UnpackResult>;
  readonly #names = new NameCheck();
  readonly #rows = new Map<string, number>();
  readonly #media = { files: 0, directories: 0, links: 0, bytes: 0 };
  #databaseBytes = 0;
  #entries = 0;
  #bytes = 0;
  #batch: UnpackEntry[] = [];
  /** Who takes the contents in the batch. */
  #takers: Take[] = [];
  #wantedBytes = 0;
  #batchStart = 0;
  #batchEnd = 0;
  /** Runs whose results are not noted yet. */
  readonly #underWay = new Set<Promise<void>>();
  /** The contents so far have been handed over, or an error is in `#failure`. */
  #delivered = Promise.resolve();
  #readAhead = 0;
  #roomFree: (() => void) | undefined;
  #failure: unknown;

  constructor(reader: ArchiveReader, options: WalkOptions) {
    this.#reader = reader;
    this.#options = options;
    const module = new URL('./unpack-worker', import.meta.url);
    this.#pool = new WorkerPool(module, options.threads, {
      heapMebibytes: threadHeapMebibytes,
      giveThread: () => reader.source.forThread(),
    });
  }

  async run(): Promise<WalkResult> {
    for (const entry of this.#reader.entries()) {
      assertNotAborted(this.#options.signal);
      if (this.#failure !== undefined) throw this.#failure;
      this.#names.add(entry);
      this.#assertPlace(entry);
      this.#count(entry);
      await this.#take(entry, entry.superseded ? prove : await this.#options.wish(entry));
    }
    this.#names.assertNoneLost();
    await this.#flush();
    await Promise.all(this.#underWay);
    await this.#delivered;
    if (this.#failure !== undefined) throw this.#failure;
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      rows: this.#rows,
      media: this.#media,
      databaseBytes: this.#databaseBytes,
    };
  }

  /** Nobody takes anything when this has ended. */
  async close(): Promise<void> {
    this.#failure ??= new DmsBackupError('interrupted', 'work was stopped');
    await this.#pool.close();
    await this.#delivered;
    this.#names.close();
  }

  async #take(entry: PlacedEntry, wish: Wish): Promise<void> {
    const { position, end, ...facts } = entry;
    // runs end at frame borders, so that no frame is decompressed twice
    const isLarge =
      this.#batchEnd - this.#batchStart >= frameTargetBytes / 2 ||
      this.#batch.length >= jobTargetEntries;
    const startsFrame = this.#reader.codec === 'none' || entry.offset === 0;
    if ((isLarge && startsFrame) || this.#batch.length >= jobLimitEntries) await this.#flush();
    if (this.#batch.length === 0) this.#batchStart = position;
    if (wish.do === 'content') {
      this.#batch.push({ ...facts, wantContent: true });
      this.#takers.push(wish.take);
      this.#wantedBytes += entry.size;
    } else this.#batch.push(wish.do === 'write' ? { ...facts, writeTo: wish.to } : facts);
    this.#batchEnd = end;
  }

  /** Hands the batch out; resolves when a thread has it. */
  async #flush(): Promise<void> {
    const [entries, takers, wantedBytes] = [this.#batch, this.#takers, this.#wantedBytes];
    if (entries.length === 0) return;
    [this.#batch, this.#takers, this.#wantedBytes] = [[], [], 0];
    while (this.#readAhead > 0 && this.#readAhead + wantedBytes > readAheadBytes) {
      await new Promise<void>((resolve) => {
        this.#roomFree = resolve;
      });
      if (this.#failure !== undefined) throw this.#failure;
    }
    const { result } = await this.#dispatch(entries);
    if (takers.length === 0) return;
    this.#readAhead += wantedBytes;
    this.#delivered = this.#deliver(this.#delivered, result, takers).finally(() => {
      this.#readAhead -= wantedBytes;
      this.#roomFree?.();
    });
  }

  async #dispatch(entries: UnpackEntry[]): Promise<{ result: Promise<UnpackResult> }> {
    const [start, end] = [this.#batchStart, this.#batchEnd];
    this.#batchEnd = start;
    const { codec, frames } = this.#reader;
    const setOwner = this.#options.setOwner ?? false;
    const job = { codec, frames: [...frames.covering(start, end)], start, entries, setOwner };
    const { result } = await this.#pool.submit(job);
    // no order among them: a run that waits for an earlier one keeps its entries, without end when one thread is held up
    const noted = this.#collect(entries, result).finally(() => this.#underWay.delete(noted));
    this.#underWay.add(noted);
    return { result };
  }

  /** Hands the contents of a run over, after those of the runs before. Notes the first failure, never rejects. */
  async #deliver(
    before: Promise<void>,
    result: Promise<UnpackResult>,
    takers: readonly Take[],
  ): Promise<void> {
    await before;
    try {
      const { contents } = await result;
      for (const [number, take] of takers.entries()) {
        if (this.#failure !== undefined) return;
        const { buffer, byteOffset, byteLength } = contents[number]!;
        await take(Buffer.from(buffer, byteOffset, byteLength));
      }
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** Notes a result, or the first failure. Never rejects. */
  async #collect(entries: readonly UnpackEntry[], result: Promise<UnpackResult>): Promise<void> {
    try {
      const found = await result;
      for (const [number, rows] of found.rows) this.#addRows(entries[number]!, rows);
      this.#options.onDone?.(entries.length, found.bytes);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** The format's order: README, manifest, then the rest; index and seal are never listed. */
  #assertPlace(entry: PlacedEntry): void {
    const path = entry.pathBytes.toString('latin1');
    const wanted =
      this.#entries === 0 ? 'README.txt' : this.#entries === 1 ? 'manifest.json' : undefined;
    const isReserved = !path.includes('/');
    const fits = wanted === undefined ? !isReserved : path === wanted && entry.type === 'file';
    if (!fits || (path === 'manifest.json' && entry.sha256 !== this.#reader.seal.manifestSha256)) {
      throw new DmsBackupError(
        'archive-damaged',
        `the entry '${entry.pathBytes.toString()}' is out of place`,
      );
    }
  }

  #count(entry: PlacedEntry): void {
    this.#entries++;
    this.#bytes += entry.size;
    const place = splitPath(entry.pathBytes)[0]!.toString('latin1');
    if (place === 'database') this.#databaseBytes += entry.size;
    if (place !== 'media' || entry.superseded) return;
    this.#media[
      entry.type === 'file' ? 'files' : entry.type === 'directory' ? 'directories' : 'links'
    ]++;
    this.#media.bytes += entry.size;
  }

  #addRows(entry: UnpackEntry, rows: number): void {
    const parts = Buffer.from(entry.pathBytes).toString('latin1').split('/');
    if (parts[0] !== 'database' || parts[1] !== 'tables' || parts[2] === undefined) return;
    this.#rows.set(parts[2], (this.#rows.get(parts[2]) ?? 0) + rows);
  }
}

/**
 * Every live name once, every entry below `media/<root>` in a directory of the archive, never behind a file or link, and for
 * every superseded entry a live one.
 */
class NameCheck {
  readonly #database: DatabaseSync = openTemporaryDatabase(
    `CREATE TABLE names (digest BLOB PRIMARY KEY, directory INTEGER) WITHOUT ROWID;
     CREATE TABLE superseded (digest BLOB PRIMARY KEY, path BLOB) WITHOUT ROWID;`,
  );
  readonly #insert: StatementSync = this.#database.prepare(
    'INSERT OR IGNORE INTO names VALUES (?, ?)',
  );
  readonly #isDirectory: StatementSync = this.#database.prepare(
    'SELECT directory FROM names WHERE digest = ?',
  );
  readonly #noteSuperseded: StatementSync = this.#database.prepare(
    'INSERT OR IGNORE INTO superseded VALUES (?, ?)',
  );
  #lastParent: Buffer | undefined;

  add(entry: PlacedEntry): void {
    const path = entry.pathBytes;
    const refuse = (why: string) =>
      new DmsBackupError('archive-damaged', `the entry '${path.toString()}' ${why}`);
    const parts = splitPath(path);
    if (parts[0]!.toString('latin1') === 'media') {
      if (parts.length === 1 || (parts.length === 2 && entry.type !== 'directory'))
        throw refuse('is no root directory');
      if (parts.length > 2) this.#assertParent(parentPath(path)!, refuse);
    }
    if (entry.superseded) return void this.#noteSuperseded.run(key(path), path);
    if (this.#insert.run(key(path), entry.type === 'directory' ? 1 : 0).changes !== 1)
      throw refuse('is there twice');
  }

  /** To be called at the end: what is superseded must be there in another state, else it would vanish without a word. */
  assertNoneLost(): void {
    const lost = this.#database
      .prepare('SELECT path FROM superseded WHERE digest NOT IN (SELECT digest FROM names)')
      .get();
    if (!lost) return;
    const path = Buffer.from(lost.path as Uint8Array).toString();
    throw new DmsBackupError('archive-damaged', `the entry '${path}' is superseded by nothing`);
  }

  #assertParent(parent: Buffer, refuse: (why: string) => DmsBackupError): void {
    if (this.#lastParent?.equals(parent)) return;
    if (this.#isDirectory.get(key(parent))?.directory !== 1)
      throw refuse('lies in no directory of the archive');
    this.#lastParent = Buffer.from(parent);
  }

  close(): void {
    this.#database.close();
  }
}

/** 32 bytes instead of up to 4096: keeps the temporary database small. */
function key(path: Buffer): Buffer {
  return hash('sha256', path, 'buffer');
}
