// An archive that is encrypted with age, read at any place: only the chunks that are touched are decrypted.

import { decryptRange, openAge } from '../encryption/age-reader.ts';
import type { AgePayload } from '../encryption/age-reader.ts';
import { headerLimitBytes } from '../encryption/age-header.ts';
import { chunkBytes, sealedBytes } from '../encryption/age-stream.ts';
import type { Keys } from '../encryption/keys.ts';
import { DmsBackupError } from '../errors.ts';
import { withLoaded } from './byte-source.ts';
import type { ArchiveSource, ByteSource, ThreadSource } from './byte-source.ts';

/** Takes `inner` over: it is closed with the source that is returned. Throws `wrong-key`, `archive-damaged`. */
export async function openAgeSource(inner: ArchiveSource, keys: Keys): Promise<ArchiveSource> {
  const { sizeBytes } = inner;
  const read = (position: number, lengthBytes: number): Buffer => inner.read(position, lengthBytes);
  // all that opening needs: a passphrase is slow work, not to be done again when something is missing
  await inner.load(0, Math.min(sizeBytes, headerLimitBytes));
  const tailBytes = Math.min(sizeBytes, 2 * sealedBytes);
  await inner.load(sizeBytes - tailBytes, tailBytes);
  const payload = await withLoaded(() => openAge(read, sizeBytes, keys));
  return new AgeSource(inner, payload);
}

/** For threads, too. */
export function readAge(
  inner: ByteSource,
  payload: AgePayload,
  position: number,
  lengthBytes: number,
): Buffer {
  if (position < 0 || position + lengthBytes > payload.plainBytes)
    throw new DmsBackupError('archive-damaged', 'the archive ends in the middle of a frame');
  return decryptRange(payload, (...range) => inner.read(...range), position, lengthBytes);
}

class AgeSource implements ArchiveSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #inner: ArchiveSource;
  readonly #payload: AgePayload;

  constructor(inner: ArchiveSource, payload: AgePayload) {
    this.name = inner.name;
    this.sizeBytes = payload.plainBytes;
    this.#inner = inner;
    this.#payload = payload;
  }

  read(position: number, lengthBytes: number): Buffer {
    return readAge(this.#inner, this.#payload, position, lengthBytes);
  }

  async load(position: number, lengthBytes: number): Promise<void> {
    if (lengthBytes === 0) return;
    const start = this.#sealedAt(Math.floor(position / chunkBytes));
    const end = this.#sealedAt(Math.floor((position + lengthBytes - 1) / chunkBytes) + 1);
    await this.#inner.load(start, Math.min(end, this.#inner.sizeBytes) - start);
  }

  forThread(): ThreadSource {
    const { data, transfer } = this.#inner.forThread();
    return { data: { kind: 'age', inner: data, payload: this.#payload }, transfer };
  }

  close(): void {
    this.#inner.close();
  }

  #sealedAt(chunk: number): number {
    return this.#payload.payloadOffset + chunk * sealedBytes;
  }
}
