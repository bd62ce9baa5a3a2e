// PostgreSQL for tests, from npm packages: nothing has to be installed. Works inside a vitest run of a package whose
// configuration names the global setup `@dms-backup/test-fixtures/servers/setup`.

import { askKeeper } from './ask-keeper.ts';
import { KEEPER_VARIABLE } from './keeper-protocol.ts';
import type { RunningServer } from './keeper-protocol.ts';
import { isFetchedMajor } from './fetch-postgres.ts';
import type { PostgresMajor } from './postgres-binaries.ts';

/** A server for one test, which may do to it what it likes. */
export interface OwnServer extends RunningServer {
  stop(): Promise<void>;
}

/**
 * The server that all tests of the run share; started when the first one asks. `old` is the oldest major that we support,
 * `new` the newest, or that of DMS_TEST_POSTGRES_MAJOR. The user is a superuser without password; every test makes its own databases.
 */
export async function sharedPostgres(age: 'old' | 'new' = 'new'): Promise<RunningServer> {
  return askForServer(postgresMajor(age), false, {});
}

/** Starts a server of its own, for tests that kill it or need other settings (of postgresql.conf). Stop it at the end. */
export async function ownPostgres(
  age: 'old' | 'new' = 'new',
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnServer> {
  const server = await askForServer(postgresMajor(age), true, settings);
  return {
    ...server,
    async stop() {
      await askKeeper(keeperDirectory(), { ask: 'stop', port: server.port });
    },
  };
}

/** Throws when DMS_TEST_POSTGRES_MAJOR is none of 12, 13, 14, 16, 17, 18. */
export function postgresMajor(age: 'old' | 'new'): PostgresMajor {
  if (age === 'old') return 12;
  const asked = Number(process.env['DMS_TEST_POSTGRES_MAJOR'] || 18);
  if (asked === 12 || asked === 18 || isFetchedMajor(asked)) return asked;
  throw new Error('DMS_TEST_POSTGRES_MAJOR must be one of 12, 13, 14, 16, 17, 18');
}

async function askForServer(
  major: PostgresMajor,
  own: boolean,
  settings: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const answer = await askKeeper(keeperDirectory(), { ask: 'postgres', major, own, settings });
  if (!('server' in answer)) throw new Error('the keeper of the test servers gave no server');
  return answer.server;
}

function keeperDirectory(): string {
  const directory = process.env[KEEPER_VARIABLE];
  if (directory === undefined) {
    throw new Error(
      'no test servers in this process: add @dms-backup/test-fixtures/servers/setup to globalSetup of vitest',
    );
  }
  return directory;
}
