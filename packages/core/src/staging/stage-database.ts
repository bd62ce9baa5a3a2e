// Prepares the database out of sight: built by the engine from the chunks of the archive, then read back and compared with
// the digests of the seal.

import { chmodSync, chownSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { archivedSchema } from '../archive/archived-schema.ts';
import { ChunkOrder } from '../archive/chunk-order.ts';
import { databaseSchemaPath, postDataPath, preDataPath } from '../archive/database-part.ts';
import type { ArchivedSchema } from '../archive/database-part.ts';
import type { PlacedEntry } from '../archive/reader.ts';
import type { Seal } from '../archive/schema.ts';
import type { Wish } from '../archive/walk.ts';
import type {
  DatabaseLoad,
  DatabaseSchema,
  LoadTarget,
  PreparedDatabase,
  Table,
} from '../database/engine.ts';
import { MovedLoad, openMovedLoad } from '../database/move/moved-load.ts';
import type { Repaired } from '../database/move/findings.ts';
import { qualifiedName } from '../database/schema.ts';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import type { InstanceDatabase } from '../instance.ts';
import type { PlannedMove } from './plan-move.ts';

/** File mode of a database that was not there before. */
const newFileMode = 0o640;

export interface StageOptions {
  /** SQLite: where the file is built; created here, private. */
  readonly folder: string;
  /** MariaDB: keep the replaced tables on the server. */
  readonly keepFormer: boolean;
  /** Read every table back and compare it; default true. */
  readonly readBack?: boolean;
  /** When the target is of another engine than the archive. */
  readonly move?: PlannedMove;
}

/** Compares a loaded table with the seal: byte for byte, or after a move by meaning and with the bytes that came in. */
async function isSame(
  load: DatabaseLoad,
  table: Table,
  sealed: Seal['tables'][number],
): Promise<boolean> {
  if (!(load instanceof MovedLoad)) {
    const found = await load.digest(table);
    return sealed.rows === found.rows && (!sealed.keepRows || sealed.digest === found.digest);
  }
  const { rows, same } = await load.prove(table);
  const hasGenerated = table.columns.some(({ generated }) => generated !== undefined);
  return (
    same &&
    rows === sealed.rows &&
    (!sealed.keepRows || hasGenerated || load.received(table).digest === sealed.digest)
  );
}

/**
 * True when a server's database has exactly the definitions of the archive, as after the application's own migrations: then its
 * rows are exchanged, and owners and rights stay.
 */
async function isDefinedThere(
  schema: ArchivedSchema,
  { engine, location, connect }: InstanceDatabase,
): Promise<boolean> {
  if (location.engine === 'sqlite') return false;
  try {
    const snapshot = await engine.openSnapshot(location, connect);
    try {
      return definitionsOf(snapshot.schema) === definitionsOf(schema);
    } finally {
      await snapshot.close();
    }
  } catch (error) {
    // it holds what an archive cannot: then it is not what the archive holds
    if (isDmsBackupError(error) && error.code === 'database-unsupported') return false;
    throw error;
  }
}

function definitionsOf({ tables, preData, postData }: DatabaseSchema): string {
  const own = tables.filter(({ extension }) => extension === undefined);
  const facts = own.map(({ schema, name, columns }) => [schema, name, columns]);
  return JSON.stringify([facts, preData, postData], sortedKeys);
}

/** The order of the keys differs between a schema that was read from a file and one that was made here. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
}

export class DatabaseStage {
  readonly #database: InstanceDatabase;
  readonly #options: StageOptions;
  #schema: ArchivedSchema | undefined;
  #load: DatabaseLoad | undefined;
  #order: ChunkOrder | undefined;
  #rows = 0;

  constructor(database: InstanceDatabase, options: StageOptions) {
    this.#database = database;
    this.#options = options;
    if (database.location.engine === 'sqlite') mkdirSync(options.folder, { mode: 0o700 });
  }

  get rows(): number {
    return this.#rows;
  }

  get schema(): ArchivedSchema | undefined {
    return this.#schema;
  }

  /** Values that a move has repaired, because the user asked for it. */
  get repaired(): readonly Repaired[] {
    return this.#load instanceof MovedLoad ? this.#load.repaired : [];
  }

  /** What to do with an entry below `database/`. */
  wish(entry: PlacedEntry): Wish {
    const path = entry.pathBytes.toString();
    if (path === databaseSchemaPath)
      return { do: 'content', take: (content) => this.#begin(content) };
    if (path === preDataPath || path === postDataPath) return { do: 'prove' };
    return { do: 'content', take: async (content) => await this.#order?.add(path, content) };
  }

  /**
   * Finishes and proves every table against the seal, unless nothing is to be read back. Returns what is to be committed; the file of a SQLite database is
   * complete by then and waits in the folder. Throws `restore-failed` or `archive-damaged`.
   */
  async complete(
    tables: Seal['tables'],
    onTable: (done: number) => void,
  ): Promise<PreparedDatabase | undefined> {
    await this.#order?.end();
    const load = this.#load;
    if (!load || !this.#schema)
      throw new DmsBackupError('archive-damaged', 'the archive has no database schema');
    await load.finish();
    const sealed = new Map(tables.map((each) => [each.table, each]));
    const compared = this.#options.readBack === false ? [] : this.#schema.tables;
    for (const [number, table] of compared.entries()) {
      const name = qualifiedName(table);
      const expected = sealed.get(name);
      if (table.extension && (!table.keepRows || this.#options.move)) continue;
      if (!expected || !(await isSame(load, table, expected)))
        throw new DmsBackupError('restore-failed', `table '${name}' is not the same after loading`);
      onTable(number + 1);
    }
    const { location } = this.#database;
    if (location.engine !== 'sqlite') return load;
    await load.commit();
    this.#placeFile(location.path);
    return undefined;
  }

  async discard(): Promise<void> {
    await this.#load?.discard();
  }

  async #begin(content: Buffer): Promise<void> {
    this.#schema = archivedSchema(content);
    this.#order = new ChunkOrder(this.#schema, async (table, chunk) => {
      if (table.extension && this.#options.move) return;
      await this.#load!.copyIn(table, chunk);
      this.#rows += chunk.rows;
    });
    this.#load = await this.#open(this.#schema);
    await this.#load.createTables();
  }

  async #open(schema: ArchivedSchema): Promise<DatabaseLoad> {
    const { engine, location, connect } = this.#database;
    const { folder, keepFormer, move } = this.#options;
    const target: LoadTarget = { location, directory: folder, mode: 'rebuild', keepFormer };
    if (schema.engine === engine.name) {
      const mode = (await isDefinedThere(schema, this.#database)) ? 'fill' : 'rebuild';
      // a table of an extension without archived rows stays as the extension makes it
      const tables = schema.tables.filter(({ extension, keepRows }) => !extension || keepRows);
      return await engine.openLoad({ ...schema, tables }, { ...target, mode }, connect);
    }
    if (!move)
      throw new DmsBackupError('archive-damaged', 'the archive holds two kinds of databases');
    // a file is always built anew, from the definitions of the one that is there
    const mode = location.engine === 'sqlite' ? 'rebuild' : 'fill';
    return await openMovedLoad(
      engine,
      move.move,
      { ...target, mode },
      { ...move.options, connect },
    );
  }

  /** Final name, and mode and owner of the file that is replaced (or of the directory it will lie in). */
  #placeFile(target: string): void {
    const path = join(this.#options.folder, basename(target));
    renameSync(join(this.#options.folder, 'db.sqlite3'), path);
    const former = statSync(target, { throwIfNoEntry: false });
    chmodSync(path, former ? former.mode & 0o7777 : newFileMode);
    const owner = former ?? statSync(dirname(target), { throwIfNoEntry: false });
    if (owner && process.getuid?.() === 0) chownSync(path, owner.uid, owner.gid);
  }
}
