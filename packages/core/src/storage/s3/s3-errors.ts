// What a bucket answers, in our words. Only names and status codes of answers are used: texts of servers are not repeated.

import { DmsBackupError, isDmsBackupError, systemErrorCode, type ErrorCode } from '../../errors.ts';

/** The name S3 gave to the error, such as `NoSuchKey`, or that of the client's own error. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** The status of the answer, or undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const status = (error.$metadata as { httpStatusCode?: unknown } | undefined)?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

const busyNames = new Set([
  'ConditionalRequestConflict',
  'InternalError',
  'OperationAborted',
  'RequestTimeTooSkewed',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
]);

const networkCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

/** True for what another attempt may cure: cut connections, timeouts, a busy or failing server. */
export function isTransient(error: unknown): boolean {
  if (isDmsBackupError(error)) return false;
  const status = statusOf(error);
  // a full store answers 507, and trying again does not make room
  if (status !== undefined && status >= 500 && status !== 501 && status !== 507) return true;
  if (status === 408 || status === 429 || busyNames.has(errorName(error))) return true;
  const message = error instanceof Error ? error.message : '';
  return networkCodes.has(systemErrorCode(error) ?? '') || /socket hang up|aborted/.test(message);
}

const badKeys = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSecurity',
  'AuthFailure',
]);
const oldTokens = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidToken',
  'TokenRefreshRequired',
]);
const noKeys = new Set(['CredentialsProviderError', 'TokenProviderError', 'NoCredentials']);
const otherRegion = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);
const fullStore = new Set([
  'EntityTooLarge',
  'InsufficientStorage',
  'QuotaExceeded',
  'ServiceQuotaExceededException',
  'StorageLimitExceeded',
  'XMinioAdminBucketQuotaExceeded',
  'XMinioStorageFull',
]);

/** The error for what was tried, e.g. `cannot write 's3://bucket/a.tar.zst'`. Errors of ours pass through. */
export function s3Error(tried: string, error: unknown, otherwise: ErrorCode): DmsBackupError {
  if (isDmsBackupError(error)) return error;
  const name = errorName(error);
  const because = (code: ErrorCode, why: string, hint?: string): DmsBackupError =>
    new DmsBackupError(code, `${tried}: ${why}`, {
      ...(hint !== undefined && { hint }),
      cause: error,
    });
  if (noKeys.has(name))
    return because(
      'storage-denied',
      'there are no credentials',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE.',
    );
  if (badKeys.has(name))
    return because(
      'storage-denied',
      `the server does not accept the credentials (${name})`,
      'Check the access key, its secret, and that both belong to this endpoint.',
    );
  if (oldTokens.has(name))
    return because(
      'storage-denied',
      `the session token is not valid any more (${name})`,
      'Get a new session token and start again.',
    );
  if (name === 'RequestTimeTooSkewed')
    return because(
      'storage-denied',
      'the clock of this machine differs too much from that of the server',
      'Set the clock of this machine (the server allows a difference of 15 minutes).',
    );
  if (otherRegion.has(name))
    return because(
      'usage',
      `the bucket is in another region (${name})`,
      'Name its region with ?region= or AWS_REGION.',
    );
  if (name === 'NoSuchBucket')
    return because(
      otherwise === 'destination-unwritable' ? otherwise : 'archive-not-found',
      'there is no such bucket',
      'Check the name of the bucket and the endpoint; dms-backup makes no buckets.',
    );
  const status = statusOf(error);
  if (fullStore.has(name) || status === 507)
    return because(
      'no-space',
      `the store is full (${name})`,
      'Free some space or ask for a larger quota.',
    );
  if (status === 401 || status === 403)
    return because(
      'storage-denied',
      `the server does not allow it (${name === '' ? status : name})`,
      'Check the credentials and the rights of their user on this bucket; docs/destinations.md lists what is needed.',
    );
  if (status === undefined || isTransient(error)) {
    const reason = status === undefined ? (systemErrorCode(error) ?? name) : `${name} ${status}`;
    return because(
      'server-unreachable',
      `no usable answer (${reason})`,
      'Check the endpoint and the network, then try again.',
    );
  }
  return because(otherwise, `the server refused it (${name} ${status})`);
}
