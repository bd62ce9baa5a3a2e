import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { connect as client, postgresServer } from '../../../test/postgres-server.ts';
import type { DatabaseLocation } from '../engine.ts';
import { scratchName } from '../scratch-name.ts';
import { createScratch, dropScratch } from './scratch.ts';

const options = { environment: { HOME: '/nowhere', PGPASSWORD: process.env['PGPASSWORD'] } };
const utf8 = { encoding: 'UTF8' };

/** Long ago: tests of the verb look at those of today. */
function location(user = postgresServer().user): DatabaseLocation & { readonly name: string } {
  const name = scratchName(new Date('2001-02-03T04:05:06Z'));
  const place = { engine: 'postgres', ...postgresServer(), user, name } as const;
  onTestFinished(async () => dropScratch({ ...place, user: postgresServer().user }, options));
  return place;
}

async function encodingOf(name: string): Promise<unknown> {
  const sql = 'SELECT pg_encoding_to_char(encoding) AS e FROM pg_database WHERE datname = $1';
  return ((await (await client()).query(sql, [name])).rows as { e: string }[])[0]?.e;
}

async function role(rights: string): Promise<string> {
  const name = `Dms "drill" ${randomBytes(4).toString('hex')}`;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const admin = await client();
  await admin.query(`CREATE ROLE ${quoted} LOGIN ${rights}`);
  // finished tests are cleaned up in reverse order, so the database of the role is gone by then
  onTestFinished(async () => void (await (await client()).query(`DROP ROLE ${quoted}`)));
  return name;
}

test('made empty, and dropped with the sessions in it; twice is no error', async () => {
  const place = location();
  const others = await createScratch(place, utf8, options);
  expect(others).not.toContain(place.name);
  expect(await encodingOf(place.name)).toBe('UTF8');
  const session = await client(place.name);
  await session.query('CREATE TABLE t (id int)');
  await dropScratch(place, options);
  expect(await encodingOf(place.name)).toBeUndefined();
  await dropScratch(place, options);
});

test.each([
  ['SQL_ASCII', 'SQL_ASCII'],
  // only with the locale C on most servers
  ['LATIN1', 'LATIN1'],
  ["UTF8' OWNER x --", 'UTF8'],
])('encoding %s', async (encoding, made) => {
  const place = location();
  await createScratch(place, { encoding }, options);
  expect(await encodingOf(place.name)).toBe(made);
});

test('the databases of the same user are told, others are not', async () => {
  const one = await role('CREATEDB');
  const [first, second, foreign] = [location(one), location(one), location()];
  await createScratch(foreign, utf8, options);
  expect(await createScratch(first, utf8, options)).toEqual([]);
  expect(await createScratch(second, utf8, options)).toEqual([first.name]);
  await dropScratch(first, options);
  await dropScratch(second, options);
  expect(await encodingOf(foreign.name)).toBe('UTF8');
});

test('without the right: the statement that gives it', async () => {
  const user = await role('NOCREATEDB');
  const place = location(user);
  const error = await rejection(createScratch(place, utf8, options));
  expect(error.code).toBe('database-denied');
  const statement = /run: (ALTER ROLE .+;)$/.exec(error.hint)?.[1] ?? '';
  await (await client()).query(statement);
  await createScratch(place, utf8, options);
  await dropScratch(place, options);
});

test('no other database is dropped', async () => {
  const foreign = { ...location(), name: 'postgres' };
  expect((await rejection(dropScratch(foreign, options))).code).toBe('target-unsafe');
  expect((await rejection(createScratch(foreign, utf8, options))).code).toBe('target-unsafe');
});
