// TLS as libpq does it (PostgreSQL documentation, 34.19 "SSL Support", and `initialize_SSL` in fe-secure-openssl.c): which
// attempts a mode makes, what is verified, and the default files in ~/.postgresql.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates, type ConnectionOptions, type SecureVersion } from 'node:tls';
import { DmsBackupError, systemErrorCode } from '../../errors.ts';
import type { SslMode, SslSettings } from './connection-options.ts';

const attemptsOf: Readonly<Record<SslMode, readonly boolean[]>> = {
  disable: [false],
  allow: [false, true],
  prefer: [true, false],
  require: [true],
  'verify-ca': [true],
  'verify-full': [true],
};

/** With TLS or without, in the order in which they are tried. Sockets never use TLS. */
export function attempts(host: string, mode: SslMode): readonly boolean[] {
  return host.startsWith('/') ? [false] : attemptsOf[mode];
}

/** Throws `configuration-invalid` for files that are missing, unreadable or too widely readable. */
export async function tlsOptions(settings: SslSettings): Promise<ConnectionOptions> {
  const { mode, home } = settings;
  const file = (name: string): string => join(home, '.postgresql', name);
  const ca =
    settings.rootCertificate === 'system'
      ? [...rootCertificates]
      : await readOptional(settings.rootCertificate ?? file('root.crt'));
  if (ca === undefined && (mode === 'verify-ca' || mode === 'verify-full')) {
    throw invalid(
      `there is no root certificate at '${settings.rootCertificate ?? file('root.crt')}', which sslmode=${mode} needs`,
      'Name the certificate of the authority with sslrootcert (or PGSSLROOTCERT), or use sslrootcert=system.',
    );
  }
  const crl = await readOptional(settings.revocationList ?? file('root.crl'));
  const cert = await readOptional(settings.certificate ?? file('postgresql.crt'));
  if (cert === undefined && settings.certificate !== undefined) {
    throw invalid(`there is no client certificate at '${settings.certificate}'`);
  }
  const key = cert && (await readKey(settings.key ?? file('postgresql.key')));
  const minVersion = version(settings.minimumVersion);
  const maxVersion = version(settings.maximumVersion);
  return {
    // A root certificate that is there is used in every mode.
    rejectUnauthorized: ca !== undefined,
    ...(ca && { ca }),
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(crl && ca && { crl }),
    ...(cert && key && { cert, key }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
  };
}

function version(name: string | undefined): SecureVersion | undefined {
  if (name === undefined) return undefined;
  const known = /^TLSv1(\.[123])?$/i.exec(name);
  if (!known) {
    throw new DmsBackupError('usage', 'a TLS version is none of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3');
  }
  return `TLSv1${known[1] ?? ''}` as SecureVersion;
}

async function readKey(path: string): Promise<Buffer> {
  const key = await readOptional(path);
  if (!key) throw invalid(`there is no private key at '${path}' for the client certificate`);
  const { mode, uid } = await stat(path);
  // As libpq: nobody else, except that a key of root may be readable by its group.
  const forbidden = uid === 0 && process.getuid?.() !== 0 ? 0o137 : uid === 0 ? 0o037 : 0o077;
  if ((mode & forbidden) !== 0) {
    throw invalid(`private key '${path}' can be read by others`, `Run: chmod 600 '${path}'`);
  }
  return key;
}

async function readOptional(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw invalid(`cannot read '${path}': ${systemErrorCode(error) ?? 'unknown error'}`);
  }
}

function invalid(problem: string, hint?: string): DmsBackupError {
  return new DmsBackupError(
    'configuration-invalid',
    `cannot set up TLS: ${problem}`,
    hint === undefined ? {} : { hint },
  );
}
