// A TCP proxy that cuts a connection at a chosen command of the client: what a killed process or a broken network looks like
// to the server. Commands of MySQL's protocol are sent one at a time, so each is one piece of data here (if it is short).

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  /** Commands since the last `cutAfter`. */
  readonly commands: number;
  /** Cuts at the n-th command from now: the server gets it (`hears`) or not, and the client gets no answer. */
  cutAfter(commands: number, hears: boolean): void;
  close(): void;
}

export async function startProxy(host: string, port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let commands = 0;
  let limit = Infinity;
  let serverHears = false;
  const server = createServer((client) => {
    const upstream = connect(port, host);
    const cut = (): void => {
      upstream.end();
      client.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.end();
      });
    }
    client.on('data', (data) => {
      commands++;
      if (commands < limit) upstream.write(data);
      else if (commands === limit && serverHears) upstream.write(data, cut);
      else cut();
    });
    upstream.on('data', (data) => {
      if (commands < limit) client.write(data);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get commands() {
      return commands;
    },
    cutAfter(count, hears) {
      commands = 0;
      limit = count;
      serverHears = hears;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
