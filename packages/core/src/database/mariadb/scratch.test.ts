import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { makeDatabase, options, quoted, withClient } from '../../../test/mariadb-server.ts';
import { scratchName } from '../scratch-name.ts';
import { databaseNames, type MariadbLocation } from './names.ts';
import { createScratch, dropScratch } from './scratch.ts';

/** Long ago: tests of the verb look at those of today. */
async function location(): Promise<MariadbLocation> {
  const name = scratchName(new Date('2001-02-03T04:05:06Z'));
  const place = { ...(await makeDatabase()), name };
  onTestFinished(async () => dropScratch(place, options));
  return place;
}

async function databases(): Promise<(string | null | undefined)[]> {
  const rows = await withClient(undefined, async (client) => await client.rows('SHOW DATABASES'));
  return rows.map(([name]) => name);
}

test('made empty, and dropped with what a restore builds beside it; twice is no error', async () => {
  const place = await location();
  expect(await createScratch(place, options)).not.toContain(place.name);
  const { workshop, former, discarded } = databaseNames(place.name);
  await withClient(place.name, async (client) => {
    await client.rows('CREATE TABLE t (id int)');
    for (const name of [workshop, former, discarded])
      await client.rows(`CREATE DATABASE ${quoted(name)}`);
  });
  const other = await location();
  expect(await createScratch(other, options)).toEqual(
    expect.arrayContaining([place.name, workshop, former, discarded]),
  );
  await dropScratch(place, options);
  const left = await databases();
  for (const name of [place.name, workshop, former, discarded]) expect(left).not.toContain(name);
  expect(left).toContain(other.name);
  await dropScratch(place, options);
});

test('without the right: the GRANT that gives it, and no more', async () => {
  const place = await location();
  const user = `dms_drill_${randomBytes(4).toString('hex')}`;
  const account = `'${user}'@'%'`;
  const admin = async (sql: string): Promise<void> =>
    await withClient(undefined, async (client) => void (await client.rows(sql)));
  await admin(`CREATE USER ${account} IDENTIFIED BY 'secret word'`);
  onTestFinished(async () => admin(`DROP USER ${account}`));
  const own = { ...place, user };
  const login = { ...options, password: 'secret word' };
  const error = await rejection(createScratch(own, login));
  expect(error.code).toBe('database-denied');
  expect(error.hint).not.toContain('secret');
  await admin(/run: (GRANT .+;)$/.exec(error.hint)?.[1] ?? '');
  await createScratch(own, login);
  await dropScratch(own, login);
  expect((await rejection(createScratch({ ...own, name: 'dms_other' }, login))).code).toBe(
    'target-unsafe',
  );
});

test('no other database is dropped', async () => {
  const { name, ...server } = await makeDatabase();
  const error = await rejection(dropScratch({ ...server, name }, options));
  expect(error.code).toBe('target-unsafe');
  expect(await databases()).toContain(name);
});
