// `s3://bucket/prefix?endpoint=https://host&region=...`: everything about a bucket that is not a secret.

import { DmsBackupError } from '../../errors.ts';

export interface S3Place {
  readonly kind: 's3';
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  /** Without it the variables AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, or Amazon decide. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** The bucket as a part of the path, not of the host name. The default wherever the endpoint is not Amazon's. */
  readonly pathStyle: boolean | undefined;
  readonly encryption: S3Encryption | undefined;
}

/** Server-side encryption that is asked for; without it the bucket's own setting holds. */
export interface S3Encryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  readonly keyId: string | undefined;
}

const options = ['endpoint', 'region', 'profile', 'path-style', 'sse', 'sse-kms-key-id'];

/** Reads the URL; `prefix` is the key as written, not yet cut. Throws `usage`, never repeating the URL. */
export function parseS3Url(url: string): S3Place {
  const match = /^s3:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(url);
  if (!match) throw invalid('it does not begin with s3://');
  const [, bucket = '', path = '', query = ''] = match;
  if (bucket.includes('@'))
    throw new DmsBackupError('usage', 'an s3 URL takes no login', {
      hint: 'Give the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in a profile (AWS_PROFILE).',
    });
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket))
    throw invalid('the bucket is missing or not a name');
  const given = readOptions(query);
  const algorithm = given.get('sse');
  const keyId = given.get('sse-kms-key-id');
  if (algorithm !== undefined && !isAlgorithm(algorithm))
    throw invalid('sse is AES256, aws:kms or aws:kms:dsse');
  if (keyId !== undefined && !algorithm?.startsWith('aws:kms'))
    throw invalid('sse-kms-key-id needs sse=aws:kms');
  return {
    kind: 's3',
    bucket,
    prefix: path.replace(/^\/+/, ''),
    endpoint: readEndpoint(given.get('endpoint')),
    region: given.get('region'),
    profile: given.get('profile'),
    pathStyle: readBoolean(given.get('path-style')),
    encryption: algorithm === undefined ? undefined : { algorithm, keyId },
  };
}

function readOptions(query: string): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    // the name is not repeated: it may be a secret in the wrong place
    if (!options.includes(name)) throw invalid(`its options are ${options.join(', ')}`);
    if (value === '' || given.has(name)) throw invalid(`${name} is empty or there twice`);
    given.set(name, value);
  }
  return given;
}

/** A checked endpoint, also one from a variable. Throws `usage` for a login in it. */
export function readEndpoint(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw invalid('the endpoint is no http or https URL');
  if (url.username !== '' || url.password !== '') throw invalid('the endpoint takes no login');
  return url.href;
}

function readBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw invalid('path-style is true or false');
  return text === 'true';
}

function isAlgorithm(text: string): text is S3Encryption['algorithm'] {
  return ['AES256', 'aws:kms', 'aws:kms:dsse'].includes(text);
}

function invalid(why: string): DmsBackupError {
  return new DmsBackupError('usage', `cannot use this s3 URL: ${why}`, {
    hint: 'Write s3://bucket/prefix, with ?endpoint=https://host&region=name where it is not Amazon; docs/destinations.md has examples.',
  });
}
