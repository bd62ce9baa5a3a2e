// Settings that are part of a SQLite file: those that hold only when set first (encoding, page size, auto_vacuum), and
// those that applications keep in the header. They come from an archive, so each is checked before it is used in SQL.

import type { DatabaseSync } from 'node:sqlite';
import { DmsBackupError } from '../../errors.ts';
import type { DatabaseSchema } from '../engine.ts';

export interface Settings {
  readonly encoding: string;
  readonly pageSize: number;
  readonly autoVacuum: number;
  readonly userVersion: number;
  readonly applicationId: number;
  readonly journalMode: 'wal' | 'delete';
}

const pageSizes = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

/** Throws `archive-damaged` for values that SQLite cannot have written, `database-unsupported` for another engine. */
export function readSettings(schema: DatabaseSchema): Settings {
  if (schema.engine !== 'sqlite') {
    throw new DmsBackupError(
      'database-unsupported',
      `cannot load a ${schema.engine} schema into SQLite`,
    );
  }
  const { encoding, settings } = schema;
  if (!/^UTF-(?:8|16le|16be)$/.test(encoding)) throw damaged('encoding', encoding);
  const journalMode = settings['journal_mode'] === 'wal' ? 'wal' : 'delete';
  const pageSize = integer(settings, 'page_size', 4096);
  if (!pageSizes.includes(pageSize)) throw damaged('page_size', pageSize);
  const autoVacuum = integer(settings, 'auto_vacuum', 0);
  if (autoVacuum < 0 || autoVacuum > 2) throw damaged('auto_vacuum', autoVacuum);
  return {
    encoding,
    pageSize,
    autoVacuum,
    userVersion: integer(settings, 'user_version', 0),
    applicationId: integer(settings, 'application_id', 0),
    journalMode,
  };
}

/** Writes the header fields. The journal mode is set last of all, by the caller. */
export function applySettings(database: DatabaseSync, settings: Settings): void {
  database.exec(
    `PRAGMA user_version = ${settings.userVersion}; PRAGMA application_id = ${settings.applicationId}`,
  );
}

function integer(settings: DatabaseSchema['settings'], name: string, otherwise: number): number {
  const value = settings[name] ?? otherwise;
  if (typeof value !== 'number' || value !== Math.trunc(value) || Math.abs(value) > 2 ** 31) {
    throw damaged(name, value);
  }
  return value;
}

function damaged(name: string, value: unknown): DmsBackupError {
  return new DmsBackupError(
    'archive-damaged',
    `the database setting ${name} is ${JSON.stringify(value)}`,
  );
}
