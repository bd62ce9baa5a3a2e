// Which database the product uses, by its own rules, which changed with 3.0. Passwords are not looked at: see
// `configuration-password.ts`.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseLocation, Instance } from '@dms-backup/core';
import {
  addressOutside,
  findValue,
  findVariable,
  unreadablePasswordFile,
  type ConfigurationSource,
} from '@dms-backup/core/adapter-kit';
import { passwordVariables } from './configuration-source.ts';

type Located = NonNullable<Instance['database']>;
type ServerEngine = 'postgres' | 'mariadb';

export interface DatabaseQuestion {
  readonly sources: readonly ConfigurationSource[];
  readonly dataDirectory: { readonly directory: string; readonly source: string } | null;
  /** Major version of the product where somebody states it, else null. */
  readonly major: number | null;
  readonly warnings: string[];
}

/** settings.DATABASES (1.x - 2.x), paperless.settings.custom.parse_db_settings (3.x). Undefined: nothing leads to one. */
export function locateDatabase(question: DatabaseQuestion): Located | undefined {
  const { sources, warnings } = question;
  warnAboutFiles(sources, warnings);
  const choice = chooseEngine(question);
  return choice.engine === 'sqlite'
    ? sqliteLocation(question, choice.why)
    : serverLocation(question, choice.engine, choice.why);
}

interface Choice {
  readonly engine: 'sqlite' | ServerEngine;
  /** For people: the variable that decided. */
  readonly why: string;
}

/**
 * 1.x - 2.x: a non-empty DBHOST means PostgreSQL, with DBENGINE `mariadb` MariaDB; nothing else counts. 3.x: DBENGINE
 * decides; unset, a defined DBHOST (even empty) means PostgreSQL. A variable that is defined and empty hides one of a file
 * (dotenv.load_dotenv does not override). Where the two disagree and nobody states the version, an existing SQLite file
 * decides.
 */
function chooseEngine(question: DatabaseQuestion): Choice {
  const { sources, major, warnings } = question;
  const engine = findVariable(sources, 'PAPERLESS_DBENGINE');
  const host = findVariable(sources, 'PAPERLESS_DBHOST');
  const before3 = engineBefore3(engine?.value, host?.value);
  const since3 = engineSince3(engine?.value, host?.value);
  if (since3 === null && major !== null && major >= 3) {
    warnings.push(
      `${engine?.source} is none of sqlite, postgresql, mariadb: paperless-ngx 3 refuses to start with it`,
    );
  }
  const reason = (chosen: Choice['engine']): string => {
    if (engine !== undefined && (since3 === chosen || chosen === 'mariadb')) return engine.source;
    return host?.source ?? 'neither PAPERLESS_DBENGINE nor PAPERLESS_DBHOST is set';
  };
  if (since3 === null || since3 === before3 || (major !== null && major < 3)) {
    return { engine: before3, why: reason(before3) };
  }
  if (major !== null) return { engine: since3, why: reason(since3) };
  const chosen = hasSqliteFile(question)
    ? pickSqlite(before3, since3)
    : pickServer(before3, since3);
  warnings.push(
    `paperless-ngx 2 and 3 understand PAPERLESS_DBENGINE and PAPERLESS_DBHOST differently here: ${chosen} is assumed; state --app-version or --database`,
  );
  return { engine: chosen, why: reason(chosen) };
}

function engineBefore3(engine: string | undefined, host: string | undefined): Choice['engine'] {
  if (host === undefined || host === '') return 'sqlite';
  return engine === 'mariadb' ? 'mariadb' : 'postgres';
}

/** Null: a value that 3.x refuses. */
function engineSince3(
  engine: string | undefined,
  host: string | undefined,
): Choice['engine'] | null {
  if (engine === undefined) return host === undefined ? 'sqlite' : 'postgres';
  if (engine === 'postgresql') return 'postgres';
  return engine === 'sqlite' || engine === 'mariadb' ? engine : null;
}

function pickSqlite(left: Choice['engine'], right: Choice['engine']): Choice['engine'] {
  return left === 'sqlite' || right === 'sqlite' ? 'sqlite' : left;
}

function pickServer(left: Choice['engine'], right: Choice['engine']): Choice['engine'] {
  return left === 'sqlite' ? right : left;
}

function hasSqliteFile({ dataDirectory }: DatabaseQuestion): boolean {
  return dataDirectory !== null && existsSync(join(dataDirectory.directory, 'db.sqlite3'));
}

/** settings: always `db.sqlite3` in the data directory. Without a data directory nothing leads to a database. */
function sqliteLocation(question: DatabaseQuestion, why: string): Located | undefined {
  const { dataDirectory } = question;
  if (dataDirectory === null) return undefined;
  return {
    value: { engine: 'sqlite', path: join(dataDirectory.directory, 'db.sqlite3') },
    source: `${dataDirectory.source}; SQLite because ${why}`,
  };
}

const defaultPort: Readonly<Record<ServerEngine, number>> = { postgres: 5432, mariadb: 3306 };
/** An empty host means the local socket. */
const localHost: Readonly<Record<ServerEngine, string>> = {
  postgres: '/var/run/postgresql',
  mariadb: 'localhost',
};

function serverLocation(question: DatabaseQuestion, engine: ServerEngine, why: string): Located {
  const { sources, warnings } = question;
  const host = findValue(sources, 'PAPERLESS_DBHOST');
  const portText = findValue(sources, 'PAPERLESS_DBPORT')?.value;
  const port = portText !== undefined && /^\d{1,5}$/.test(portText) ? Number(portText) : undefined;
  if (portText !== undefined && port === undefined) {
    warnings.push(`${findValue(sources, 'PAPERLESS_DBPORT')?.source} is no port number`);
  }
  const unreadable = unreadablePasswordFile(sources, passwordVariables);
  if (unreadable !== undefined) {
    warnings.push(
      `${unreadable} names a file that cannot be read here: give the password with --database-password-file`,
    );
  }
  const options = tlsOptions(question, engine);
  const inside = { host: host?.value ?? localHost[engine], port };
  const compose = sources.find((source) => source.compose !== null)?.compose ?? null;
  const reachable = addressOutside(compose, inside, defaultPort[engine], warnings);
  const location: DatabaseLocation = {
    engine,
    host: reachable.host,
    ...(reachable.port === undefined ? {} : { port: reachable.port }),
    user: findValue(sources, 'PAPERLESS_DBUSER')?.value ?? 'paperless',
    name: findValue(sources, 'PAPERLESS_DBNAME')?.value ?? 'paperless',
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
  return { value: location, source: host?.source ?? why };
}

interface TlsWord {
  /** Key in PAPERLESS_DB_OPTIONS (3.0). */
  readonly option: string;
  /** The older variable, which has less weight. */
  readonly variable: string;
  readonly isPath: boolean;
}

/**
 * The words of libpq and of MySQL's clients, and where the product has their values: settings.DATABASES (1.14 - 2.x),
 * paperless.settings.custom.parse_db_settings (3.x). Pool sizes and timeouts concern the product alone.
 */
const tlsWords: Readonly<Record<ServerEngine, Readonly<Record<string, TlsWord>>>> = {
  postgres: {
    sslmode: { option: 'sslmode', variable: 'PAPERLESS_DBSSLMODE', isPath: false },
    sslrootcert: { option: 'sslrootcert', variable: 'PAPERLESS_DBSSLROOTCERT', isPath: true },
    sslcert: { option: 'sslcert', variable: 'PAPERLESS_DBSSLCERT', isPath: true },
    sslkey: { option: 'sslkey', variable: 'PAPERLESS_DBSSLKEY', isPath: true },
  },
  mariadb: {
    'ssl-mode': { option: 'ssl_mode', variable: 'PAPERLESS_DBSSLMODE', isPath: false },
    'ssl-ca': { option: 'ssl.ca', variable: 'PAPERLESS_DBSSLROOTCERT', isPath: true },
    'ssl-cert': { option: 'ssl.cert', variable: 'PAPERLESS_DBSSLCERT', isPath: true },
    'ssl-key': { option: 'ssl.key', variable: 'PAPERLESS_DBSSLKEY', isPath: true },
  },
};

function tlsOptions(question: DatabaseQuestion, engine: ServerEngine): Record<string, string> {
  const { sources, major, warnings } = question;
  const combined =
    major !== null && major < 3 ? undefined : findValue(sources, 'PAPERLESS_DB_OPTIONS');
  const pairs = optionPairs(combined?.value ?? '');
  const options: Record<string, string> = {};
  for (const [word, { option, variable, isPath }] of Object.entries(tlsWords[engine])) {
    const listed = pairs.get(option);
    const found =
      combined !== undefined && listed !== undefined
        ? { ...combined, value: listed }
        : findValue(sources, variable);
    if (found === undefined) continue;
    options[word] = isPath ? certificatePath(found, warnings) : found.value;
  }
  return options;
}

/** `k=v,k=v` */
function optionPairs(text: string): Map<string, string> {
  return new Map(
    text
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => [
        pair.slice(0, pair.indexOf('=')).trim(),
        pair.slice(pair.indexOf('=') + 1).trim(),
      ]),
  );
}

/** A path that leads nowhere here is kept: leaving it out would make the connection less safe than the product's. */
function certificatePath(
  found: NonNullable<ReturnType<typeof findValue>>,
  warnings: string[],
): string {
  // Since PostgreSQL 16 a word of libpq for the authorities that the system trusts.
  if (found.value === 'system') return found.value;
  const host = found.from.hostPath(found.value);
  if ('path' in host) return host.path;
  warnings.push(
    `${host.problem}; state --database with a certificate that can be read here (${found.source})`,
  );
  return found.value;
}

/** The container's start script puts the content of `PAPERLESS_X_FILE` into `PAPERLESS_X`; only that of the password is read. */
function warnAboutFiles(sources: readonly ConfigurationSource[], warnings: string[]): void {
  for (const name of ['DBENGINE', 'DBHOST', 'DBPORT', 'DBNAME', 'DBUSER']) {
    const found = findValue(sources, `PAPERLESS_${name}_FILE`);
    if (found !== undefined && findValue(sources, `PAPERLESS_${name}`) === undefined) {
      warnings.push(`${found.source} names a file, which is not read: state --database`);
    }
  }
}
