// Who restores, and what came of it. The ticket names a transaction of one database of one server; PostgreSQL remembers for a
// long time whether it was committed (txid_status).

import { setTimeout as sleep } from 'node:timers/promises';
import { DmsBackupError } from '../../errors.ts';
import type { CommitTicket, ConnectOptions, DatabaseLocation } from '../engine.ts';
import { connect, type Session } from './connect.ts';

/** Key of the advisory lock: the first eight bytes of 'dms-backup' as a number. Locks of this kind belong to one database. */
const lockKey = Buffer.from('dms-back').readBigInt64BE().toString();
const pauseMs = 100;

/** Takes the lock that every restore into this database holds until its session ends. False when another one keeps it. */
export async function waitForRestoreLock(session: Session, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const [row] = await session.run<{ taken: string }>(
      'get exclusive access',
      `SELECT pg_catalog.pg_try_advisory_lock(${lockKey}) AS taken`,
    );
    if (row?.taken === 't') return true;
    if (performance.now() >= deadline) return false;
    await sleep(pauseMs);
  }
}

/** The ticket of the transaction that is open in this session. */
export async function readTicket(session: Session): Promise<CommitTicket> {
  const [row] = await session.run<{ transaction: string }>(
    'note the transaction',
    'SELECT pg_catalog.txid_current() AS transaction',
  );
  return {
    transaction: row?.transaction ?? '',
    backendPid: String(session.backendPid),
    ...(await readPlace(session)),
  };
}

/** See {@link DatabaseEngine.settle}. Also throws `target-unsafe` when the server cannot tell. */
export async function settle(
  location: DatabaseLocation,
  ticket: CommitTicket | null,
  options: ConnectOptions = {},
): Promise<'old' | 'new'> {
  // Nothing was to be committed yet: the server takes the transaction back as soon as it misses the client.
  if (ticket === null) return 'old';
  const session = await connect(location, options, {
    lost: 'server-unreachable',
    otherwise: 'target-unsafe',
  });
  try {
    const { database, system } = await readPlace(session);
    const sameSystem = ticket['system'] === undefined || ticket['system'] === system;
    if (ticket['database'] !== database || !sameSystem) {
      throw unknownOutcome(session, 'it is not the database that the restore was working on');
    }
    // The lock goes with the session that held it, and that ends after its transaction.
    if (!(await waitForRestoreLock(session, session.lockTimeoutMs))) {
      throw stillRunning(session, ticket);
    }
    const transaction = ticket['transaction'] ?? '';
    if (!/^\d{1,20}$/.test(transaction)) {
      throw unknownOutcome(session, 'the journal names no transaction');
    }
    const [row] = await session.run<{ status: string | null }>(
      'ask for the outcome of the restore',
      'SELECT pg_catalog.txid_status($1::bigint) AS status',
      [transaction],
    );
    switch (row?.status) {
      case 'committed':
        return 'new';
      case 'aborted':
        return 'old';
      case 'in progress':
        throw stillRunning(session, ticket);
      default:
        throw unknownOutcome(session, 'the server does not remember that transaction any more');
    }
  } finally {
    await session.close();
  }
}

/** Which database of which server this is, as far as the user may know. */
async function readPlace(session: Session): Promise<{ database: string; system?: string }> {
  const doing = 'identify the database';
  const [row] = await session.run<{ database: string; readable: string }>(
    doing,
    `SELECT d.oid AS database,
        pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS readable
      FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
  );
  if (row?.readable !== 't') return { database: row?.database ?? '' };
  const [control] = await session.run<{ system: string }>(
    doing,
    'SELECT system_identifier AS system FROM pg_catalog.pg_control_system()',
  );
  return { database: row.database, system: control?.system ?? '' };
}

function stillRunning(session: Session, ticket: CommitTicket): DmsBackupError {
  const pid = /^\d+$/.test(ticket['backendPid'] ?? '') ? ticket['backendPid'] : 'PID';
  return new DmsBackupError(
    'database-locked',
    `cannot settle the restore of ${session.what}: its session on the server has not ended`,
    {
      hint: `Wait, or end the session as a superuser or as the same user: SELECT pg_terminate_backend(${pid});`,
    },
  );
}

function unknownOutcome(session: Session, reason: string): DmsBackupError {
  return new DmsBackupError(
    'target-unsafe',
    `cannot find out whether the restore of ${session.what} was committed: ${reason}`,
    {
      hint: 'Look at the database and the files: either both are the former state or both the restored one. Then restore again, or remove the journal.',
    },
  );
}
