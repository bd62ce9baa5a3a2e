// All errors of dms-backup: one class, one table. A code is a promise to scripts: it keeps its meaning and its exit code.
// The message says what was tried and on what (lower case, no final stop); the hint tells the user what to do (a full
// sentence). Neither may carry a password or a connection string. `docs/errors.md` is generated from this table.

/** What an exit code of the command line means. */
export const exitCodes = {
  0: 'done',
  1: 'bug in dms-backup or in an adapter',
  2: 'wrong usage or configuration',
  3: 'archive written or check done, but some source data is unreadable or incomplete; or an alarm that was asked for',
  10: 'no such archive, nothing to undo, or nothing of that name in the archive',
  11: 'locked: another run or the application is using it',
  12: 'wrong key or passphrase',
  20: 'verification failed: damaged, or not an archive',
  21: 'version refused',
  22: 'target not empty or not safe',
  23: 'restore failed, target unchanged',
  30: 'server unreachable',
  31: 'no space',
  130: 'interrupted',
} as const;

export type ExitCode = keyof typeof exitCodes;

interface ErrorFacts {
  /** Process exit code. */
  readonly exitCode: ExitCode;
  /** When it is thrown. */
  readonly when: string;
  /** What the user can do, if the place that throws knows nothing better. */
  readonly hint: string;
  /** What is left on disk. */
  readonly leaves: string;
}

const nothing = 'nothing';
const targetUnchanged = 'the target as it was';

/** Every code: exit code, when thrown, default hint, what is left on disk. */
export const errorTable = {
  usage: {
    exitCode: 2,
    when: 'flags or arguments are wrong or contradict each other',
    hint: 'Run the command with --help to see what it takes.',
    leaves: nothing,
  },
  'configuration-invalid': {
    exitCode: 2,
    when: 'a configuration file or variable of the application cannot be understood',
    hint: 'Correct the file, or state the value with a flag (--database, --media, --data).',
    leaves: nothing,
  },
  'instance-not-found': {
    exitCode: 2,
    when: 'neither flags, environment, configuration files nor defaults lead to a database or media root',
    hint: 'Name the parts with --config, --database, --media and --data; `doctor` shows where was looked.',
    leaves: nothing,
  },
  'media-root-missing': {
    exitCode: 2,
    when: 'the media root does not exist or is not a directory',
    hint: 'Check that the volume is mounted here, or name the directory with --media.',
    leaves: nothing,
  },
  'source-unreadable': {
    exitCode: 2,
    when: 'a media root or a configuration file as a whole cannot be read',
    hint: 'Run as the user of the application or as root.',
    leaves: nothing,
  },
  'source-changed': {
    exitCode: 11,
    when: 'the application was upgraded or moved while the backup ran',
    hint: 'Start the backup again when the upgrade has ended.',
    leaves: nothing,
  },
  'adapter-not-found': {
    exitCode: 2,
    when: 'no package for the name given with --app can be loaded',
    hint: 'Run `dms-backup apps` to see what can be loaded.',
    leaves: nothing,
  },
  'adapter-invalid': {
    exitCode: 2,
    when: 'an adapter breaks the contract: a member is missing or returns something else than promised',
    hint: 'Report this to the author of the adapter; docs/adapter-authoring.md describes the contract.',
    leaves: 'what the running verb leaves on an error',
  },
  'adapter-contract-version': {
    exitCode: 2,
    when: 'an adapter was written for another contract version',
    hint: 'Install a version of the adapter that fits this dms-backup.',
    leaves: nothing,
  },
  'archive-not-found': {
    exitCode: 10,
    when: 'there is no file at the path, or no archive in the destination',
    hint: 'Check the path: it names a file, or a directory that holds archives (with `latest`).',
    leaves: nothing,
  },
  'not-in-archive': {
    exitCode: 10,
    when: 'the archive is sound, and has no document, file or directory that was named',
    hint: 'Run `find` to see the documents of the archive, `find --files` to see all its paths.',
    leaves: nothing,
  },
  'not-an-archive': {
    exitCode: 20,
    when: 'the file does not begin and end as an archive of dms-backup does',
    hint: 'The file is something else, or it was cut. Take another copy.',
    leaves: targetUnchanged,
  },
  'archive-damaged': {
    exitCode: 20,
    when: 'a frame, header, hash, index line or the seal is not what was written',
    hint: 'Do not rely on this file. Take another copy or an older archive.',
    leaves: targetUnchanged,
  },
  'wrong-key': {
    exitCode: 12,
    when: 'an archive is encrypted, and no key or passphrase was given, or none of them opens it',
    hint: 'Give the right key (--identity) or passphrase (--passphrase-file). If it is right, the start of the file is damaged: take another copy.',
    leaves: targetUnchanged,
  },
  'encryption-failed': {
    exitCode: 2,
    when: 'the program gpg is missing, refuses a recipient, or fails',
    hint: 'Run the command with --verbose to see what gpg says.',
    leaves: nothing,
  },
  'format-unsupported': {
    exitCode: 21,
    when: 'the archive has a format version that this dms-backup does not know',
    hint: 'Install a newer dms-backup, or read the archive with tar and zstd: README.txt inside tells how.',
    leaves: targetUnchanged,
  },
  'app-version-refused': {
    exitCode: 21,
    when: 'the compatibility rules of the adapter forbid this restore, or the version is unknown',
    hint: 'Install the release of the application that the message names, then restore again.',
    leaves: targetUnchanged,
  },
  'wrong-application': {
    exitCode: 2,
    when: 'the archive belongs to another application than --app says',
    hint: 'Use --app with the name that `inspect` shows for this archive.',
    leaves: targetUnchanged,
  },
  locked: {
    exitCode: 11,
    when: 'another run of dms-backup works on the same target',
    hint: 'Wait until it has ended, then try again.',
    leaves: targetUnchanged,
  },
  'database-locked': {
    exitCode: 11,
    when: 'the database stayed locked by another process for longer than the waiting time',
    hint: 'Stop the application (restore), or try again when it is less busy (backup).',
    leaves: targetUnchanged,
  },
  'database-not-found': {
    exitCode: 2,
    when: 'there is no database at the location',
    hint: 'Check --database and the application settings; `doctor` shows where each value comes from.',
    leaves: nothing,
  },
  'database-unreadable': {
    exitCode: 2,
    when: 'the database exists and this user may not read it',
    hint: 'Run as the user of the application or as root.',
    leaves: nothing,
  },
  'database-denied': {
    exitCode: 2,
    when: 'the server let us in, but the user may not read or change something that is needed',
    hint: 'Let the owner of the database or an administrator run the statements that the message names.',
    leaves: nothing,
  },
  'database-corrupt': {
    exitCode: 20,
    when: 'the database file is damaged or is no database',
    hint: 'Make a copy of the file now, then repair it (`.recover` of the sqlite3 shell) or restore an archive.',
    leaves: nothing,
  },
  'database-unsupported': {
    exitCode: 2,
    when: 'the database holds an object that the engine cannot keep, or the engine is not there yet',
    hint: 'The message names the object; nothing is left out silently.',
    leaves: nothing,
  },
  'server-unreachable': {
    exitCode: 30,
    when: 'a database server does not answer or refuses the login, or a storage does not answer',
    hint: 'Check host, port and credentials; inside Docker the host is the service name.',
    leaves: targetUnchanged,
  },
  'destination-exists': {
    exitCode: 22,
    when: 'an archive, or a file that is taken out of one, would overwrite a file',
    hint: 'Choose another file name; dms-backup never overwrites.',
    leaves: 'the existing file as it was',
  },
  'destination-unwritable': {
    exitCode: 2,
    when: 'the destination cannot be created or written',
    hint: 'Check the path and the rights of its directory.',
    leaves: nothing,
  },
  'storage-denied': {
    exitCode: 2,
    when: 'a storage refuses the credentials, there are none, or their user may not do what is needed',
    hint: 'Check the credentials and the rights of their user; docs/destinations.md says what each storage needs.',
    leaves: nothing,
  },
  'program-missing': {
    exitCode: 2,
    when: 'a place needs a program of the user (ssh, rclone, restic) that cannot be started',
    hint: 'Install the program that the message names, or add its directory to PATH.',
    leaves: nothing,
  },
  'no-space': {
    exitCode: 31,
    when: 'a file system is full, or would be',
    hint: 'Free some space or choose another place.',
    leaves: targetUnchanged,
  },
  'target-not-empty': {
    exitCode: 22,
    when: 'a restore would replace something and was not told that it may',
    hint: 'Look at the plan (--plan) and repeat with --yes; what is replaced is kept for `undo`.',
    leaves: targetUnchanged,
  },
  'target-unsafe': {
    exitCode: 22,
    when: 'the target is not what a restore may touch: a link, a system directory, a part of the archive path',
    hint: 'Name another directory.',
    leaves: targetUnchanged,
  },
  'restore-failed': {
    exitCode: 23,
    when: 'loading or proving failed; the target was not switched',
    hint: 'The message says which part; the target is unchanged.',
    leaves: targetUnchanged,
  },
  'move-impossible': {
    exitCode: 23,
    when: 'a restore into another database engine: tables do not fit, or the target cannot hold a value',
    hint: 'The message names tables, columns and keys; `--repair` has repairs for some kinds of values.',
    leaves: targetUnchanged,
  },
  'restore-unfinished': {
    exitCode: 11,
    when: 'a restore or undo failed while it exchanged the states, or a backup or check meets the journal of one that is under way or was killed',
    hint: 'Wait until the restore has ended. If it was killed, run `doctor` with the same flags: it makes the target whole.',
    leaves: 'the journal, and all that `doctor` needs to make the target whole',
  },
  'nothing-to-undo': {
    exitCode: 10,
    when: 'there is no former state beside the target',
    hint: 'Only the last restore over an existing installation can be undone.',
    leaves: targetUnchanged,
  },
  interrupted: {
    exitCode: 130,
    when: 'Ctrl-C, SIGTERM or an aborted signal',
    hint: 'Start the command again; nothing half-written is left.',
    leaves: targetUnchanged,
  },
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorOptions {
  /** Overrides the default hint of the code. A full sentence. */
  readonly hint?: string;
  /** Plain data for --json; never secrets. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Our only error class. Recognise it with {@link isDmsBackupError}, never with instanceof across packages. */
export class DmsBackupError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: ExitCode;
  readonly hint: string;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DmsBackupError';
    this.code = code;
    this.exitCode = errorTable[code].exitCode;
    this.hint = options.hint ?? errorTable[code].hint;
    this.context = options.context ?? {};
  }
}

/** True for errors of any copy of this package: by name and code, so that duplicated installs do not matter. */
export function isDmsBackupError(error: unknown): error is DmsBackupError {
  return (
    error instanceof Error &&
    error.name === 'DmsBackupError' &&
    Object.hasOwn(errorTable, systemErrorCode(error) ?? '')
  );
}

/** The `code` of a Node system error such as ENOENT, or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Throws `interrupted` when the signal is aborted. Call it between steps of long work. */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DmsBackupError('interrupted', 'interrupted by the user');
}
