// Sessions with a MariaDB or MySQL server: one way to connect, one set of session variables. Results come as the bytes that the
// server sends, never as dates or numbers of JavaScript.

import { isIP } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection, type ConnectionOptions } from 'mysql2';
import { assertNotAborted, DmsBackupError, systemErrorCode } from '../../errors.ts';
import { describeLocation } from '../database-url.ts';
import type { ConnectOptions } from '../engine.ts';
import { networkError } from './login-error.ts';
import { databaseNames, escapePattern, type MariadbLocation } from './names.ts';
import { literal, quoted } from './quoting.ts';
import { errorNumber, serverError } from './server-error.ts';
import { readTls } from './tls.ts';

/** As the other engines. */
export const defaultLockTimeoutMs = 10_000;
const connectTimeoutMs = 10_000;
const defaultPort = 3306;
const farewellMs = 2000;
/** Reading the rest of a result is simpler than interrupting it, and quicker when it is short. */
const drainMs = 300;

/** Values of one row in the order of the SELECT: bytes as sent, null. */
export type RawRow = (Buffer | null)[];
export type TextRow = (string | null)[];

/** Name, type and character set of a result column, as the protocol has them. */
export interface ResultColumn {
  readonly name: string;
  /** MYSQL_TYPE_* of the protocol. */
  readonly type: number;
  /** 63 is `binary`. */
  readonly characterSet: number;
}

interface ProtocolField {
  readonly name: string;
  readonly columnType?: number;
  readonly characterSet?: number;
}

function toResultColumn(field: ProtocolField): ResultColumn {
  return { name: field.name, type: field.columnType ?? 0, characterSet: field.characterSet ?? 0 };
}

/** Modes of a session that reads for adapters and loads rows; SHOW CREATE is done without ANSI_QUOTES. */
const readingModes =
  'ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,STRICT_ALL_TABLES,ALLOW_INVALID_DATES';
const definitionModes =
  'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,STRICT_ALL_TABLES,ALLOW_INVALID_DATES';

export class Session {
  readonly location: MariadbLocation;
  readonly isMariadb: boolean;
  readonly serverVersion: string;
  /** `user`@`host` as the server knows us, for GRANT. */
  readonly account: string;
  readonly maxPacketBytes: number;
  /** lower_case_table_names is not 0. */
  readonly foldsNames: boolean;
  readonly #connection: Connection;
  readonly #interrupt: () => Promise<void>;

  /** `interrupt` ends the statement that runs, from another session. */
  constructor(
    connection: Connection,
    location: MariadbLocation,
    facts: TextRow,
    interrupt: () => Promise<void>,
  ) {
    const [version, account, maxPacket, lowerCase] = facts.map((fact) => fact ?? '');
    this.#connection = connection;
    this.#interrupt = interrupt;
    this.location = location;
    this.serverVersion = version ?? '';
    this.isMariadb = /mariadb/i.test(this.serverVersion);
    this.account = accountOf(account ?? '');
    this.maxPacketBytes = Number(maxPacket);
    this.foldsNames = lowerCase !== '0';
  }

  /** All rows of a small result as text. */
  async rows(sql: string): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    for (const row of await send(this.#connection, sql)) {
      rows.push(row.map((value) => value?.toString() ?? null));
    }
    return rows;
  }

  /** The first value of the first row. */
  async value(sql: string): Promise<string | null> {
    return (await this.rows(sql))[0]?.[0] ?? null;
  }

  async run(sql: string): Promise<void> {
    await send(this.#connection, sql);
  }

  /** Runs a statement with values in binary form, for rows that are too large as SQL text. */
  async runPrepared(sql: string, values: readonly (string | Buffer | null)[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#connection.execute(sql, [...values], (error) => (error ? reject(error) : resolve()));
    });
    this.#connection.unprepare(sql);
  }

  /**
   * Streams the rows of a SELECT; the server waits while nobody takes them. When a loop is left early, the rest of the result
   * is thrown away or, if it is long, not even sent, so that the session can be used again.
   */
  async *stream(
    sql: string,
    onColumns?: (columns: ResultColumn[]) => void,
  ): AsyncGenerator<RawRow> {
    const connection = this.#connection;
    let lost: Error | undefined;
    let onLost = (error: Error): void => {
      lost = error;
    };
    // A lost connection is told to statements with a callback only; this one has none.
    const listener = (error: Error): void => onLost(error);
    connection.on('error', listener);
    const query = connection.query({ sql, rowsAsArray: true, typeCast: rawValue });
    query.once('fields', (fields: readonly ProtocolField[] | undefined) => {
      onColumns?.((fields ?? []).map(toResultColumn));
    });
    const stream = query.stream({ highWaterMark: 64 });
    const ended = new Promise<void>((resolve) => {
      query.once('end', resolve);
      query.once('error', () => resolve());
      onLost = (error) => {
        stream.destroy(error);
        resolve();
      };
    });
    if (lost) onLost(lost);
    let isDone = false;
    try {
      for await (const row of stream) yield row as RawRow;
      isDone = true;
    } finally {
      if (!isDone) {
        stream.destroy();
        const isLong = sleep(drainMs, true, { ref: false });
        if (await Promise.race([isLong, ended.then(() => false)])) {
          await this.#interrupt().catch(() => {});
          await ended;
        }
      }
      connection.off('error', listener);
    }
  }

  /** SHOW CREATE in the server's own style of quoting. */
  async withDefinitionModes<T>(work: () => Promise<T>): Promise<T> {
    await this.run(`SET SESSION sql_mode = '${definitionModes}'`);
    try {
      return await work();
    } finally {
      await this.run(`SET SESSION sql_mode = '${readingModes}'`).catch(() => {});
    }
  }

  /** Back to our own session after that of a definition. */
  async resetModes(): Promise<void> {
    await this.run(
      `SET SESSION sql_mode = '${readingModes}', character_set_client = utf8mb4,
        collation_connection = utf8mb4_unicode_ci, time_zone = '+00:00'`,
    );
  }

  /** The hint for `database-denied`. */
  grantHint(...grants: readonly string[]): string {
    const statements = grants.map((grant) => `${grant} TO ${this.account};`);
    return `Let an administrator run: ${statements.join(' ')}`;
  }

  /** What reading a whole database takes. */
  readGrants(): string[] {
    const database = quoted(escapePattern(this.location.name));
    return [`GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON ${database}.*`];
  }

  /** What building and switching takes besides. */
  restoreGrants(): string[] {
    return [
      `GRANT ALL PRIVILEGES ON ${quoted(escapePattern(this.location.name))}.*`,
      `GRANT ALL PRIVILEGES ON ${quoted(databaseNames(this.location.name).grantPattern)}.*`,
    ];
  }

  /** Says goodbye; never throws. */
  async close(): Promise<void> {
    const connection = this.#connection;
    // The server would release the lock of a target a moment after the end of the session.
    const farewell = send(connection, 'DO RELEASE_ALL_LOCKS()').then(
      () =>
        new Promise<void>((resolve) => {
          connection.end(() => resolve());
        }),
      () => {},
    );
    // A session that is lost or busy does not answer.
    const patience = new AbortController();
    const wait = sleep(farewellMs, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([farewell, wait]);
    patience.abort();
    connection.destroy();
  }
}

/**
 * Connects to the server of a location. `database` is the default database of the session; null for none.
 * Throws `server-unreachable`, `database-not-found`, `database-denied`, `configuration-invalid`.
 */
export async function connect(
  location: MariadbLocation,
  options: ConnectOptions,
  database: string | null = location.name,
): Promise<Session> {
  assertNotAborted(options.signal);
  const what = `connect to ${describeLocation(location)}`;
  const settings = connectionSettings(location, options);
  let connection: Connection | undefined;
  try {
    connection = await openConnection(settings.main, settings.isTlsOptional);
    const [facts = []] = await prepareSession(connection, options);
    const { threadId } = connection;
    const session = new Session(connection, location, facts, async () => {
      const other = await openConnection(settings.main, settings.isTlsOptional);
      await send(other, `KILL QUERY ${threadId}`).finally(() => other.end());
    });
    await initialise(session, options);
    if (database !== null) await session.run(`USE ${quoted(database)}`);
    return session;
  } catch (error) {
    connection?.destroy();
    const unreachable = networkError(error, location, settings.main.socketPath);
    if (unreachable) throw unreachable;
    const user = `'${location.user ?? userInfo().username}'@'%'`;
    const name = quoted(location.name);
    throw serverError(error, what, {
      otherwise: 'server-unreachable',
      hints: {
        'database-not-found': `Check the name of the database, or create it: CREATE DATABASE ${name} CHARACTER SET utf8mb4;`,
        'database-denied': `Let an administrator run: GRANT ALL PRIVILEGES ON ${quoted(escapePattern(location.name))}.* TO ${user};`,
      },
    });
  }
}

function connectionSettings(
  location: MariadbLocation,
  options: ConnectOptions,
): { main: ConnectionOptions; isTlsOptional: boolean } {
  const given = Object.fromEntries(
    Object.entries(location.options ?? {}).map(([key, value]) => [key.replaceAll('_', '-'), value]),
  );
  const isLocalhost = location.host === '' || location.host === 'localhost';
  const named = isLocalhost ? (given['socket'] ?? given['unix-socket']) : undefined;
  // As for PostgreSQL: a host that is a path is a socket.
  const socketPath = location.host.startsWith('/') ? location.host : named;
  const isLocal =
    isLocalhost ||
    socketPath !== undefined ||
    location.host === '127.0.0.1' ||
    location.host === '::1';
  const tls = readTls(given, isLocal);
  // mysql2 3.24 (`startTLS`) would look for the name `localhost` in the certificate.
  if (tls.ssl?.verifyIdentity && isIP(location.host) !== 0) {
    throw new DmsBackupError(
      'configuration-invalid',
      `cannot compare the address '${location.host}' with the names in a certificate`,
      { hint: 'With ssl-mode=VERIFY_IDENTITY give the host name that the certificate is for.' },
    );
  }
  const password = options.password ?? options.environment?.['MYSQL_PWD'];
  return {
    main: {
      ...(socketPath === undefined
        ? { host: location.host || 'localhost', port: location.port ?? defaultPort }
        : { socketPath }),
      user: location.user ?? userInfo().username,
      ...(password !== undefined && { password }),
      charset: 'UTF8MB4_UNICODE_CI',
      connectTimeout: connectTimeoutMs,
      flags: ['-LOCAL_FILES', '-FOUND_ROWS'],
      multipleStatements: false,
      // Statements are complete; the driver would look for question marks in all the rows.
      queryFormat: (sql: string) => sql,
      enableKeepAlive: true,
      ...(tls.ssl && { ssl: tls.ssl }),
    },
    isTlsOptional: tls.isOptional,
  };
}

async function openConnection(
  settings: ConnectionOptions,
  isTlsOptional: boolean,
): Promise<Connection> {
  const connection = createConnection(settings);
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    connection.destroy();
    if (!isTlsOptional || systemErrorCode(error) !== 'HANDSHAKE_NO_SSL_SUPPORT') throw error;
    const { ssl: _, ...plain } = settings;
    return await openConnection(plain, false);
  }
  // Losses between two statements show at the next statement; without a listener they would end the process.
  connection.on('error', () => {});
  return connection;
}

async function prepareSession(connection: Connection, options: ConnectOptions): Promise<TextRow[]> {
  const seconds = Math.max(1, Math.ceil((options.lockTimeoutMs ?? defaultLockTimeoutMs) / 1000));
  await send(
    connection,
    `SET SESSION sql_mode = '${readingModes}', character_set_client = utf8mb4, character_set_connection = utf8mb4,
      character_set_results = utf8mb4, time_zone = '+00:00', sql_quote_show_create = 1, sql_auto_is_null = 0,
      sql_select_limit = DEFAULT, net_read_timeout = 86400, net_write_timeout = 86400,
      wait_timeout = 2147483, lock_wait_timeout = ${seconds}, innodb_lock_wait_timeout = ${seconds}`,
  );
  const rows = await send(
    connection,
    'SELECT version(), current_user(), @@max_allowed_packet, @@lower_case_table_names',
  );
  return rows.map((row) => row.map((value) => value?.toString() ?? null));
}

/** What only one of the two servers knows. */
async function initialise(session: Session, options: ConnectOptions): Promise<void> {
  assertNotAborted(options.signal);
  const version = /^(\d+)\.(\d+)/.exec(session.serverVersion);
  const number = Number(version?.[1]) * 100 + Number(version?.[2]);
  if (session.isMariadb ? number < 1005 : number < 800) {
    throw new DmsBackupError(
      'database-unsupported',
      `the server of ${describeLocation(session.location)} is ${session.serverVersion}`,
      { hint: 'MariaDB 10.5 or MySQL 8.0 and later are supported.' },
    );
  }
  await session.run(
    session.isMariadb
      ? 'SET SESSION max_statement_time = 0'
      : 'SET SESSION max_execution_time = 0, information_schema_stats_expiry = 0',
  );
}

async function send(connection: Connection, sql: string): Promise<RawRow[]> {
  return await new Promise((resolve, reject) => {
    connection.query({ sql, rowsAsArray: true, typeCast: rawValue }, (error, result) => {
      if (error) reject(error);
      else resolve(Array.isArray(result) ? (result as unknown as RawRow[]) : []);
    });
  });
}

function rawValue(field: { buffer(): Buffer | null }): Buffer | null {
  return field.buffer();
}

/** Takes the lock of a target. False when somebody else holds it after the waiting time. */
export async function takeLock(session: Session, name: string, waitMs: number): Promise<boolean> {
  const seconds = Math.ceil(waitMs / 1000);
  try {
    return (await session.value(`SELECT GET_LOCK(${literal(name)}, ${seconds})`)) === '1';
  } catch (error) {
    if (errorNumber(error) === 1205) return false;
    throw error;
  }
}

function accountOf(account: string): string {
  const at = account.lastIndexOf('@');
  return `${literal(account.slice(0, at))}@${literal(account.slice(at + 1))}`;
}
