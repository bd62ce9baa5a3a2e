// An archive on its way into a bucket: a multipart upload without a temporary file. The object appears with the last
// request, whole, and only if no other has its name; until then there is nothing but an unfinished upload.

import { randomUUID } from 'node:crypto';
import { DmsBackupError, assertNotAborted } from '../../errors.ts';
import type { Sink } from '../../io/sink.ts';
import { atMost, impatient, withRetries } from '../retry.ts';
import type { Patience } from '../storage.ts';
import type { S3Connection } from './s3-client.ts';
import { errorName, isTransient, s3Error, statusOf } from './s3-errors.ts';
import { findObject, uploadMark } from './s3-object.ts';
import { mostParts, partSizeBytes, partsUnderWay } from './part-size.ts';

/** Interrupted runs wait this long for a server that is gone. */
const discardMs = 20_000;

/** Throws `destination-exists`, `storage-denied`, `server-unreachable`. */
export async function createS3Sink(
  connection: S3Connection,
  name: string,
  signal?: AbortSignal,
): Promise<Sink> {
  const { sdk, client, place, patience } = connection;
  const key = place.prefix + name;
  const target = { Bucket: place.bucket, Key: key };
  const tried = `cannot write '${place.url}/${name}'`;
  const mark = randomUUID();
  const description = {
    ...target,
    ContentType: 'application/octet-stream',
    Metadata: { [uploadMark]: mark },
    ...(place.encryption && { ServerSideEncryption: place.encryption.algorithm }),
    ...(place.encryption?.keyId !== undefined && { SSEKMSKeyId: place.encryption.keyId }),
  };
  const ending = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;

  let uploadId: string | undefined;
  let buffer: Buffer | undefined;
  let used = 0;
  let written = 0;
  let failure: DmsBackupError | undefined;
  const finished: { PartNumber: number; ETag: string | undefined }[] = [];
  const underWay = new Set<Promise<void>>();
  const spare: Buffer[] = [];
  let partNumber = 1;
  let state: 'open' | 'publishing' | 'ended' = 'open';

  const attempt = <T>(action: () => Promise<T>): Promise<T> =>
    withRetries(action, isTransient, patience, stopped);

  await assertFree();

  async function assertFree(): Promise<void> {
    const there = await findObject(connection, key, {
      otherwise: 'destination-unwritable',
      patience: impatient(patience),
      signal,
    });
    if (there) throw taken();
  }

  function taken(cause?: unknown): DmsBackupError {
    return new DmsBackupError(
      'destination-exists',
      `there is already a file '${place.url}/${name}'`,
      { cause },
    );
  }

  function takeBuffer(): Buffer {
    const size = partSizeBytes(partNumber);
    const kept = spare.pop();
    return kept?.length === size ? kept : Buffer.allocUnsafeSlow(size);
  }

  /** Hands the filled buffer to an upload of its own; waits only for its turn. */
  async function sendPart(): Promise<void> {
    const whole = buffer!;
    const body = whole.subarray(0, used);
    const number = partNumber++;
    buffer = undefined;
    used = 0;
    if (number > mostParts)
      throw new DmsBackupError('no-space', `${tried}: an object holds 5 TiB at most`);
    uploadId ??= await attempt(() =>
      client.send(new sdk.CreateMultipartUploadCommand(description), { abortSignal: stopped }),
    ).then(({ UploadId }) => UploadId);
    while (underWay.size >= partsUnderWay(number)) await Promise.race(underWay);
    const upload = uploadPart(number, body)
      .catch((error: unknown) => {
        failure ??= s3Error(tried, error, 'destination-unwritable');
      })
      .finally(() => {
        underWay.delete(upload);
        spare.push(whole);
      });
    underWay.add(upload);
  }

  async function uploadPart(number: number, body: Buffer): Promise<void> {
    const part = { ...target, UploadId: uploadId, PartNumber: number, Body: body };
    const { ETag } = await attempt(() =>
      client.send(new sdk.UploadPartCommand(part), { abortSignal: stopped }),
    );
    finished.push({ PartNumber: number, ETag });
  }

  /** The request that makes the object appear: of a whole upload, or of the few bytes that never filled a part. */
  function publish(condition: { IfNoneMatch?: '*' }): Promise<unknown> {
    const options = { abortSignal: stopped };
    if (uploadId === undefined) {
      const Body = buffer?.subarray(0, used) ?? Buffer.alloc(0);
      return client.send(new sdk.PutObjectCommand({ ...description, ...condition, Body }), options);
    }
    const Parts = finished.toSorted((one, other) => one.PartNumber - other.PartNumber);
    const request = { ...target, ...condition, UploadId: uploadId, MultipartUpload: { Parts } };
    return client.send(new sdk.CompleteMultipartUploadCommand(request), options);
  }

  async function publishOnce(): Promise<void> {
    try {
      await attempt(() => publish({ IfNoneMatch: '*' }));
    } catch (error) {
      assertNotAborted(signal);
      // an answer that was lost makes the next attempt fail although the object is there
      if (await isOurs(patience)) return;
      if (statusOf(error) === 412) throw taken(error);
      if (!isUnknownCondition(error)) throw error;
      await assertFree();
      await attempt(() => publish({}));
    }
  }

  async function isOurs(times: Patience): Promise<boolean> {
    const options = { otherwise: 'destination-unwritable', patience: times } as const;
    const object = await findObject(connection, key, options);
    return object?.mark === mark;
  }

  /** Nothing of an upload may go on when this resolves. */
  async function takeBack(): Promise<void> {
    ending.abort();
    await Promise.all(underWay);
    const few = impatient(patience);
    if (uploadId !== undefined) {
      const request = new sdk.AbortMultipartUploadCommand({ ...target, UploadId: uploadId });
      await withRetries(() => client.send(request), isTransient, few).catch(ignoreMissing);
    }
    if (state === 'publishing' && (await isOurs(few))) {
      await withRetries(() => client.send(new sdk.DeleteObjectCommand(target)), isTransient, few);
    }
  }

  return {
    async write(bytes) {
      try {
        for (let at = 0; at < bytes.length;) {
          assertNotAborted(signal);
          if (failure) throw failure;
          buffer ??= takeBuffer();
          const piece = bytes.subarray(at, at + buffer.length - used);
          buffer.set(piece, used);
          used += piece.length;
          at += piece.length;
          if (used === buffer.length) await sendPart();
        }
        written += bytes.length;
      } catch (error) {
        throw s3Error(tried, error, 'destination-unwritable');
      }
    },
    async commit() {
      try {
        if (uploadId !== undefined && used > 0) await sendPart();
        await Promise.all(underWay);
        if (failure) throw failure;
        assertNotAborted(signal);
        state = 'publishing';
        await publishOnce();
        const options = { otherwise: 'destination-unwritable', patience, signal } as const;
        const object = await findObject(connection, key, options);
        if (object?.sizeBytes !== written || object.mark !== mark)
          throw new DmsBackupError(
            'destination-unwritable',
            `${tried}: the server did not keep what was sent`,
          );
        state = 'ended';
      } catch (error) {
        throw s3Error(tried, error, 'destination-unwritable');
      }
    },
    async discard() {
      if (state === 'ended') return;
      // a server that cannot be reached any more keeps an unfinished upload: no object, but space
      await atMost(discardMs, takeBack()).catch(() => undefined);
      state = 'ended';
    },
  };
}

/** Servers that do not know conditional writes answer with one of these. */
function isUnknownCondition(error: unknown): boolean {
  return (
    statusOf(error) === 501 ||
    (statusOf(error) === 400 &&
      /^(?:NotImplemented|Invalid(?:Argument|Request)|BadRequest)$/.test(errorName(error)))
  );
}

/** An upload that the server has ended itself. */
function ignoreMissing(error: unknown): void {
  if (statusOf(error) !== 404) throw error;
}
