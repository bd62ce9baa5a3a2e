// `--database` URLs. A URL never carries a password (it would be visible in the process list), and no message repeats a
// URL, because a mistyped one may hold a password in an unexpected place.

import { resolve } from 'node:path';
import { DmsBackupError } from '../errors.ts';
import type { DatabaseLocation, ServerLocation } from './engine.ts';

const engineOfScheme: Readonly<Record<string, DatabaseLocation['engine']>> = {
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
  postgres: 'postgres',
  postgresql: 'postgres',
  mariadb: 'mariadb',
  mysql: 'mariadb',
};

export const defaultPorts = { postgres: 5432, mariadb: 3306 } as const;

const titleOfEngine = { sqlite: 'SQLite', postgres: 'PostgreSQL', mariadb: 'MariaDB' } as const;

const forms =
  'Write sqlite:///absolute/path, sqlite:relative/path, postgres://user@host:port/name or mariadb://user@host:port/name.';

const serverForms = 'Write postgres://user@host:port or mariadb://user@host:port.';

const passwordHint =
  'Give the password with --database-password-file, PGPASSWORD or MYSQL_PWD, or let --config name the settings file.';

/**
 * Reads a `--database` URL. Relative SQLite paths count from `workingDirectory`; percent escapes are decoded; a driver
 * behind `+` (SQLAlchemy: `postgresql+psycopg://`) is ignored. Throws `usage`, never repeating the URL.
 */
export function parseDatabaseUrl(url: string, workingDirectory: string): DatabaseLocation {
  const { engine, rest } = splitScheme(url);
  if (engine === 'sqlite') return { engine, path: sqlitePath(rest, workingDirectory) };
  const { name, ...server } = serverAddress(engine, rest);
  if (name === '') throw invalid('the database name is missing');
  return { ...server, name };
}

/** Reads a `--server` URL, which names no database. Throws `usage`, never repeating the URL. */
export function parseServerUrl(url: string): ServerLocation {
  const { engine, rest } = splitScheme(url);
  if (engine === 'sqlite') throw invalid('SQLite has no server', serverForms);
  const { name, ...server } = serverAddress(engine, rest);
  if (name !== '') throw invalid('it names a database, and a server is meant', serverForms);
  return server;
}

function splitScheme(url: string): { engine: DatabaseLocation['engine']; rest: string } {
  const match = /^([a-z0-9]+)(?:\+[a-z0-9_]+)?:(.*)$/is.exec(url);
  const engine = match && engineOfScheme[(match[1] ?? '').toLowerCase()];
  if (!match || !engine) throw invalid('it begins with no known kind of database');
  return { engine, rest: match[2] ?? '' };
}

function sqlitePath(rest: string, workingDirectory: string): string {
  const [path = '', query] = rest.split('?', 2);
  if (query !== undefined) {
    throw invalid('SQLite takes no options', 'Write a question mark in a path as %3F.');
  }
  if (path.startsWith('//') && !path.startsWith('///')) {
    throw invalid(
      'after sqlite:// comes an absolute path',
      'Use three slashes for an absolute path (sqlite:///data/db.sqlite3), none for a relative one (sqlite:db.sqlite3).',
    );
  }
  const decoded = decode(path.replace(/^\/{2,}/, '/'));
  if (decoded === '' || decoded === '/' || decoded === ':memory:')
    throw invalid('it names no file');
  return resolve(workingDirectory, decoded);
}

function serverAddress(
  engine: 'postgres' | 'mariadb',
  rest: string,
): ServerLocation & { readonly name: string } {
  const [address, query = ''] = split(rest.replace(/#.*$/s, ''), '?');
  if (!address.startsWith('//')) throw invalid('the host is missing');
  const [authority, path = ''] = split(address.slice(2), '/');
  const at = authority.lastIndexOf('@');
  const login = at < 0 ? '' : authority.slice(0, at);
  if (login.includes(':')) throw passwordRefused();
  const user = decode(login);
  const { host, port } = hostAndPort(authority.slice(at + 1));
  const name = decode(path);
  if (path.includes('/')) throw invalid('the database name holds a slash', 'Write it as %2F.');
  const options = serverOptions(query);
  return {
    engine,
    host,
    name,
    ...(port !== undefined && { port }),
    ...(user !== '' && { user }),
    ...(Object.keys(options).length > 0 && { options }),
  };
}

function hostAndPort(text: string): { host: string; port?: number } {
  if (text.includes(',')) throw invalid('it names several hosts', 'Name one server.');
  const match = /^(\[[0-9a-f:.%]+\]|[^:[\]]*)(?::(\d*))?$/is.exec(text);
  if (!match) throw invalid('the host or port cannot be understood');
  const bare = (match[1] ?? '').replace(/^\[(.*)\]$/s, '$1');
  const host = decode(bare) || 'localhost';
  if (!match[2]) return { host };
  const port = Number(match[2]);
  if (port < 1 || port > 65_535) throw invalid('the port is not between 1 and 65535');
  return { host, port };
}

function serverOptions(query: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(query)) {
    if (/passw|pwd|secret/i.test(key)) throw passwordRefused();
    options[key] = value;
  }
  return options;
}

/** A location for people: never a password, no options. */
export function describeLocation(location: DatabaseLocation): string {
  if (location.engine === 'sqlite') return `SQLite database '${location.path}'`;
  const host = location.host.includes(':') ? `[${location.host}]` : location.host;
  const port = location.port === undefined ? '' : `:${location.port}`;
  const user = location.user === undefined ? '' : ` as user '${location.user}'`;
  return `${titleOfEngine[location.engine]} database '${location.name}' on ${host}${port}${user}`;
}

/** The same for machines: equal for one database, whoever logs in. Neither user, password nor options. */
export function databasePlaceName(location: DatabaseLocation): string {
  if (location.engine === 'sqlite') return `sqlite:${location.path}`;
  const { engine, host, port, name } = location;
  return `${engine}://${host.includes(':') ? `[${host}]` : host}:${port ?? defaultPorts[engine]}/${name}`;
}

function split(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Told below: the same answer as for NUL.
  }
  throw invalid('a percent escape is wrong', 'Write a percent sign as %25.');
}

function invalid(problem: string, hint = forms): DmsBackupError {
  return new DmsBackupError('usage', `cannot understand the database URL: ${problem}`, { hint });
}

function passwordRefused(): DmsBackupError {
  return new DmsBackupError('usage', 'the database URL holds a password', { hint: passwordHint });
}
