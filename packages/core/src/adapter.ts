// The adapter contract, version 1: what core must be told about one application. An adapter is facts as data and a few
// functions; core does all the work and names no application. Everything an adapter returns is checked with zod
// (`adapter-schema.ts`); a breach is reported as `adapter-invalid` with the member's name.
// No member writes anything, no member keeps state between calls, and all of them may be called more than once.

import type { z } from 'zod';
import type {
  CatalogueDocumentSchema,
  CompatibilitySchema,
  ExternalSchema,
  FileReferenceSchema,
  InstanceSchema,
  RestoreNotesSchema,
  RootSchema,
  RowFindingSchema,
  StampSchema,
  TableRuleSchema,
} from './adapter-schema.ts';
import type {
  DatabaseLocation,
  DatabaseReader,
  DatabaseSchema,
  EngineName,
} from './database/engine.ts';

export const contractVersion = 1;

/** A value and the place it was found: a flag, a variable, a file, or a default. Shown by `doctor`. */
export interface Located<T> {
  readonly value: T;
  /** For people, e.g. `--media`, `PAPERLESS_MEDIA_ROOT`, `/etc/paperless.conf`, `default of the container image`. */
  readonly source: string;
}

/** What the user said on the command line, already parsed. It wins over everything the adapter finds. */
export interface GivenLocation {
  readonly configFiles: readonly string[];
  readonly database?: DatabaseLocation;
  readonly media?: string;
  readonly data?: string;
  readonly appVersion?: string;
  /** Values of the adapter's own {@link AdapterOption}s by name, in order; a flag without a value gives `true`. */
  readonly options?: Readonly<Record<string, readonly string[]>>;
}

/** A flag of the command line that only this adapter understands, for facts that no file of the application tells. */
export interface AdapterOption {
  /** As typed after `--`: lower case with hyphens; no flag of the tool itself. */
  readonly name: string;
  /** What stands for the value in the help, e.g. `FILE`. Absent: the flag takes no value. */
  readonly value?: string;
  /** With a value: the flag may be given several times. Default: once. */
  readonly repeatable?: boolean;
  /** One line for `--help`. */
  readonly help: string;
}

export interface ConfigureInput {
  readonly given: GivenLocation;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/** Where the instance is, and every setting worth knowing. Secrets never appear in it. */
export type Instance = z.infer<typeof InstanceSchema>;
/** One directory tree that belongs to the instance. */
export type Root = z.infer<typeof RootSchema>;
/** Application version (exact or a range), how it was found, and the applied migrations. */
export type Stamp = z.infer<typeof StampSchema>;
/** What happens to the data of one table. */
export type TableRule = z.infer<typeof TableRuleSchema>;
/** A file that a row needs. */
export type FileReference = z.infer<typeof FileReferenceSchema>;
/** One document in words that fit every product. */
export type CatalogueDocument = z.infer<typeof CatalogueDocumentSchema>;
export type Compatibility = z.infer<typeof CompatibilitySchema>;
export type RestoreNotes = z.infer<typeof RestoreNotesSchema>;
/** Content that the instance needs and no archive has. */
export type External = z.infer<typeof ExternalSchema>;
/** Something wrong with a row, whatever the files are like. Same shape as a finding of `check`. */
export type RowFinding = z.infer<typeof RowFindingSchema>;

/**
 * Why a file or table is there: `essential` cannot be made again; `derived` the application can rebuild; `history` nothing
 * breaks without; `ephemeral` is worthless tomorrow; `unknown` nobody has said (always kept and reported).
 */
export type ContentClass = 'essential' | 'derived' | 'history' | 'ephemeral' | 'unknown';

/** The adapter's word on one path below a root. */
export interface PathRule {
  readonly class: ContentClass;
  /** False: not in the archive, and declared there under `excluded` with the reason. Only derived or ephemeral paths. */
  readonly keep: boolean;
  /** For people; needed when `keep` is false. */
  readonly reason?: string;
  /**
   * With `keep` false: the path or directory (ending with `/`) to declare once for all paths that this rule covers,
   * relative to the root, e.g. `index/`. Default: the path itself.
   */
  readonly declareAs?: string;
  /**
   * True: no row names this path and none should (sync droppings, the trash folder of purged originals, scripts of the
   * user), so `check` does not call it an orphan. Default: false.
   */
  readonly standalone?: boolean;
}

export interface Adapter {
  /** Always 1 for this interface. Another number is refused at load. */
  readonly contractVersion: 1;
  /** Short lower-case name, as in `--app paperless`. */
  readonly name: string;
  /** For people, e.g. `paperless-ngx`. */
  readonly title: string;
  readonly aliases: readonly string[];
  /** Engines the application itself supports. */
  readonly engines: readonly EngineName[];
  /** Range of application versions whose facts are known, for `apps` and the documentation, e.g. `1.7.0 - 3.0.5`. */
  readonly supportedVersions: string;

  /** Optional: flags of this adapter alone; their values arrive in `configure`. */
  readonly options?: readonly AdapterOption[];

  /**
   * Finds the instance from flags, environment, the application's own files and its defaults; first found wins, per value.
   * Called first, once per run; may read files, must not connect anywhere. Throws `configuration-invalid`.
   * Values that cannot be found are left out; core says what is missing.
   */
  configure(input: ConfigureInput): Promise<Instance>;

  /**
   * Optional, for applications with a database on a server: the password of the database user from the application's own
   * configuration. Called only to connect; core never stores or shows it. Undefined when there is none.
   */
  databasePassword?(input: ConfigureInput): Promise<string | undefined>;

  /**
   * Version of the application. Called with the database of a consistent snapshot. May read small files of the instance
   * (logs, version.py). Never throws because the version is unknown: it returns what is known and says how.
   */
  stamp(database: DatabaseReader, instance: Instance): Promise<Stamp>;

  /**
   * One rule per table of the schema that is not simply kept, and one for every table the adapter knows. Tables without a
   * rule are kept and reported as unknown. `table` is the name as `qualifiedName` of the schema gives it; a bare name also
   * means the table of that name in the schema `public`. Tables that belong to an extension of the server (PostGIS:
   * `spatial_ref_sys`) are in the schema with `extension` set: with `keepRows` they come back exactly as they were, without
   * they are what the extension makes of them. Pure.
   */
  tables(schema: DatabaseSchema, stamp: Stamp): readonly TableRule[];

  /**
   * The class of one path below a root. Pure and fast: called once per file. `path` is relative, `/` between parts; bytes
   * that are no UTF-8 arrive as U+FFFD (only the decision is made on it, never the name). Directories end with `/`: a
   * directory that is not kept is not entered.
   */
  classify(root: string, path: string, instance: Instance): PathRule;

  /**
   * Every file that a row of this state needs, streamed. Paths relative to their root exactly as the application stores
   * them, but always without empty, `.` and `..` parts: a row whose name leads elsewhere gets a path that cannot exist, so
   * that its document counts as incomplete. Healthy peculiarities of the product (a row that never has a file) must not be
   * returned. May look at the disk where only that tells a name; must not read files.
   */
  references(database: DatabaseReader, instance: Instance): AsyncIterable<FileReference>;

  /** Every document, deleted ones too while they can be brought back, streamed, ordered by id. */
  documents(database: DatabaseReader, instance: Instance): AsyncIterable<CatalogueDocument>;

  /**
   * Optional: faults of rows that no file can show, for `check`: a checksum without a name, a document without text.
   * Streamed. Files that are missing or differ are not reported here; core finds them through `references`. Absent:
   * `check` looks at files and the database's own integrity only.
   */
  inspectRows?(database: DatabaseReader, instance: Instance): AsyncIterable<RowFinding>;

  /**
   * Optional: what rows of this state name and no archive can have: buckets, databases and services elsewhere. Streamed;
   * listed by `backup` and `inspect`. Absent: there is nothing of that kind.
   */
  externals?(database: DatabaseReader, instance: Instance): AsyncIterable<External>;

  /**
   * Optional: stops file moves of the running application for a moment and returns the release. Called by `backup` only, once
   * per snapshot, a few times at most; never again after it failed. Core calls the release after 1.5 seconds at the latest,
   * exactly once, and expects an answer within a second. What was taken must not outlive the process, however that ends, and
   * nothing may be left on disk that was not there before.
   * `waitMs`: how long to wait for the application at most (core gives up a little later); `signal`: nobody waits any more.
   * Throws when there is nothing to be had: no lock, no way to take it, no patience left. Core then backs up without a pause
   * and shows the message as a warning. Absent: the application cannot be paused; core repeats its catch-up instead.
   */
  quiesce?(
    instance: Instance,
    options: { readonly signal?: AbortSignal; readonly waitMs?: number },
  ): Promise<() => Promise<void>>;

  /** May an archive with stamp `archive` be restored where `target` runs? `target` is null for an empty place. Pure. */
  compatibility(archive: Stamp, target: Stamp | null): Compatibility;

  /** Side effects to prevent or to repeat after a restore. Pure. */
  restoreNotes?(stamp: Stamp, instance: Instance): RestoreNotes;
}

/** Types the object as an adapter and returns it; a missing member is a compile error at the author's desk. */
export function defineAdapter(adapter: Adapter): Adapter {
  return adapter;
}
