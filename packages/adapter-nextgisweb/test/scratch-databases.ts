// Databases for tests on a server of this run, and a reader for them; all go when the tests of the file are done.

import { randomBytes } from 'node:crypto';
import { openDatabase, type OpenedDatabase } from '@dms-backup/core/testkit';
import type { SampleServer } from '@dms-backup/test-fixtures';
import { queryServer, type MachineServer } from '@dms-backup/test-fixtures/servers';
import { afterAll } from 'vitest';

export interface ScratchDatabases {
  /** A new empty database. */
  readonly create: (server: MachineServer) => Promise<SampleServer>;
  /** Runs statements in it. */
  readonly run: (database: SampleServer, ...statements: string[]) => Promise<void>;
  /** Core's consistent state of it; closed at the end. */
  readonly open: (database: SampleServer) => Promise<OpenedDatabase>;
}

/** Call it while a test file is collected. */
export function createScratchDatabases(): ScratchDatabases {
  const made: SampleServer[] = [];
  const opened: OpenedDatabase[] = [];
  afterAll(async () => {
    for (const each of opened) await each.close();
    for (const each of made) {
      await queryServer({ ...each, database: 'postgres' }, `DROP DATABASE ${each.database}`);
    }
  });
  return {
    async create({ host, port, user }) {
      const database = `dms_test_ngw_${randomBytes(5).toString('hex')}`;
      const server: SampleServer = { engine: 'postgres', host, port, user, database };
      const options = "TEMPLATE template0 ENCODING 'UTF8'";
      await queryServer(
        { ...server, database: 'postgres' },
        `CREATE DATABASE ${database} ${options}`,
      );
      made.push(server);
      return server;
    },
    async run(database, ...statements) {
      for (const statement of statements) await queryServer(database, statement);
    },
    async open({ host, port, user, database }) {
      const found = await openDatabase({ engine: 'postgres', host, port, user, name: database });
      opened.push(found);
      return found;
    },
  };
}

export async function list<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
