// Tables that an extension makes and users write into, such as `spatial_ref_sys` of PostGIS: their rows come back as they were,
// or the restore is refused before anything is touched. The extension here is hstore with a table given to it.

import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { backUp, load, quick, stateOf, targetOf } from '../../../test/postgres-restore.ts';
import { scratchDatabase, type ScratchDatabase } from '../../../test/postgres-server.ts';

const withTable = (rows: string): string => `
  CREATE TABLE systems (id integer PRIMARY KEY, note text);
  INSERT INTO systems VALUES ${rows};
  CREATE EXTENSION hstore;
  ALTER EXTENSION hstore ADD TABLE systems;
  UPDATE pg_extension SET extconfig = '{systems}'::regclass[], extcondition = '{WHERE id > 100}' WHERE extname = 'hstore';`;

async function filled(sql: string): Promise<{ database: ScratchDatabase; client: ClientBase }> {
  const database = await scratchDatabase('db');
  const client = await database.connect();
  await client.query(sql);
  return { database, client };
}

const mine = `CREATE TABLE mine (id integer PRIMARY KEY); INSERT INTO mine VALUES (1);`;

test.each(['rebuild', 'fill'] as const)(
  '%s: the rows are exactly those of the archive',
  async (mode) => {
    const { database: source, client } = await filled(
      `${withTable(`(1, 'stock, changed'), (101, 'own')`)} ${mine}`,
    );
    const { database: target, client: watcher } = await filled(
      `${withTable(`(1, 'stock'), (2, 'stock'), (102, 'former')`)} ${mine}`,
    );
    const backup = await backUp(source);
    expect(backup.schema.tables.map(({ name }) => name)).toEqual(['mine', 'systems']);
    await (await load(backup, targetOf(target, mode))).commit();
    expect(await stateOf(watcher)).toEqual(await stateOf(client));
    expect((await watcher.query('SELECT id FROM systems ORDER BY id')).rows).toEqual([
      { id: 1 },
      { id: 101 },
    ]);
  },
);

test('without the right to write them: refused with the statement that gives it', async () => {
  const { database: source, client } = await filled(`${withTable(`(101, 'own')`)} ${mine}`);
  const { database: target, client: watcher } = await filled(withTable(`(1, 'stock')`));
  const role = `dms_test_${randomBytes(4).toString('hex')}`;
  await watcher.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  try {
    await watcher.query(`GRANT CREATE ON SCHEMA public TO ${role};
      GRANT CREATE ON DATABASE ${target.name} TO ${role}`);
    const location = { url: target.url.replace(/\/\/[^@]*@/, `//${role}@`) };
    const options = { ...quick, password: 'secret' };
    const backup = await backUp(source);
    const before = await stateOf(watcher);
    const refused = await rejection(load(backup, targetOf(location), options));
    const statement = `GRANT SELECT, INSERT, TRUNCATE ON TABLE public.systems TO ${role};`;
    expect([refused.code, refused.context['statements']]).toEqual(['database-denied', [statement]]);
    expect(await stateOf(watcher)).toEqual(before);
    await watcher.query(statement);
    await (await load(backup, targetOf(location), options)).commit();
    expect(await stateOf(watcher)).toEqual(await stateOf(client));
  } finally {
    await watcher.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role} CASCADE`);
    await watcher.query(`DROP ROLE ${role}`);
  }
});

test('an extension without that table: nothing is changed', async () => {
  const { database: source } = await filled(`${withTable(`(101, 'own')`)} ${mine}`);
  const { database: target, client: watcher } = await filled(
    'CREATE EXTENSION hstore; CREATE TABLE systems (id integer); INSERT INTO systems VALUES (7)',
  );
  const before = await stateOf(watcher);
  const error = await rejection(load(await backUp(source), targetOf(target)));
  expect([error.code, error.message]).toEqual([
    'restore-failed',
    "the archive has rows of table 'public.systems', which the extension 'hstore' does not have here",
  ]);
  expect(await stateOf(watcher)).toEqual(before);
});
