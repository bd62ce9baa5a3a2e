// From the word that a user has for an archive to a reader of it: a path, the URL of a storage, or `-` for standard input;
// encrypted or not.

import { resolve } from 'node:path';
import { openArchive } from './archive/reader.ts';
import type { ArchiveReader } from './archive/reader.ts';
import { manifestStartBytes } from './archive/unproved-manifest.ts';
import type { Keys } from './encryption/keys.ts';
import { DmsBackupError } from './errors.ts';
import type { ArchiveSource } from './source/byte-source.ts';
import { FileSource } from './source/file-source.ts';
import { encryptionFacts, openEncrypted, startOf } from './source/plain-source.ts';
import type { EncryptionFacts } from './source/plain-source.ts';
import { RemoteSource } from './source/remote-source.ts';
import { spoolStream } from './source/spooled-source.ts';
import { archiveAt } from './storage/archive-at.ts';
import { openStorage } from './storage/open-storage.ts';
import { parsePlace } from './storage/place.ts';
import type { Place } from './storage/place.ts';

export interface NamedArchiveOptions {
  readonly archive: string;
  readonly workingDirectory: string;
  /** What the clients of storages look at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: NodeJS.ReadableStream;
  /** What may open an encrypted archive. */
  readonly keys?: Keys;
  readonly signal?: AbortSignal;
}

/** An archive as it is stored, not opened yet. */
export interface StoredArchive {
  /** Absolute path, URL, or `-`. For messages and results. */
  readonly name: string;
  readonly storedBytes: number;
  /** Null: it is not encrypted. */
  readonly encryption: EncryptionFacts | null;
  /** A reader whose seal, index and manifest can be read; before other entries, `load` them. Throws what `openArchive` throws. */
  readonly open: () => Promise<ArchiveReader>;
  /** Closes the reader, too. */
  readonly close: () => Promise<void>;
  /** The first bytes, before they are decrypted. */
  readonly start: () => Promise<Buffer>;
}

export interface NamedArchive extends Omit<StoredArchive, 'open' | 'start'> {
  readonly reader: ArchiveReader;
}

/**
 * Opens an archive; close it afterwards. Throws `usage` when `-` is given and there is no stream, `wrong-key` when it is encrypted
 * and the keys do not open it, and what {@link spoolStream} and {@link openArchive} throw.
 */
export async function openNamedArchive(options: NamedArchiveOptions): Promise<NamedArchive> {
  const { open, start: _, ...stored } = await findArchive(options);
  try {
    return { ...stored, reader: await open() };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

/** Finds an archive and what can be said of it without a key. Close it afterwards. */
export async function findArchive(options: NamedArchiveOptions): Promise<StoredArchive> {
  const { source, disconnect } = await locate(options);
  const { name, sizeBytes: storedBytes } = source;
  /** Whatever has taken the source over. */
  let last: { close: () => void } = source;
  const close = async (): Promise<void> => {
    last.close();
    last = nothing;
    await disconnect();
  };
  const open = async (): Promise<ArchiveReader> => {
    const { keys = { identities: [] }, signal } = options;
    // who fails to open it closes it
    last = nothing;
    const plain =
      encryption === null ? source : await openEncrypted(source, encryption.method, keys, signal);
    const reader = await openArchive(plain);
    last = reader;
    return reader;
  };
  const start = (): Promise<Buffer> => startOf(source, manifestStartBytes);
  let encryption: EncryptionFacts | null;
  try {
    encryption = (await encryptionFacts(source)) ?? null;
  } catch (error) {
    await close();
    throw error;
  }
  return { name, storedBytes, encryption, open, start, close };
}

const nothing = { close: (): void => undefined };

/** A source, and what is to be closed behind it. */
interface Located {
  readonly source: ArchiveSource;
  readonly disconnect: () => Promise<void>;
}

async function locate(options: NamedArchiveOptions): Promise<Located> {
  const { archive, workingDirectory, stdin, signal } = options;
  const disconnect = (): Promise<void> => Promise.resolve();
  if (archive === '-') {
    if (!stdin) throw new DmsBackupError('usage', 'no stream to read the archive from');
    return { source: await spoolStream('-', stdin, signal), disconnect };
  }
  const place = parsePlace(archive);
  if (place.kind !== 'local') return await locateStored(place, options);
  return { source: new FileSource(resolve(workingDirectory, archive)), disconnect };
}

async function locateStored(
  place: Place,
  { archive, workingDirectory, environment = {}, signal }: NamedArchiveOptions,
): Promise<Located> {
  const { fileName } = place;
  if (fileName === undefined) {
    throw new DmsBackupError('usage', `'${place.url}' names a place, not an archive in it`, {
      hint: `Run \`dms-backup list ${place.url}\` to see what is there, or write \`latest --from ${place.url}\`.`,
    });
  }
  const name = archiveAt(archive, place, fileName);
  const storage = await openStorage(place, { environment, workingDirectory, signal });
  try {
    const file = await storage.open(fileName, signal);
    if (file.kind === 'ranges') {
      const { reader } = file;
      const disconnect = async (): Promise<void> => {
        await reader.close();
        await storage.close();
      };
      return { source: new RemoteSource(name, reader), disconnect };
    }
    try {
      const source = await spoolStream(name, file.stream, signal);
      return { source, disconnect: () => storage.close() };
    } finally {
      await file.close();
    }
  } catch (error) {
    await storage.close();
    throw error;
  }
}
