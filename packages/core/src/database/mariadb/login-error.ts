// Why a server cannot be reached or does not let us in, in words that lead to the mistake.

import { isIP } from 'node:net';
import { DmsBackupError, isDmsBackupError, systemErrorCode } from '../../errors.ts';
import { defaultPorts, describeLocation } from '../database-url.ts';
import type { MariadbLocation } from './names.ts';
import { errorNumber } from './server-error.ts';

/** An error of the network or of TLS as `server-unreachable`; undefined for what the server itself said. */
export function networkError(
  error: unknown,
  location: MariadbLocation,
  socketPath: string | undefined,
): DmsBackupError | undefined {
  if (isDmsBackupError(error) || errorNumber(error) !== undefined) return undefined;
  const told = explain(error, location, socketPath);
  if (told === undefined) return undefined;
  const [problem, hint] = told;
  return new DmsBackupError(
    'server-unreachable',
    `cannot connect to ${describeLocation(location)}: ${problem}`,
    { hint, cause: error },
  );
}

function explain(
  error: unknown,
  { host, port = defaultPorts.mariadb }: MariadbLocation,
  socketPath: string | undefined,
): [problem: string, hint: string] | undefined {
  const code = systemErrorCode(error) ?? '';
  const reason = error instanceof Error ? error.message : String(error);
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return [
      'the server does not offer TLS',
      'ssl-mode, ssl-ca or ssl-cert ask for TLS: switch it on at the server, or choose ssl-mode=PREFERRED.',
    ];
  }
  if (/SSL|TLS|CERT|certificate|altname/i.test(`${code} ${reason}`)) {
    return [
      `TLS failed (${reason.split('\n')[0]})`,
      'Check ssl-ca, ssl-cert and ssl-key, and with ssl-mode=VERIFY_IDENTITY that the certificate names the host that is connected to.',
    ];
  }
  if (socketPath !== undefined) {
    return [
      `no server answers at the socket '${socketPath}' (${code || reason})`,
      'Check that the server runs here and that the path of its socket is right.',
    ];
  }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [
        `the host name '${host}' is not known here`,
        'Inside Docker the host is the name of the service; on the Docker host itself, publish the port and use 127.0.0.1.',
      ];
    case 'ECONNREFUSED':
      return [
        `nothing listens at port ${port}`,
        host === 'localhost' || isIP(host) !== 0
          ? 'Check that the server runs and the port is right; from inside a container, localhost is the container itself: use the name of the service.'
          : 'Check that the server runs and the port is right.',
      ];
    case 'ETIMEDOUT':
      return ['no answer', 'Check host, port and firewall.'];
    default:
      return undefined;
  }
}
