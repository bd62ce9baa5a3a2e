// Reads an archive that is encrypted with age at any place. Opening finds the key and proves the last chunk, so that a file
// that was cut is known at once; what is read later needs plain data only, which other threads may get.

import { DmsBackupError } from '../errors.ts';
import { headerLimitBytes, headerOf, openHeader, readStanzas } from './age-header.ts';
import {
  chunkBytes,
  chunkKey,
  contentBytes,
  derivePayloadKey,
  openChunk,
  payloadNonceBytes,
  sealedBytes,
  tagBytes,
} from './age-stream.ts';
import type { Keys } from './keys.ts';

/** Bytes of the encrypted file; fewer only at its end. */
export type ReadEncrypted = (position: number, length: number) => Buffer;

/** What it takes to read the content: plain data, for other threads, too. A secret. */
export interface AgePayload {
  readonly payloadKey: Uint8Array;
  readonly payloadOffset: number;
  /** Size of the content. */
  readonly plainBytes: number;
}

/** For whom a file is encrypted, as far as it tells without a key. */
export interface AgeDescription {
  readonly kind: AgeKind;
  readonly count: number;
}

const kinds = {
  scrypt: 'passphrase',
  X25519: 'age key',
  mlkem768x25519: 'post-quantum age key',
  p256tag: 'hardware key',
  mlkem768p256tag: 'post-quantum hardware key',
  'ssh-ed25519': 'SSH key',
  'ssh-rsa': 'SSH key',
} as const;

export type AgeKind = (typeof kinds)[keyof typeof kinds] | 'other';

/**
 * Checks header and end of an encrypted file of `sizeBytes`. Throws `wrong-key` (also when a key is needed and there is none),
 * `usage` for identities that are none, and `archive-damaged`.
 */
export async function openAge(
  read: ReadEncrypted,
  sizeBytes: number,
  keys: Keys,
): Promise<AgePayload> {
  const header = headerOf(read(0, Math.min(sizeBytes, headerLimitBytes)));
  const fileKey = await openHeader(header, keys);
  const payloadOffset = header.length + payloadNonceBytes;
  const plainBytes = contentBytes(sizeBytes - payloadOffset);
  if (plainBytes === undefined)
    throw new DmsBackupError(
      'archive-damaged',
      'the encrypted archive was cut: its size cannot be',
    );
  const payloadKey = derivePayloadKey(fileKey, read(header.length, payloadNonceBytes));
  const payload = { payloadKey, payloadOffset, plainBytes };
  openChunks(payload, read, lastChunk(payload), lastChunk(payload));
  return payload;
}

/** Content from `position`; shorter at the end. Opens only the chunks that it touches. Throws `archive-damaged`. */
export function decryptRange(
  payload: AgePayload,
  read: ReadEncrypted,
  position: number,
  length: number,
): Buffer {
  const end = Math.min(position + length, payload.plainBytes);
  if (end <= position) return Buffer.alloc(0);
  const from = Math.floor(position / chunkBytes);
  const to = Math.floor((end - 1) / chunkBytes);
  const chunks = openChunks(payload, read, from, to);
  const offset = from * chunkBytes;
  return joinRange(chunks, position - offset, end - offset);
}

function lastChunk({ plainBytes }: AgePayload): number {
  return Math.max(0, Math.ceil(plainBytes / chunkBytes) - 1);
}

/** The chunks from one number to another, in one read. */
function openChunks(
  payload: AgePayload,
  read: ReadEncrypted,
  from: number,
  to: number,
): readonly Buffer[] {
  const { payloadKey, payloadOffset, plainBytes } = payload;
  const last = lastChunk(payload);
  const sealedEnd = to === last ? plainBytes + (last + 1) * tagBytes : (to + 1) * sealedBytes;
  const length = sealedEnd - from * sealedBytes;
  const sealed = read(payloadOffset + from * sealedBytes, length);
  if (sealed.length !== length)
    throw new DmsBackupError('archive-damaged', 'the encrypted archive was cut while it was read');
  const key = chunkKey(payloadKey);
  return Array.from({ length: to - from + 1 }, (_, index) =>
    openChunk(
      key,
      from + index,
      from + index === last,
      sealed.subarray(index * sealedBytes, (index + 1) * sealedBytes),
    ),
  );
}

/** Bytes `start` to `end` of the chunks. */
function joinRange(chunks: readonly Buffer[], start: number, end: number): Buffer {
  const [first] = chunks;
  // most reads of heads and lines lie within one chunk
  if (chunks.length === 1 && first !== undefined) return first.subarray(start, end);
  return Buffer.concat(chunks, end).subarray(start);
}

/** Kinds and numbers of the recipients, from the first bytes of a file. Needs no key. Throws `archive-damaged`. */
export async function describeAge(start: Buffer): Promise<readonly AgeDescription[]> {
  const stanzas = await readStanzas(headerOf(start));
  const counts = new Map<AgeKind, number>();
  for (const { args } of stanzas) {
    const name = args[0] ?? '';
    // some programs add a stanza that is for nobody, so that readers stay used to unknown ones
    if (name.endsWith('-grease')) continue;
    const kind = Object.hasOwn(kinds, name) ? kinds[name as keyof typeof kinds] : 'other';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => ({ kind, count }));
}
