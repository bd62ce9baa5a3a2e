// TLS as MySQL's clients name it: `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key`
// (https://dev.mysql.com/doc/refman/8.0/en/connection-options.html).

import { readFileSync } from 'node:fs';
import type { SslOptions } from 'mysql2';
import { DmsBackupError } from '../../errors.ts';

const modes = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const;

export interface TlsChoice {
  /** Undefined: no TLS. */
  readonly ssl: SslOptions | undefined;
  /** Go on without TLS when the server has none. */
  readonly isOptional: boolean;
}

/** Reads the options. Throws `configuration-invalid` for an unknown mode or a file that cannot be read. */
export function readTls(options: Readonly<Record<string, string>>, isLocal: boolean): TlsChoice {
  const file = (name: string): Buffer | undefined => {
    const path = options[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      throw new DmsBackupError('configuration-invalid', `cannot read ${name} '${path}'`, {
        hint: 'Check the path of the certificate and the rights of this user.',
        cause: error,
      });
    }
  };
  const [ca, cert, key] = [file('ssl-ca'), file('ssl-cert'), file('ssl-key')];
  const asked = options['ssl-mode']?.toUpperCase();
  // As MySQL's client: whoever names a certificate authority wants it to be used.
  const usual = ca ? 'VERIFY_CA' : cert ? 'REQUIRED' : isLocal ? 'DISABLED' : 'PREFERRED';
  const mode = modes.find((each) => each === (asked ?? usual));
  if (mode === undefined) {
    throw new DmsBackupError('configuration-invalid', `unknown ssl-mode '${options['ssl-mode']}'`, {
      hint: `Use one of ${modes.join(', ')}.`,
    });
  }
  if (mode === 'DISABLED') return { ssl: undefined, isOptional: false };
  const verifies = mode === 'VERIFY_CA' || mode === 'VERIFY_IDENTITY';
  return {
    ssl: {
      rejectUnauthorized: verifies,
      verifyIdentity: mode === 'VERIFY_IDENTITY',
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    },
    isOptional: mode === 'PREFERRED',
  };
}
