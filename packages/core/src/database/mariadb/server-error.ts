// Errors of the server and the driver in our words. Numbers: MySQL's and MariaDB's error references. Some messages of the server
// repeat values of rows; those messages never pass, only the names in them.

import { DmsBackupError, isDmsBackupError, systemErrorCode, type ErrorCode } from '../../errors.ts';

const codeOf: Readonly<Record<number, ErrorCode>> = {
  // Login refused: ER_CON_COUNT_ERROR, ER_ACCESS_DENIED_ERROR, ER_HOST_IS_BLOCKED, ER_HOST_NOT_PRIVILEGED,
  // ER_TOO_MANY_USER_CONNECTIONS, ER_ACCESS_DENIED_NO_PASSWORD, ER_NOT_SUPPORTED_AUTH_MODE.
  1040: 'server-unreachable',
  1045: 'server-unreachable',
  1129: 'server-unreachable',
  1130: 'server-unreachable',
  1203: 'server-unreachable',
  1251: 'server-unreachable',
  1698: 'server-unreachable',
  // ER_BAD_DB_ERROR.
  1049: 'database-not-found',
  // ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR,
  // ER_OPTION_PREVENTS_STATEMENT, ER_PROCACCESS_DENIED_ERROR, ER_BINLOG_CREATE_ROUTINE_NEED_SUPER.
  1044: 'database-denied',
  1142: 'database-denied',
  1143: 'database-denied',
  1227: 'database-denied',
  1290: 'database-denied',
  1370: 'database-denied',
  1419: 'database-denied',
  // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_STATEMENT_TIMEOUT of MariaDB, ER_QUERY_TIMEOUT of MySQL.
  1205: 'database-locked',
  1213: 'database-locked',
  1969: 'database-locked',
  3024: 'database-locked',
  // ER_DISK_FULL, ER_RECORD_FILE_FULL.
  1021: 'no-space',
  1114: 'no-space',
  // ER_TABLE_DEF_CHANGED: a table was altered after the snapshot began.
  1412: 'source-changed',
  // ER_NOT_KEYFILE, ER_OLD_KEYFILE, ER_CRASHED_ON_USAGE, ER_CRASHED_ON_REPAIR, ER_INDEX_CORRUPT, ER_TABLE_CORRUPT.
  1034: 'database-corrupt',
  1035: 'database-corrupt',
  1194: 'database-corrupt',
  1195: 'database-corrupt',
  1712: 'database-corrupt',
  1877: 'database-corrupt',
};

/** Errors whose text has values of rows, and what is said instead. */
const safeReasons: Readonly<Record<number, string>> = {
  1062: 'a value that must be unique comes twice',
  1169: 'a value that must be unique comes twice',
  1586: 'a value that must be unique comes twice',
  1292: 'a value has not the form of its column',
  1366: 'a value has not the form of its column',
  1367: 'a value has not the form of its column',
  1411: 'a value has not the form of its column',
  1525: 'a value has not the form of its column',
  1064: 'the server does not understand the statement',
};

const lostConnection: ReadonlySet<string> = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_PACKETS_OUT_OF_ORDER',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
]);

/** ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_NEW_ABORTING_CONNECTION, ER_CONNECTION_KILLED of MariaDB. */
const lostNumbers: ReadonlySet<number> = new Set([1053, 1077, 1152, 1184, 1927, 4031]);

/** The disk that a user looks at first is another one. */
const noSpaceHint =
  'Free space on the file system of the database server: it holds the old and the new tables at the same time.';

export function errorNumber(error: unknown): number | undefined {
  const number = error instanceof Error ? (error as { errno?: unknown }).errno : undefined;
  // Errors of the system have negative numbers.
  return typeof number === 'number' && number > 0 ? number : undefined;
}

/** True when the session is gone: nobody knows what came of the last statement. */
export function isConnectionLost(error: unknown): boolean {
  const cause = isDmsBackupError(error) ? error.cause : error;
  if (!(cause instanceof Error)) return false;
  return (
    lostConnection.has(systemErrorCode(cause) ?? '') ||
    lostNumbers.has(errorNumber(cause) ?? 0) ||
    /closed state/.test(cause.message)
  );
}

export interface ErrorPlace {
  /** Code for errors that say nothing by themselves; absent: they pass as they are (bugs). */
  readonly otherwise?: ErrorCode;
  /** Instead of the hint of the code; for `database-denied` the GRANT statements. */
  readonly hints?: Readonly<Partial<Record<ErrorCode, string>>>;
  /** The statement held rows: nothing of the server's text is repeated. */
  readonly hasValues?: boolean;
}

/**
 * The error to throw for one of the server: `what` continues "cannot" (`read table 'x'`). Errors of ours pass unchanged.
 */
export function serverError(error: unknown, what: string, place: ErrorPlace = {}): unknown {
  if (isDmsBackupError(error) || !(error instanceof Error)) return error;
  const code = errorCode(error) ?? place.otherwise;
  if (code === undefined) return error;
  const hint = place.hints?.[code] ?? (code === 'no-space' ? noSpaceHint : undefined);
  return new DmsBackupError(code, `cannot ${what}: ${reasonOf(error, place.hasValues === true)}`, {
    ...(hint !== undefined && { hint }),
    // The driver's error carries the statement, and that may carry rows.
    cause: withoutStatement(error),
  });
}

function errorCode(error: Error): ErrorCode | undefined {
  const number = errorNumber(error);
  if (number !== undefined && codeOf[number]) return codeOf[number];
  if (/\berr(?:no|or|code)[: ]*28\b/i.test(error.message)) return 'no-space';
  if (isConnectionLost(error)) return 'server-unreachable';
  // Errors of the network (ECONNREFUSED) and of the driver; those of the server begin with ER_.
  const code = systemErrorCode(error) ?? '';
  return /^(?:E[A-Z]+|HANDSHAKE_\w+|AUTH_\w+)$/.test(code) ? 'server-unreachable' : undefined;
}

/** What the server said, without values of rows. */
export function reasonOf(error: Error, hasValues: boolean): string {
  const number = errorNumber(error);
  if (isConnectionLost(error)) return 'the connection was lost';
  if (number === 1153) return packetReason;
  const safe = number === undefined ? undefined : safeReasons[number];
  const isSecret = hasValues || safe !== undefined;
  if (!isSecret) return error.message;
  const names = [
    /for column (?:[`'\w]+\.)*[`']([^`']+)[`'] at row/.exec(error.message)?.[1],
    /for key '([^']*)'$/.exec(error.message)?.[1],
    /CONSTRAINT `([^`]+)` failed/.exec(error.message)?.[1],
  ];
  const name = names.find((each) => each !== undefined);
  const place = name === undefined ? '' : ` ('${name}')`;
  return `${safe ?? 'the server refuses a row'}${place}, error ${number ?? systemErrorCode(error) ?? 'unknown'}`;
}

export const packetReason =
  'a row is larger than the server takes (max_allowed_packet); raise that variable of the server';

/** The same error without the statement that the driver attaches. */
function withoutStatement(error: Error): Error {
  const copy = new Error(
    reasonOf(error, /values?\b/i.test(String((error as { sql?: unknown }).sql))),
  );
  return Object.assign(copy, {
    code: systemErrorCode(error),
    errno: (error as { errno?: unknown }).errno,
  });
}
