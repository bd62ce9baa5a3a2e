// The servers of the tests are there, are what they say, and go with the run.

import pg from 'pg';
import { describe, expect, test } from 'vitest';

import { ownPostgres, postgresMajor, sharedPostgres } from './postgres-server.ts';

async function ask(server: { host: string; port: number; user: string }, sql: string) {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: server.user,
    database: 'postgres',
  });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0] as unknown;
  } finally {
    await client.end();
  }
}

describe.each([
  ['old', 12],
  ['new', postgresMajor('new')],
] as const)('the %s PostgreSQL', (age, major) => {
  test('is that major, with the encoding and the rights that tests expect', async () => {
    const server = await sharedPostgres(age);
    expect(await ask(server, 'SHOW server_version')).toMatch(new RegExp(`^${major}\\.`));
    expect(await ask(server, 'SHOW server_encoding')).toBe('UTF8');
    expect(await ask(server, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')).toBe(
      true,
    );
    expect(await ask({ ...server, host: server.socketDirectory }, 'SELECT 1')).toBe(1);
  });

  test('is one server for all who ask', async () => {
    const [left, right] = await Promise.all([sharedPostgres(age), sharedPostgres(age)]);
    expect(left).toEqual(right);
  });
});

test('an own server takes settings and ends alone', async () => {
  const shared = await sharedPostgres();
  const own = await ownPostgres('new', { timezone: 'Asia/Tokyo' });
  expect(own.port).not.toBe(shared.port);
  expect(await ask(own, 'SHOW timezone')).toBe('Asia/Tokyo');
  await own.stop();
  await expect(ask(own, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  expect(await ask(shared, 'SELECT 1')).toBe(1);
});
