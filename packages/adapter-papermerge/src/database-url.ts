// The database URL of 3.0 and later (`PAPERMERGE__DATABASE__URL`, `PM_DB_URL`), as SQLAlchemy reads it (make_url).

import type { DatabaseLocation } from '@dms-backup/core';

export type ParsedUrl =
  | { readonly engine: 'sqlite'; readonly path: string }
  | {
      readonly engine: 'postgres' | 'mariadb';
      readonly host: string;
      readonly port: number | undefined;
      readonly user: string | undefined;
      /** Never part of a location, a setting or a message. */
      readonly password: string | undefined;
      readonly name: string;
      readonly options: NonNullable<Exclude<DatabaseLocation, { engine: 'sqlite' }>['options']>;
    };

const engines: Readonly<Record<string, 'postgres' | 'mariadb'>> = {
  postgresql: 'postgres',
  postgres: 'postgres',
  mysql: 'mariadb',
  mariadb: 'mariadb',
};

/** Words of libpq that SQLAlchemy hands on; asyncpg calls the first one `ssl`. */
const tlsWords: Readonly<Record<string, string>> = {
  sslmode: 'sslmode',
  ssl: 'sslmode',
  sslrootcert: 'sslrootcert',
  sslcert: 'sslcert',
  sslkey: 'sslkey',
};

const serverUrl =
  /^([a-z]+)(?:\+[\w-]+)?:\/\/(?:([^:@/]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::(\d{1,5}))?\/([^?]*)(?:\?(.*))?$/i;

/** Null for a text that is no URL of a known engine. */
export function parseDatabaseUrl(text: string): ParsedUrl | null {
  // Three slashes: a relative path follows; four: an absolute one.
  const sqlite = /^sqlite(?:\+\w+)?:\/\/\/([^?]*)/i.exec(text.trim());
  if (sqlite !== null) return sqlite[1] ? { engine: 'sqlite', path: sqlite[1] } : null;
  const match = serverUrl.exec(text.trim());
  const engine = engines[match?.[1]?.toLowerCase() ?? ''];
  if (match === null || engine === undefined) return null;
  const [, , user, password, host = '', port, name = '', query = ''] = match;
  const parameters = new URLSearchParams(query);
  return {
    engine,
    host: host.replaceAll(/[[\]]/g, '') || parameters.get('host') || 'localhost',
    port: port === undefined ? undefined : Number(port),
    user: user === undefined || user === '' ? undefined : decoded(user),
    password: password === undefined ? undefined : decoded(password),
    name: decoded(name),
    options: engine === 'postgres' ? tlsOptions(parameters) : {},
  };
}

function tlsOptions(parameters: URLSearchParams): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [key, value] of parameters) {
    const word = tlsWords[key];
    if (word !== undefined && value !== '') options[word] = value === 'true' ? 'require' : value;
  }
  return options;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that encodes nothing: SQLAlchemy leaves it, too
  }
}
