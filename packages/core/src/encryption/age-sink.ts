// Encrypts an archive with age while it is written. Memory: one chunk that waits (only the last one is marked as last, so each
// must know whether more follows) and one batch for the sink below.

import { randomBytes } from 'node:crypto';
import type { Sink } from '../io/sink.ts';
import { createAgeHeader } from './age-header.ts';
import {
  chunkBytes,
  chunkKey,
  derivePayloadKey,
  payloadNonceBytes,
  sealChunk,
  sealedBytes,
} from './age-stream.ts';
import type { Encryption } from './keys.ts';

/** The sink below gets pieces of this size: one call for many chunks. */
const batchBytes = 64 * sealedBytes;

/**
 * A sink that encrypts for `inner`, which it takes over: commit and discard reach it. Nothing is written before the first
 * batch is full. Throws `usage` for recipients that are none.
 */
export async function createAgeSink(
  inner: Sink,
  encryption: Pick<Encryption, 'recipients' | 'passphrase'>,
): Promise<Sink> {
  const { text, fileKey } = await createAgeHeader(encryption);
  const nonce = randomBytes(payloadNonceBytes);
  const key = chunkKey(derivePayloadKey(fileKey, nonce));

  let batch = Buffer.allocUnsafeSlow(batchBytes);
  let batched = text.copy(batch);
  batched += nonce.copy(batch, batched);
  /** Sends the batch when the next chunk would not fit; another memory then, as the sink below may still hold this one. */
  const makeRoom = async () => {
    await inner.write(batch.subarray(0, batched));
    batch = Buffer.allocUnsafeSlow(batchBytes);
    batched = 0;
  };

  let index = 0;
  const seal = (chunk: Uint8Array, isLast: boolean) => {
    batched += sealChunk(key, index, isLast, chunk, batch.subarray(batched));
    index += 1;
  };
  const isFull = () => batched + sealedBytes > batchBytes;

  const waiting = Buffer.allocUnsafeSlow(chunkBytes);
  let waits = 0;

  return {
    async write(bytes) {
      let done = 0;
      while (done < bytes.length) {
        if (isFull()) await makeRoom();
        if (waits === chunkBytes) {
          seal(waiting, false);
          waits = 0;
        } else if (waits === 0 && bytes.length - done > chunkBytes) {
          seal(bytes.subarray(done, done + chunkBytes), false);
          done += chunkBytes;
        } else {
          const part = bytes.subarray(done, done + chunkBytes - waits);
          waiting.set(part, waits);
          waits += part.length;
          done += part.length;
        }
      }
    },
    async commit() {
      if (isFull()) await makeRoom();
      seal(waiting.subarray(0, waits), true);
      await inner.write(batch.subarray(0, batched));
      await inner.commit();
    },
    discard: () => inner.discard(),
  };
}
