import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { postgresServer, postgresUrl, scratchDatabase } from '../../../test/postgres-server.ts';
import { scratchDirectory } from '../../../test/scratch-directory.ts';
import { certificate, tlsProxy } from '../../../test/tls-proxy.ts';
import { parseDatabaseUrl } from '../database-url.ts';
import { connect, readingCodes, type Session } from './connect.ts';

const environment = { HOME: '/nowhere', PGPASSWORD: process.env['PGPASSWORD'] };

async function open(url: string, signal?: AbortSignal): Promise<Session> {
  return connect(
    parseDatabaseUrl(url, '/'),
    { environment, ...(signal && { signal }) },
    readingCodes,
  );
}

function through(port: number, query: string): string {
  const { user } = postgresServer();
  return `postgres://${user}@localhost:${port}/postgres?${query}`;
}

/** What the proxy saw, and whether the connection was made. */
async function attempt(
  offers: { tls: boolean; plain: boolean },
  query: string,
): Promise<[connected: boolean, ...withTls: boolean[]]> {
  const seen: boolean[] = [];
  const port = await tlsProxy(offers, seen);
  try {
    const session = await open(through(port, query));
    await session.close();
    return [true, ...seen];
  } catch {
    return [false, ...seen];
  }
}

test('each sslmode makes the attempts that libpq makes', async () => {
  const root = join(scratchDirectory(), 'root.crt');
  writeFileSync(root, certificate);
  const [both, tls, plain] = [
    { tls: true, plain: true },
    { tls: true, plain: false },
    { tls: false, plain: true },
  ];
  expect(await attempt(both, 'sslmode=disable')).toEqual([true, false]);
  expect(await attempt(both, 'sslmode=allow')).toEqual([true, false]);
  expect(await attempt(tls, 'sslmode=allow')).toEqual([true, false, true]);
  expect(await attempt(both, 'sslmode=prefer')).toEqual([true, true]);
  expect(await attempt(plain, 'sslmode=prefer')).toEqual([true, false]);
  expect(await attempt(plain, 'sslmode=require')).toEqual([false]);
  expect(await attempt(both, 'sslmode=require')).toEqual([true, true]);
  expect(await attempt(both, `sslmode=verify-full&sslrootcert=${root}`)).toEqual([true, true]);
  const other = await tlsProxy(both);
  const byAddress = through(other, `sslmode=verify-full&sslrootcert=${root}`).replace(
    'localhost',
    '127.0.0.1',
  );
  expect((await rejection(open(byAddress))).message).toContain('TLS failed');
  await (await open(byAddress.replace('verify-full', 'verify-ca'))).close();
  expect(await attempt(both, 'sslrootcert=system')).toEqual([false]);
});

test.each([
  [
    'postgres://127.0.0.1:1/n',
    'server-unreachable',
    'nothing listens at port 1',
    'name of the service',
  ],
  [
    'postgres://no-such-host.invalid/n',
    'server-unreachable',
    "'no-such-host.invalid' is not known",
    'Inside Docker',
  ],
  ['postgres://%2Fno%2Fsuch/n', 'server-unreachable', "socket '/no/such/.s.PGSQL.5432'", 'socket'],
  [
    postgresUrl('no such database'),
    'database-not-found',
    'there is no PostgreSQL',
    'CREATE DATABASE "no such database"',
  ],
])('%s', async (url, code, message, hint) => {
  const error = await rejection(open(url));
  expect([error.code, error.message, error.hint]).toEqual([
    code,
    expect.stringContaining(message),
    expect.stringContaining(hint),
  ]);
});

test('sessions print values the same way, whatever database and role say', async () => {
  const database = await scratchDatabase('settings');
  const client = await database.connect();
  for (const setting of [
    "timezone = 'Asia/Tokyo'",
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'iso_8601'",
    'extra_float_digits = -10',
    "bytea_output = 'escape'",
    "statement_timeout = '20ms'",
    "client_encoding = 'LATIN1'",
    'row_security = on',
  ]) {
    await client.query(`ALTER DATABASE "${database.name}" SET ${setting}`);
  }
  const session = await open(database.url);
  const rows = await session.run(
    'look',
    `SELECT TIMESTAMPTZ '2020-02-03 04:05+00' AS a, INTERVAL '1 day 1 hour' AS b, 0.1::float8 + 0.2::float8 AS c, '\\x01'::bytea AS d,
      'ä€' AS e, current_setting('row_security') AS f, current_setting('application_name') AS g FROM pg_sleep(0.05)`,
  );
  await session.close();
  expect(rows).toEqual([
    {
      a: '2020-02-03 04:05:00+00',
      b: '1 day 01:00:00',
      c: '0.30000000000000004',
      d: '\\x01',
      e: 'ä€',
      f: 'off',
      g: 'dms-backup',
    },
  ]);
});

test('an abort ends a connection that is being made', async () => {
  const abort = new AbortController();
  const opening = rejection(
    open(through(await tlsProxy({ tls: true, plain: true }), 'sslmode=require'), abort.signal),
  );
  abort.abort();
  expect((await opening).code).toBe('interrupted');
});
