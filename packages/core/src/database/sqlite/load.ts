// Builds a database file from an archive, out of the application's sight: tables, rows, then everything else, then proof.
// Speed before durability while it is built (no journal, no syncs); `commit` makes it durable. On any error: `discard`.

import { open, rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assertNotAborted, DmsBackupError } from '../../errors.ts';
import type {
  ConnectOptions,
  CopyChunk,
  DatabaseLoad,
  DatabaseSchema,
  LoadTarget,
  Table,
  TableDigest,
} from '../engine.ts';
import { readTable } from './catalogue.ts';
import { closeQuietly, connect, fileError, loadError } from './connect.ts';
import { createInserter, type Inserter } from './copy-in.ts';
import { copyOut, digestTable } from './copy-out.ts';
import { assertDefinitions, create, createTables, createVirtualTables } from './ddl.ts';
import { isVirtual } from './definitions.ts';
import { readStart } from './files.ts';
import { createRelaxer, type Relaxer } from './relax.ts';
import { integrityReport } from './integrity.ts';
import { applySettings, readSettings, type Settings } from './settings.ts';

const fileName = 'db.sqlite3';

/** See {@link DatabaseEngine.openLoad}. Throws `archive-damaged`, `restore-failed`, `no-space`. */
export async function openLoad(
  schema: DatabaseSchema,
  { directory }: LoadTarget,
  { signal }: ConnectOptions = {},
): Promise<DatabaseLoad> {
  const settings = readSettings(schema);
  const path = join(directory, fileName);
  try {
    // Created here, not by SQLite, so that it is never readable by others and never an existing file.
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    throw fileError(error, `create '${path}'`);
  }
  try {
    const database = connect(path, { readOnly: false });
    // The encoding and the page size hold only when they are set before anything is written.
    database.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -16384;
      PRAGMA encoding = '${settings.encoding}'; PRAGMA page_size = ${settings.pageSize};
      PRAGMA auto_vacuum = ${settings.autoVacuum}; BEGIN`);
    return new SqliteLoad(database, path, schema, settings, signal);
  } catch (error) {
    await rm(path, { force: true });
    throw loadError(error, `build database '${path}'`);
  }
}

class SqliteLoad implements DatabaseLoad {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #schema: DatabaseSchema;
  readonly #settings: Settings;
  readonly #signal: AbortSignal | undefined;
  readonly #inserters = new Map<string, Inserter>();
  readonly #relaxer: Relaxer;

  constructor(
    database: DatabaseSync,
    path: string,
    schema: DatabaseSchema,
    settings: Settings,
    signal: AbortSignal | undefined,
  ) {
    this.#database = database;
    this.#path = path;
    this.#schema = schema;
    this.#settings = settings;
    this.#signal = signal;
    this.#relaxer = createRelaxer(database, schema.preData);
  }

  async createTables(): Promise<void> {
    await this.#step('create the tables', () => {
      createTables(this.#database, this.#schema.preData);
      assertColumns(this.#database, this.#schema);
    });
  }

  async copyIn(table: Table, chunk: CopyChunk): Promise<void> {
    await this.#step(`load table '${table.name}'`, () => {
      let insert = this.#inserters.get(table.name);
      if (!insert) {
        insert = createInserter(this.#database, table, (column) => {
          this.#relaxer.relax(table.name, column);
        });
        this.#inserters.set(table.name, insert);
      }
      insert(chunk);
    });
  }

  async finish(): Promise<void> {
    const { preData, postData } = this.#schema;
    this.#inserters.clear();
    await this.#step('write the definitions', () => {
      this.#relaxer.undo();
    });
    for (const definition of postData) {
      if (isVirtual(definition)) continue;
      await this.#step(`create ${definition.kind} '${definition.name}'`, () => {
        create(this.#database, definition);
      });
      await nextTurn();
    }
    await this.#step('write sequences and settings', () => {
      if (preData.some(({ name }) => name === 'sqlite_sequence')) this.#writeSequences();
      this.#database.exec('COMMIT');
      applySettings(this.#database, this.#settings);
    });
    await this.#step('check the integrity', () => {
      this.#assertIntegrity();
    });
    await this.#step('create virtual tables', () => {
      createVirtualTables(this.#database, postData);
      assertDefinitions(this.#database, this.#schema);
    });
  }

  digest(table: Table): ReturnType<DatabaseLoad['digest']> {
    return digestTable(this.#database, table, this.#signal && { signal: this.#signal });
  }

  copyOut(table: Table): AsyncGenerator<CopyChunk, TableDigest> {
    return copyOut(this.#database, table, this.#signal && { signal: this.#signal });
  }

  /** The journal moves the file; there is no commit to ask about. */
  async ticket(): Promise<null> {
    return null;
  }

  async commit(): Promise<void> {
    if (!this.#database.isOpen) return;
    try {
      this.#database.close();
      if (this.#settings.journalMode === 'wal') setWal(this.#path);
      await this.#assertClosedCleanly();
      for (const path of [this.#path, dirname(this.#path)]) {
        const file = await open(path, 'r');
        try {
          await file.sync();
        } finally {
          await file.close();
        }
      }
    } catch (error) {
      throw loadError(error, `finish '${this.#path}'`);
    }
  }

  async discard(): Promise<void> {
    closeQuietly(this.#database);
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      await rm(this.#path + suffix, { force: true });
    }
  }

  /** Runs one step; what SQLite refuses is `restore-failed`, a full disk `no-space`. */
  async #step(what: string, run: () => void): Promise<void> {
    assertNotAborted(this.#signal);
    try {
      run();
    } catch (error) {
      throw loadError(error, `${what} in '${this.#path}'`);
    }
  }

  #writeSequences(): void {
    this.#database.exec('DELETE FROM sqlite_sequence');
    const statement = this.#database.prepare(
      'INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)',
    );
    for (const { name, value } of this.#schema.sequences) {
      const number = /^-?\d{1,19}$/.test(value) ? BigInt(value) : undefined;
      if (number === undefined || BigInt.asIntN(64, number) !== number) {
        throw new DmsBackupError(
          'archive-damaged',
          `the sequence of table '${name}' is no integer of 64 bits`,
        );
      }
      statement.run(name, number);
    }
  }

  #assertIntegrity(): void {
    const { damage: problems } = integrityReport(this.#database);
    if (problems.length === 0) return;
    throw new DmsBackupError(
      'restore-failed',
      `the restored database is not sound: ${problems[0]}`,
      {
        context: { problems },
      },
    );
  }

  async #assertClosedCleanly(): Promise<void> {
    const header = await readStart(this.#path, 20);
    const wanted = this.#settings.journalMode === 'wal' ? 2 : 1;
    if (header[18] !== wanted || header[19] !== wanted) {
      throw new DmsBackupError('restore-failed', `cannot set the journal mode of '${this.#path}'`);
    }
  }
}

/** Sets the sticky flag. The new connection is the only one, so closing it leaves no log behind. */
function setWal(path: string): void {
  const database = connect(path, { readOnly: false });
  try {
    database.exec('PRAGMA journal_mode = WAL');
  } finally {
    database.close();
  }
}

/** The columns in which rows will be written must be exactly those of the definitions, else values would be lost. */
function assertColumns(database: DatabaseSync, schema: DatabaseSchema): void {
  const facts = ({ name, columns }: Table): string =>
    JSON.stringify([name, columns.map((column) => [column.name, column.generated ?? null])]);
  const described = new Set(schema.tables.map(facts));
  const defined = schema.preData.filter(({ name }) => name !== 'sqlite_sequence');
  for (const { name } of defined) {
    if (!described.delete(facts(readTable(database, name)))) {
      throw new DmsBackupError(
        'archive-damaged',
        `the columns of table '${name}' do not agree with its definition`,
      );
    }
  }
  if (described.size > 0 || defined.length !== schema.tables.length) {
    throw new DmsBackupError('archive-damaged', 'the schema lists a table that has no definition');
  }
}
