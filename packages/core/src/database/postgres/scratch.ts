// A database for a trial: made empty, dropped with everything in it. Both are done from a database that every server has.

import { setTimeout as sleep } from 'node:timers/promises';
import { DmsBackupError, isDmsBackupError } from '../../errors.ts';
import type { ConnectOptions, DatabaseLocation } from '../engine.ts';
import { assertScratch, scratchPrefix } from '../scratch-name.ts';
import { connect, type ErrorCodes, type Session } from './connect.ts';
import { quoteIdentifier } from './identifiers.ts';

const codes: ErrorCodes = { lost: 'server-unreachable', otherwise: 'restore-failed' };
/** As `createdb` does: https://www.postgresql.org/docs/current/app-createdb.html, --maintenance-db. */
const maintenance = ['postgres', 'template1'] as const;
/** invalid_parameter_value: the encoding does not go with the locale of the server. */
const localeRefused = '22023';
const pauseMs = 200;

/** See {@link DatabaseEngine.createScratch}. With the locale of the server, or with C where that has another encoding. */
export async function createScratch(
  location: DatabaseLocation,
  scratch: { readonly encoding: string },
  options: ConnectOptions = {},
): Promise<readonly string[]> {
  const name = nameOf(location);
  const session = await connectToServer(location, options);
  try {
    const others = await session.run<{ name: string }>(
      'look for databases of former drills',
      `SELECT datname AS name FROM pg_catalog.pg_database
        WHERE pg_catalog.starts_with(datname, $1)
          AND datdba = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user) ORDER BY 1`,
      [scratchPrefix],
    );
    await create(session, name, scratch.encoding);
    return others.map((other) => other.name);
  } finally {
    await session.close();
  }
}

async function create(session: Session, name: string, encoding: string): Promise<void> {
  // the word comes from an archive; SQL has no parameter here
  const known = /^\w{1,30}$/.test(encoding) ? encoding : 'UTF8';
  const sql = `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE template0 ENCODING '${known}'`;
  const doing = `create database '${name}' on the server`;
  try {
    await session.run(doing, sql);
  } catch (error) {
    if (!isDmsBackupError(error) || error.context['sqlState'] !== localeRefused)
      throw withRight(error, session);
    await session.run(doing, `${sql} LC_COLLATE 'C' LC_CTYPE 'C'`);
  }
}

/** Names the statement that gives the right. */
function withRight(error: unknown, { user }: Session): unknown {
  if (!isDmsBackupError(error) || error.code !== 'database-denied') return error;
  return new DmsBackupError('database-denied', error.message, {
    hint: `Let a superuser run: ALTER ROLE ${quoteIdentifier(user)} CREATEDB;`,
    context: error.context,
  });
}

/** See {@link DatabaseEngine.dropScratch}. */
export async function dropScratch(
  location: DatabaseLocation,
  options: ConnectOptions = {},
): Promise<void> {
  const name = nameOf(location);
  const session = await connectToServer(location, options);
  const deadline = performance.now() + session.lockTimeoutMs;
  try {
    for (;;) {
      // a session that was told to end needs a moment; DROP ... WITH (FORCE) is not known before 13
      await session.run(
        'end the sessions of the drill',
        `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
          WHERE datname = $1 AND usename = session_user`,
        [name],
      );
      try {
        await session.run(
          `drop database '${name}' on the server`,
          `DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`,
        );
        return;
      } catch (error) {
        if (performance.now() >= deadline) throw error;
        await sleep(pauseMs);
      }
    }
  } finally {
    await session.close();
  }
}

function nameOf(location: DatabaseLocation): string {
  if (location.engine === 'sqlite') throw new TypeError('SQLite has no databases on a server');
  assertScratch(location);
  return location.name;
}

async function connectToServer(
  location: DatabaseLocation,
  options: ConnectOptions,
): Promise<Session> {
  const [first, second] = maintenance;
  try {
    return await connect({ ...location, name: first } as DatabaseLocation, options, codes);
  } catch (error) {
    if (!isDmsBackupError(error) || error.code !== 'database-not-found') throw error;
    return await connect({ ...location, name: second } as DatabaseLocation, options, codes);
  }
}
