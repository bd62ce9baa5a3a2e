// Questions about one object of a bucket: is it there, how large is it, is it the one that we wrote?

import { DmsBackupError } from '../../errors.ts';
import { withRetries } from '../retry.ts';
import type { Patience } from '../storage.ts';
import type { S3Connection } from './s3-client.ts';
import { errorName, isTransient, s3Error, statusOf } from './s3-errors.ts';

export interface S3Object {
  readonly sizeBytes: number;
  readonly etag: string | undefined;
  /** What {@link uploadMark} holds. */
  readonly mark: string | undefined;
}

/** Metadata of each object that we write: tells ours from another one of the same name when an answer was lost. */
export const uploadMark = 'dms-backup-upload';

/** The object, or undefined when there is none. Throws what {@link s3Error} makes, with `otherwise` for the rest. */
export async function findObject(
  connection: S3Connection,
  key: string,
  options: {
    readonly otherwise: 'destination-unwritable' | 'source-unreadable';
    readonly patience: Patience;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<S3Object | undefined> {
  const { sdk, client, place, patience } = { ...connection, ...options };
  const { signal, otherwise } = options;
  try {
    const answer = await withRetries(
      () =>
        client.send(
          new sdk.HeadObjectCommand({ Bucket: place.bucket, Key: key }),
          signal && { abortSignal: signal },
        ),
      isTransient,
      patience,
      signal,
    );
    const sizeBytes = answer.ContentLength;
    if (sizeBytes === undefined || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      throw new DmsBackupError(
        'server-unreachable',
        `'s3://${place.bucket}' gives no size of an object`,
      );
    return { sizeBytes, etag: answer.ETag, mark: answer.Metadata?.[uploadMark] };
  } catch (error) {
    // a bucket that is not there is told apart by the requests that come with a text
    if (statusOf(error) === 404 && errorName(error) !== 'NoSuchBucket') return undefined;
    throw s3Error(`cannot look for '${key}' in '${place.url}'`, error, otherwise);
  }
}
