// A TCP proxy that behaves like a bad network: it cuts connections after so many bytes in one direction, so many times, and
// then lets everything pass; or it goes silent.

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FlakyProxy {
  readonly port: number;
  /** Cuts connections that were made since, until it has done so `times`. */
  cut(direction: 'up' | 'down', afterBytes: number, times: number): void;
  /** Cuts the connections that are there now, after so many more bytes; new ones are left alone. */
  cutExisting(direction: 'up' | 'down', afterBytes: number): void;
  /** Bytes are swallowed from now on; the connections stay open. */
  silence(): void;
  /** All is well again. */
  heal(): void;
  /** How many connections were cut since `cut`. */
  readonly cuts: number;
}

/** Ends with the test. */
export async function startFlakyProxy(upstreamPort: number): Promise<FlakyProxy> {
  const sockets = new Set<Socket>();
  const links = new Set<{ up: number; down: number; limit: { up: number; down: number } }>();
  const plan = { direction: 'up', afterBytes: Infinity, times: 0, cuts: 0, silent: false };
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    const passed = { up: 0, down: 0, limit: { up: Infinity, down: Infinity } };
    links.add(passed);
    const forward = (direction: 'up' | 'down', from: Socket, to: Socket): void => {
      from.on('data', (piece) => {
        if (plan.silent) return;
        passed[direction] += piece.length;
        const isPlanned = plan.direction === direction && plan.cuts < plan.times;
        const limit = Math.min(passed.limit[direction], isPlanned ? plan.afterBytes : Infinity);
        const excess = passed[direction] - limit;
        if (excess > 0) {
          plan.cuts++;
          to.write(piece.subarray(0, Math.max(0, piece.length - excess)), () => {
            client.resetAndDestroy();
            upstream.destroy();
          });
        } else if (!to.write(piece)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    };
    forward('up', client, upstream);
    forward('down', upstream, client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        links.delete(passed);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return plan.cuts;
    },
    cut(direction, afterBytes, times) {
      // connections that are kept open have a past: they are closed, so that the count begins with zero
      for (const socket of sockets) socket.destroy();
      Object.assign(plan, { direction, afterBytes, times, cuts: 0 });
    },
    cutExisting(direction, afterBytes) {
      plan.cuts = 0;
      for (const link of links) link.limit[direction] = link[direction] + afterBytes;
    },
    silence() {
      plan.silent = true;
    },
    heal() {
      Object.assign(plan, { times: 0, silent: false });
    },
  };
}
