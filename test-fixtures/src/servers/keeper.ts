// The program that owns the PostgreSQL servers of one test run. It starts them when a test asks, and when its standard
// input ends (the run is over, was interrupted or killed) it stops them and removes its directory.
// Usage: node keeper.ts DIRECTORY. It prints one line when it can be asked.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { KeeperAnswer, KeeperRequest } from './keeper-protocol.ts';
import { removeLeftovers, removeServers } from './leftovers.ts';
import { placePostgresBinaries } from './postgres-binaries.ts';
import type { PostgresMajor } from './postgres-binaries.ts';
import { startPostgresCluster } from './postgres-cluster.ts';
import type { PostgresCluster } from './postgres-cluster.ts';
import { findServerAccount } from './server-account.ts';

const directory = process.argv[2] ?? '';
const binaries = new Map<PostgresMajor, string>();
const shared = new Map<PostgresMajor, Promise<PostgresCluster>>();
const started: Promise<PostgresCluster>[] = [];
const notes = new Set<string>();

async function startServer(
  major: PostgresMajor,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresCluster> {
  let place = binaries.get(major);
  if (place === undefined) {
    place = join(directory, `postgres-${major}`);
    placePostgresBinaries(major, place);
    binaries.set(major, place);
  }
  const room = join(directory, `server-${started.length}`);
  mkdirSync(room);
  chmodSync(room, 0o755);
  const server = startPostgresCluster({
    binaries: place,
    directory: room,
    account: findServerAccount(),
    settings,
  });
  started.push(server);
  return server;
}

async function answer(request: KeeperRequest): Promise<KeeperAnswer> {
  switch (request.ask) {
    case 'postgres': {
      if (request.own) return { server: await startServer(request.major, request.settings) };
      const server = shared.get(request.major) ?? startServer(request.major, {});
      shared.set(request.major, server);
      return { server: await server };
    }
    case 'stop': {
      const servers = await Promise.all(started.map((server) => server.catch(() => undefined)));
      for (const server of servers) if (server?.port === request.port) await server.stop();
      return { notes: [] };
    }
    case 'note':
      notes.add(request.text);
      return { notes: [] };
    case 'notes':
      return { notes: [...notes] };
  }
}

const door = createServer((socket) => {
  socket.on('error', () => undefined);
  createInterface({ input: socket }).on('line', (line) => {
    void answer(JSON.parse(line) as KeeperRequest)
      .catch((error: unknown): KeeperAnswer => ({ failure: String(error) }))
      .then((said) => socket.end(`${JSON.stringify(said)}\n`));
  });
});

let closing = false;

async function close(): Promise<void> {
  if (closing) return;
  closing = true;
  door.close();
  await Promise.allSettled(started.map(async (server) => (await server).stop()));
  await removeServers(directory);
  // oxlint-disable-next-line unicorn/no-process-exit -- a program: open sockets of clients must not keep it
  process.exit(0);
}

process.stdin.on('close', () => void close()).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void close());

// The account of the servers must reach the programs and its data directory.
chmodSync(directory, 0o755);
writeFileSync(join(directory, 'keeper'), String(process.pid));
await removeLeftovers();
door.listen(join(directory, 'door'), () => console.log('ready'));
