// A database as a Django project states it, by URL or by DATABASES: turned into a location for core. The password is kept
// beside it and goes to `databasePassword` only.

import { resolve } from 'node:path';
import { DmsBackupError, type DatabaseLocation, type EngineName } from '@dms-backup/core';
import facts from './data/database-schemes.json' with { type: 'json' };

/** What the words of a project come to, before anything is checked. */
export interface DatabaseWords {
  readonly engine: EngineName;
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface StatedDatabase {
  readonly location: DatabaseLocation;
  /** Null: none is stated, so the server's own files and variables count. */
  readonly password: string | null;
}

const withoutMeaning = new Set([...facts.djangoOnly, ...facts.driverOnly]);
const mariadbOptions: Readonly<Record<string, string>> = facts.mariadb;

/**
 * `directory`: what a relative SQLite path counts from. `source` is named in messages, which never repeat a value. Throws
 * `configuration-invalid`.
 */
export function toLocation(
  words: DatabaseWords,
  directory: string,
  source: string,
): StatedDatabase {
  const { engine, name } = words;
  const refuse = (problem: string): DmsBackupError =>
    new DmsBackupError(
      'configuration-invalid',
      `cannot use the database of ${source}: ${problem}`,
      {
        hint: 'Correct it, or state --database.',
      },
    );
  if ([name, words.host, words.user].some((word) => word.includes('\0')))
    throw refuse('it holds a NUL character');
  if (engine === 'sqlite') {
    if (name === '' || name === ':memory:' || name.startsWith('file:'))
      throw refuse('it names no file (a database in memory, or a SQLite URI)');
    return { location: { engine, path: resolve(directory, name) }, password: null };
  }
  if (name === '') throw refuse('it has no name');
  if (words.host.includes(',')) throw refuse('it names several hosts');
  const port = portOf(words.port);
  if (port === null) throw refuse('the port is no number between 1 and 65535');
  const { password, host, options } =
    engine === 'postgres' ? postgresWords(words) : mariadbWords(words);
  return {
    location: {
      engine,
      host,
      ...(port === undefined ? {} : { port }),
      ...(words.user === '' ? {} : { user: words.user }),
      name,
      ...(Object.keys(options).length === 0 ? {} : { options }),
    },
    password: password === '' ? null : password,
  };
}

function portOf(text: string): number | null | undefined {
  if (text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

type ServerWords = Pick<DatabaseWords, 'password' | 'host'> & { options: Record<string, string> };

/** Options are libpq's; core refuses those that it cannot follow, because one of them may protect the connection. */
function postgresWords(words: DatabaseWords): ServerWords {
  const options: Record<string, string> = {};
  for (const [key, value] of Object.entries(words.options)) {
    if (isSecret(key) || withoutMeaning.has(key.toLowerCase())) continue;
    // dj-database-url: parse, "Support for Postgres Schema URLs"
    if (key === 'currentSchema') options['options'] = `-c search_path=${value}`;
    else options[key] = value;
  }
  return {
    password: words.password || (words.options['password'] ?? ''),
    host: words.host,
    options,
  };
}

/** django.db.backends.mysql.base, get_connection_params: a HOST that begins with a slash is a socket. */
function mariadbWords(words: DatabaseWords): ServerWords {
  const options: Record<string, string> = {};
  for (const [key, value] of Object.entries(words.options)) {
    const known = Object.hasOwn(mariadbOptions, key) ? mariadbOptions[key] : undefined;
    if (known !== undefined) options[known] = value;
  }
  const stated = words.options['password'] ?? words.options['passwd'] ?? '';
  const password = words.password || stated;
  if (!words.host.startsWith('/')) return { password, host: words.host, options };
  return { password, host: '', options: { ...options, socket: words.host } };
}

function isSecret(key: string): boolean {
  return /passw|pwd|secret/i.test(key);
}
