// What an engine must do, and the engine-neutral words for a database: schema, rows as COPY text, digests.
// One folder per engine beside this file (`sqlite/`, `postgres/`, `mariadb/`), same file names in each.

import type { z } from 'zod';
import type {
  ColumnSchema,
  DatabaseSchemaSchema,
  TableDigestSchema,
  TableSchema,
} from './schema.ts';

export type EngineName = 'sqlite' | 'postgres' | 'mariadb';

/** Where a database is. Passwords are not part of it: they are read when connecting. */
export type DatabaseLocation =
  | { readonly engine: 'sqlite'; readonly path: string }
  | {
      readonly engine: 'postgres' | 'mariadb';
      readonly host: string;
      readonly port?: number;
      readonly user?: string;
      readonly name: string;
      readonly options?: Readonly<Record<string, string>>;
    };

/** A server, without a database. */
export type ServerLocation = Omit<Extract<DatabaseLocation, { readonly host: string }>, 'name'>;

export type Column = z.infer<typeof ColumnSchema>;
export type Table = z.infer<typeof TableSchema>;
export type DatabaseSchema = z.infer<typeof DatabaseSchemaSchema>;
/** Rows and digest of one table, see `TableDigestSchema`. */
export type TableDigest = z.infer<typeof TableDigestSchema>;

/** A value as adapters see it: integers beyond 2^53 come as bigint, booleans of SQLite and MariaDB as 0 and 1. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Read access for adapters: one consistent state, never written. */
export interface DatabaseReader {
  readonly engine: EngineName;
  readonly schema: DatabaseSchema;
  /** True when the table (and all the columns) exist. Names without schema mean the default schema. */
  has(table: string, ...columns: string[]): boolean;
  /**
   * Streams the rows of a SELECT. Identifiers are quoted with double quotes, parameters written as `?`. One query at a
   * time: adapters finish or leave a loop before they start the next query (an engine may have one connection only).
   */
  query(sql: string, parameters?: readonly SqlValue[]): AsyncIterable<SqlRow>;
}

/** Whole rows in PostgreSQL's COPY text format, about 1 MiB, and what that text alone cannot say. */
export interface CopyChunk {
  /** Lines of COPY text, LF after each row, UTF-8 (bytes of invalid text as they are). */
  readonly bytes: Uint8Array;
  readonly rows: number;
  /**
   * SQLite only: JSON lines `{"row":0,"column":2,"storage":"text"}` for every value whose storage class is not the
   * usual one of its column (`row` counts from 0 in this chunk, `column` in the table's stored columns). Besides the
   * classes of `ColumnSchema` it may be `utf16`: text of a UTF-16 database that is not valid, written as a blob.
   */
  readonly storage?: Uint8Array;
}

/** Both empty when the database is sound. */
export interface IntegrityReport {
  /** The file is damaged: what is read from it cannot be trusted. */
  readonly damage: readonly string[];
  /** Rows that break rules of their table (CHECK, NOT NULL): kept as they are. */
  readonly brokenRules: readonly string[];
}

/** A consistent state of a live database, held until `close`. */
export interface DatabaseSnapshot extends DatabaseReader {
  /** What the engine itself finds wrong (integrity_check). */
  checkIntegrity(): Promise<IntegrityReport>;
  /**
   * Streams the rows of a table in a stable order (primary key or row id) and returns rows and digest at the end.
   * Generated columns are left out of the chunks and are part of the digest.
   */
  copyOut(table: Table, options?: { chunkBytes?: number }): AsyncGenerator<CopyChunk, TableDigest>;
  /** How many tables may be copied out at the same time; default 1. */
  readonly parallelTables?: number;
  close(): Promise<void>;
}

/** What stands at the place that a restore wants to fill. */
export interface TargetDatabase {
  /** `missing` and `empty` can be filled without loss; `occupied` holds tables. */
  readonly state: 'missing' | 'empty' | 'occupied';
  readonly tables: number;
  readonly rows: number;
}

/**
 * What a later run needs to find out whether a commit took place. Plain data without secrets; it is written durably into the
 * journal of the restore before `commit` is called, and given back to {@link DatabaseEngine.settle}.
 */
export type CommitTicket = Readonly<Record<string, string>>;

/** Something that is ready to become the database: nothing of it can be seen before `commit`. */
export interface PreparedDatabase {
  /** Servers: the ticket of the coming commit. Null for SQLite, whose file the journal moves. */
  ticket(): Promise<CommitTicket | null>;
  /**
   * Makes it durable, and for servers also visible, in one step. SQLite: closes the file, which then waits at the staging
   * path. Throws `server-unreachable` when the connection was lost and nobody knows the outcome (`settle` finds out), any
   * other error when nothing was changed.
   */
  commit(): Promise<void>;
  /** Throws all away. Safe to call at any time, also twice; does nothing after a commit. */
  discard(): Promise<void>;
}

/** A database being built from an archive, out of sight of the application until the commit. */
export interface DatabaseLoad extends PreparedDatabase {
  /** Creates the tables (pre-data), no triggers and no indexes yet. */
  createTables(): Promise<void>;
  copyIn(table: Table, chunk: CopyChunk): Promise<void>;
  /** Indexes, views, triggers, sequences, settings; then the engine's own integrity check. Throws `restore-failed`. */
  finish(): Promise<void>;
  /** Reads a table back: rows and digest as {@link DatabaseSnapshot.copyOut} computes them. After `finish`. */
  digest(table: Table): Promise<TableDigest>;
  /** Streams the loaded rows of a table, as {@link DatabaseSnapshot.copyOut}. After `finish`. */
  copyOut?(table: Table): AsyncGenerator<CopyChunk, TableDigest>;
}

/** Where and how a load builds. */
export interface LoadTarget {
  readonly location: DatabaseLocation;
  /** SQLite: an existing, private directory in which the file is built. Servers do not use it. */
  readonly directory: string;
  /**
   * `rebuild`: everything in the database goes, and comes from the schema. `fill`: the schema was read from this database,
   * whose definitions, owners and rights stay; only the rows are exchanged.
   */
  readonly mode: 'rebuild' | 'fill';
  /** MariaDB: keep the replaced tables for {@link DatabaseEngine.openFormer}. */
  readonly keepFormer: boolean;
}

/** How to connect, and how long an engine may wait before it gives up. */
export interface ConnectOptions {
  /** For locks of other processes; default 10 seconds. */
  readonly lockTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Of the server's user: from a file that the user named, or the application's configuration. Never logged. */
  readonly password?: string;
  /** Variables of libpq (PGPASSWORD, PGPASSFILE, PGSERVICE, PGSSLMODE, ...) and of MySQL's clients (MYSQL_PWD). */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface DatabaseEngine {
  readonly name: EngineName;
  /**
   * Throws `database-not-found`, `database-unreadable`, `database-denied`, `database-locked`, `database-corrupt`,
   * `database-unsupported`, `server-unreachable`.
   */
  openSnapshot(location: DatabaseLocation, options?: ConnectOptions): Promise<DatabaseSnapshot>;
  /** Looks at a restore target without changing it. Throws `database-locked` when the application has it open for writing. */
  inspectTarget(location: DatabaseLocation, options?: ConnectOptions): Promise<TargetDatabase>;
  /** Starts to build the database of `schema`. Throws `locked` when another restore is building there. */
  openLoad(
    schema: DatabaseSchema,
    target: LoadTarget,
    options?: ConnectOptions,
  ): Promise<DatabaseLoad>;
  /**
   * SQLite: every file that belongs to the database at `location` (main file, -wal, -shm, -journal), also those that do
   * not exist now, in the order in which a switch must move them away. Servers return none.
   */
  filesOf(location: DatabaseLocation): readonly string[];
  /**
   * Servers: what came of a commit whose process did not live to tell. Waits for the end of that process's session, then
   * finishes or removes what it left. `new`: the commit took place. Without a ticket no commit had been announced: only
   * leftovers are removed, and the answer is `old`. Throws `server-unreachable`, `database-locked`.
   */
  settle?(
    location: DatabaseLocation,
    ticket: CommitTicket | null,
    options?: ConnectOptions,
  ): Promise<'old' | 'new'>;
  /**
   * Engines that keep the replaced tables on the server (MariaDB): prepares to put them back; the present ones take their
   * place, so an undo can be undone. Throws `nothing-to-undo`. Absent: core keeps an archive of the former database.
   */
  openFormer?(location: DatabaseLocation, options?: ConnectOptions): Promise<PreparedDatabase>;
  /** With `openFormer`: removes the replaced tables that are kept. Nothing to remove is no error. */
  dropFormer?(location: DatabaseLocation, options?: ConnectOptions): Promise<void>;
  /**
   * Servers: makes an empty database for a trial; its name is one of `scratchName`. Returns the names of the databases of that
   * kind that the user can see, without the new one. Throws `database-denied`, `server-unreachable`, `no-space`.
   */
  createScratch?(
    location: DatabaseLocation,
    scratch: { readonly encoding: string },
    options?: ConnectOptions,
  ): Promise<readonly string[]>;
  /**
   * Servers: drops a database that `createScratch` made, and what a restore left beside it. Sessions of the same user in it
   * are ended. Nothing to drop is no error. Throws `target-unsafe` for a database with another name.
   */
  dropScratch?(location: DatabaseLocation, options?: ConnectOptions): Promise<void>;
}
