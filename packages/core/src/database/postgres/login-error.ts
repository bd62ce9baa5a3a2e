// Why a connection could not be made, and what to do about it.

import { isIP } from 'node:net';
import { DmsBackupError, isDmsBackupError, systemErrorCode } from '../../errors.ts';
import type { ConnectionSettings } from './connection-options.ts';
import { quoteIdentifier } from './identifiers.ts';
import { isServerMessage } from './server-error.ts';

/** True when nobody answers: trying again without TLS, or with it, would be no use. */
export function isUnreachable(error: unknown): boolean {
  const code = systemErrorCode(error) ?? '';
  return (
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOST\w+|ETIMEDOUT|ENOENT|EACCES)$/.test(
      code,
    ) ||
    (error instanceof Error && error.message === 'timeout expired')
  );
}

/** The error to throw; errors of ours pass unchanged. `what` names the database. */
export function loginError(error: unknown, what: string, settings: ConnectionSettings): unknown {
  if (isDmsBackupError(error)) return error;
  if (isServerMessage(error)) return refusal(error.code, error.message, what, settings);
  const code = systemErrorCode(error) ?? '';
  const reason = error instanceof Error ? error.message : String(error);
  const unreachable = (problem: string, hint: string): DmsBackupError =>
    new DmsBackupError('server-unreachable', `cannot connect to ${what}: ${problem}`, {
      hint,
      cause: error,
    });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return unreachable(
      `the host name '${settings.host}' is not known here`,
      'Inside Docker the host is the name of the service; on the Docker host itself, publish the port and use 127.0.0.1.',
    );
  }
  if (settings.host.startsWith('/')) {
    return unreachable(
      `no server answers at the socket '${settings.host}/.s.PGSQL.${settings.port}' (${code || reason})`,
      'Check that the server runs here and that directory and port of its socket are right.',
    );
  }
  if (code === 'ECONNREFUSED') {
    return unreachable(
      `nothing listens at port ${settings.port}`,
      settings.host === 'localhost' || isIP(settings.host) !== 0
        ? 'Check that the server runs and the port is right; from inside a container, localhost is the container itself: use the name of the service.'
        : 'Check that the server runs and the port is right.',
    );
  }
  if (/timeout expired/.test(reason)) {
    return unreachable(
      `no answer in ${settings.timeoutMs / 1000} seconds`,
      'Check host, port and firewall; connect_timeout sets how long to wait.',
    );
  }
  if (/does not support SSL/.test(reason)) {
    return unreachable(
      'the server does not offer TLS',
      `sslmode=${settings.ssl.mode} asks for TLS: switch it on at the server, or choose sslmode=prefer.`,
    );
  }
  if (/SSL|TLS|CERT|certificate|altname/i.test(`${code} ${reason}`)) {
    return unreachable(
      `TLS failed (${code || reason})`,
      'Check sslrootcert, sslcert and sslkey, and that the certificate names the host that is connected to.',
    );
  }
  return unreachable(code || reason, 'Check host, port and credentials.');
}

function refusal(
  code: string,
  message: string,
  what: string,
  settings: ConnectionSettings,
): DmsBackupError {
  const user = quoteIdentifier(settings.user);
  const database = quoteIdentifier(settings.database);
  switch (code) {
    case '3D000':
      return new DmsBackupError('database-not-found', `there is no ${what}`, {
        hint: `Check the name. To make it, let an administrator run: CREATE DATABASE ${database} OWNER ${user} ENCODING 'UTF8' TEMPLATE template0;`,
      });
    case '42501':
      return new DmsBackupError('database-denied', `cannot connect to ${what}: ${message}`, {
        hint: `Let the owner of the database run: GRANT CONNECT ON DATABASE ${database} TO ${user};`,
      });
    default:
      return new DmsBackupError('server-unreachable', `cannot connect to ${what}: ${message}`, {
        hint: hintOf(code, settings),
        context: { sqlState: code },
      });
  }
}

function hintOf(code: string, settings: ConnectionSettings): string {
  switch (code) {
    case '28P01':
      return 'The password is wrong or the user does not exist: check --database-password-file, PGPASSWORD, PGPASSFILE or the settings of the application.';
    case '28000':
      return `The server does not let user '${settings.user}' in from here: check the user's name and pg_hba.conf.`;
    case '53300':
      return 'All connections of the server are taken: raise max_connections, or try again later.';
    case '57P03':
      return 'The server is starting or stopping: try again in a moment.';
    default:
      return 'Check host, port and credentials.';
  }
}
