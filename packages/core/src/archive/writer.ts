// Writes an archive: entries in the order they are added, cut into frames of about 3 MiB that threads fill and compress.
// The main thread only plans, keeps the order, and hashes large files. Every finished entry goes to `onEntry`, which
// becomes the index; nothing is buffered whole.

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { assertNotAborted, systemErrorCode } from '../errors.ts';
import { freeMemory, ownsMemory } from '../io/free-memory.ts';
import { WorkerPool } from '../io/worker-pool.ts';
import type { Sink } from '../io/sink.ts';
import { Spool } from '../io/spool.ts';
import { constantMtime, currentMtime, formatMtime, mtimeSeconds } from './entry-time.ts';
import type { Codec } from './frame-codec.ts';
import { frameTargetBytes } from './frame-codec.ts';
import { FrameTable } from './frame-table.ts';
import { grewFailure, notRegularFailure } from './pack-job.ts';
import type {
  DiskItem,
  MemoryItem,
  PackItem,
  PackJob,
  PackResult,
  PackedItem,
  PieceItem,
} from './pack-job.ts';
import { blockBytes, encodeHead, endOfArchiveBytes, paddedBytes } from './tar-entry.ts';
import type { EntryType } from './tar-entry.ts';

/** An entry as it lies in the archive, or why it does not (`failure`, then there is no frame and offset). */
export interface WrittenEntry {
  readonly path: Buffer;
  readonly type: EntryType;
  readonly link?: Buffer;
  readonly size: number;
  readonly sha256: string;
  readonly md5?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
  readonly frame: number;
  readonly offset: number;
  /** The file changed while it was read, or could not be read to its end: the entry's bytes are no good state. */
  readonly changed: boolean;
  readonly failure?: string;
}

export type OnEntry = (entry: WrittenEntry) => void;

type EntryFacts = Pick<WrittenEntry, 'mode' | 'uid' | 'gid' | 'mtime'>;

/** A file on disk to be archived. */
export interface DiskFile {
  readonly source: Buffer;
  readonly path: Buffer;
  readonly expectedSize: number;
  readonly md5: boolean;
}

/** An entry made by us; owner 0, mode 0644 (links 0777), time of the archive or a constant. */
export interface MadeEntry {
  readonly path: string | Buffer;
  readonly type?: EntryType;
  /** Given away when it is large: not to be used after the entry was added. */
  readonly content?: Uint8Array;
  readonly link?: Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: string;
}

/** Entries of one frame: what is known of each lives on the heap until the frame is written. */
const batchLimitItems = 256;
/** Content of this size is handed over, not copied. */
const handOverBytes = 256 * 1024;
/** Content that may share a frame with others. */
const sharedFrameLimitBytes = 4 * frameTargetBytes;
/** Frames handed out and not yet written; decides the memory of a run. */
const framesUnderWayPerThread = 2;

/** What is about this one archive and has its time. The others are the same from day to day if their content is. */
const datedPaths: readonly string[] = ['README.txt', 'manifest.json', 'index.jsonl', 'seal.json'];

export class ArchiveWriter {
  readonly #sink: Sink;
  readonly #codec: Codec;
  readonly #level: number;
  readonly #signal: AbortSignal | undefined;
  readonly #pool: WorkerPool<PackJob, PackResult>;
  readonly #frames = new FrameTable();
  readonly #mtime = currentMtime();
  #batch: { item: DiskItem | MemoryItem; onEntry: OnEntry }[] = [];
  #batchBytes = 0;
  /** Order of writing: each frame waits for the one before it. */
  #tail: Promise<void> = Promise.resolve();
  #underWay = 0;
  #roomFree: (() => void) | undefined;
  #failure: unknown;
  /** Large files that are being read. */
  readonly #opened = new Set<number>();

  constructor(options: {
    sink: Sink;
    codec: Codec;
    level: number;
    threads?: number;
    signal?: AbortSignal;
  }) {
    this.#sink = options.sink;
    this.#codec = options.codec;
    this.#level = options.level;
    this.#signal = options.signal;
    this.#pool = new WorkerPool(new URL('./pack-worker', import.meta.url), options.threads);
  }

  /** Bytes written so far. */
  get writtenBytes(): number {
    return this.#frames.compressedBytes;
  }

  /** A file on disk. What was read is told to `onEntry`, failures too: they never throw. */
  async addDisk(file: DiskFile, onEntry: OnEntry): Promise<void> {
    if (file.expectedSize > frameTargetBytes) return await this.#addLarge(file, onEntry);
    const retryLarge: OnEntry = (entry) => {
      if (entry.failure !== grewFailure) onEntry(entry);
      else this.#grown.push({ file, onEntry });
    };
    await this.#add({ kind: 'disk', ...file }, file.expectedSize, retryLarge);
    for (const grown of this.#grown.splice(0)) await this.#addLarge(grown.file, grown.onEntry);
  }
  readonly #grown: { file: DiskFile; onEntry: OnEntry }[] = [];

  /** An entry whose content is at hand. */
  async addMade(entry: MadeEntry, onEntry: OnEntry): Promise<void> {
    const type = entry.type ?? 'file';
    const content = entry.content ?? new Uint8Array();
    const path = toBytes(entry.path);
    const facts: EntryFacts = {
      mode: entry.mode ?? (type === 'link' ? 0o777 : type === 'directory' ? 0o755 : 0o644),
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      mtime: entry.mtime ?? this.#mtimeOf(path),
    };
    if (content.length > sharedFrameLimitBytes)
      return await this.#addThroughSpool(path, facts, content, onEntry);
    const link = entry.link && { link: entry.link };
    await this.#add(
      { kind: 'memory', path, type, content, ...link, ...facts },
      content.length,
      onEntry,
    );
  }

  /** An entry of any size from a spool, in frames of its own. The spool stays open. */
  async addSpool(path: string, spool: Spool, onEntry: OnEntry): Promise<void> {
    const bytes = toBytes(path);
    const facts = { mode: 0o644, uid: 0, gid: 0, mtime: this.#mtimeOf(bytes) };
    await this.#addSpooled(bytes, facts, spool, onEntry);
  }

  #mtimeOf(path: Buffer): string {
    return datedPaths.includes(path.toString('latin1')) ? this.#mtime : constantMtime;
  }

  /** Hands the current batch out, so that the next entry begins a frame. */
  async flush(): Promise<void> {
    if (this.#batch.length > 0) await this.#dispatchBatch(0);
  }

  /** Waits until all that was added is written and told. */
  async drain(): Promise<void> {
    await this.flush();
    await this.#tail;
    for (const grown of this.#grown.splice(0)) {
      await this.#addLarge(grown.file, grown.onEntry);
      await this.#tail;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Adds the seal in a frame of its own with the end of the tar behind it, then the seek table, and commits the sink.
   * `drain` must have been called before (the seal describes what was written).
   */
  async finish(seal: MadeEntry): Promise<void> {
    await this.#add({ ...this.#sealItem(seal) }, seal.content?.length ?? 0, () => undefined);
    await this.#dispatchBatch(endOfArchiveBytes);
    await this.drain();
    if (this.#codec === 'zstd') await this.#sink.write(this.#frames.encodeSeekTable());
    assertNotAborted(this.#signal);
    await this.#sink.commit();
    await this.#pool.close();
  }

  /** Stops the threads and removes what was written. Safe at any time. */
  async discard(): Promise<void> {
    await this.#pool.close();
    await this.#tail;
    for (const fd of this.#opened) closeSync(fd);
    this.#opened.clear();
    await this.#sink.discard();
  }

  #sealItem(seal: MadeEntry): MemoryItem {
    const bytes = seal.content ?? new Uint8Array();
    return {
      kind: 'memory',
      path: toBytes(seal.path),
      type: 'file',
      content: bytes,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: this.#mtime,
    };
  }

  /** A row of 200 MB makes a chunk of that size, which no single frame takes. */
  async #addThroughSpool(
    path: Buffer,
    facts: EntryFacts,
    content: Uint8Array,
    onEntry: OnEntry,
  ): Promise<void> {
    const spool = new Spool();
    try {
      spool.append(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
      await this.#addSpooled(path, facts, spool, onEntry);
      await this.drain();
    } finally {
      spool.close();
    }
  }

  async #addSpooled(
    path: Buffer,
    facts: EntryFacts,
    spool: Spool,
    onEntry: OnEntry,
  ): Promise<void> {
    await this.flush();
    spool.flush();
    const done = () => false;
    await this.#addPieces(
      { fd: spool.fd, path, size: spool.size, md5: false, facts, done },
      onEntry,
    );
  }

  async #add(item: DiskItem | MemoryItem, size: number, onEntry: OnEntry): Promise<void> {
    const bytes = blockBytes + paddedBytes(size);
    if (this.#batchBytes + bytes > frameTargetBytes || this.#batch.length >= batchLimitItems)
      await this.flush();
    this.#batch.push({ item, onEntry });
    this.#batchBytes += bytes;
  }

  async #dispatchBatch(endBytes: number): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    await this.#dispatch(
      batch.map(({ item }) => item),
      endBytes,
      (result, frame, base) => {
        batch.forEach(({ item, onEntry }, number) =>
          onEntry(written(item, result.items[number]!, frame, base)),
        );
      },
    );
  }

  async #addLarge(file: DiskFile, onEntry: OnEntry): Promise<void> {
    await this.flush();
    const failed = (failure: string) => onEntry(failedEntry(file.path, failure));
    let fd: number;
    try {
      fd = openSync(file.source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      return failed(systemErrorCode(error) ?? 'EIO');
    }
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) {
      closeSync(fd);
      return failed(notRegularFailure);
    }
    this.#opened.add(fd);
    const facts = {
      mode: Number(before.mode) & 0o7777,
      uid: Number(before.uid),
      gid: Number(before.gid),
      mtime: formatMtime(before.mtimeNs),
    };
    const done = () => {
      const after = fstatSync(fd, { bigint: true });
      this.#opened.delete(fd);
      closeSync(fd);
      return after.mtimeNs !== before.mtimeNs || after.size !== before.size;
    };
    await this.#addPieces(
      { fd, path: file.path, size: Number(before.size), md5: file.md5, facts, done },
      onEntry,
    );
  }

  async #addPieces(
    file: {
      fd: number;
      path: Buffer;
      size: number;
      md5: boolean;
      facts: EntryFacts;
      /** Called when the last piece is read; true when the file changed meanwhile. */
      done: () => boolean;
    },
    onEntry: OnEntry,
  ): Promise<void> {
    const { path, size, facts } = file;
    const head = encodeHead({
      path,
      type: 'file',
      size,
      ...facts,
      mtimeSeconds: mtimeSeconds(facts.mtime),
    });
    const hashes: { sha256: Hash; md5?: Hash } = {
      sha256: createHash('sha256'),
      ...(file.md5 && { md5: createHash('md5') }),
    };
    let first: { frame: number; offset: number } | undefined;
    let bad = false;
    for (let start = 0; start < size || start === 0; start += frameTargetBytes) {
      const length = Math.min(frameTargetBytes, size - start);
      const last = start + length >= size;
      const item: PieceItem = {
        kind: 'piece',
        fd: file.fd,
        start,
        length,
        head: start === 0 ? head : new Uint8Array(),
        padding: last ? paddedBytes(size) - size : 0,
      };
      await this.#dispatch([item], 0, (result, frame, base) => {
        first ??= { frame, offset: base };
        const packed = result.items[0]!;
        bad ||= packed.changed === true || packed.failure !== undefined;
        hashes.sha256.update(result.piece!);
        hashes.md5?.update(result.piece!);
        if (!last) return;
        const changed = file.done() || bad;
        const md5 = hashes.md5?.digest('hex');
        onEntry({
          path,
          type: 'file',
          size,
          ...facts,
          ...first,
          sha256: hashes.sha256.digest('hex'),
          ...(md5 !== undefined && { md5 }),
          changed,
        });
      });
    }
  }

  /** Hands one frame out; `onWritten` is called in order, when the frame is in the archive. */
  async #dispatch(
    items: readonly PackItem[],
    endBytes: number,
    onWritten: (result: PackResult, frame: number, base: number) => void,
  ): Promise<void> {
    assertNotAborted(this.#signal);
    while (
      this.#underWay >= this.#pool.threads * framesUnderWayPerThread &&
      this.#failure === undefined
    ) {
      await new Promise<void>((resolve) => {
        this.#roomFree = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#underWay++;
    const job = { items, codec: this.#codec, level: this.#level, endBytes };
    const { result } = await this.#pool.submit(job, largeContents(items));
    const before = this.#tail;
    this.#tail = (async () => {
      try {
        const [packed] = await Promise.all([result, before]);
        if (this.#failure === undefined) await this.#write(packed, onWritten);
      } catch (error) {
        this.#failure ??= error;
      } finally {
        this.#underWay--;
        this.#roomFree?.();
      }
    })();
  }

  async #write(
    packed: PackResult,
    onWritten: (result: PackResult, frame: number, base: number) => void,
  ): Promise<void> {
    // an uncompressed archive has no frames: offsets count from its beginning
    const [frame, base] =
      this.#codec === 'none' ? [0, this.#frames.contentBytes] : [this.#frames.length, 0];
    if (packed.contentSize > 0) {
      const compressedSize = packed.frame.length;
      await this.#sink.write(packed.frame);
      this.#frames.add(compressedSize, packed.contentSize);
      freeMemory(packed.frame);
    }
    onWritten(packed, frame, base);
    if (packed.piece) freeMemory(packed.piece);
  }
}

function written(
  item: DiskItem | MemoryItem,
  packed: PackedItem,
  frame: number,
  base: number,
): WrittenEntry {
  const { offset, changed, ...facts } = packed;
  return {
    ...facts,
    path: Buffer.from(item.path),
    type: item.kind === 'memory' ? item.type : 'file',
    ...(item.kind === 'memory' && item.link && { link: Buffer.from(item.link) }),
    frame,
    offset: base + offset,
    changed: changed ?? false,
  };
}

/** Memory of large contents, to be handed over to the thread instead of copied. */
function largeContents(items: readonly PackItem[]): ArrayBuffer[] {
  return items.flatMap((item) => {
    if (
      item.kind !== 'memory' ||
      item.content.byteLength < handOverBytes ||
      !ownsMemory(item.content)
    )
      return [];
    return item.content.buffer instanceof ArrayBuffer ? [item.content.buffer] : [];
  });
}

function failedEntry(path: Buffer, failure: string): WrittenEntry {
  const nothing = { size: 0, sha256: '', mode: 0, uid: 0, gid: 0, mtime: '', frame: 0, offset: 0 };
  return { path, type: 'file', ...nothing, changed: false, failure };
}

function toBytes(path: string | Buffer): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : path;
}
