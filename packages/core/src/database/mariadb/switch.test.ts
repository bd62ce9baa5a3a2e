import { expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { startProxy } from '../../../test/cutting-proxy.ts';
import {
  backUp,
  databasesBeside,
  makeDatabase,
  options,
  prepare,
  restore,
  stateOf,
  withClient,
} from '../../../test/mariadb-server.ts';
import { mariadbEngine } from './engine.ts';
import { databaseNames, type MariadbLocation } from './names.ts';

const archived = `CREATE TABLE a (id int PRIMARY KEY, b_id int, CONSTRAINT fk FOREIGN KEY (b_id) REFERENCES b (id));
  CREATE TABLE b (id int PRIMARY KEY AUTO_INCREMENT, v varchar(20)); INSERT INTO b VALUES (1, 'archived'); INSERT INTO a VALUES (1, 1);
  CREATE VIEW w AS SELECT * FROM b; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
  CREATE TRIGGER tr BEFORE INSERT ON b FOR EACH ROW SET NEW.v = 'new'`;
const present = `CREATE TABLE b (id int PRIMARY KEY, other text); INSERT INTO b VALUES (7, 'present');
  CREATE TABLE c (id int PRIMARY KEY, b_id int, CONSTRAINT fk FOREIGN KEY (b_id) REFERENCES b (id)); INSERT INTO c VALUES (1, 7);
  CREATE VIEW w AS SELECT id FROM c; CREATE VIEW w2 AS SELECT * FROM w; CREATE PROCEDURE p() SELECT 1;
  CREATE TRIGGER tr2 BEFORE INSERT ON b FOR EACH ROW SET NEW.other = 'x';
  CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2034-01-01 10:00:00' DO DELETE FROM b`;

const setup = 'SET foreign_key_checks = 0; ';

test('a restore, its undo, and the undo of the undo', async () => {
  const source = await makeDatabase(setup + archived);
  const target = await makeDatabase(setup + present);
  const [before, wanted] = [await stateOf(target), await stateOf(source)];
  const backup = await backUp(source);
  await restore(backup, target);
  expect(await stateOf(target)).toEqual(wanted);
  expect(await databasesBeside(target)).toEqual(['former']);
  for (const expected of [before, wanted, before]) {
    const undo = await mariadbEngine.openFormer!(target, options);
    const ticket = await undo.ticket();
    await undo.commit();
    await undo.discard();
    expect(await stateOf(target)).toEqual(expected);
    expect(await mariadbEngine.settle!(target, ticket, options)).toBe('new');
  }
  // Another restore replaces what was kept.
  await restore(backup, target);
  await restore(backup, target);
  const undo = await mariadbEngine.openFormer!(target, options);
  await undo.commit();
  expect(await stateOf(target)).toEqual(wanted);
  await mariadbEngine.dropFormer!(target, options);
  await mariadbEngine.dropFormer!(target, options);
  expect(await databasesBeside(target)).toEqual([]);
  expect(await rejection(mariadbEngine.openFormer!(target, options))).toMatchObject({
    code: 'nothing-to-undo',
  });
  expect(await databasesBeside(target)).toEqual([]);
});

test('without keeping the former tables there is nothing to undo', async () => {
  const source = await makeDatabase(setup + archived);
  const target = await makeDatabase(setup + present);
  await restore(await backUp(source), target);
  await restore(await backUp(source), target, false);
  expect(await stateOf(target)).toEqual(await stateOf(source));
  expect(await rejection(mariadbEngine.openFormer!(target, options))).toMatchObject({
    code: 'nothing-to-undo',
  });
});

test('discard leaves nothing, before and after a ticket', async () => {
  const backup = await backUp(await makeDatabase(setup + archived));
  const target = await makeDatabase(setup + present);
  const before = await stateOf(target);
  const { load } = await prepare(backup, target);
  const ticket = await load.ticket();
  await load.discard();
  await load.discard();
  expect(await databasesBeside(target)).toEqual([]);
  expect(await stateOf(target)).toEqual(before);
  expect(await mariadbEngine.settle!(target, ticket, options)).toBe('old');
  expect(await mariadbEngine.settle!(target, null, options)).toBe('old');
});

test('two restores of one database at once', async () => {
  const backup = await backUp(await makeDatabase(setup + archived));
  const target = await makeDatabase(setup + present);
  const { load } = await prepare(backup, target);
  const place = { location: target, directory: '', mode: 'rebuild', keepFormer: true } as const;
  const second = mariadbEngine.openLoad(backup.schema, place, { ...options, lockTimeoutMs: 200 });
  expect(await rejection(second)).toMatchObject({ code: 'locked', exitCode: 11 });
  await load.commit();
  expect(await databasesBeside(target)).toEqual(['former']);
});

test('databases that are not ours are never touched', async () => {
  const backup = await backUp(await makeDatabase(setup + archived));
  const target = await makeDatabase(setup + present);
  const { workshop } = databaseNames(target.name);
  await makeDatabase('CREATE TABLE precious (id int)', workshop);
  const error = await rejection(prepare(backup, target));
  expect(error).toMatchObject({ code: 'target-unsafe' });
  expect((await stateOf({ ...target, name: workshop }))['table precious']).toBeDefined();
});

test('a table in use makes the switch fail and leaves everything as it was', async () => {
  const backup = await backUp(await makeDatabase(setup + archived));
  const target = await makeDatabase(setup + present);
  const before = await stateOf(target);
  await withClient(target.name, async (client) => {
    const target2 = { location: target, directory: '', mode: 'rebuild', keepFormer: true } as const;
    const load = await mariadbEngine.openLoad(backup.schema, target2, {
      ...options,
      lockTimeoutMs: 1000,
    });
    await load.createTables();
    await load.finish();
    await client.rows('START TRANSACTION; SELECT * FROM c');
    expect(await rejection(load.commit())).toMatchObject({ code: 'database-locked' });
    await client.rows('COMMIT');
    await load.discard();
  });
  expect(await stateOf(target)).toEqual(before);
  expect(await databasesBeside(target)).toEqual([]);
});

test('objects that cannot be created take the tables back', async () => {
  const backup = await backUp(await makeDatabase(setup + archived));
  const target = await makeDatabase(setup + present);
  const before = await stateOf(target);
  const event = {
    kind: 'event',
    name: 'e',
    sql: "SET sql_mode = '', character_set_client = utf8mb4, collation_connection = utf8mb4_general_ci;\nCREATE EVENT e ON SCHEDULE EVERY 0 DAY DO SELECT 1",
  };
  const broken = {
    ...backup,
    schema: { ...backup.schema, postData: [...backup.schema.postData, event] },
  };
  const { load } = await prepare(broken, target);
  expect(await rejection(load.commit())).toMatchObject({ code: 'restore-failed' });
  await load.discard();
  expect(await stateOf(target)).toEqual(before);
  expect(await databasesBeside(target)).toEqual([]);
});

test('a connection that is cut at any command of the switch', async () => {
  const source = await makeDatabase(setup + archived);
  const target = await makeDatabase(setup + present);
  const [before, wanted] = [await stateOf(target), await stateOf(source)];
  const backup = await backUp(source);
  const proxy = await startProxy(target.host, target.port ?? 3306);
  const throughProxy: MariadbLocation = { ...target, host: '127.0.0.1', port: proxy.port };
  // Every command with DMS_ALL_CUTS; some of them always.
  const step = process.env['DMS_ALL_CUTS'] ? 1 : 19;
  const outcomes = new Set<string>();
  try {
    for (let count = 1, isDone = false; !isDone; count += step) {
      proxy.cutAfter(Infinity, false);
      const { load } = await prepare(backup, throughProxy);
      const ticket = await load.ticket();
      proxy.cutAfter(count, count % 2 === 0);
      const error = await rejection(load.commit()).catch(() => undefined);
      isDone = error === undefined;
      if (!isDone) expect(error).toMatchObject({ code: 'server-unreachable' });
      await load.discard().catch(() => {});
      const outcome = await mariadbEngine.settle!(target, ticket, options);
      outcomes.add(outcome);
      expect(await stateOf(target), `cut at command ${count}`).toEqual(
        outcome === 'new' ? wanted : before,
      );
      expect(await databasesBeside(target)).toEqual(outcome === 'new' ? ['former'] : []);
      if (outcome === 'new') {
        const undo = await mariadbEngine.openFormer!(target, options);
        await undo.commit();
        expect(await stateOf(target)).toEqual(before);
        await mariadbEngine.dropFormer!(target, options);
      }
    }
  } finally {
    proxy.close();
  }
  expect([...outcomes].toSorted()).toEqual(['new', 'old']);
});
