// The payload of an age file: chunks of 64 KiB, each sealed with ChaCha20-Poly1305 under its number, the last one marked as
// last (https://c2sp.org/age, "Payload"). Node's own cipher does it several times faster than the library, and any chunk can
// be opened alone.

import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { DmsBackupError } from '../errors.ts';

export const chunkBytes = 64 * 1024;
export const tagBytes = 16;
export const sealedBytes = chunkBytes + tagBytes;
export const payloadNonceBytes = 16;

const cipherName = 'chacha20-poly1305';

export function derivePayloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** The key as Node takes it faster, for many chunks. */
export function chunkKey(payloadKey: Uint8Array): KeyObject {
  return createSecretKey(payloadKey);
}

/** Seals a chunk to `target`, which has room for it and its tag. Returns the bytes written. */
export function sealChunk(
  key: KeyObject,
  index: number,
  isLast: boolean,
  chunk: Uint8Array,
  target: Buffer,
): number {
  const cipher = createCipheriv(cipherName, key, chunkNonce(index, isLast), {
    authTagLength: tagBytes,
  });
  target.set(cipher.update(chunk), 0);
  cipher.final();
  target.set(cipher.getAuthTag(), chunk.length);
  return chunk.length + tagBytes;
}

/** The content of one sealed chunk. Throws `archive-damaged`. */
export function openChunk(key: KeyObject, index: number, isLast: boolean, sealed: Buffer): Buffer {
  const decipher = createDecipheriv(cipherName, key, chunkNonce(index, isLast), {
    authTagLength: tagBytes,
  });
  const end = sealed.length - tagBytes;
  const content = decipher.update(sealed.subarray(0, end));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    decipher.final();
  } catch (cause) {
    throw new DmsBackupError(
      'archive-damaged',
      isLast
        ? 'the end of the encrypted archive is not what was written: it is cut or damaged'
        : `the encrypted archive is damaged in its ${chunkBytes / 1024} KiB piece number ${index}`,
      { cause },
    );
  }
  return content;
}

/** Bytes of content in a payload of `cipherBytes`, or undefined when no content has a payload of this size. */
export function contentBytes(cipherBytes: number): number | undefined {
  const chunks = Math.max(1, Math.ceil(cipherBytes / sealedBytes));
  const lastBytes = cipherBytes - (chunks - 1) * sealedBytes - tagBytes;
  // only a payload without any content has an empty chunk
  if (lastBytes < 0 || (lastBytes === 0 && chunks > 1)) return undefined;
  return (chunks - 1) * chunkBytes + lastBytes;
}

/** 11 bytes of counter, and the mark of the last chunk. Counters above 48 bits would need files of 16 exabytes. */
function chunkNonce(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
