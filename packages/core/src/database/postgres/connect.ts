// Sessions with a PostgreSQL server: the attempts that sslmode asks for, the settings that make text the same everywhere, the
// end of a session on abort, and errors in our words.

import { Client, type ClientConfig, type CustomTypesConfig, type QueryResultRow } from 'pg';
import { assertNotAborted, DmsBackupError, type ErrorCode } from '../../errors.ts';
import { describeLocation } from '../database-url.ts';
import type { ConnectOptions, DatabaseLocation } from '../engine.ts';
import { resolveConnection, type ConnectionSettings } from './connection-options.ts';
import { isUnreachable, loginError } from './login-error.ts';
import { isServerMessage, serverError } from './server-error.ts';
import { attempts, tlsOptions } from './tls.ts';

/** Also the default of the other engines. */
export const defaultLockTimeoutMs = 10_000;
const oldestVersion = 120_000;

/** Text as the server prints it: our own queries want no values of `pg`. */
const asText: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

export interface Session {
  readonly client: Client;
  /** For messages: engine, name and host. */
  readonly what: string;
  readonly user: string;
  readonly backendPid: number;
  /** As `server_version_num`: 150004 is 15.4. */
  readonly serverVersion: number;
  readonly encoding: string;
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Which codes errors get, see {@link serverError}. */
  readonly codes: ErrorCodes;
  /** Values come as text. `doing` continues "cannot", and the database is named behind it. */
  run<Row extends QueryResultRow>(
    doing: string,
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
  /** The error to throw for one that came while `doing` something. */
  explain(error: unknown, doing: string): unknown;
  /** Stops the running statement on the server and ends the session; an open transaction is rolled back. */
  abandon(): Promise<void>;
  isOpen(): boolean;
  /** From here on an abort does not end the session: nobody would know what came of a commit. */
  ignoreSignal(): void;
  /** Ends the session. Safe to call twice, never throws. */
  close(): Promise<void>;
}

export interface ErrorCodes {
  readonly lost: ErrorCode;
  readonly otherwise: ErrorCode;
  /** For rights that nobody thought of before. */
  readonly deniedHint?: string;
}

export const readingCodes: ErrorCodes = {
  lost: 'server-unreachable',
  otherwise: 'database-unsupported',
  deniedHint:
    'Let its owner or a superuser grant SELECT on what the message names, and USAGE on its schema, to this user.',
};
export const loadingCodes: ErrorCodes = {
  lost: 'restore-failed',
  otherwise: 'restore-failed',
  deniedHint: 'Restore as a superuser, or as the role that owns the database and everything in it.',
};

/** Throws `server-unreachable`, `database-not-found`, `database-denied`, `database-unsupported`, `usage`, `interrupted`. */
export async function connect(
  location: DatabaseLocation,
  options: ConnectOptions,
  codes: ErrorCodes,
): Promise<Session> {
  assertNotAborted(options.signal);
  const settings = await resolveConnection(location, options);
  const what = describeLocation(location);
  const client = await login(settings, what, options.signal);
  try {
    return await createSession(client, settings, what, location, options, codes);
  } catch (error) {
    await endQuietly(client);
    throw serverError(error, {
      what: `set up a session with ${what}`,
      lost: 'server-unreachable',
      otherwise: 'database-unsupported',
      signal: options.signal,
    });
  }
}

async function login(
  settings: ConnectionSettings,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Client> {
  let first: unknown;
  for (const withTls of attempts(settings.host, settings.ssl.mode)) {
    const config: ClientConfig = {
      host: settings.host,
      port: settings.port,
      user: settings.user,
      database: settings.database,
      ssl: withTls ? await tlsOptions(settings.ssl) : false,
      password: () => passwordOf(settings, what),
      connectionTimeoutMillis: settings.timeoutMs,
      keepAlive: true,
      // Else `pg` would look into the environment.
      sslnegotiation: 'postgres',
      application_name: 'dms-backup',
      ...(settings.startupOptions !== undefined && { options: settings.startupOptions }),
    };
    const client = new Client(config);
    // A connection that is lost while idle tells it here; the next query fails with it as well.
    client.on('error', () => {});
    const stop = (): void => void endQuietly(client);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      assertNotAborted(signal);
      await client.connect();
      assertNotAborted(signal);
      return client;
    } catch (error) {
      await endQuietly(client);
      assertNotAborted(signal);
      // What the server says about the login is worth more than that the other way does not work either.
      if (first === undefined || (isServerMessage(error) && !isServerMessage(first))) first = error;
      if (isUnreachable(error)) break;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }
  throw loginError(first, what, settings);
}

function passwordOf(settings: ConnectionSettings, what: string): string {
  if (settings.password !== undefined) return settings.password;
  throw new DmsBackupError(
    'server-unreachable',
    `cannot connect to ${what}: the server asks for a password and none was given`,
    {
      hint: settings.passwordProblem
        ? `The password file ${settings.passwordProblem}.`
        : 'Give it with --database-password-file, PGPASSWORD, PGPASSFILE or ~/.pgpass, or the settings of the application.',
    },
  );
}

async function createSession(
  client: Client,
  settings: ConnectionSettings,
  what: string,
  location: DatabaseLocation,
  options: ConnectOptions,
  codes: ErrorCodes,
): Promise<Session> {
  const lockTimeoutMs = options.lockTimeoutMs ?? defaultLockTimeoutMs;
  const { signal } = options;
  // First of all: the database's own limit may be too short for us.
  await client.query('SET statement_timeout = 0');
  const facts = await client.query<{ version: string; encoding: string; pid: number }>(
    `SELECT pg_catalog.current_setting('server_version_num') AS version,
      pg_catalog.current_setting('server_encoding') AS encoding, pg_catalog.pg_backend_pid() AS pid`,
  );
  const { version = '0', encoding = '', pid = 0 } = facts.rows[0] ?? {};
  if (Number(version) < oldestVersion) {
    throw new DmsBackupError(
      'database-unsupported',
      `cannot work with ${what}: it is older than 12`,
      {
        hint: 'PostgreSQL 12 and newer are supported.',
      },
    );
  }
  await client.query(sessionSettings(encoding, lockTimeoutMs));
  let isOpen = true;
  client.once('end', () => {
    isOpen = false;
  });
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    signal?.removeEventListener('abort', onAbort);
    await endQuietly(client);
  };
  const abandon = async (): Promise<void> => {
    if (!isOpen) return;
    await cancel(pid, location, options);
    await close();
  };
  const onAbort = (): void => void abandon();
  signal?.addEventListener('abort', onAbort, { once: true });
  assertNotAborted(signal);
  const explain = (error: unknown, doing: string): unknown =>
    serverError(error, { what: `${doing} of ${what}`, signal, ...codes });
  return {
    client,
    what,
    user: settings.user,
    backendPid: pid,
    serverVersion: Number(version),
    encoding,
    lockTimeoutMs,
    signal,
    codes,
    explain,
    async run<Row extends QueryResultRow>(
      doing: string,
      sql: string,
      values: readonly unknown[] = [],
    ): Promise<Row[]> {
      assertNotAborted(signal);
      try {
        const result = await client.query<Row>({ text: sql, values: [...values], types: asText });
        return result.rows;
      } catch (error) {
        throw explain(error, doing);
      }
    },
    abandon,
    isOpen: () => isOpen,
    ignoreSignal() {
      signal?.removeEventListener('abort', onAbort);
    },
    close,
  };
}

/** Values print the same way everywhere; a read never waits for ever and never hides rows (row security raises an error). */
function sessionSettings(encoding: string, lockTimeoutMs: number): string {
  // Bytes of a database without encoding pass as they are.
  const clientEncoding = encoding === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
  return `SET client_encoding = '${clientEncoding}'; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';
    SET intervalstyle = 'postgres'; SET extra_float_digits = 3; SET bytea_output = 'hex';
    SET standard_conforming_strings = on; SET xmloption = 'content'; SET client_min_messages = 'error';
    SET idle_in_transaction_session_timeout = 0;
    SET lock_timeout = ${Math.max(1, Math.round(lockTimeoutMs))}; SET row_security = off;
    SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0;`;
}

/** Cancels through a second session: it takes the same way through TLS and login as the first. Best effort. */
async function cancel(
  pid: number,
  location: DatabaseLocation,
  options: ConnectOptions,
): Promise<void> {
  const { signal: _, ...withoutSignal } = options;
  try {
    const settings = await resolveConnection(location, withoutSignal);
    const other = await login(settings, 'the server', undefined);
    try {
      await other.query('SELECT pg_catalog.pg_cancel_backend($1)', [pid]);
    } finally {
      await endQuietly(other);
    }
  } catch {
    // The server is gone or full; the end of the connection does the same, later.
  }
}

async function endQuietly(client: Client): Promise<void> {
  try {
    await client.end();
  } catch {
    // Gone already.
  }
}
