// A restore into another engine: which table becomes which, and the census of what the target cannot hold. Reads the archive
// and the target, changes nothing.

import { archivedSchema } from '../archive/archived-schema.ts';
import { ChunkOrder } from '../archive/chunk-order.ts';
import { databaseSchemaPath } from '../archive/database-part.ts';
import type { ArchivedSchema } from '../archive/database-part.ts';
import type { ArchiveReader } from '../archive/reader.ts';
import type { Manifest } from '../archive/schema.ts';
import type {
  DatabaseSchema,
  DatabaseSnapshot,
  Table,
  TargetDatabase,
} from '../database/engine.ts';
import { Census } from '../database/move/census.ts';
import type { CensusOptions, CensusReport } from '../database/move/census.ts';
import { openDuplicateProbe } from '../database/move/duplicates.ts';
import { planMove } from '../database/move/plan.ts';
import type { Move } from '../database/move/plan.ts';
import { parseRepairs } from '../database/move/repairs.ts';
import { quoteIdentifier } from '../database/quote-identifier.ts';
import { qualifiedName } from '../database/schema.ts';
import { describeLocation } from '../database/database-url.ts';
import { DmsBackupError, assertNotAborted } from '../errors.ts';
import type { InstanceDatabase } from '../instance.ts';
import type { RestoreOptions } from '../verb.ts';

/** The schema of an archive and one chunk are read whole; larger ones are not written by us. */
const contentLimitBytes = 1 << 28;
const tablesPrefix = Buffer.from('database/tables/');

/** What a move needs when its rows are loaded. */
export interface PlannedMove {
  readonly move: Move;
  readonly options: CensusOptions;
  readonly census: CensusReport;
}

/**
 * Plans the move of an archive into a target of another engine. Undefined when the engines are the same. Throws
 * `move-impossible` when the target has no tables, or other ones; `usage` for unknown repairs; what reading both throws.
 */
export async function planDatabaseMove(
  reader: ArchiveReader,
  manifest: Manifest,
  database: InstanceDatabase,
  state: TargetDatabase['state'],
  options: RestoreOptions,
): Promise<PlannedMove | undefined> {
  const source = manifest.database?.engine;
  const repairs = parseRepairs(options.repairs ?? []);
  if (source === undefined || source === database.engine.name) return undefined;
  if (state !== 'occupied') {
    throw new DmsBackupError(
      'move-impossible',
      `the archive holds a ${source} database, and the ${describeLocation(database.location)} has no tables yet`,
      {
        hint: 'Let the application of the same version make them first (its `migrate` command or its first start), stop it, and restore again.',
      },
    );
  }
  const schema = await readSchema(reader);
  const secrets = new Set(manifest.secretColumns);
  const censusOptions: CensusOptions = {
    repairs,
    isSecret: (table, column) => secrets.has(`${qualifiedName(table)}.${column}`),
  };
  const move = await matchSchemas(reader, schema, database);
  const census = await takeCensus(reader, schema, move, database, censusOptions, options.signal);
  return { move, options: censusOptions, census };
}

async function readSchema(reader: ArchiveReader): Promise<ArchivedSchema> {
  for (const entry of reader.entries()) {
    if (entry.pathBytes.toString() === databaseSchemaPath)
      return archivedSchema(await reader.loadContent(entry, contentLimitBytes));
  }
  throw new DmsBackupError('archive-damaged', 'the archive has no database schema');
}

async function matchSchemas(
  reader: ArchiveReader,
  source: ArchivedSchema,
  { engine, location, connect }: InstanceDatabase,
): Promise<Move> {
  const sealed = new Map(reader.seal.tables.map(({ table, rows }) => [table, rows]));
  const snapshot = await engine.openSnapshot(location, connect);
  try {
    const counts = await countNewTables(snapshot, source);
    return planMove(source, snapshot.schema, {
      sourceRows: (table) => sealed.get(qualifiedName(table)) ?? 0,
      targetRows: (table) => counts.get(qualifiedName(table)) ?? 0,
    });
  } finally {
    await snapshot.close();
  }
}

/** Rows of the tables that only the target has. */
async function countNewTables(
  snapshot: DatabaseSnapshot,
  source: DatabaseSchema,
): Promise<Map<string, number>> {
  const known = new Set(source.tables.map(({ name }) => name));
  const counts = new Map<string, number>();
  for (const table of snapshot.schema.tables) {
    if (known.has(table.name) || table.extension) continue;
    const from = [table.schema, table.name]
      .filter((part) => part !== undefined)
      .map(quoteIdentifier);
    for await (const row of snapshot.query(`SELECT count(*) AS n FROM ${from.join('.')}`))
      counts.set(qualifiedName(table), Number(row['n']));
  }
  return counts;
}

async function takeCensus(
  reader: ArchiveReader,
  schema: ArchivedSchema,
  move: Move,
  { location, connect }: InstanceDatabase,
  options: CensusOptions,
  signal: AbortSignal | undefined,
): Promise<CensusReport> {
  const census = new Census(move, options);
  const probe = await openDuplicateProbe(move, location, { ...options, connect });
  try {
    const look = async (table: Table, chunk: Parameters<Census['add']>[1]): Promise<void> => {
      if (table.extension) return;
      census.add(table, chunk);
      await probe.add(table, chunk);
    };
    const order = new ChunkOrder(schema, look);
    for (const entry of reader.entries()) {
      assertNotAborted(signal);
      if (!entry.pathBytes.subarray(0, tablesPrefix.length).equals(tablesPrefix)) continue;
      await order.add(
        entry.pathBytes.toString(),
        await reader.loadContent(entry, contentLimitBytes),
      );
    }
    await order.end();
    census.include(await probe.findings());
    return census.report();
  } finally {
    await probe.close();
  }
}
