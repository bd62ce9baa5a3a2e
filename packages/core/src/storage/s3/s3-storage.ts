// A bucket, or a part of it below a prefix, at Amazon or any server that speaks S3.

import { DmsBackupError } from '../../errors.ts';
import { impatient, patient, withRetries } from '../retry.ts';
import type { Storage, StorageContext, StoredFile } from '../storage.ts';
import { assertStoredName, isStoredName } from '../stored-name.ts';
import { connectS3 } from './s3-client.ts';
import { isTransient, s3Error } from './s3-errors.ts';
import { findObject } from './s3-object.ts';
import { createS3Reader } from './s3-reader.ts';
import { createS3Sink } from './s3-sink.ts';
import type { S3Place } from './s3-url.ts';

/** More pages than any bucket of archives has: a server that lists without end is stopped. */
const mostPages = 1000;

/** Throws `usage` for a wrong endpoint. Nothing is sent before the first call. */
export async function openS3Storage(
  place: S3Place & { readonly url: string },
  context: StorageContext,
): Promise<Storage> {
  const patience = context.patience ?? patient;
  const connection = await connectS3(place, context, patience);
  const { sdk, client } = connection;
  const few = impatient(patience);
  const find = (name: string, signal = context.signal) =>
    findObject(connection, place.prefix + name, {
      otherwise: 'source-unreadable',
      patience: few,
      signal,
    });

  async function listPage(token: string | undefined) {
    const request = new sdk.ListObjectsV2Command({
      Bucket: place.bucket,
      Delimiter: '/',
      ...(place.prefix !== '' && { Prefix: place.prefix }),
      ...(token !== undefined && { ContinuationToken: token }),
    });
    const options = context.signal && { abortSignal: context.signal };
    return withRetries(() => client.send(request, options), isTransient, few, context.signal);
  }

  return {
    url: place.url,
    async list() {
      const files: StoredFile[] = [];
      try {
        let token: string | undefined;
        for (let page = 0; page === 0 || token !== undefined; page++) {
          if (page === mostPages)
            throw new DmsBackupError('source-unreadable', `'${place.url}' lists without end`);
          const answer = await listPage(token);
          for (const object of answer.Contents ?? []) {
            const name = object.Key?.startsWith(place.prefix)
              ? object.Key.slice(place.prefix.length)
              : '';
            const sizeBytes = object.Size ?? -1;
            if (isStoredName(name) && sizeBytes >= 0)
              files.push({ name, sizeBytes, modifiedAt: object.LastModified ?? null });
          }
          token = answer.IsTruncated ? answer.NextContinuationToken : undefined;
        }
      } catch (error) {
        throw s3Error(`cannot list '${place.url}'`, error, 'source-unreadable');
      }
      return files;
    },
    async open(name, signal) {
      assertStoredName(name);
      const object = await find(name, signal);
      if (!object) throw missing(name);
      return { kind: 'ranges', reader: createS3Reader(connection, place.prefix + name, object) };
    },
    async createSink(name, signal) {
      assertStoredName(name);
      return createS3Sink(connection, name, signal ?? context.signal);
    },
    async remove(name) {
      assertStoredName(name);
      if (!(await find(name))) throw missing(name);
      const request = new sdk.DeleteObjectCommand({
        Bucket: place.bucket,
        Key: place.prefix + name,
      });
      try {
        await withRetries(() => client.send(request), isTransient, few, context.signal);
      } catch (error) {
        throw s3Error(`cannot remove '${place.url}/${name}'`, error, 'destination-unwritable');
      }
    },
    close() {
      client.destroy();
      return Promise.resolve();
    },
  };

  function missing(name: string): DmsBackupError {
    return new DmsBackupError('archive-not-found', `there is no '${name}' in '${place.url}'`, {
      hint: 'Check the bucket, the prefix and the name.',
    });
  }
}
