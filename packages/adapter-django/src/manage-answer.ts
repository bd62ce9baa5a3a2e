// What a project said about itself, taken apart as foreign data: unknown fields are ignored, wrong ones refused, sizes limited.

import { DmsBackupError, type EngineName } from '@dms-backup/core';

export interface ProjectFile {
  readonly table: string;
  readonly column: string;
  /** Column with a title, or empty. */
  readonly title: string;
  /** Directory of the storage; empty when it is no directory. */
  readonly location: string;
  /** Class of the storage. */
  readonly storage: string;
  readonly bucket: string;
}

export interface ProjectAnswer {
  readonly database: {
    readonly engine: EngineName | null;
    /** ENGINE as stated, for messages. */
    readonly engineName: string;
    readonly name: string;
    readonly user: string;
    readonly host: string;
    readonly port: string;
    readonly options: Readonly<Record<string, string>>;
  };
  readonly otherDatabases: readonly string[];
  readonly mediaRoot: string;
  readonly settingsModule: string;
  readonly djangoVersion: string;
  readonly projectVersion: string;
  readonly installedApps: readonly string[];
  readonly fixtureDirectories: readonly string[];
  readonly files: readonly ProjectFile[];
}

const textLimit = 4096;
const listLimit = 20_000;

/** Throws `configuration-invalid`, naming the field. */
export function parseAnswer(value: unknown): ProjectAnswer {
  const answer = record(value, 'the answer');
  const database = record(answer['database'], 'database');
  const engineName = text(database, 'engine');
  return {
    database: {
      engine: engineOf(engineName),
      engineName,
      name: text(database, 'name'),
      user: text(database, 'user'),
      host: text(database, 'host'),
      port: text(database, 'port'),
      options: texts(record(database['options'], 'options')),
    },
    otherDatabases: list(answer, 'otherDatabases'),
    mediaRoot: text(answer, 'mediaRoot'),
    settingsModule: text(answer, 'settingsModule'),
    djangoVersion: text(answer, 'djangoVersion'),
    projectVersion: text(answer, 'projectVersion'),
    installedApps: list(answer, 'installedApps'),
    fixtureDirectories: list(answer, 'fixtureDirectories'),
    files: array(answer, 'files').map((each) => {
      const file = record(each, 'files');
      return {
        table: text(file, 'table'),
        column: text(file, 'column'),
        title: text(file, 'title'),
        location: text(file, 'location'),
        storage: text(file, 'storage'),
        bucket: text(file, 'bucket'),
      };
    }),
  };
}

/** The password of the database user; undefined when the project has none. */
export function parsePassword(value: unknown): string | undefined {
  const { password } = record(value, 'the answer');
  if (typeof password !== 'string') throw wrong('password');
  return password === '' ? undefined : password;
}

/**
 * ENGINE is a module path; backends around Django's own keep its last word (`django_prometheus.db.backends.mysql`). Exceptions:
 * django-tenants (`django_tenants.postgresql_backend`), MySQL Connector/Python (`mysql.connector.django`).
 */
function engineOf(name: string): EngineName | null {
  const last = name.split('.').at(-1) ?? '';
  if (/^(?:postgresql|postgresql_psycopg2|postgresql_backend|postgis)$/.test(last))
    return 'postgres';
  if (last === 'mysql' || name === 'mysql.connector.django') return 'mariadb';
  return /^(?:sqlite3|spatialite)$/.test(last) ? 'sqlite' : null;
}

function record(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field);
  return value as Record<string, unknown>;
}

function text(from: Readonly<Record<string, unknown>>, field: string): string {
  const value = from[field];
  if (typeof value !== 'string' || value.length > textLimit || value.includes('\0'))
    throw wrong(field);
  return value;
}

function texts(from: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.keys(from).map((key) => [key, text(from, key)]));
}

function array(from: Readonly<Record<string, unknown>>, field: string): readonly unknown[] {
  const value = from[field];
  if (!Array.isArray(value) || value.length > listLimit) throw wrong(field);
  return value;
}

function list(from: Readonly<Record<string, unknown>>, field: string): string[] {
  return array(from, field).map((each) => text({ [field]: each }, field));
}

function wrong(field: string): DmsBackupError {
  return new DmsBackupError(
    'configuration-invalid',
    `the project gave an answer that cannot be understood (${field})`,
    { hint: 'Leave out --manage and state --database, --media and --file-column.' },
  );
}
