// Which database the product uses, by the rules of the generation whose settings are there. The password travels beside the
// location, to `configuration-password.ts` and nowhere else.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '@dms-backup/core';
import { addressOutside } from '@dms-backup/core/adapter-kit';
import {
  confName,
  findFirst,
  findSetting,
  isProduction,
  type Container,
  type PapermergeSource,
} from './configuration-source.ts';
import { parseDatabaseUrl } from './database-url.ts';

type Located = NonNullable<Instance['database']>;
type ServerEngine = 'postgres' | 'mariadb';

export interface FoundDatabase {
  readonly located: Located;
  /** Secret. Undefined: none is set. */
  readonly password: string | undefined;
}

export interface DatabaseQuestion {
  readonly sources: readonly PapermergeSource[];
  readonly container: Container | null;
  readonly warnings: string[];
}

const urlNames = ['PM_DB_URL', 'PAPERMERGE__DATABASE__URL'];

/** Names of the parts of a database in one style of settings, with the product's defaults. */
interface Style {
  readonly type: string | null;
  readonly directory: string | null;
  readonly host: string;
  readonly port: string;
  readonly name: string;
  readonly user: string;
  readonly password: string;
  readonly defaults: {
    readonly host: string;
    readonly name: string;
    readonly user: string;
    readonly password: string;
  };
}

/** ciur/papermerge 1.5.5, config/settings/base.py, `DATABASES`. */
const confStyle: Style = {
  type: confName('DBTYPE'),
  directory: confName('DBDIR'),
  host: confName('DBHOST'),
  port: confName('DBPORT'),
  name: confName('DBNAME'),
  user: confName('DBUSER'),
  password: confName('DBPASS'),
  defaults: { host: 'localhost', name: 'papermerge', user: 'papermerge', password: '' },
};

/** ciur/papermerge, docker/1.4 and 2.0, config/app.production.py: PostgreSQL, whatever the conf file says. */
const productionStyle: Style = {
  type: null,
  directory: null,
  host: 'POSTGRES_HOST',
  port: 'POSTGRES_PORT',
  name: 'POSTGRES_DB',
  user: 'POSTGRES_USER',
  password: 'POSTGRES_PASSWORD',
  defaults: { host: 'db', name: 'dbname', user: 'dbuser', password: 'dbpass' },
};

/** papermerge-core 2.1.9, papermerge/conf/settings.py with the library configula; the TOML file has the same names. */
const sectionStyle: Style = {
  type: 'PAPERMERGE__DATABASE__TYPE',
  directory: 'PAPERMERGE__DATABASE__DIR',
  host: 'PAPERMERGE__DATABASE__HOST',
  port: 'PAPERMERGE__DATABASE__PORT',
  name: 'PAPERMERGE__DATABASE__NAME',
  user: 'PAPERMERGE__DATABASE__USER',
  password: 'PAPERMERGE__DATABASE__PASSWORD',
  defaults: { host: 'localhost', name: 'papermerge', user: 'papermerge', password: '' },
};

const defaultPort: Readonly<Record<ServerEngine, number>> = { postgres: 5432, mariadb: 3306 };

/** Undefined: nothing leads to a database. */
export function locateDatabase(question: DatabaseQuestion): FoundDatabase | undefined {
  const { sources, container } = question;
  const isLegacyImage = container?.usesPostgresVariables === true;
  const decisive = findFirst(sources, [...urlNames, ...namesOf(sectionStyle)]);
  if (decisive !== undefined) {
    return urlNames.includes(decisive.name)
      ? fromUrl(question, decisive)
      : fromStyle(question, sectionStyle);
  }
  if (isLegacyImage || isProduction(sources)) return server(question, productionStyle, 'postgres');
  if (sources.some(({ kind }) => kind === 'conf')) return fromStyle(question, confStyle);
  if (sources.some(({ kind }) => kind === 'toml')) return fromStyle(question, sectionStyle);
  return defaultSqlite(question);
}

function namesOf(style: Style): string[] {
  return [style.type, style.directory, style.host, style.name, style.user].filter(
    (name) => name !== null,
  );
}

function fromUrl(
  question: DatabaseQuestion,
  found: NonNullable<ReturnType<typeof findFirst>>,
): FoundDatabase | undefined {
  const { warnings } = question;
  const parsed = parseDatabaseUrl(found.value);
  if (parsed === null) {
    warnings.push(`${found.source} is no database URL that is understood: state --database`);
    return undefined;
  }
  if (parsed.engine === 'sqlite') return sqliteAt(found, parsed.path, found.source, warnings);
  const { engine, password, name } = parsed;
  const options = { ...tlsFromVariable(question, engine), ...parsed.options };
  const address = addressOutside(
    composeOf(question),
    { host: parsed.host, port: parsed.port },
    defaultPort[engine],
    warnings,
  );
  return {
    located: {
      value: {
        engine,
        host: address.host,
        ...(address.port === undefined ? {} : { port: address.port }),
        ...(parsed.user === undefined ? {} : { user: parsed.user }),
        name,
        ...(Object.keys(options).length === 0 ? {} : { options }),
      },
      source: found.source,
    },
    password,
  };
}

/** 3.6.0a16, papermerge/core/db/engine.py: `PM_DB_SSL` makes asyncpg ask for TLS without looking at the certificate. */
function tlsFromVariable(
  { sources }: DatabaseQuestion,
  engine: ServerEngine,
): Record<string, string> {
  const value = findSetting(sources, 'PM_DB_SSL')?.value ?? '';
  return engine === 'postgres' && /^(?:true|1|yes|on)$/i.test(value) ? { sslmode: 'require' } : {};
}

function composeOf({ sources }: DatabaseQuestion): PapermergeSource['compose'] {
  return sources.find((source) => source.compose !== null)?.compose ?? null;
}

/** The words of `DBTYPE` and of `PAPERMERGE__DATABASE__TYPE`; null: SQLite. */
function engineOf(word: string | undefined): ServerEngine | null | undefined {
  if (word === undefined) return null;
  if (/^(?:pg|postgre|postgres|postgresql)$/i.test(word)) return 'postgres';
  if (/^(?:my|mysql|maria|mariadb)$/i.test(word)) return 'mariadb';
  return /^sqlite3?$/i.test(word) ? null : undefined;
}

function fromStyle(question: DatabaseQuestion, style: Style): FoundDatabase | undefined {
  const { sources, warnings } = question;
  warnAboutUnclear(question, style);
  const type = style.type === null ? undefined : findSetting(sources, style.type);
  const engine = engineOf(type?.value);
  if (engine === undefined) {
    warnings.push(`${type?.source} is no database type that is understood: state --database`);
    return undefined;
  }
  if (engine !== null) return server(question, style, engine);
  const directory = style.directory === null ? undefined : findSetting(sources, style.directory);
  if (directory !== undefined) {
    return sqliteAt(directory, join(directory.value, 'db.sqlite3'), directory.source, warnings);
  }
  return defaultSqlite(question);
}

/** Computed values are not understood; they are named where they decide about the database. */
function warnAboutUnclear({ sources, warnings }: DatabaseQuestion, style: Style): void {
  for (const { unclear, name } of sources) {
    const lost = namesOf(style).filter((each) =>
      [...unclear].some((key) => confName(key) === each),
    );
    if (lost.length === 0) continue;
    const keys = lost.map((each) => each.replace(confName(''), ''));
    warnings.push(
      `${keys.join(', ')} in ${name} is computed or conditional, and the file is never executed: state --database`,
    );
  }
}

function server(question: DatabaseQuestion, style: Style, engine: ServerEngine): FoundDatabase {
  const { sources, warnings } = question;
  const { defaults } = style;
  const host = findSetting(sources, style.host);
  const portText = findSetting(sources, style.port);
  const isPort = portText !== undefined && /^\d{1,5}$/.test(portText.value);
  if (portText !== undefined && !isPort) warnings.push(`${portText.source} is no port number`);
  const address = addressOutside(
    composeOf(question),
    { host: host?.value ?? defaults.host, port: isPort ? Number(portText.value) : undefined },
    defaultPort[engine],
    warnings,
  );
  const type = style.type === null ? undefined : findSetting(sources, style.type);
  return {
    located: {
      value: {
        engine,
        host: address.host,
        ...(address.port === undefined ? {} : { port: address.port }),
        user: findSetting(sources, style.user)?.value ?? defaults.user,
        name: findSetting(sources, style.name)?.value ?? defaults.name,
      },
      source: host?.source ?? type?.source ?? 'default of the container image',
    },
    password: findSetting(sources, style.password)?.value ?? (defaults.password || undefined),
  };
}

function sqliteAt(
  { from }: { readonly from: PapermergeSource },
  written: string,
  source: string,
  warnings: string[],
): FoundDatabase | undefined {
  const host = from.hostPath(written);
  if ('problem' in host) {
    warnings.push(`${host.problem}; name the database with --database`);
    return undefined;
  }
  return {
    located: {
      value: { engine: 'sqlite', path: host.path },
      source: host.how === null ? source : `${source} (${host.how})`,
    },
    password: undefined,
  };
}

/** `db.sqlite3` in the product's own tree, or what the image uses. A file that is not there is only believed of an image. */
function defaultSqlite(question: DatabaseQuestion): FoundDatabase | undefined {
  const { sources, container, warnings } = question;
  const around = sources.find(({ kind }) => kind === 'container');
  if (around !== undefined && container !== null) {
    return container.sqlite === null
      ? undefined
      : sqliteAt({ from: around }, container.sqlite, `default of ${around.name}`, warnings);
  }
  for (const { directory, name } of sources) {
    const path = directory === null ? '' : join(directory, 'db.sqlite3');
    if (directory !== null && existsSync(path)) {
      return {
        located: { value: { engine: 'sqlite', path }, source: `default of ${name}` },
        password: undefined,
      };
    }
  }
  const [project, path] = ['/core_app/pyproject.toml', '/db/db.sqlite3'];
  return sources.length === 1 && existsSync(project) && existsSync(path)
    ? {
        located: {
          value: { engine: 'sqlite', path },
          source: 'default of the container image, in which this runs',
        },
        password: undefined,
      }
    : undefined;
}
