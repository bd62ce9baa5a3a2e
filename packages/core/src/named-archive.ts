// From the word that a user has for an archive to a reader of it: a path, or `-` for standard input; encrypted or not.

import { resolve } from 'node:path';
import { openArchive } from './archive/reader.ts';
import type { ArchiveReader } from './archive/reader.ts';
import type { Keys } from './encryption/keys.ts';
import { DmsBackupError } from './errors.ts';
import type { ArchiveSource } from './source/byte-source.ts';
import { FileSource } from './source/file-source.ts';
import { encryptionFacts, openEncrypted } from './source/plain-source.ts';
import type { EncryptionFacts } from './source/plain-source.ts';
import { spoolStream } from './source/spooled-source.ts';

export interface NamedArchiveOptions {
  readonly archive: string;
  readonly workingDirectory: string;
  readonly stdin?: NodeJS.ReadableStream;
  /** What may open an encrypted archive. */
  readonly keys?: Keys;
  readonly signal?: AbortSignal;
}

/** An archive as it is stored, not opened yet. */
export interface StoredArchive {
  /** Absolute path, or `-`. For messages and results. */
  readonly name: string;
  readonly storedBytes: number;
  /** Null: it is not encrypted. */
  readonly encryption: EncryptionFacts | null;
  /** A reader whose seal, index and manifest can be read; before other entries, `load` them. Throws what `openArchive` throws. */
  readonly open: () => Promise<ArchiveReader>;
  /** Closes the reader, too. */
  readonly close: () => Promise<void>;
}

export interface NamedArchive extends Omit<StoredArchive, 'open'> {
  readonly reader: ArchiveReader;
}

/**
 * Opens an archive; close it afterwards. Throws `usage` when `-` is given and there is no stream, `wrong-key` when it is encrypted
 * and the keys do not open it, and what {@link spoolStream} and {@link openArchive} throw.
 */
export async function openNamedArchive(options: NamedArchiveOptions): Promise<NamedArchive> {
  const { open, ...stored } = await findArchive(options);
  try {
    return { ...stored, reader: await open() };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

/** Finds an archive and what can be said of it without a key. Close it afterwards. */
export async function findArchive(options: NamedArchiveOptions): Promise<StoredArchive> {
  const source = await locate(options);
  const { name, sizeBytes: storedBytes } = source;
  /** Whatever has taken the source over. */
  let last: { close: () => void } = source;
  const close = (): Promise<void> => Promise.resolve(last.close());
  try {
    const encryption = (await encryptionFacts(source)) ?? null;
    const open = async (): Promise<ArchiveReader> => {
      const { keys = { identities: [] }, signal } = options;
      const nothing = { close: () => undefined };
      last = nothing;
      const plain =
        encryption === null ? source : await openEncrypted(source, encryption.method, keys, signal);
      const reader = await openArchive(plain);
      last = reader;
      return reader;
    };
    return { name, storedBytes, encryption, open, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function locate(options: NamedArchiveOptions): Promise<ArchiveSource> {
  const { archive, workingDirectory, stdin, signal } = options;
  if (archive !== '-') return new FileSource(resolve(workingDirectory, archive));
  if (!stdin) throw new DmsBackupError('usage', 'no stream to read the archive from');
  return await spoolStream('-', stdin, signal);
}
