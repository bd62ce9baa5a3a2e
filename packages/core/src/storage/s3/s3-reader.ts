// Ranges of one object. Every request names the ETag that was seen when it was opened, so that an object that is replaced
// meanwhile is noticed and never mixed with the old one.

import type { Readable } from 'node:stream';
import { DmsBackupError } from '../../errors.ts';
import { withRetries } from '../retry.ts';
import type { StoredReader } from '../storage.ts';
import type { S3Connection } from './s3-client.ts';
import { isTransient, s3Error, statusOf } from './s3-errors.ts';
import type { S3Object } from './s3-object.ts';

export function createS3Reader(
  connection: S3Connection,
  key: string,
  object: S3Object,
): StoredReader {
  const { sdk, client, place, patience } = connection;
  const tried = `cannot read '${key}' of '${place.url}'`;

  async function fetchInto(
    target: Buffer,
    position: number,
    signal?: AbortSignal,
  ): Promise<number> {
    const last = position + target.length - 1;
    const answer = await client.send(
      new sdk.GetObjectCommand({
        Bucket: place.bucket,
        Key: key,
        Range: `bytes=${position}-${last}`,
        ...(object.etag !== undefined && { IfMatch: object.etag }),
      }),
      signal && { abortSignal: signal },
    );
    const body = answer.Body as Readable;
    if (answer.ContentRange !== `bytes ${position}-${last}/${object.sizeBytes}`) {
      body.destroy();
      throw answer.ContentRange === undefined
        ? new DmsBackupError(
            'source-unreadable',
            `${tried}: the server does not read from a position`,
          )
        : changed();
    }
    return await collect(body, target, patience.stallMs, signal);
  }

  function changed(): DmsBackupError {
    return new DmsBackupError('archive-damaged', `${tried}: it changed while it was read`, {
      hint: 'Somebody replaced the object meanwhile. Start again.',
    });
  }

  return {
    sizeBytes: object.sizeBytes,
    async read(position, lengthBytes, signal) {
      if (position + lengthBytes > object.sizeBytes)
        throw new DmsBackupError(
          'archive-damaged',
          `${tried}: it ends before byte ${position + lengthBytes}`,
        );
      const bytes = Buffer.allocUnsafe(lengthBytes);
      let done = 0;
      const fetchRest = async (): Promise<void> => {
        while (done < lengthBytes) {
          const rest = bytes.subarray(done);
          done += await fetchInto(rest, position + done, signal);
        }
      };
      try {
        await withRetries(fetchRest, isTransient, patience, signal);
      } catch (error) {
        if ([404, 412, 416].includes(statusOf(error) ?? 0)) throw changed();
        throw s3Error(tried, error, 'source-unreadable');
      }
      return bytes;
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Reads a body until it ends, breaks off or says nothing for `stallMs`; what came is kept. Returns how many bytes came:
 * the caller asks for the rest. Throws the error of the body when nothing came.
 */
async function collect(
  body: Readable,
  target: Buffer,
  stallMs: number,
  signal?: AbortSignal,
): Promise<number> {
  let done = 0;
  const stop = (): void => void body.destroy(cutOff());
  const timer = setTimeout(stop, stallMs);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      timer.refresh();
      done += piece.copy(target, done);
    }
  } catch (error) {
    if (done === 0 || signal?.aborted) throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
  if (done === 0) throw cutOff();
  return done;
}

function cutOff(): Error {
  return Object.assign(new Error('the answer was cut off'), { name: 'TimeoutError' });
}
