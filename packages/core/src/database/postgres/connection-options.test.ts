import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { parseDatabaseUrl } from '../database-url.ts';
import type { ConnectOptions } from '../engine.ts';
import { resolveConnection, type ConnectionSettings } from './connection-options.ts';
import { tlsOptions } from './tls.ts';

function home(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'postgres-home-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, '.postgresql'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  return directory;
}

async function resolve(
  url: string,
  environment: Record<string, string> = {},
  options: ConnectOptions = {},
): Promise<ConnectionSettings> {
  return resolveConnection(parseDatabaseUrl(url, '/'), {
    ...options,
    environment: { HOME: home(), ...environment },
  });
}

test('the URL comes before the environment, the environment before defaults', async () => {
  const environment = {
    PGHOST: 'h',
    PGPORT: '1',
    PGUSER: 'u',
    PGSSLMODE: 'require',
    PGCONNECT_TIMEOUT: '7',
  };
  expect(
    await resolve('postgres://me@db:5433/n?sslmode=disable&connect_timeout=1', environment),
  ).toMatchObject({
    host: 'db',
    port: 5433,
    user: 'me',
    database: 'n',
    ssl: { mode: 'disable' },
    timeoutMs: 2000,
  });
  expect(await resolve('postgres://db/n', environment)).toMatchObject({
    host: 'db',
    port: 1,
    user: 'u',
    ssl: { mode: 'require' },
    timeoutMs: 7000,
  });
  expect(await resolve('postgres://db/n')).toMatchObject({
    port: 5432,
    user: userInfo().username,
    password: undefined,
    ssl: { mode: 'prefer' },
    timeoutMs: 10_000,
  });
  expect(await resolve('postgres:///n?host=/run/x&port=6000&user=o')).toMatchObject({
    host: '/run/x',
    port: 6000,
    user: 'o',
  });
  const bare = { engine: 'postgres', host: '', name: 'n' } as const;
  expect((await resolveConnection(bare, { environment: { PGHOST: 'h' } })).host).toBe('h');
});

test('passwords: the option, PGPASSWORD, the service, the password file', async () => {
  const HOME = home({
    '.pgpass': [
      '# db:5432:n:me:comment',
      'db:5432:n',
      'db:5432:other:me:wrong',
      'db:5432:n:m\\e:with \\: and \\\\',
      '*:*:*:*:any',
      'db:5432:n:you:late',
    ].join('\n'),
    services: '[s]\npassword=from service\nport=5432\n',
    passfile: 'localhost:*:*:me:socket',
  });
  const password = async (url: string, environment = {}, options = {}): Promise<unknown> =>
    (await resolve(url, { HOME, ...environment }, options)).password;
  const url = 'postgres://me@db/n';
  expect(await password(url)).toBe('with : and \\');
  expect(await password('postgres://you@db/n')).toBe('any');
  const service = { PGSERVICE: 's', PGSERVICEFILE: join(HOME, 'services') };
  expect(await password(url, service)).toBe('from service');
  expect(await password(url, { ...service, PGPASSWORD: 'environment' })).toBe('environment');
  expect(await password(url, { PGPASSWORD: 'environment' }, { password: 'option' })).toBe('option');
  const PGPASSFILE = join(HOME, 'passfile');
  expect(await password('postgres://me@%2Fvar%2Frun%2Fpostgresql/n', { PGPASSFILE })).toBe(
    'socket',
  );
  expect(await password('postgres://me@%2Felsewhere/n', { PGPASSFILE })).toBeUndefined();
  chmodSync(PGPASSFILE, 0o640);
  const open = await resolve('postgres://me@localhost/n', { PGPASSFILE });
  expect(open.password).toBeUndefined();
  expect(open.passwordProblem).toContain('chmod 600');
});

test('services give what the URL leaves out', async () => {
  const HOME = home({
    '.pg_service.conf':
      '[a]\nhost=a\n# comment\n[b]\n port = 6000 \nuser=b\nsslmode=verify-ca\nport=7000\n[c]\nbad line\n[d]\nodd=1',
  });
  expect(await resolve('postgres://db/n?service=b', { HOME, PGUSER: 'environment' })).toMatchObject(
    {
      host: 'db',
      port: 6000,
      user: 'b',
      ssl: { mode: 'verify-ca' },
    },
  );
  for (const [PGSERVICE, code] of [
    ['none', 'configuration-invalid'],
    ['c', 'configuration-invalid'],
    ['d', 'usage'],
  ] as const) {
    expect((await rejection(resolve('postgres://db/n', { HOME, PGSERVICE }))).code).toBe(code);
  }
});

test.each([
  'postgres://db/n?sslmode=sometimes',
  'postgres://db/n?ssl=true',
  'postgres://db/n?requirepeer=postgres',
  'postgres://db/n?channel_binding=require',
  'postgres://db/n?target_session_attrs=read-write',
  'postgres://db/n?connect_timeout=soon',
  'postgres://db/n?constructor=1',
  'postgres://db/n?sslrootcert=system&sslmode=require',
])('%s is refused', async (url) => {
  expect((await rejection(resolve(url))).code).toBe('usage');
});

test('a variable that demands what we cannot do is refused', async () => {
  await resolve('postgres://db/n', { PGCHANNELBINDING: 'prefer' });
  for (const environment of [{ PGCHANNELBINDING: 'require' }, { PGREQUIREPEER: 'postgres' }]) {
    expect((await rejection(resolve('postgres://db/n', environment as never))).code).toBe('usage');
  }
});

test('options without effect here are taken', async () => {
  await resolve(
    'postgres://db/n?application_name=x&keepalives=1&gssencmode=prefer&target_session_attrs=any',
  );
});

test('TLS: what is verified follows from the mode and the root certificate', async () => {
  const HOME = home({ 'ca.crt': 'ca', 'client.crt': 'cert', 'client.key': 'key' });
  const tls = async (query: string): Promise<Awaited<ReturnType<typeof tlsOptions>>> =>
    tlsOptions((await resolve(`postgres://db/n?${query}`, { HOME })).ssl);
  const ca = `sslrootcert=${HOME}/ca.crt`;
  expect(await tls('sslmode=require')).toMatchObject({ rejectUnauthorized: false });
  expect(await tls(`sslmode=require&${ca}`)).toMatchObject({
    rejectUnauthorized: true,
    ca: Buffer.from('ca'),
  });
  expect(
    (await tls(`sslmode=verify-ca&${ca}`)).checkServerIdentity?.('x', {} as never),
  ).toBeUndefined();
  expect(await tls(`sslmode=verify-full&${ca}`)).not.toHaveProperty('checkServerIdentity');
  expect((await tls('sslrootcert=system')).ca).toContain(
    (await import('node:tls')).rootCertificates[0],
  );
  const client = `sslcert=${HOME}/client.crt&sslkey=${HOME}/client.key`;
  expect(await tls(client)).toMatchObject({ cert: Buffer.from('cert'), key: Buffer.from('key') });
  for (const query of [
    'sslmode=verify-full',
    'sslmode=verify-ca&sslrootcert=/none',
    'sslcert=/none',
    `sslcert=${HOME}/client.crt`,
  ]) {
    expect((await rejection(tls(query))).code).toBe('configuration-invalid');
  }
  chmodSync(join(HOME, 'client.key'), 0o644);
  expect((await rejection(tls(client))).hint).toContain('chmod 600');
  expect(await tls('ssl_min_protocol_version=TLSv1.3')).toMatchObject({ minVersion: 'TLSv1.3' });
});
