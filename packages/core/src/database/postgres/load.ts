// Builds a database from an archive in one transaction: nobody sees any of it before the commit, and whatever happens until
// then leaves the former state. One restore at a time: an advisory lock of the session.

import { DmsBackupError, isDmsBackupError } from '../../errors.ts';
import type {
  CommitTicket,
  ConnectOptions,
  CopyChunk,
  DatabaseLoad,
  DatabaseSchema,
  LoadTarget,
  Table,
  TableDigest,
} from '../engine.ts';
import { connect, loadingCodes, type Session } from './connect.ts';
import { CopyWriter } from './copy-in.ts';
import { copyOut, digestTable } from './copy-out.ts';
import { createBuilder, type Builder } from './build.ts';
import { isConnectionLost } from './server-error.ts';
import { readTicket, waitForRestoreLock } from './settle.ts';

const afterglowMs = 2000;

/** See {@link DatabaseEngine.openLoad}. */
export async function openLoad(
  schema: DatabaseSchema,
  target: LoadTarget,
  options: ConnectOptions = {},
): Promise<DatabaseLoad> {
  const session = await connect(target.location, options, loadingCodes);
  try {
    // A restore that was just given up holds the lock for another moment.
    if (!(await waitForRestoreLock(session, Math.min(session.lockTimeoutMs, afterglowMs)))) {
      throw new DmsBackupError('locked', `another restore is working on ${session.what}`);
    }
    await assertWritable(session);
    await session.run('set up the session', loadSettings);
    for (const settings of watchSettings) await session.client.query(settings).catch(() => {});
    const builder = await createBuilder(session, schema, target.mode);
    await session.run('begin', 'BEGIN');
    return new PostgresLoad(session, builder);
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function assertWritable(session: Session): Promise<void> {
  const [row] = await session.run<{ standby: string }>(
    'look for a standby',
    'SELECT pg_catalog.pg_is_in_recovery() AS standby',
  );
  if (row?.standby !== 't') return;
  throw new DmsBackupError(
    'database-unsupported',
    `cannot restore into ${session.what}: the server is a standby and takes no changes`,
    { hint: 'Restore into the primary server; the standby follows it.' },
  );
}

class PostgresLoad implements DatabaseLoad {
  readonly #session: Session;
  readonly #builder: Builder;
  #writer: CopyWriter | undefined;
  #isOver = false;

  constructor(session: Session, builder: Builder) {
    this.#session = session;
    this.#builder = builder;
  }

  async createTables(): Promise<void> {
    await this.#builder.prepare();
  }

  async copyIn(table: Table, chunk: CopyChunk): Promise<void> {
    if (this.#writer?.table !== table) {
      await this.#endCopy();
      await this.#builder.beforeRows(table);
      this.#writer = new CopyWriter(this.#session, table);
    }
    try {
      await this.#writer.write(chunk);
    } catch (error) {
      this.#forgetFailed();
      throw error;
    }
  }

  async finish(): Promise<void> {
    await this.#endCopy();
    await this.#builder.finish();
  }

  async digest(table: Table): Promise<TableDigest> {
    await this.#endCopy();
    return digestTable(this.#session, table);
  }

  async *copyOut(table: Table): AsyncGenerator<CopyChunk, TableDigest> {
    await this.#endCopy();
    return yield* copyOut(this.#session, table);
  }

  async ticket(): Promise<CommitTicket> {
    await this.#endCopy();
    return readTicket(this.#session);
  }

  async commit(): Promise<void> {
    if (this.#isOver) return;
    await this.#endCopy();
    const doing = 'commit the restore';
    // Whatever is deferred is checked now: after this, a commit fails only with the server.
    await this.#session.run(doing, 'SET CONSTRAINTS ALL IMMEDIATE');
    this.#session.ignoreSignal();
    await this.#sendCommit(doing);
    this.#isOver = true;
    await this.#session.close();
  }

  async discard(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#writer) await this.#session.abandon();
    else if (this.#session.isOpen()) {
      await this.#session.client.query('ROLLBACK').catch(() => {});
      await this.#session.close();
    }
  }

  async #endCopy(): Promise<void> {
    try {
      await this.#writer?.finish();
      this.#writer = undefined;
    } catch (error) {
      this.#forgetFailed();
      throw error;
    }
  }

  /** After an error of the server the COPY is over, and the session takes a ROLLBACK. */
  #forgetFailed(): void {
    if (this.#writer?.hasFailed) this.#writer = undefined;
  }

  async #sendCommit(doing: string): Promise<void> {
    try {
      const { command } = await this.#session.client.query('COMMIT');
      if (command === 'COMMIT') return;
    } catch (error) {
      if (isConnectionLost(error)) {
        throw new DmsBackupError(
          'server-unreachable',
          `cannot ${doing} of ${this.#session.what}: the connection was lost, and the outcome is not known`,
          { hint: 'Start the command again when the server answers: it finds out what happened.' },
        );
      }
      const explained = this.#session.explain(error, doing);
      throw isDmsBackupError(explained) ? explained : error;
    }
    throw new DmsBackupError(
      'restore-failed',
      `cannot ${doing} of ${this.#session.what}: the transaction had failed before`,
    );
  }
}

/**
 * Larger sorts for indexes; a commit that is reported is on disk. Long texts are compressed with lz4 where the server has it and nobody chose otherwise: loading them takes less than half
 * of the time.
 */
const loadSettings = `SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed';
    SET check_function_bodies = off; SET default_tablespace = ''; SET search_path = '';
    SET maintenance_work_mem = '256MB';
    SELECT pg_catalog.set_config('synchronous_commit', 'local', false)
      WHERE pg_catalog.current_setting('synchronous_commit') = 'off';
    SELECT pg_catalog.set_config('default_toast_compression', 'lz4', false) FROM pg_catalog.pg_settings
      WHERE name = 'default_toast_compression' AND source = 'default' AND 'lz4' = ANY (enumvals)`;

/** A client that is gone is noticed soon, also while a statement runs. Not every platform can; then it takes longer. */
const watchSettings = [
  'SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3',
  "SET client_connection_check_interval = '5s'",
];
