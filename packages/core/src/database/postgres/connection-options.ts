// Where and how to connect, from the location, a service file, libpq's variables and libpq's defaults, in this order of
// precedence (PostgreSQL documentation, 34.1.2 "Parameter Key Words", 34.15 "Environment Variables", 34.17 "The Connection
// Service File"). An option that we do not know is refused: it may be one that protects the connection.

import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DmsBackupError } from '../../errors.ts';
import type { ConnectOptions, DatabaseLocation } from '../engine.ts';
import { readPassword, type PasswordAnswer } from './password-file.ts';
import { readService } from './service-file.ts';

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

/** Options that we follow, with their variable where libpq has one. */
const variableOf = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcrl: 'PGSSLCRL',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  passfile: 'PGPASSFILE',
  service: 'PGSERVICE',
  options: 'PGOPTIONS',
} as const;
type Option = keyof typeof variableOf;

/** Options that change nothing here; with a list, only these values do. */
const withoutEffect: Readonly<Record<string, readonly string[] | null>> = {
  application_name: null,
  fallback_application_name: null,
  client_encoding: null,
  keepalives: null,
  keepalives_idle: null,
  keepalives_interval: null,
  keepalives_count: null,
  tcp_user_timeout: null,
  sslcompression: null,
  sslsni: ['1'],
  sslnegotiation: ['postgres'],
  gssencmode: ['disable', 'prefer'],
  channel_binding: ['disable', 'prefer'],
  target_session_attrs: ['any'],
  load_balance_hosts: ['disable'],
};

/** Variables of options that are not followed: a value that demands something is refused here as well. */
const refusable = {
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGGSSENCMODE: 'gssencmode',
  PGCHANNELBINDING: 'channel_binding',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGREQUIREPEER: 'requirepeer',
  PGREQUIREAUTH: 'require_auth',
} as const;

/** Where Debian's and the project's own servers put their sockets. */
const socketDirectories = ['/var/run/postgresql', '/tmp'];
const defaultTimeoutSeconds = 10;

export interface ConnectionSettings {
  /** A name, an address, or the directory of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  /** Why the password file was not used. */
  readonly passwordProblem: string | undefined;
  readonly ssl: SslSettings;
  /** 0 waits for ever. */
  readonly timeoutMs: number;
  /** Command-line options for the session (PGOPTIONS). */
  readonly startupOptions: string | undefined;
}

export interface SslSettings {
  readonly mode: SslMode;
  /** Paths as the user gave them; undefined: libpq's default file, if it exists. */
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly revocationList: string | undefined;
  readonly minimumVersion: string | undefined;
  readonly maximumVersion: string | undefined;
  readonly home: string;
}

/** Throws `usage` for what cannot be understood, `configuration-invalid` for files that do not serve. */
export async function resolveConnection(
  location: DatabaseLocation,
  options: ConnectOptions = {},
): Promise<ConnectionSettings> {
  if (location.engine !== 'postgres') {
    throw new TypeError(`the PostgreSQL engine was called for a ${location.engine} database`);
  }
  const environment = options.environment ?? {};
  const home = environment['HOME'] ?? homedir();
  const given = location.options ?? {};
  assertKnown(given, 'the database URL');
  for (const [variable, name] of Object.entries(refusable)) {
    const value = environment[variable];
    if (value) assertKnown({ [name]: value }, `the environment (${variable})`);
  }
  const serviceName = given['service'] ?? environment['PGSERVICE'];
  const service = serviceName ? await readService(serviceName, environment, home) : {};
  const { password: servicePassword, dbname: _, ...serviceOptions } = service;
  assertKnown(serviceOptions, `service '${serviceName}'`);
  const value = (name: Option): string | undefined =>
    given[name] || service[name] || environment[variableOf[name]] || undefined;
  const host = given['host'] || location.host || value('host') || defaultHost();
  const port = location.port ?? integer('port', value('port') ?? '5432', 1, 65_535);
  const user = location.user ?? value('user') ?? userInfo().username;
  const explicit = options.password ?? environment['PGPASSWORD'] ?? servicePassword;
  const answer: PasswordAnswer =
    explicit === undefined
      ? await readPassword(value('passfile') ?? join(home, '.pgpass'), {
          host,
          port,
          database: location.name,
          user,
        })
      : { password: explicit };
  const seconds = integer(
    'connect_timeout',
    value('connect_timeout') ?? String(defaultTimeoutSeconds),
    0,
    86_400,
  );
  return {
    host,
    port,
    user,
    database: location.name,
    password: answer.password,
    passwordProblem: answer.problem,
    ssl: readSsl(value, home),
    // libpq takes 1 second for 2.
    timeoutMs: (seconds === 1 ? 2 : seconds) * 1000,
    startupOptions: value('options'),
  };
}

function readSsl(value: (name: Option) => string | undefined, home: string): SslSettings {
  const rootCertificate = value('sslrootcert');
  const mode = value('sslmode') ?? (rootCertificate === 'system' ? 'verify-full' : 'prefer');
  if (!isSslMode(mode)) {
    throw new DmsBackupError('usage', 'the value of sslmode is none that PostgreSQL knows', {
      hint: `Write one of ${sslModes.join(', ')}.`,
    });
  }
  if (rootCertificate === 'system' && mode !== 'verify-full') {
    throw new DmsBackupError('usage', 'sslrootcert=system goes only with sslmode=verify-full');
  }
  return {
    mode,
    rootCertificate,
    certificate: value('sslcert'),
    key: value('sslkey'),
    revocationList: value('sslcrl'),
    minimumVersion: value('ssl_min_protocol_version'),
    maximumVersion: value('ssl_max_protocol_version'),
    home,
  };
}

function isSslMode(mode: string): mode is SslMode {
  return (sslModes as readonly string[]).includes(mode);
}

function assertKnown(options: Readonly<Record<string, string>>, where: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(variableOf, name)) continue;
    const allowed = Object.hasOwn(withoutEffect, name) ? withoutEffect[name] : undefined;
    if (allowed === null || allowed?.includes(value)) continue;
    throw new DmsBackupError(
      'usage',
      allowed === undefined
        ? `${where} has the option '${name}', which dms-backup does not know`
        : `${where} has the option '${name}' with a value that dms-backup cannot follow`,
      { hint: `These are known: ${Object.keys(variableOf).join(', ')}.` },
    );
  }
}

function integer(name: string, text: string, minimum: number, maximum: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= minimum && number <= maximum) return number;
  throw new DmsBackupError(
    'usage',
    `the value of ${name} is no number between ${minimum} and ${maximum}`,
  );
}

function defaultHost(): string {
  return socketDirectories.find((directory) => existsSync(directory)) ?? 'localhost';
}
