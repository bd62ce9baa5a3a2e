// What the server or the network says, in our words. SQLSTATE codes: PostgreSQL documentation, appendix A. Messages never
// carry row values: the server's detail and context are left out, and so are its messages of class 22 (data).

import { DmsBackupError, isDmsBackupError, systemErrorCode, type ErrorCode } from '../../errors.ts';

/** The fields of an error message of the server that we look at. */
export interface ServerMessage extends Error {
  readonly severity: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** What was going on when an error came. */
export interface Situation {
  /** Continues "cannot": `read table 'x' of PostgreSQL database 'y' on z`. */
  readonly what: string;
  /** When the connection is lost. */
  readonly lost: ErrorCode;
  /** For errors of the server that have no code of their own here. */
  readonly otherwise: ErrorCode;
  readonly signal?: AbortSignal | undefined;
  /** What to do when a right is missing (42501). */
  readonly deniedHint?: string | undefined;
}

export function isServerMessage(error: unknown): error is ServerMessage {
  return (
    error instanceof Error &&
    'severity' in error &&
    /^[0-9A-Z]{5}$/.test(systemErrorCode(error) ?? '')
  );
}

/** SQLSTATE of an error of the server. */
export function sqlState(error: unknown): string | undefined {
  return isServerMessage(error) ? error.code : undefined;
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
]);

/** Texts of `pg` 8 (lib/client.js) for connections that are gone. */
const lostTexts = /^(Connection terminated|Client (has encountered|was closed)|timeout expired)/;

/** True when the connection is gone and with it the transaction. */
export function isConnectionLost(error: unknown): boolean {
  if (isServerMessage(error)) return /^(08(?!P01)...|57P0[1235]|25P03)$/.test(error.code);
  if (!(error instanceof Error)) return false;
  return networkCodes.has(systemErrorCode(error) ?? '') || lostTexts.test(error.message);
}

const dataProblems: Readonly<Record<string, string>> = {
  '22001': 'a value is too long for its column',
  '22003': 'a number is out of range',
  '22007': 'a date or time is not valid',
  '22008': 'a date or time is out of range',
  '22021': "a text is not valid in the database's encoding, or holds NUL",
  '22P02': 'a value is not valid for the type of its column',
  '22P03': 'a binary value is not valid',
  '22P04': 'the rows are not in the format of COPY',
  '22P05': "a character does not exist in the database's encoding",
};

/** What the server says, without values of rows: table, column and constraint by name. */
export function reasonOf(error: ServerMessage): string {
  if (error.code.startsWith('22')) {
    const problem = dataProblems[error.code] ?? `a value is refused (SQLSTATE ${error.code})`;
    const place = /^COPY (.+?), line (\d+)(?:, column ([^:]*))?/s.exec(error.where ?? '');
    const column = error.column ?? place?.[3];
    return column === undefined ? problem : `${problem} (column '${column}')`;
  }
  if (error.code.startsWith('P0')) {
    return `a function raised an error (SQLSTATE ${error.code})`;
  }
  return error.message;
}

const codeOf: Readonly<Record<string, ErrorCode>> = {
  '3D000': 'database-not-found',
  '42501': 'database-denied',
  '53100': 'no-space',
  '55P03': 'database-locked',
  '40P01': 'database-locked',
  '22P04': 'archive-damaged',
};

const hints: Readonly<Record<string, string>> = {
  '53200':
    'Raise max_locks_per_transaction in postgresql.conf (for thousands of tables: 1024), restart the server and try again.',
  '53300': 'Raise max_connections of the server, or try again when fewer clients are connected.',
  '53100': 'Free some space on the file system of the database server.',
  '55P03':
    'Another session holds a lock on a table: stop the application (restore), or try again when no upgrade is running (backup).',
  '40P01':
    'Another session worked on the same tables: stop the application (restore), or try again (backup).',
};

/** The error to throw; errors of ours pass unchanged. */
export function serverError(error: unknown, situation: Situation): unknown {
  if (situation.signal?.aborted)
    return new DmsBackupError('interrupted', 'interrupted by the user');
  if (isDmsBackupError(error)) return error;
  const { what, lost, otherwise, deniedHint } = situation;
  if (isServerMessage(error)) {
    const isLost = isConnectionLost(error);
    const code = isLost ? lost : (codeOf[error.code] ?? otherwise);
    const hint =
      (code === 'database-denied' ? deniedHint : undefined) ??
      hints[error.code] ??
      lostHint(isLost, lost);
    return new DmsBackupError(code, `cannot ${what}: ${reasonOf(error)}`, {
      ...(hint !== undefined && { hint }),
      // Not the error itself as the cause: its detail may hold values of rows.
      context: { sqlState: error.code },
    });
  }
  if (isConnectionLost(error)) {
    const hint = lostHint(true, lost);
    return new DmsBackupError(lost, `cannot ${what}: the connection to the server was lost`, {
      ...(hint !== undefined && { hint }),
      cause: error,
    });
  }
  return error;
}

function lostHint(isLost: boolean, code: ErrorCode): string | undefined {
  if (!isLost) return undefined;
  return code === 'server-unreachable'
    ? 'The server ended the connection: look into its log, then start the command again.'
    : 'The server ended the connection and nothing was changed: look into its log, then start the restore again.';
}
