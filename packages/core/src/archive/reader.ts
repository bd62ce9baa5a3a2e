// Opens an archive from its end: seek table, seal, index, manifest, each checked against the next. What comes out of here is
// consistent with the seal; the entries themselves are checked by `walk.ts`.

import { createHash } from 'node:crypto';
import { DmsBackupError } from '../errors.ts';
import { withLoaded } from '../source/byte-source.ts';
import type { ArchiveSource } from '../source/byte-source.ts';
import { FileSource } from '../source/file-source.ts';
import { FrameCursor } from './frame-cursor.ts';
import type { Codec } from './frame-codec.ts';
import type { FrameTable } from './frame-table.ts';
import { readFrameTable } from './frame-table-reader.ts';
import { showPath } from './entry-path.ts';
import { headFacts, parseIndexLine } from './index-entry.ts';
import type { IndexedEntry } from './index-entry.ts';
import { leadingText } from './leading-text.ts';
import { ManifestSchema } from './schema.ts';
import type { Manifest, Seal } from './schema.ts';
import { locateSeal } from './seal-reader.ts';
import { takeLines } from './take-lines.ts';
import { encodeHead, headBytes, paddedBytes } from './tar-entry.ts';

const manifestLimitBytes = 64 * 1024 * 1024;
const lineLimitBytes = 64 * 1024;

/** An index line and the place of its entry in the tar stream. */
export interface PlacedEntry extends IndexedEntry {
  /** Where the head begins. */
  readonly position: number;
  /** Where the next entry begins. */
  readonly end: number;
}

export class ArchiveReader {
  readonly source: ArchiveSource;
  readonly codec: Codec;
  readonly frames: FrameTable;
  readonly seal: Seal;
  /** Seconds in the head of the seal: index and seal bear the same time. */
  readonly #madeAtSeconds: number;
  /** Where index and seal begin in the tar stream. */
  readonly #indexPosition: number;
  readonly #sealPosition: number;
  #manifest: Manifest | undefined;
  /** The index was read once to its end: its hash is as sealed. */
  #indexIsProved = false;

  /**
   * `place`: path of a file, or a source, which is closed with the reader; one far away is to be opened with
   * {@link openArchive}. Throws `archive-not-found`, `not-an-archive`, `archive-damaged`, `format-unsupported`; then the source
   * of a path is closed.
   */
  constructor(place: string | ArchiveSource) {
    this.source = typeof place === 'string' ? new FileSource(place) : place;
    try {
      const { codec, frames } = readFrameTable(this.source);
      this.codec = codec;
      this.frames = frames;
      const { seal, position, madeAtSeconds } = locateSeal(this.source, codec, frames);
      this.seal = seal;
      this.#sealPosition = position;
      this.#madeAtSeconds = madeAtSeconds;
      this.#indexPosition = this.positionOf(seal.index);
    } catch (error) {
      if (typeof place === 'string') this.source.close();
      throw error;
    }
  }

  close(): void {
    this.source.close();
  }

  /** Before a part of the tar stream is read on the main thread. Nothing to do for a file. */
  async load(start: number, end: number): Promise<void> {
    const frames = [...this.frames.covering(start, end)];
    const [first, last] = [frames[0], frames.at(-1)];
    if (!first || !last) return;
    const fileEnd = last.fileOffset + last.compressedSize;
    await this.source.load(first.fileOffset, fileEnd - first.fileOffset);
  }

  /** Before `entries` is called. */
  async loadIndex(): Promise<void> {
    await this.load(this.#indexPosition, this.#sealPosition);
  }

  /** Position in the tar stream of a place given by frame and offset. Throws `archive-damaged` when there is none. */
  positionOf(place: { frame: number; offset: number }): number {
    const base = this.codec === 'none' ? 0 : this.frames.frame(place.frame).position;
    const limit =
      this.codec === 'none' ? this.frames.contentBytes : this.frames.frame(place.frame).size;
    if (place.offset >= limit || (this.codec === 'none' && place.frame !== 0)) {
      throw new DmsBackupError(
        'archive-damaged',
        `the archive has no place ${place.frame}:${place.offset}`,
      );
    }
    return base + place.offset;
  }

  /** A cursor at a position of the tar stream. */
  cursor(start: number, end: number): FrameCursor {
    return new FrameCursor(this.source, this.codec, [...this.frames.covering(start, end)], start);
  }

  /**
   * The entries in order, from the index: each line checked, the entries lying end to end from the first byte to the index,
   * the index lying end to end with the seal, its hash as sealed. Throws `archive-damaged`, at the latest after the last.
   */
  *entries(): Generator<PlacedEntry> {
    let expected = 0;
    let count = 0;
    for (const line of this.#indexLines()) {
      const entry = this.#placed(parseIndexLine(line));
      if (entry.position !== expected) {
        throw new DmsBackupError(
          'archive-damaged',
          `the index leaves a gap before '${entry.pathBytes.toString()}'`,
        );
      }
      expected = entry.end;
      count++;
      yield entry;
    }
    if (expected !== this.#indexPosition || count !== this.seal.index.entries) {
      throw new DmsBackupError(
        'archive-damaged',
        'the index does not list all entries of the archive',
      );
    }
  }

  /**
   * The live entries whose path is wanted, in order. Only their lines are looked at as a whole, which takes a twentieth of the
   * time of `entries`; that all entries lie end to end is not asked. The hash of the index is proved after the last one: use
   * none before. Throws `archive-damaged`.
   */
  *lookUp(isWanted: (path: string) => boolean): Generator<PlacedEntry> {
    for (const line of this.#indexLines()) {
      const path = leadingText(line, 'path');
      if (path !== undefined && !isWanted(path)) continue;
      const entry = parseIndexLine(line);
      if (!entry.superseded && isWanted(showPath(entry.pathBytes))) yield this.#placed(entry);
    }
  }

  /** The manifest, with its hash as sealed. It is among the first entries, and read once. */
  manifest(): Manifest {
    this.#manifest ??= this.#readManifest();
    return this.#manifest;
  }

  #readManifest(): Manifest {
    for (const entry of this.entries()) {
      if (entry.pathBytes.toString() !== 'manifest.json') continue;
      const content = this.content(entry);
      if (createHash('sha256').update(content).digest('hex') !== this.seal.manifestSha256) {
        throw new DmsBackupError('archive-damaged', 'the manifest is not the one that was sealed');
      }
      return parseManifest(content, this.seal);
    }
    throw new DmsBackupError('archive-damaged', 'the archive has no manifest');
  }

  /** Content of one small entry, checked against head and hash. */
  content(entry: PlacedEntry, limitBytes = manifestLimitBytes): Buffer {
    if (entry.size > limitBytes)
      throw new DmsBackupError('archive-damaged', `'${entry.pathBytes.toString()}' is too large`);
    const head = encodeHead(headFacts(entry));
    const cursor = this.cursor(entry.position, entry.end);
    const sameHead = cursor.takeExactly(head.length).equals(head);
    const content =
      entry.size === 0 ? Buffer.alloc(0) : Buffer.from(cursor.takeExactly(entry.size));
    if (!sameHead || createHash('sha256').update(content).digest('hex') !== entry.sha256) {
      throw new DmsBackupError(
        'archive-damaged',
        `the entry '${entry.pathBytes.toString()}' is not as indexed`,
      );
    }
    return content;
  }

  /** The same for an entry that may not be loaded yet. */
  async loadContent(entry: PlacedEntry, limitBytes = manifestLimitBytes): Promise<Buffer> {
    await this.load(entry.position, entry.end);
    return this.content(entry, limitBytes);
  }

  #placed(entry: IndexedEntry): PlacedEntry {
    const position = this.positionOf(entry);
    const end = position + headBytes(headFacts(entry)) + paddedBytes(entry.size);
    if (end > this.#indexPosition) {
      throw new DmsBackupError(
        'archive-damaged',
        `the entry '${entry.pathBytes.toString()}' reaches into the index`,
      );
    }
    return { ...entry, position, end };
  }

  *#indexLines(): Generator<string> {
    const { size, sha256 } = this.seal.index;
    const head = encodeHead({
      path: Buffer.from('index.jsonl'),
      type: 'file',
      size,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeSeconds: this.#madeAtSeconds,
    });
    const end = this.#indexPosition + head.length + paddedBytes(size);
    if (end !== this.#sealPosition) {
      throw new DmsBackupError('archive-damaged', 'index and seal do not lie side by side');
    }
    const cursor = this.cursor(this.#indexPosition, end);
    if (!cursor.takeExactly(head.length).equals(head)) {
      throw new DmsBackupError('archive-damaged', 'the index is not where the seal says');
    }
    const digest = this.#indexIsProved ? undefined : createHash('sha256');
    const rest = yield* takeLines(cursor, size, {
      ...(digest && { digest }),
      limitBytes: lineLimitBytes,
      endless: () => new DmsBackupError('archive-damaged', 'the index has an endless line'),
    });
    if (cursor.takeExactly(paddedBytes(size) - size).some((byte) => byte !== 0)) {
      throw new DmsBackupError(
        'archive-damaged',
        'the index is followed by bytes that should be zero',
      );
    }
    if (rest > 0 || (digest && digest.digest('hex') !== sha256)) {
      throw new DmsBackupError('archive-damaged', 'the index is not the one that was sealed');
    }
    this.#indexIsProved = true;
  }
}

/**
 * A reader whose index and manifest can be read; the source is closed with it, also when it is refused. Throws what
 * {@link ArchiveReader} throws, and what the source throws while it loads.
 */
export async function openArchive(source: ArchiveSource): Promise<ArchiveReader> {
  try {
    const reader = await withLoaded(() => new ArchiveReader(source));
    await reader.loadIndex();
    await withLoaded(() => reader.manifest());
    return reader;
  } catch (error) {
    source.close();
    throw error;
  }
}

function parseManifest(content: Buffer, seal: Seal): Manifest {
  let manifest: Manifest;
  try {
    manifest = ManifestSchema.parse(JSON.parse(content.toString('utf8')));
  } catch (cause) {
    throw new DmsBackupError('archive-damaged', 'cannot understand the manifest of the archive', {
      cause,
    });
  }
  if (manifest.archiveId !== seal.archiveId) {
    throw new DmsBackupError('archive-damaged', 'manifest and seal belong to different archives');
  }
  return manifest;
}
