// DATABASE_URL as dj-database-url and django-environ read it. It differs from our own --database: it may hold a password, and
// three slashes after `sqlite:` begin a relative path, four an absolute one.

import { DmsBackupError, type EngineName } from '@dms-backup/core';
import facts from './data/database-schemes.json' with { type: 'json' };
import { toLocation, type StatedDatabase } from './stated-database.ts';

const engines: Readonly<Record<string, string>> = facts.engines;

/** As {@link toLocation}. Throws `configuration-invalid` and repeats nothing of the URL, which may hold a password. */
export function parseProjectUrl(url: string, directory: string, source: string): StatedDatabase {
  const match = /^([a-z0-9-]+):(.*)$/is.exec(url.trim());
  const engine = engineOf(match?.[1] ?? '');
  if (match === null || engine === undefined) throw notUnderstood(source);
  const rest = match[2] ?? '';
  const [address, query] = cut(rest, '?');
  const options = Object.fromEntries(new URLSearchParams(query));
  if (!address.startsWith('//')) throw notUnderstood(source);
  const words = { engine, host: '', port: '', user: '', password: '', options };
  if (engine === 'sqlite') {
    // The host is ignored, `sqlite://` and `sqlite://:memory:` mean memory; so behind the host a slash and the path.
    const path = address.slice(2).replace(/^[^/]*\/?/, '');
    return toLocation({ ...words, name: decoded(path) }, directory, source);
  }
  const at = address.lastIndexOf('@');
  const [user, password] = cut(at < 0 ? '' : address.slice(2, at), ':');
  const [place, path] = cut(at < 0 ? address.slice(2) : address.slice(at + 1), '/');
  const server = /^(\[[0-9a-f:.%]+\]|[^:[\]]*)(?::(\d*))?$/is.exec(place);
  if (server === null && !place.includes(',')) throw notUnderstood(source);
  const named = { ...words, user: decoded(user), password: decoded(password) };
  const name = decoded(path);
  // django-environ, db_url_config: `postgres:////var/run/postgresql/name` is the directory of a socket
  const slash = engine === 'postgres' && name.startsWith('/') ? name.lastIndexOf('/') : -1;
  if (slash > 0)
    return toLocation(
      { ...named, host: name.slice(0, slash), name: name.slice(slash + 1) },
      directory,
      source,
    );
  const host = decoded((server?.[1] ?? place).replace(/^\[(.*)\]$/s, '$1'));
  return toLocation({ ...named, host, port: server?.[2] ?? '', name }, directory, source);
}

function engineOf(scheme: string): EngineName | undefined {
  const known = scheme.toLowerCase();
  return Object.hasOwn(engines, known) ? (engines[known] as EngineName) : undefined;
}

function cut(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

/** As Python's `unquote`: what is no escape stays as it is. */
function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function notUnderstood(source: string): DmsBackupError {
  return new DmsBackupError(
    'configuration-invalid',
    `cannot understand the database URL of ${source}`,
    {
      hint: 'SQLite, PostgreSQL, MySQL and MariaDB are known, e.g. postgres://user:password@host:5432/name or sqlite:///db.sqlite3; special characters in a password are percent-encoded.',
    },
  );
}
