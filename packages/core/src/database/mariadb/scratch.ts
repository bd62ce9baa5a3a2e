// A database for a trial: made empty, dropped with those that a restore builds beside it.

import type { ConnectOptions } from '../engine.ts';
import { assertScratch, scratchPrefix } from '../scratch-name.ts';
import { connect, type Session } from './connect.ts';
import { databaseNames, escapePattern, type MariadbLocation } from './names.ts';
import { literal, quoted } from './quoting.ts';
import { serverError } from './server-error.ts';

/** See {@link DatabaseEngine.createScratch}. */
export async function createScratch(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<readonly string[]> {
  assertScratch(location);
  return await withServer(location, options, 'create', async (session) => {
    const pattern = literal(`${escapePattern(scratchPrefix)}%`);
    const others = await session.rows(`SHOW DATABASES LIKE ${pattern}`);
    await session.run(`CREATE DATABASE ${quoted(location.name)} CHARACTER SET utf8mb4`);
    return others.map(([name]) => name ?? '');
  });
}

/** See {@link DatabaseEngine.dropScratch}. */
export async function dropScratch(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<void> {
  assertScratch(location);
  const { live, workshop, former, discarded } = databaseNames(location.name);
  await withServer(location, options, 'drop', async (session) => {
    for (const name of [workshop, former, discarded, live])
      await session.run(`DROP DATABASE IF EXISTS ${quoted(name)}`);
  });
}

async function withServer<T>(
  location: MariadbLocation,
  options: ConnectOptions,
  doing: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect(location, options, null);
  const grant = `GRANT ALL PRIVILEGES ON ${quoted(`${escapePattern(scratchPrefix)}%`)}.*`;
  try {
    return await work(session);
  } catch (error) {
    throw serverError(error, `${doing} database '${location.name}'`, {
      otherwise: 'restore-failed',
      hints: { 'database-denied': session.grantHint(grant) },
    });
  } finally {
    await session.close();
  }
}
