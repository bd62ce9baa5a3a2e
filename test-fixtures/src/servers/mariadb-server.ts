// A MariaDB server for one test, of the programs of this machine: for what the shared one must not suffer (certificates, a full
// disk). It ends with the test process, however that ends.

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { noteMissing } from './machine-server.ts';
import { findFreePort } from './postgres-cluster.ts';
import { findServerAccount } from './server-account.ts';

export interface OwnMariadb {
  readonly host: string;
  readonly port: number;
  /** An administrator without password. */
  readonly user: string;
  readonly socketPath: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const PLACES = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin'];
/** Small files: a data directory of about 30 MB. */
const SETTINGS = { 'innodb-log-file-size': '4M', 'innodb-flush-log-at-trx-commit': '0' };

/**
 * Makes a data directory in `directory`, which the account of the server must be able to enter, and starts a server with
 * settings of its command line. Undefined when the machine has no MariaDB, which the run says at its end; throws where `CI` is set.
 */
export async function ownMariadb(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnMariadb | undefined> {
  const program = PLACES.map((place) => join(place, 'mariadbd')).find(existsSync);
  if (program === undefined) {
    const problem = 'no program mariadbd on this machine';
    if (process.env['CI']) throw new Error(`the tests need MariaDB: ${problem}`);
    await noteMissing(`not run: tests with a MariaDB server of their own, ${problem}`);
    return undefined;
  }
  const account = findServerAccount();
  const room = join(directory, 'server');
  mkdirSync(room);
  chmodSync(room, 0o755);
  if (account.uid !== undefined) chownSync(room, account.uid, account.gid);
  const all = { ...SETTINGS, ...settings, datadir: join(room, 'data') };
  const words = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', ...words, '--skip-test-db', '--auth-root-authentication-method=normal'],
    { ...account, cwd: room, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const port = await findFreePort();
  const socketPath = join(room, 'socket');
  const log = join(room, 'log');
  const output = openSync(log, 'w');
  const server = spawn(
    'setpriv',
    [
      '--pdeathsig=KILL',
      program,
      '--no-defaults',
      ...words,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${socketPath}`,
      `--pid-file=${join(room, 'pid')}`,
    ],
    { ...account, cwd: room, stdio: ['ignore', output, output] },
  );
  closeSync(output);
  await waitUntilReady(server, log);
  return {
    host: '127.0.0.1',
    port,
    user: 'root',
    socketPath,
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    },
  };
}

async function waitUntilReady(server: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!readFileSync(log, 'utf8').includes('ready for connections')) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`cannot start MariaDB: ${readFileSync(log, 'utf8').trim().slice(-2000)}`);
    }
    await wait(POLL_MS);
  }
}
