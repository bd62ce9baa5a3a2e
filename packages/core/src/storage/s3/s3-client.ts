// The client of S3: where it connects and as whom. It is loaded when a bucket is used, and only here and in its neighbours.
// Attempts are counted in `retry.ts`, so that an interrupted backup never waits for the client.

import type * as S3Sdk from '@aws-sdk/client-s3';
import type { Patience, StorageContext } from '../storage.ts';
import { readEndpoint, type S3Place } from './s3-url.ts';

/** How long a connection may take. */
const connectionTimeoutMs = 10_000;

/** Everything that the parts of the S3 storage share. */
export interface S3Connection {
  readonly sdk: typeof S3Sdk;
  readonly client: S3Sdk.S3Client;
  readonly place: S3Place & { readonly url: string };
  readonly patience: Patience;
}

/** Loads the client and sets it up. Throws `usage` for an endpoint that is none. Nothing is sent yet. */
export async function connectS3(
  place: S3Place & { readonly url: string },
  context: StorageContext,
  patience: Patience,
): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const { environment } = context;
  const endpoint =
    place.endpoint ??
    readEndpoint(environment['AWS_ENDPOINT_URL_S3']) ??
    readEndpoint(environment['AWS_ENDPOINT_URL']);
  const profile = place.profile ?? environment['AWS_PROFILE'];
  const credentials = place.profile === undefined ? keysOf(environment) : undefined;
  const region = place.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const settings = {
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    forcePathStyle: place.pathStyle ?? (endpoint !== undefined && !isAmazon(endpoint)),
    followRegionRedirects: true,
    maxAttempts: 1,
    // newer checksums are unknown to many servers; every request is signed together with the hash of its content
    requestChecksumCalculation: 'WHEN_REQUIRED' as const,
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
    requestHandler: { connectionTimeout: connectionTimeoutMs, socketTimeout: patience.stallMs },
  };
  const fixed = region ?? (await regionOf(new sdk.S3Client(settings)));
  return { sdk, client: new sdk.S3Client({ ...settings, region: fixed }), place, patience };
}

/** The region of the profile, or the one that servers besides Amazon expect; Amazon names the right one in its answer. */
async function regionOf(client: S3Sdk.S3Client): Promise<string> {
  try {
    return await client.config.region();
  } catch {
    return 'us-east-1';
  } finally {
    client.destroy();
  }
}

function keysOf(environment: StorageContext['environment']) {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

function isAmazon(endpoint: string): boolean {
  return /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}
