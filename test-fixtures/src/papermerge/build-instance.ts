// A sample instance of Papermerge below one directory: media root, and a database with all tables of the release, as SQLite file or
// on a server. The same options give the same rows and files.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createFileWriter } from '../file-writer.ts';
import type { SampleServer } from '../paperless/sample-instance.ts';
import type { PapermergeDocument } from './builder.ts';
import { planContent, type PapermergeContent } from './content.ts';
import { loadServer, loadSqlite } from './load.ts';
import { fitRows, type Row } from './rows.ts';
import {
  createStatements,
  papermergeMigrations,
  papermergeTables,
  type PapermergeEngine,
  type PapermergeRelease,
} from './schema.ts';

export interface PapermergeOptions {
  readonly release: PapermergeRelease;
  /** Further documents beside the handful that are always there; default 0. */
  readonly more?: number;
  /** States that healthy instances have and that look like damage; default false. */
  readonly traps?: boolean;
  /** Recorded beside the release's own migrations: names of `core`, or further revisions. */
  readonly extraMigrations?: readonly string[];
}

export interface PapermergeInstance {
  readonly directory: string;
  readonly release: PapermergeRelease;
  readonly mediaDirectory: string;
  /** Null when the database is on a server. */
  readonly databasePath: string | null;
  readonly documents: readonly PapermergeDocument[];
  /** Media files that no row names. */
  readonly orphans: readonly string[];
  readonly secrets: readonly string[];
}

/** `directory` must exist. The database is `db.sqlite3` in it. */
export function buildPapermergeInstance(
  directory: string,
  options: PapermergeOptions,
): PapermergeInstance {
  const databasePath = join(directory, 'db.sqlite3');
  const { content, statements, rows } = prepare(options, 'sqlite');
  loadSqlite(databasePath, statements, rows);
  return finish(directory, options, content, databasePath);
}

/** As above, with the tables in an existing, empty database of a server. */
export async function buildPapermergeServerInstance(
  directory: string,
  server: SampleServer,
  options: PapermergeOptions,
): Promise<PapermergeInstance> {
  const { content, statements, rows } = prepare(options, server.engine);
  await loadServer(server, statements, rows);
  return finish(directory, options, content, null);
}

function prepare(
  { release, more = 0, traps = false, extraMigrations = [] }: PapermergeOptions,
  engine: PapermergeEngine,
): { content: PapermergeContent; statements: string[]; rows: ReturnType<typeof fitRows> } {
  const tables = papermergeTables(release);
  const content = planContent({ release, more, traps, leavesRows: engine === 'sqlite' });
  const names = [...papermergeMigrations(release), ...extraMigrations];
  const migrations: [string, Row[]] = tables.some(({ name }) => name === 'alembic_version')
    ? ['alembic_version', names.map((name) => ({ version_num: name }))]
    : ['django_migrations', names.map((name, index) => ({ id: index + 1, app: 'core', name }))];
  const all = [...content.rows, migrations] as const;
  return {
    content,
    statements: createStatements(tables, engine),
    rows: all.flatMap(([table, rows]) => fitRows(tables, table, rows, engine)),
  };
}

function finish(
  directory: string,
  { release }: PapermergeOptions,
  { files, documents, orphans, secrets }: PapermergeContent,
  databasePath: string | null,
): PapermergeInstance {
  const mediaDirectory = join(directory, 'media');
  mkdirSync(mediaDirectory);
  const writer = createFileWriter(mediaDirectory);
  for (const [path, content] of files) writer.write(path, content);
  writer.finish();
  return { directory, release, mediaDirectory, databasePath, documents, orphans, secrets };
}
