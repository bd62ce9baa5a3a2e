// Looks whether a source is encrypted, and opens it with the user's keys.

import { describeAge } from '../encryption/age-reader.ts';
import type { AgeDescription } from '../encryption/age-reader.ts';
import { headerLimitBytes } from '../encryption/age-header.ts';
import { decryptGpg } from '../encryption/gpg-reader.ts';
import { encryptionMagicBytes, encryptionOf } from '../encryption/keys.ts';
import type { Encryption, Keys } from '../encryption/keys.ts';
import { Spool } from '../io/spool.ts';
import { openAgeSource } from './age-source.ts';
import type { ArchiveSource } from './byte-source.ts';
import { FileSource } from './file-source.ts';

/** What is known of an encrypted archive without a key. */
export interface EncryptionFacts {
  readonly method: Encryption['method'];
  /** What opens it, as far as the file says so; gpg does not without its keyring. */
  readonly openedBy: readonly AgeDescription[];
}

const pieceBytes = 4 * 1024 * 1024;

/** Undefined: not encrypted. Throws `archive-damaged` for a header that is none. */
export async function encryptionFacts(source: ArchiveSource): Promise<EncryptionFacts | undefined> {
  const method = encryptionOf(await startOf(source, encryptionMagicBytes));
  if (method === undefined) return undefined;
  const openedBy =
    method === 'age' ? await describeAge(await startOf(source, headerLimitBytes)) : [];
  return { method, openedBy };
}

/**
 * The content of an encrypted source, which is taken over; it is closed when opening fails, too. What gpg has encrypted is decrypted
 * as a whole, to a temporary file without a name. Throws `wrong-key`, `archive-damaged`, `encryption-failed`, `no-space`.
 */
export async function openEncrypted(
  source: ArchiveSource,
  method: Encryption['method'],
  keys: Keys,
  signal?: AbortSignal,
): Promise<ArchiveSource> {
  try {
    if (method === 'age') return await openAgeSource(source, keys);
    const plain = await decryptToFile(source, keys, signal);
    source.close();
    return plain;
  } catch (error) {
    source.close();
    throw error;
  }
}

async function decryptToFile(
  source: ArchiveSource,
  keys: Keys,
  signal: AbortSignal | undefined,
): Promise<FileSource> {
  const spool = new Spool();
  try {
    await decryptGpg(piecesOf(source), keys, spool.fd, signal);
    return new FileSource({ fd: spool.fd, name: source.name });
  } catch (error) {
    spool.close();
    throw error;
  }
}

async function* piecesOf(source: ArchiveSource): AsyncGenerator<Buffer> {
  for (let at = 0; at < source.sizeBytes; at += pieceBytes) {
    const lengthBytes = Math.min(pieceBytes, source.sizeBytes - at);
    await source.load(at, lengthBytes);
    yield source.read(at, lengthBytes);
  }
}

/** The first bytes of a source, as many as there are. */
export async function startOf(source: ArchiveSource, limitBytes: number): Promise<Buffer> {
  const lengthBytes = Math.min(limitBytes, source.sizeBytes);
  await source.load(0, lengthBytes);
  return source.read(0, lengthBytes);
}
