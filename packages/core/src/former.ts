// The former state of a database on a server that a restore or undo replaces. Engines that keep the replaced tables do so
// themselves; for the others it is kept as an archive of ours, made by the verb `backup` and loaded like any other.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Adapter, Stamp } from './adapter.ts';
import { ArchiveReader } from './archive/reader.ts';
import { splitPath } from './archive/entry-path.ts';
import type { Seal } from './archive/schema.ts';
import { walkArchive } from './archive/walk.ts';
import { writeArchive } from './backup.ts';
import type { PreparedDatabase } from './database/engine.ts';
import { qualifiedName } from './database/schema.ts';
import { DmsBackupError, isDmsBackupError } from './errors.ts';
import type { InstanceDatabase } from './instance.ts';
import { DatabaseStage } from './staging/stage-database.ts';
import { formerFolder } from './staging/switch.ts';
import type { ServerPart } from './staging/switch.ts';
import type { FormerDatabase } from './staging/journal.ts';
import type { Target } from './staging/target.ts';
import type { InstanceOptions } from './verb.ts';

const fileName = 'database.tar.zst';

/** The part that a database on a server plays in a switch; undefined for SQLite, whose file is moved. */
export function serverPart(
  database: InstanceDatabase | undefined,
  kept: FormerDatabase['kept'] | undefined,
): ServerPart | undefined {
  if (!database || database.location.engine === 'sqlite') return undefined;
  const { engine, location } = database;
  return { location, engineKeeps: engine.openFormer !== undefined, ...(kept && { kept }) };
}

/** How the present state of a database will be kept; `state` as the engine sees it. */
export function keepingOf(
  database: InstanceDatabase | undefined,
  state: 'missing' | 'empty' | 'occupied',
): FormerDatabase['kept'] | undefined {
  if (!database || database.location.engine === 'sqlite') return undefined;
  if (state !== 'occupied') return 'empty';
  return database.engine.openFormer ? 'server' : 'archive';
}

/**
 * Writes an archive of the whole database into the room, every table with its rows; tables of extensions only where `replaced`
 * names them, because their rows stay otherwise. Throws `database-unsupported` when the database holds something that cannot
 * be kept, and what `backup` throws.
 */
export async function archiveFormer(
  target: Target,
  options: InstanceOptions,
  replaced: Seal['tables'],
): Promise<void> {
  const { fresh } = formerFolder(target.room!);
  mkdirSync(fresh, { recursive: true, mode: 0o700 });
  const bare = { ...target.instance, roots: [] };
  try {
    await writeArchive(
      {
        ...options,
        adapter: tablesOnly(options.adapter, keptTables(replaced)),
        destination: join(fresh, fileName),
        compression: 'zstd',
        parts: ['database'],
        excludeClasses: [],
        dryRun: false,
      },
      bare,
      target.database!,
    );
  } catch (error) {
    if (!isDmsBackupError(error) || error.code !== 'database-unsupported') throw error;
    throw new DmsBackupError(error.code, `cannot keep the present database: ${error.message}`, {
      cause: error,
      hint: 'Restore with --no-undo to replace it without a way back, or into another database.',
    });
  }
}

function keptTables(tables: Seal['tables']): Set<string> {
  return new Set(tables.filter(({ keepRows }) => keepRows).map(({ table }) => table));
}

/** The tables that putting back a former state exchanges. */
export function formerTables(former: FormerDatabase): Seal['tables'] {
  if (former.kept !== 'archive') return [];
  const reader = new ArchiveReader(join(formerFolder(former.room).kept, fileName));
  try {
    return reader.seal.tables;
  } finally {
    reader.close();
  }
}

/** What the database of an interrupted, foreign or damaged application can still be asked: nothing but its tables. */
function tablesOnly(adapter: Adapter, replaced: ReadonlySet<string>): Adapter {
  const { contractVersion, name, title, aliases, engines, supportedVersions } = adapter;
  const unknown: Stamp = {
    appVersion: null,
    range: null,
    foundBy: 'not asked: the former state of a database, kept for undo',
    evidence: [],
    migrations: [],
    migrationState: 'unknown',
    warnings: [],
  };
  return {
    contractVersion,
    name,
    title,
    aliases,
    engines,
    supportedVersions,
    configure: (input) => adapter.configure(input),
    classify: () => ({ class: 'unknown', keep: true }),
    stamp: async () => unknown,
    tables: ({ tables }) =>
      tables
        .filter(({ extension }) => extension !== undefined)
        .map(qualifiedName)
        .map((table) => ({ table, class: 'unknown', keepRows: replaced.has(table) })),
    references: async function* none() {},
    documents: async function* none() {},
    compatibility: () => ({ verdict: 'same', explanation: '', steps: [] }),
  };
}

/** Prepares to put a former state back. The present one is kept as the plan of the switch says. */
export async function prepareFormer(
  former: FormerDatabase,
  target: Target,
  options: InstanceOptions,
): Promise<PreparedDatabase> {
  const database = target.database!;
  const { engine, location, connect } = database;
  if (former.kept === 'server' && engine.openFormer)
    return await engine.openFormer(location, connect);
  if (former.kept === 'empty') return await prepareEmpty(database);
  const reader = new ArchiveReader(join(formerFolder(former.room).kept, fileName));
  const stage = new DatabaseStage(database, { folder: '', keepFormer: false });
  try {
    await walkArchive(reader, {
      wish: (entry) =>
        splitPath(entry.pathBytes)[0]?.toString('latin1') === 'database'
          ? stage.wish(entry)
          : { do: 'prove' },
      setOwner: false,
      ...(options.signal && { signal: options.signal }),
    });
    const prepared = await stage.complete(reader.seal.tables, () => undefined);
    if (!prepared) throw new Error('a database on a server is committed by the switch');
    return prepared;
  } catch (error) {
    await stage.discard();
    throw error;
  } finally {
    reader.close();
  }
}

/** The database as it was before anything was restored into it: without tables. */
async function prepareEmpty({
  engine,
  location,
  connect,
}: InstanceDatabase): Promise<PreparedDatabase> {
  const nothing = {
    engine: engine.name,
    engineVersion: '',
    encoding: 'UTF-8',
    settings: {},
    tables: [],
    preData: [],
    postData: [],
    sequences: [],
  };
  const keepFormer = engine.openFormer !== undefined;
  const target = { location, directory: '', mode: 'rebuild' as const, keepFormer };
  const load = await engine.openLoad(nothing, target, connect);
  try {
    await load.createTables();
    await load.finish();
    return load;
  } catch (error) {
    await load.discard();
    throw error;
  }
}
