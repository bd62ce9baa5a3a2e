// TLS in front of the server of the tests, which may have none: a proxy that answers PostgreSQL's SSLRequest (PostgreSQL
// documentation, 53.2.10 "SSL Session Encryption") and hands everything on.

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { postgresServer } from './postgres-server.ts';

/** For localhost only, and of no worth: the key is public. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUF/+/K8idhHBnEB3VZckiVmf7/eswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE2NTExMVoYDzIxMjYxMDI4
MTY1MTExWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASCUtfu6otFXLARwohDDYlIu8U40r2vVsAVT+fIOsCJBUJnxSIGvrWI
pgzqjUZ7Wwe7JqOquwdKcc9OEtMUVQr6o2kwZzAdBgNVHQ4EFgQUSTTslP4qJh3b
Qz/rYgUH0QJHHg4wHwYDVR0jBBgwFoAUSTTslP4qJh3bQz/rYgUH0QJHHg4wDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIgOGotmB3S0euIw2U+mlkapE1HBt7/HWkIeclsKsBNeSMCIQCjQgFbW3KF
QlfkUgI+HK5Sq9v4FBxccYD2C9IdJQzE1Q==
-----END CERTIFICATE-----
`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPmWQMWZaCL1WlzmP
/7ualSRip2pnEGvSoFeR1g0tN2ahRANCAASCUtfu6otFXLARwohDDYlIu8U40r2v
VsAVT+fIOsCJBUJnxSIGvrWIpgzqjUZ7Wwe7JqOquwdKcc9OEtMUVQr6
-----END PRIVATE KEY-----
`;

const sslRequest = Buffer.from('0000000804d2162f', 'hex');

/**
 * Listens on localhost and returns the port. `tls`: the server offers it. `plain`: it takes connections without. `seen` gets
 * true for each connection with TLS that was set up, false for each without.
 */
export async function tlsProxy(
  offers: { tls: boolean; plain: boolean },
  seen: boolean[] = [],
): Promise<number> {
  const sockets = new Set<Socket>();
  const handOn = (client: Socket, first?: Buffer): void => {
    const { host, port } = postgresServer();
    const server = connect(port, host);
    sockets.add(server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    if (first) server.write(first);
    client.pipe(server).pipe(client);
  };
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (first: Buffer) => {
      if (!first.equals(sslRequest)) {
        seen.push(false);
        if (offers.plain) handOn(socket, first);
        else socket.destroy();
        return;
      }
      socket.write(offers.tls ? 'S' : 'N');
      if (!offers.tls) return;
      const secure = new TLSSocket(socket, { isServer: true, key, cert: certificate });
      secure.on('error', () => socket.destroy());
      secure.once('secure', () => {
        seen.push(true);
        handOn(secure);
      });
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  listener.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return (listener.address() as AddressInfo).port;
}
