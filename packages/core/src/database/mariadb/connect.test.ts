// Ways to a server: TLS with certificates of both sides, and sockets.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ownMariadb, type OwnMariadb } from '@dms-backup/test-fixtures/servers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { withClient } from '../../../test/mariadb-server.ts';
import { parseDatabaseUrl } from '../database-url.ts';
import { connect } from './connect.ts';
import type { MariadbLocation } from './names.ts';

const directory = mkdtempSync(join(tmpdir(), 'dms-core-mariadb-'));
const pem = (name: string): string => join(directory, `${name}.pem`);
let server: OwnMariadb | undefined;

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', [...words], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

function authority(name: string): void {
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-days',
    '9',
    '-keyout',
    pem(`${name}-key`),
    '-out',
    pem(name),
  );
}

function certificate(name: string, extension: string): void {
  openssl(
    'req',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    pem(`${name}-key`),
    '-out',
    pem(`${name}-request`),
  );
  writeFileSync(pem(`${name}-extension`), extension);
  openssl(
    'x509',
    '-req',
    '-in',
    pem(`${name}-request`),
    '-CA',
    pem('ca'),
    '-CAkey',
    pem('ca-key'),
    '-CAcreateserial',
    '-days',
    '9',
    '-extfile',
    pem(`${name}-extension`),
    '-out',
    pem(name),
  );
}

beforeAll(async () => {
  chmodSync(directory, 0o755);
  authority('ca');
  authority('other');
  certificate('server', 'subjectAltName=DNS:localhost');
  certificate('client', 'extendedKeyUsage=clientAuth');
  // for the account of the server
  chmodSync(pem('server-key'), 0o644);
  server = await ownMariadb(directory, {
    'ssl-ca': pem('ca'),
    'ssl-cert': pem('server'),
    'ssl-key': pem('server-key'),
  });
  if (server === undefined) return;
  await withClient(
    undefined,
    async (client) => {
      await client
        .rows(`CREATE DATABASE d;
        CREATE USER plain; GRANT ALL ON d.* TO plain;
        CREATE USER known REQUIRE X509; GRANT ALL ON d.* TO known;
        CREATE USER '${userInfo().username}_' IDENTIFIED BY 'a word'; GRANT ALL ON d.* TO '${userInfo().username}_';
        INSTALL SONAME IF NOT EXISTS 'auth_socket'`)
        .catch(() => {});
    },
    server,
  );
});

beforeEach(({ skip }) => {
  if (server === undefined) skip('no MariaDB on this machine');
});

afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function location(user: string, query: string, host = 'localhost'): MariadbLocation {
  const url = `mariadb://${user}@${host}:${server?.port}/d?${query}`;
  return parseDatabaseUrl(url, '/') as MariadbLocation;
}

/** What the session says of itself: the cipher of TLS, empty without. */
async function cipher(place: MariadbLocation, password?: string): Promise<string> {
  const session = await connect(place, { ...(password !== undefined && { password }) });
  try {
    const [row] = await session.rows("SHOW STATUS LIKE 'Ssl_cipher'");
    return row?.[1] ?? '';
  } finally {
    await session.close();
  }
}

test('each ssl-mode asks for what the clients of MySQL ask for', async () => {
  expect(await cipher(location('plain', ''))).toBe('');
  expect(await cipher(location('plain', 'ssl-mode=PREFERRED'))).not.toBe('');
  expect(await cipher(location('plain', 'ssl_mode=required'))).not.toBe('');
  expect(await cipher(location('plain', `ssl-ca=${pem('ca')}`))).not.toBe('');
  expect(await cipher(location('plain', `ssl-ca=${pem('ca')}`, '127.0.0.1'))).not.toBe('');
  const identity = `ssl-mode=VERIFY_IDENTITY&ssl-ca=${pem('ca')}`;
  expect(await cipher(location('plain', identity))).not.toBe('');
});

test('a server that is not the right one is refused, and the error says what to check', async () => {
  const refused = async (query: string, host?: string): Promise<unknown> =>
    await rejection(cipher(location('plain', query, host)));
  const told = {
    code: 'server-unreachable',
    exitCode: 30,
    message: expect.stringMatching(
      /on (?:localhost|127\.0\.0\.1):\d+ as user 'plain': TLS failed \(.+\)$/,
    ),
    hint: expect.stringContaining('Check ssl-ca'),
  };
  expect(await refused(`ssl-ca=${pem('other')}`)).toMatchObject(told);
  expect(await refused('ssl-mode=VERIFY_CA')).toMatchObject(told);
  const identity = `ssl-mode=VERIFY_IDENTITY&ssl-ca=${pem('ca')}`;
  expect(await refused(identity, '127.0.0.1')).toMatchObject({
    code: 'configuration-invalid',
    hint: expect.stringContaining('give the host name'),
  });
});

test('the certificate of a client lets it in', async () => {
  const client = `ssl-ca=${pem('ca')}&ssl-cert=${pem('client')}&ssl-key=${pem('client-key')}`;
  expect(await cipher(location('known', client))).not.toBe('');
  const without = await rejection(cipher(location('known', `ssl-ca=${pem('ca')}`)));
  expect(without).toMatchObject({ code: 'server-unreachable' });
  expect(without.message).toContain("Access denied for user 'known'");
  const missing = await rejection(cipher(location('known', 'ssl-cert=/nowhere.pem')));
  expect(missing).toMatchObject({
    code: 'configuration-invalid',
    message: "cannot read ssl-cert '/nowhere.pem'",
  });
});

test('sockets: as an option, as a host, with a password, and with nobody behind', async () => {
  const path = server?.socketPath ?? '';
  expect(await cipher(location('plain', `socket=${path}`))).toBe('');
  expect(await cipher(location('plain', '', encodeURIComponent(path)))).toBe('');
  const named = `${userInfo().username}_`;
  expect(await cipher(location(named, '', encodeURIComponent(path)), 'a word')).toBe('');
  const error = await rejection(cipher(location('plain', '', '%2Fno%2Fsuch.sock')));
  expect([error.code, error.message, error.hint]).toEqual([
    'server-unreachable',
    expect.stringContaining("no server answers at the socket '/no/such.sock' (ENOENT)"),
    expect.stringContaining('socket'),
  ]);
});
