// Options and results of the verbs: what the CLI passes in and prints. All results are plain data (JSON).

import type { Adapter, CatalogueDocument, GivenLocation, Instance, Stamp } from './adapter.ts';
import type { Exception, Excluded, Manifest, Seal } from './archive/schema.ts';
import type { ServerLocation } from './database/engine.ts';
import type { Finding, Repaired } from './database/move/findings.ts';
import type { Encryption, Keys } from './encryption/keys.ts';
import type { OnEvent } from './events.ts';
import type { KeepRules } from './retention/choose.ts';
import type { EncryptionFacts } from './source/plain-source.ts';

export type Compression = 'zstd' | 'gzip' | 'none';
export type Part = 'database' | 'media';
export type MediaStrategy = 'replace' | 'merge' | 'keep-existing';

/** Common to all verbs that work on a live instance. */
export interface InstanceOptions {
  readonly adapter: Adapter;
  /** Name and version of the adapter's package, for the manifest. */
  readonly adapterPackage: { readonly name: string; readonly packageVersion: string };
  readonly given: GivenLocation;
  /** A file with the password of the database user; relative to the working directory. */
  readonly databasePasswordFile?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal;
}

export interface BackupOptions extends InstanceOptions {
  /**
   * A directory, a file name, `-` for stdout, or the URL of a storage. Relative to the working directory. Absent: where the application keeps its
   * backups, if it says so, else the working directory.
   */
  readonly destination?: string;
  /** `{app} {version} {time}` and strftime letters; the suffix is added when absent. Default: the application's, then ours. */
  readonly filename?: string;
  readonly compression: Compression;
  /** Absent: 1 for zstd, 6 for gzip. */
  readonly level?: number;
  /** What may open earlier archives at the destination, for the alarm on removed documents. */
  readonly keys?: Keys;
  /** Absent: in clear. */
  readonly encryption?: Encryption;
  readonly parts: readonly Part[];
  /** Further classes to leave out, each with its declaration in the archive. */
  readonly excludeClasses: readonly ('derived' | 'history' | 'ephemeral')[];
  /** Find out everything, write nothing. */
  readonly dryRun: boolean;
  /** How long to wait for another run that works on the same instance or destination; default: not at all. */
  readonly lockTimeoutMs?: number;
  /** Where the archive goes when `destination` is `-`. */
  readonly stdout?: NodeJS.WritableStream;
  /**
   * Exit code 3 when that many documents are gone since the last archive of the instance in the same directory. The archive is
   * written all the same. Refused for stdout and for dry runs, which have nothing to compare.
   */
  readonly alarmRemoved?: AlarmLimit;
}

/** From how many on documents that are gone are an alarm: a share of those that there were, or a number. Both above 0. */
export type AlarmLimit = { readonly percent: number } | { readonly documents: number };

/** Documents that are gone since an earlier state. */
export interface Removal {
  readonly since: { readonly name: string; readonly createdAt: string | null };
  /** That there were. */
  readonly documents: number;
  readonly removed: number;
  readonly percent: number;
  /** The first few that are gone. */
  readonly first: readonly { readonly id: string; readonly title: string }[];
  /** Documents that are there, with other bytes in a version that was there before; not counted as gone. */
  readonly rewritten: number;
  /** True when the limit is reached. */
  readonly isAlarm: boolean;
  /** The same in words. */
  readonly explanation: string;
}

/** Completeness of the documents, as in the seal. */
export type Proof = Seal['proof'];

export interface BackupResult {
  /** Absolute path; null for stdout and dry runs. */
  readonly path: string | null;
  readonly archiveId: string;
  readonly app: string;
  readonly stamp: Stamp;
  readonly counts: Seal['counts'];
  readonly archiveBytes: number;
  readonly proof: Proof;
  readonly excluded: readonly Excluded[];
  /** What the instance needs and lies elsewhere. */
  readonly externals: Seal['externals'];
  readonly unknownTables: readonly string[];
  readonly warnings: readonly string[];
  readonly dryRun: boolean;
  /** False when something essential of the source is missing, changed or unreadable. */
  readonly complete: boolean;
  /** What `alarmRemoved` found; null without it, and when there is no earlier archive. */
  readonly removal: Removal | null;
  /** 0, or 3 when the source is not complete or `removal` is an alarm. */
  readonly exitCode: 0 | 3;
}

export interface ArchiveOptions {
  /** Path or URL of the archive, or `-` for stdin. */
  readonly archive: string;
  readonly workingDirectory: string;
  /** What the clients of storages look at: AWS_PROFILE, RESTIC_PASSWORD_FILE, ... */
  readonly environment?: InstanceOptions['environment'];
  readonly stdin?: NodeJS.ReadableStream;
  /** What may open an encrypted archive. */
  readonly keys?: Keys;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal;
}

export interface VerifyOptions extends ArchiveOptions {
  /** Only seal, index and seek table; says so in the result. */
  readonly quick: boolean;
}

export interface VerifyResult {
  readonly archive: string;
  readonly archiveId: string;
  readonly quick: boolean;
  readonly entries: number;
  readonly bytes: number;
  readonly proof: Proof;
  readonly exitCode: 0;
}

/** Of an encrypted archive, when no key was given. */
export interface LockedInspectResult {
  readonly archive: string;
  readonly archiveBytes: number;
  readonly encryption: EncryptionFacts;
  readonly manifest: null;
}

export interface InspectResult {
  readonly archive: string;
  /** As it is stored. */
  readonly archiveBytes: number;
  /** Null: it is not encrypted. */
  readonly encryption: EncryptionFacts | null;
  readonly manifest: Manifest;
  readonly counts: Seal['counts'];
  readonly proof: Proof;
  readonly tables: Seal['tables'];
  readonly excluded: readonly Excluded[];
  /** What the instance needs and lay elsewhere. */
  readonly externals: Seal['externals'];
  readonly exceptions: readonly Exception[];
  readonly sealedAt: string;
}

export interface RestoreOptions extends InstanceOptions {
  readonly archive: string;
  readonly stdin?: NodeJS.ReadableStream;
  /** What may open an encrypted archive. */
  readonly keys?: Keys;
  /** How the storage of the archive is reached, where that is not as the target is. */
  readonly archiveAccess?: Pick<InstanceOptions, 'environment' | 'workingDirectory'>;
  readonly parts: readonly Part[];
  readonly mediaStrategy: MediaStrategy;
  readonly planOnly: boolean;
  /** How long to wait for another run that works on the same target; default: not at all. */
  readonly lockTimeoutMs?: number;
  /** Asked once with the plan when the target is not empty; absent means "no". */
  readonly confirm?: (plan: RestorePlan) => Promise<boolean>;
  readonly keepUndo: boolean;
  readonly acceptUnknownVersion: boolean;
  /** Read every loaded table back and compare it with the seal; default true. Heads, hashes and counts are always checked. */
  readonly readBack?: boolean;
  /** For a move to another engine: what may be changed in values that the target cannot hold, e.g. `nul=strip`. */
  readonly repairs?: readonly string[];
}

export interface RestorePlan {
  readonly archive: { path: string; id: string; createdAt: string; app: string; stamp: Stamp };
  readonly target: {
    database: {
      place: string;
      engine: string;
      state: 'missing' | 'empty' | 'occupied';
      tables: number;
    } | null;
    roots: readonly { name: string; directory: string; state: 'missing' | 'empty' | 'occupied' }[];
    stamp: Stamp | null;
  };
  readonly compatibility: { verdict: string; explanation: string; steps: readonly string[] };
  /** Bytes to be written, and free bytes at the tightest place. */
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly replaces: readonly string[];
  readonly keepsUndo: boolean;
  readonly excluded: readonly Excluded[];
  readonly notes: readonly string[];
  /** A move to another database engine: what the target cannot hold, and what the repairs will change. Null: none. */
  readonly move: {
    from: string;
    to: string;
    rows: number;
    findings: readonly Finding[];
    repaired: readonly Repaired[];
  } | null;
}

export interface RestoreResult {
  readonly planOnly: boolean;
  readonly plan: RestorePlan;
  readonly restored: { tables: number; rows: number; files: number; bytes: number } | null;
  /** Where the former state lies, or null. */
  readonly undo: string | null;
  readonly recovered: Recovery | null;
  readonly nextSteps: readonly string[];
  readonly warnings: readonly string[];
  readonly exitCode: 0;
}

/** What was found after a run that did not end: the target is whole again, in the state named here. */
export interface Recovery {
  readonly state: 'old' | 'new';
  readonly text: string;
}

export interface UndoOptions extends InstanceOptions {
  /** How long to wait for another run that works on the same target; default: not at all. */
  readonly lockTimeoutMs?: number;
  readonly confirm?: (text: string) => Promise<boolean>;
}

export interface UndoResult {
  readonly text: string;
  readonly places: readonly string[];
  readonly exitCode: 0;
}

/** One finding of `check`. */
export interface CheckFinding {
  readonly level: 'error' | 'warning' | 'info';
  /** `missing`, `unreadable`, `size`, `checksum`, `orphan`, `integrity`, `incomplete-row`, ... */
  readonly reason: string;
  readonly documentId: string | null;
  readonly documentTitle: string | null;
  readonly path: string | null;
  readonly text: string;
}

export interface CheckResult {
  readonly app: string;
  readonly stamp: Stamp;
  readonly documents: number;
  readonly documentsComplete: number;
  readonly files: number;
  readonly findings: readonly CheckFinding[];
  /** Findings beyond the ones listed (the list is cut at 10,000). */
  readonly findingsOmitted: number;
  /** 0, or 3 when a finding is an error. */
  readonly exitCode: 0 | 3;
}

export interface DrillOptions {
  readonly adapter: Adapter;
  readonly adapterPackage: InstanceOptions['adapterPackage'];
  /** Path of the archive. The drill log lies beside it, so it cannot come on stdin. */
  readonly archive: string;
  /** What may open an encrypted archive. */
  readonly keys?: Keys;
  /** For an archive of a server's database: where the scratch database is made, and dropped. */
  readonly server?: ServerLocation;
  /** A file with the password of the server's user; relative to the working directory. */
  readonly databasePasswordFile?: string;
  /** Only what the clients of the servers read is used; the application's variables are not. */
  readonly environment: InstanceOptions['environment'];
  readonly workingDirectory: string;
  /** An existing directory in which the scratch folder is made. Default: that of the system for temporary files. */
  readonly to?: string;
  /** Leave the restored state standing. */
  readonly keep: boolean;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal;
}

/** A file of a sampled document that does not open as what it should be. */
export interface SampleProblem {
  readonly documentId: string;
  readonly documentTitle: string;
  readonly root: string;
  readonly path: string;
  /** Continues the name of the file: `does not end as a PDF`. */
  readonly text: string;
}

export interface DrillResult {
  readonly archive: string;
  readonly archiveId: string;
  readonly app: string;
  /** Exact version, or range, or `unknown`. */
  readonly appVersion: string;
  readonly engine: string;
  /** From the first byte read to the restored state in place, proved. */
  readonly restoreSeconds: number;
  readonly documents: number;
  readonly documentsComplete: number;
  readonly files: number;
  /** Documents whose files were opened. */
  readonly sampled: number;
  readonly sampleProblems: readonly SampleProblem[];
  /** As those of {@link CheckResult}, of the restored state. */
  readonly findings: readonly CheckFinding[];
  readonly findingsOmitted: number;
  /** Findings among them that are errors and that the seal of the archive names, too: the source was like that. */
  readonly errorsOfSource: number;
  /** Path of the drill log, which has a line more. */
  readonly log: string;
  /** With `keep`: what stands. `database` is a path, or words for one on a server. */
  readonly kept: { readonly folder: string; readonly database: string } | null;
  readonly warnings: readonly string[];
  /** 0: proved. 3: the restored state has findings that are errors, or documents do not open. */
  readonly exitCode: 0 | 3;
}

export interface DoctorResult {
  readonly app: string;
  readonly instance: Instance;
  readonly stamp: Stamp | null;
  readonly recovery: Recovery | null;
  /** One line per thing looked at. */
  readonly checks: readonly { name: string; ok: boolean; says: string; remedy: string | null }[];
  /** 0 when a backup could run now, else 2. */
  readonly exitCode: 0 | 2;
}

export interface DiffOptions extends ArchiveOptions {
  /** The later state: another archive by its path, or the live instance. */
  readonly with: string | InstanceOptions;
  /** Exit code 3 when that many documents are gone. */
  readonly alarmRemoved?: AlarmLimit;
}

export interface DocumentChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly id: string;
  readonly title: string;
  readonly owner: string | null;
  /** What differs in a changed document: `title`, `tags`, `content`, ... */
  readonly fields: readonly string[];
}

export interface DiffResult {
  /** `createdAt` is null for a live instance. */
  readonly before: { readonly name: string; readonly createdAt: string | null };
  readonly after: { readonly name: string; readonly createdAt: string | null };
  readonly counts: {
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
    readonly same: number;
  };
  /** Removed, added, changed; of each the first 10,000. */
  readonly documents: readonly DocumentChange[];
  /** Tables of both with another number of rows: users, tags, rights, ... */
  readonly tables: readonly { table: string; before: number; after: number }[];
  /** With `alarmRemoved`; else null. */
  readonly removal: Removal | null;
  /** 3 when `removal` is an alarm. */
  readonly exitCode: 0 | 3;
}

export interface DestinationOptions {
  /** A directory, relative to the working directory, or the URL of a storage. */
  readonly destination: string;
  readonly workingDirectory: string;
  /** What the clients of storages look at: AWS_PROFILE, RESTIC_PASSWORD_FILE, ... */
  readonly environment?: InstanceOptions['environment'];
  /** Only archives of the application with one of these names: that of an adapter and its aliases. Absent: of all. */
  readonly apps?: readonly string[];
  /** What may open encrypted archives. */
  readonly keys?: Keys;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal;
}

export type ListOptions = DestinationOptions;

/** An archive in a destination, as its seal and manifest describe it. */
export interface ListedArchive {
  readonly name: string;
  readonly path: string;
  /** Other files with the same archive. */
  readonly copies: readonly string[];
  readonly archiveId: string;
  readonly app: string;
  readonly title: string;
  /** Exact version, or range, or `unknown`. */
  readonly appVersion: string;
  /** Which installation, for people; archives of one installation have the same. */
  readonly instance: string;
  readonly createdAt: string;
  readonly sealedAt: string;
  readonly sizeBytes: number;
  readonly documents: number;
  readonly documentsComplete: number;
  /** False when essential files of the source were missing or unreadable. */
  readonly complete: boolean;
}

/** A file that is named like an archive and is none, or none any more. */
export interface UnusableFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** `unfinished`: written now, or left by a backup that was killed. `foreign`: not made by dms-backup. */
  readonly state: 'unfinished' | 'damaged' | 'unreadable' | 'foreign';
  /** Why, in words. */
  readonly reason: string;
  /** What the beginning of a damaged archive says of itself; unproved. */
  readonly app: string | null;
  readonly createdAt: string | null;
}

export interface ListResult {
  /** Absolute path of the directory. */
  readonly destination: string;
  /** Newest first. */
  readonly archives: readonly ListedArchive[];
  readonly unusable: readonly UnusableFile[];
  /** Number of files that are not named like archives. */
  readonly others: number;
  readonly exitCode: 0;
}

export interface PruneOptions extends DestinationOptions {
  readonly keep: KeepRules;
  /** Remove nothing of an instance when so many documents of its last archive but one are gone in the last. */
  readonly alarmRemoved?: AlarmLimit;
  /** Say what would be removed, remove nothing. */
  readonly dryRun: boolean;
  /** How long to wait for a backup or another prune at the same destination; default: not at all. */
  readonly lockTimeoutMs?: number;
}

export interface PrunedArchive extends ListedArchive {
  /** Why it stays: `daily`, `oldest monthly`, `within 7d`, ...; empty for those that go. */
  readonly reasons: readonly string[];
  /** `kept`; `removed` (with `dryRun`: would be); `failed`: should have gone and is still there, for the reason in `failure`. */
  readonly fate: 'kept' | 'removed' | 'failed';
  readonly failure: string | null;
}

export interface PruneResult {
  readonly destination: string;
  readonly dryRun: boolean;
  readonly instances: readonly {
    readonly app: string;
    readonly title: string;
    readonly instance: string;
    /** Why nothing of it was removed, when its newest archive is not sound; else null. */
    readonly refused: string | null;
    /** Newest first. */
    readonly archives: readonly PrunedArchive[];
  }[];
  /** Never removed. */
  readonly unusable: readonly UnusableFile[];
  readonly others: number;
  readonly kept: number;
  readonly removed: number;
  readonly removedBytes: number;
  /** 20: an instance was refused; 2: a file could not be removed; 3: only alarms on removed documents. */
  readonly exitCode: 0 | 2 | 3 | 20;
}

export interface FindOptions extends ArchiveOptions {
  /** All must match; a word is looked for in every field, `tag:word` in one. None: everything is found. */
  readonly words: readonly string[];
  /** Look at the paths of all files and links of the archive instead of documents. */
  readonly files: boolean;
  /** Called for each thing that is found, in the order of the archive. */
  readonly onFound: (
    found:
      | ({ readonly type: 'document' } & FoundDocument)
      | ({ readonly type: 'entry' } & FoundEntry),
  ) => void;
}

export interface FoundDocument extends Omit<CatalogueDocument, 'documentVersions' | 'extra'> {
  /** Of all versions, the oldest first. */
  readonly files: readonly {
    /** Label of the document version, or its id. */
    readonly version: string;
    readonly isCurrent: boolean;
    readonly role: string;
    /** In the archive: `extract` takes it. */
    readonly path: string;
    /** Null: the archive does not have the file. */
    readonly sizeBytes: number | null;
  }[];
}

export interface FoundEntry {
  readonly path: string;
  readonly isLink: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: string;
}

export interface FindResult {
  readonly archive: string;
  readonly app: string;
  readonly createdAt: string;
  /** Documents of the archive. */
  readonly documents: number;
  readonly found: number;
  readonly exitCode: 0;
}

export interface ExtractOptions extends ArchiveOptions {
  /** Files and whole directories by their paths in the archive; a link below `tree/` stands for the file it leads to. */
  readonly paths: readonly string[];
  /** Ids of documents. */
  readonly documents: readonly string[];
  /** Of a document; else only the current one. */
  readonly allVersions: boolean;
  /** A directory, relative to the working directory, made if it is not there; or `-` for stdout, which takes one file. */
  readonly to: string;
  /** Where the file goes when `to` is `-`. */
  readonly stdout?: NodeJS.WritableStream;
}

export interface ExtractResult {
  readonly archive: string;
  /** Absolute path, or `-`. */
  readonly to: string;
  /** The first 10,000. */
  readonly files: readonly {
    /** Absolute path of what was written, or `-`. */
    readonly path: string;
    /** Path in the archive. */
    readonly source: string;
    /** Whose file it is, when it was taken for a document. */
    readonly documentId: string | null;
    readonly sizeBytes: number;
    readonly sha256: string;
  }[];
  readonly counts: {
    readonly files: number;
    readonly bytes: number;
    readonly missing: number;
    readonly skippedLinks: number;
  };
  /** Files of the chosen documents that the archive does not have. */
  readonly missing: readonly { readonly source: string; readonly documentId: string | null }[];
  /** The first of the links that were chosen outside of `tree/`: none is made. */
  readonly skippedLinks: readonly string[];
  /** 0, or 3 when files are missing. */
  readonly exitCode: 0 | 3;
}
