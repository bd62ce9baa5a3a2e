// One PostgreSQL server with its own data directory, made for tests: no durability, every local login trusted.
// Invariant: the postmaster is a child of this process, and `stop` returns when it is gone.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { ServerAccount } from './server-account.ts';

/** A running server. Plain data, except for `stop`. */
export interface PostgresCluster {
  readonly host: string;
  readonly port: number;
  /** The superuser; it needs no password. */
  readonly user: string;
  /** Of the unix socket `.s.PGSQL.<port>`. */
  readonly socketDirectory: string;
  /** Of the postmaster, for tests that kill it. */
  readonly pid: number;
  /** Immediate shutdown. Does nothing when the server ended before. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Holds `bin`, `lib` and `share`. */
  readonly binaries: string;
  /** An existing directory that the account may enter; `data`, `socket` and `log` are made in it. */
  readonly directory: string;
  readonly account: ServerAccount;
  /** Parameters of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

const USER = 'postgres';
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 25;
/** Between finding a free port and binding it another program may take it. */
const ATTEMPTS = 5;
const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
};

/** Makes the data directory and starts the server. Throws with the end of the server's log. */
export async function startPostgresCluster(options: ClusterOptions): Promise<PostgresCluster> {
  const { directory, account } = options;
  for (const name of ['data', 'socket']) {
    const path = join(directory, name);
    mkdirSync(path, { mode: 0o700 });
    if (account.uid !== undefined) chownSync(path, account.uid, account.gid);
  }
  // Tests connect to the socket as whoever they are.
  chmodSync(join(directory, 'socket'), 0o755);
  initialise(options);
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    try {
      return await start(options, port);
    } catch (error) {
      if (attempt === ATTEMPTS || !/could not bind|lock file/.test(String(error))) throw error;
    }
  }
}

function initialise({ binaries, directory, account }: ClusterOptions): void {
  const made = spawnSync(
    join(binaries, 'bin/initdb'),
    [
      `--pgdata=${join(directory, 'data')}`,
      `--username=${USER}`,
      '--auth=trust',
      '--encoding=UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...account, cwd: directory, env: ENVIRONMENT, encoding: 'utf8' },
  );
  if (made.status !== 0) {
    const reason = made.error?.message ?? made.stderr.trim();
    throw new Error(`cannot make a PostgreSQL data directory in '${directory}': ${reason}`);
  }
}

async function start(options: ClusterOptions, port: number): Promise<PostgresCluster> {
  const { binaries, directory, account } = options;
  const socketDirectory = join(directory, 'socket');
  const settings = {
    ...SETTINGS,
    port: String(port),
    unix_socket_directories: socketDirectory,
    ...options.settings,
  };
  const log = openSync(join(directory, 'log'), 'w');
  const server = spawn(
    join(binaries, 'bin/postgres'),
    [
      '-D',
      join(directory, 'data'),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { ...account, cwd: directory, env: ENVIRONMENT, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  await waitUntilReady(server, join(directory, 'log'));
  return {
    host: '127.0.0.1',
    port,
    user: USER,
    socketDirectory,
    pid: server.pid ?? 0,
    async stop() {
      if (hasEnded(server)) return;
      const ended = once(server, 'exit');
      server.kill('SIGQUIT');
      await ended;
    },
  };
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

async function waitUntilReady(server: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let failure: Error | undefined;
  server.once('error', (error) => (failure = error));
  while (!readFileSync(log, 'utf8').includes('ready to accept connections')) {
    if (failure) throw new Error('cannot start PostgreSQL', { cause: failure });
    if (hasEnded(server) || Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`cannot start PostgreSQL: ${readFileSync(log, 'utf8').trim().slice(-2000)}`);
    }
    await wait(POLL_MS);
  }
}

export async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
