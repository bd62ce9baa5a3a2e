// From the word that a user has for an archive to a reader of it: a path, or `-` for standard input.

import { resolve } from 'node:path';
import { openArchive } from './archive/reader.ts';
import type { ArchiveReader } from './archive/reader.ts';
import { DmsBackupError } from './errors.ts';
import type { ArchiveSource } from './source/byte-source.ts';
import { FileSource } from './source/file-source.ts';
import { spoolStream } from './source/spooled-source.ts';

export interface NamedArchive {
  /** Seal, index and manifest can be read; before other entries, `load` them. */
  readonly reader: ArchiveReader;
  /** Absolute path, or `-`. For messages and results. */
  readonly name: string;
  /** As it is stored. */
  readonly storedBytes: number;
  readonly close: () => Promise<void>;
}

export interface NamedArchiveOptions {
  readonly archive: string;
  readonly workingDirectory: string;
  readonly stdin?: NodeJS.ReadableStream;
  readonly signal?: AbortSignal;
}

/**
 * Opens an archive; close it afterwards. Throws `usage` when `-` is given and there is no stream, and what
 * {@link spoolStream} and {@link openArchive} throw.
 */
export async function openNamedArchive(options: NamedArchiveOptions): Promise<NamedArchive> {
  const source = await locate(options);
  const { name, sizeBytes: storedBytes } = source;
  const reader = await openArchive(source);
  const close = (): Promise<void> => Promise.resolve(reader.close());
  return { reader, name, storedBytes, close };
}

async function locate(options: NamedArchiveOptions): Promise<ArchiveSource> {
  const { archive, workingDirectory, stdin, signal } = options;
  if (archive !== '-') return new FileSource(resolve(workingDirectory, archive));
  if (!stdin) throw new DmsBackupError('usage', 'no stream to read the archive from');
  return await spoolStream('-', stdin, signal);
}
