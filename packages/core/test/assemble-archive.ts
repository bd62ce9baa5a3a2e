// Archives put together by hand from valid parts, so that hashes are right and one thing is wrong. Nothing here checks
// anything: what is asked for is written.

import { sealText } from '../src/archive/seal-text.ts';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { compressFrame } from '../src/archive/frame-codec.ts';
import type { Codec } from '../src/archive/frame-codec.ts';
import { FrameTable } from '../src/archive/frame-table.ts';
import { ArchiveReader } from '../src/archive/reader.ts';
import type { Manifest, Seal } from '../src/archive/schema.ts';
import { encodeHead, paddedBytes } from '../src/archive/tar-entry.ts';
import type { EntryType } from '../src/archive/tar-entry.ts';
import { walkArchive } from '../src/archive/walk.ts';
import { isDmsBackupError } from '../src/errors.ts';

export const archiveId = '6f1c3ac0-6a2c-4f6d-9f39-3c6f4c2f7d11';
const mtimeSeconds = 1_700_000_000;

/** One entry as it is to lie in the archive. */
export interface Part {
  readonly path: string | Buffer;
  readonly type?: EntryType;
  readonly content?: string | Buffer;
  readonly link?: string | Buffer;
  /** Default: 0644. */
  readonly mode?: number;
  /** Laid over the index line; null: the entry is not listed. */
  readonly line?: Readonly<Record<string, unknown>> | null | undefined;
  /** Raw bytes instead of the right padding. */
  readonly padding?: Buffer;
  /** Makes another head of the right one. */
  readonly head?: (head: Buffer) => Buffer;
  /** Begin a frame here. */
  readonly newFrame?: boolean;
}

export interface Assembly {
  readonly codec?: Codec;
  readonly parts?: readonly Part[];
  readonly lines?: (lines: string[]) => readonly string[];
  /** The whole index instead of the lines. */
  readonly index?: Buffer;
  /** Raw bytes behind the index instead of the right padding. */
  readonly indexPadding?: Buffer;
  readonly seal?: (seal: Seal) => unknown;
  /** The whole text of the seal. */
  readonly sealText?: string;
  /** Bytes between the last entry and the index, and between index and seal. */
  readonly beforeIndex?: Buffer;
  readonly beforeSeal?: Buffer;
  /** Behind the seal, instead of two zero blocks. */
  readonly end?: Buffer;
}

export const manifest: Manifest = {
  formatVersion: 1,
  archiveId,
  createdAt: '2026-11-21T03:15:00Z',
  tool: { name: 'dms-backup', toolVersion: '0.1.0' },
  app: { name: 'shoebox', title: 'Shoebox' },
  adapter: { name: 'shoebox', packageVersion: '1.0.0', contractVersion: 1 },
  stamp: {
    appVersion: '1.2.3',
    range: null,
    foundBy: 'the test',
    evidence: [],
    migrations: ['box.0001'],
    migrationState: 'complete',
    warnings: [],
  },
  database: null,
  roots: [{ name: 'files', directory: '/srv/files' }],
  options: { compression: 'zstd', level: 1, parts: ['media'], excludeClasses: [] },
  settings: [],
  secretsElsewhere: [],
  secretColumns: [],
};

export const readme: Part = { path: 'README.txt', content: 'read me' };
export const manifestPart: Part = {
  path: 'manifest.json',
  content: JSON.stringify(manifest),
};
export const root: Part = { path: 'media/files', type: 'directory' };

/** README, manifest, one root, then what the test is about. */
export function withParts(...parts: readonly Part[]): readonly Part[] {
  return [readme, manifestPart, root, ...parts];
}

/** Writes an archive into the directory and returns its path. */
export function assembleArchive(directory: string, assembly: Assembly = {}): string {
  const codec = assembly.codec ?? 'zstd';
  const frames = new FrameWriter(codec);
  const lines: string[] = [];
  let sealedManifest = '0'.repeat(64);
  for (const part of assembly.parts ?? withParts()) {
    if (part.newFrame === true) frames.endFrame();
    const place = frames.place();
    const content = Buffer.from(part.content ?? '');
    frames.add(entryBytes(part, content));
    if (part.path === 'manifest.json') sealedManifest = sha256(content);
    if (part.line !== null)
      lines.push(JSON.stringify({ ...lineOf(part, content, place), ...part.line }));
  }
  frames.add(assembly.beforeIndex ?? Buffer.alloc(0));
  frames.endFrame();
  const changed = assembly.lines?.(lines) ?? lines;
  const index = assembly.index ?? Buffer.from(changed.map((line) => `${line}\n`).join(''));
  const indexPlace = frames.place();
  frames.add(fileBytes('index.jsonl', index, assembly.indexPadding));
  frames.add(assembly.beforeSeal ?? Buffer.alloc(0));
  frames.endFrame();
  const seal = sealFor(sealedManifest, {
    ...indexPlace,
    size: index.length,
    sha256: sha256(index),
    entries: changed.length,
  });
  const text = assembly.sealText ?? sealText((assembly.seal?.(seal as Seal) ?? seal) as Seal);
  frames.add(fileBytes('seal.json', Buffer.from(text)));
  frames.add(assembly.end ?? Buffer.alloc(1024));
  const path = join(directory, 'assembled');
  writeFileSync(path, frames.finish());
  return path;
}

/** Reads all of an archive. The code of the error, or `accepted`. */
export async function verdictOn(path: string): Promise<string> {
  try {
    const reader = new ArchiveReader(path);
    try {
      reader.manifest();
      await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 1 });
    } finally {
      reader.close();
    }
    return 'accepted';
  } catch (error) {
    return isDmsBackupError(error)
      ? `${error.code}: ${error.message}`
      : `not ours: ${String(error)}`;
  }
}

export function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function entryBytes(part: Part, content: Buffer): Buffer {
  const padding = part.padding ?? Buffer.alloc(paddedBytes(content.length) - content.length);
  const head = encodeHead({
    path: Buffer.from(part.path),
    type: part.type ?? 'file',
    size: content.length,
    ...ownerAndMode,
    ...(part.mode !== undefined && { mode: part.mode }),
    mtimeSeconds,
    ...(part.link !== undefined && { link: Buffer.from(part.link) }),
  });
  return Buffer.concat([part.head?.(head) ?? head, content, padding]);
}

const ownerAndMode = { mode: 0o644, uid: 0, gid: 0 };

function fileBytes(path: string, content: Buffer, padding?: Buffer): Buffer {
  return entryBytes({ path, ...(padding && { padding }) }, content);
}

function lineOf(part: Part, content: Buffer, place: { frame: number; offset: number }): object {
  const type = part.type ?? 'file';
  return {
    ...named('path', part.path),
    type,
    size: content.length,
    ...(type === 'file' && { sha256: sha256(content) }),
    ...(part.link !== undefined && named('link', part.link)),
    ...ownerAndMode,
    ...(part.mode !== undefined && { mode: part.mode }),
    mtime: `${mtimeSeconds}.000000000`,
    ...place,
  };
}

function named(field: string, name: string | Buffer): Record<string, string> {
  const bytes = Buffer.from(name);
  return isUtf8(bytes)
    ? { [field]: bytes.toString() }
    : { [`${field}Base64`]: bytes.toString('base64') };
}

export function sealFor(manifestSha256: string, index: Seal['index']): Omit<Seal, 'contentSha256'> {
  return {
    formatVersion: 1,
    archiveId,
    sealedAt: '2026-11-21T03:16:00Z',
    manifestSha256,
    index,
    counts: {
      files: 0,
      directories: 0,
      links: 0,
      mediaBytes: 0,
      tables: 0,
      rows: 0,
      databaseBytes: 0,
      documents: 0,
    },
    tables: [],
    proof: {
      documents: 0,
      documentsComplete: 0,
      references: 0,
      referencesWithChecksum: 0,
      unreferencedFiles: 0,
      exceptions: 0,
      exceptionsListed: [],
    },
    excluded: [],
    externals: [],
    unknownTables: [],
    warnings: [],
  };
}

/** Collects the tar stream and cuts it into frames. */
class FrameWriter {
  readonly #codec: Codec;
  readonly #table = new FrameTable();
  readonly #done: Buffer[] = [];
  #open: Buffer[] = [];
  #openBytes = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  place(): { frame: number; offset: number } {
    return this.#codec === 'none'
      ? { frame: 0, offset: this.#table.contentBytes + this.#openBytes }
      : { frame: this.#table.length, offset: this.#openBytes };
  }

  add(bytes: Buffer): void {
    this.#open.push(bytes);
    this.#openBytes += bytes.length;
  }

  endFrame(): void {
    if (this.#openBytes === 0) return;
    const frame = compressFrame(Buffer.concat(this.#open), this.#codec, 1);
    this.#table.add(frame.length, this.#openBytes);
    this.#done.push(frame);
    this.#open = [];
    this.#openBytes = 0;
  }

  finish(): Buffer {
    this.endFrame();
    const table = this.#codec === 'zstd' ? this.#table.encodeSeekTable() : Buffer.alloc(0);
    return Buffer.concat([...this.#done, table]);
  }
}
