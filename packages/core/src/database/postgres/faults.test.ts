// What goes wrong while a server works: killed sessions, locks, aborts. Afterwards the target is as it was.

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownPostgres } from '@dms-backup/test-fixtures/servers';
import pg, { type ClientBase } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { startProxy } from '../../../test/cutting-proxy.ts';
import { scratchDirectory } from '../../../test/scratch-directory.ts';
import {
  postgresServer,
  scratchDatabase,
  type ScratchDatabase,
} from '../../../test/postgres-server.ts';
import {
  backUp,
  collect,
  load,
  locationOf,
  quick,
  stateOf,
  targetOf,
  type Backup,
} from '../../../test/postgres-restore.ts';
import type { CommitTicket, DatabaseLoad } from '../engine.ts';
import { postgresEngine } from './engine.ts';

const rows = (count: number): string =>
  `CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t SELECT n, repeat('x', 2000) FROM generate_series(1, ${count}) n`;
/** More than sockets hold. */
const many = 12_000;

/** Ends all sessions of ours in the database, and waits until they are gone. */
async function terminate(client: ClientBase): Promise<void> {
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dms-backup'`,
  );
  await untilAlone(client);
}

async function untilAlone(client: ClientBase): Promise<void> {
  const others = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dms-backup'`;
  for (let attempt = 0; (await client.query(others)).rowCount !== 0; attempt++) {
    if (attempt > 200) throw new Error('sessions of dms-backup stay');
    await sleep(10);
  }
}

/** A source with many rows, and a target with something in it. */
async function prepare(count = 500): Promise<{
  source: ScratchDatabase;
  target: ScratchDatabase;
  backup: Backup;
  watcher: ClientBase;
  before: unknown;
}> {
  const source = await scratchDatabase('from');
  const target = await scratchDatabase('to');
  await (await source.connect()).query(rows(count));
  const watcher = await target.connect();
  await watcher.query(
    'CREATE TABLE t (old int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT * FROM t',
  );
  return { source, target, backup: await backUp(source), watcher, before: await stateOf(watcher) };
}

test('a session that ends while a table is read', async () => {
  const source = await scratchDatabase('from');
  const client = await source.connect();
  await client.query(rows(many));
  const snapshot = await postgresEngine.openSnapshot(locationOf(source), quick);
  const chunks = snapshot.copyOut(snapshot.schema.tables[0]!, { chunkBytes: 10_000 });
  await chunks.next();
  await terminate(client);
  const error = await rejection(
    (async () => {
      for (;;) if ((await chunks.next()).done) return;
    })(),
  );
  expect(error.code).toBe('server-unreachable');
  expect(error.message).toContain("cannot read table 'public.t' of PostgreSQL database");
  const after = await rejection(collect(snapshot.query('SELECT 1')));
  expect(after.code).toBe('server-unreachable');
  await snapshot.close();
});

test('a session that ends while rows are loaded, or before the commit', async () => {
  const { target, backup, watcher, before } = await prepare();
  const table = backup.schema.tables[0]!;
  const [chunk] = backup.tables.get('t')!.chunks;
  const inCopy = await postgresEngine.openLoad(backup.schema, targetOf(target), quick);
  await inCopy.createTables();
  await inCopy.copyIn(table, chunk!);
  await terminate(watcher);
  const error = await rejection(
    (async () => {
      for (let turn = 0; turn < 100; turn++) await inCopy.copyIn(table, chunk!);
    })(),
  );
  expect(error.code).toBe('restore-failed');
  expect(error.message).toContain("load table 'public.t'");
  await inCopy.discard();
  expect(await stateOf(watcher)).toEqual(before);

  const beforeCommit = await load(backup, targetOf(target));
  const ticket = await beforeCommit.ticket();
  await terminate(watcher);
  expect((await rejection(beforeCommit.commit())).code).toBe('restore-failed');
  await beforeCommit.discard();
  expect(await stateOf(watcher)).toEqual(before);
  expect(await postgresEngine.settle!(locationOf(target), ticket, quick)).toBe('old');
});

test.each([
  { hears: false, state: 'old' },
  { hears: true, state: 'new' },
])('a connection that is lost in the commit itself: it is $state', async ({ hears, state }) => {
  const { target, backup, watcher, before } = await prepare();
  const { host, port } = postgresServer();
  const proxy = await startProxy(host, port);
  onTestFinished(() => proxy.close());
  const through = new URL(target.url);
  through.port = String(proxy.port);
  through.hostname = '127.0.0.1';
  const opened = await load(backup, targetOf({ url: through.href }));
  const ticket = await opened.ticket();
  // the check of constraints, then the commit
  proxy.cutAfter(2, hears);
  const error = await rejection(opened.commit());
  expect([error.code, error.message]).toEqual([
    'server-unreachable',
    expect.stringContaining('the connection was lost, and the outcome is not known'),
  ]);
  await opened.discard();
  await untilAlone(watcher);
  expect(await postgresEngine.settle!(locationOf(target), ticket, quick)).toBe(state);
  const after = await stateOf(watcher);
  if (state === 'old') expect(after).toEqual(before);
  else expect(after).toEqual({ t: expect.objectContaining({ n: '500' }) });
});

test('settle tells what came of a commit', async () => {
  const { target, backup, watcher, before } = await prepare();
  const settle = (ticket: CommitTicket | null): Promise<unknown> =>
    postgresEngine.settle!(locationOf(target), ticket, quick);
  const discarded = await load(backup, targetOf(target));
  const first = await discarded.ticket();
  const waiting = await rejection(settle(first));
  expect(waiting.code).toBe('database-locked');
  expect(waiting.hint).toContain(`pg_terminate_backend(${first?.['backendPid']})`);
  await discarded.discard();
  await discarded.discard();
  expect(await settle(first)).toBe('old');
  expect(await stateOf(watcher)).toEqual(before);

  const committed = await load(backup, targetOf(target));
  const second = await committed.ticket();
  expect(JSON.parse(JSON.stringify(second))).toEqual(second);
  await committed.commit();
  await committed.discard();
  expect(await settle(second)).toBe('new');
  expect(await stateOf(watcher)).not.toEqual(before);

  expect((await rejection(settle({ ...second, database: '1' }))).code).toBe('target-unsafe');
  expect((await rejection(settle({ ...second, transaction: '3' }))).code).toBe('target-unsafe');
  expect((await rejection(settle({ database: second!['database']! }))).code).toBe('target-unsafe');
});

test('a deferred constraint is checked before the commit', async () => {
  const { target, backup, watcher, before } = await prepare();
  const unsound = {
    kind: 'table',
    schema: 'public',
    name: 'x',
    sql: 'CREATE TABLE public.x (id int REFERENCES public.t DEFERRABLE INITIALLY DEFERRED); INSERT INTO public.x VALUES (-1)',
  };
  const schema = { ...backup.schema, postData: [...backup.schema.postData, unsound] };
  const error = await rejection(load({ ...backup, schema }, targetOf(target)));
  expect([error.code, error.message]).toEqual([
    'restore-failed',
    expect.stringContaining("cannot create table 'public.x' of PostgreSQL database"),
  ]);
  expect(error.message).not.toContain('-1');
  expect(await stateOf(watcher)).toEqual(before);
});

test('another restore, a lock, an active session', async () => {
  const { target, backup, watcher } = await prepare();
  const first = await postgresEngine.openLoad(backup.schema, targetOf(target), quick);
  const second = await rejection(postgresEngine.openLoad(backup.schema, targetOf(target), quick));
  expect(second.code).toBe('locked');
  await first.discard();

  await watcher.query('BEGIN; SELECT * FROM t');
  const inspected = await rejection(postgresEngine.inspectTarget(locationOf(target), quick));
  expect(inspected.code).toBe('database-locked');
  const blocked = await postgresEngine.openLoad(backup.schema, targetOf(target), quick);
  const error = await rejection(blocked.createTables());
  expect(error.code).toBe('database-locked');
  await blocked.discard();
  await watcher.query('ROLLBACK; BEGIN; LOCK TABLE t');
  const snapshot = await rejection(postgresEngine.openSnapshot(locationOf(target), quick));
  expect(snapshot.code).toBe('database-locked');
  await watcher.query('ROLLBACK');
  expect(await postgresEngine.inspectTarget(locationOf(target), quick)).toEqual({
    state: 'occupied',
    tables: 1,
    rows: 1,
  });
});

test('an abort ends what the server is doing', async () => {
  const { source, target, backup, watcher, before } = await prepare(many);
  const abort = new AbortController();
  const options = { ...quick, signal: abort.signal };
  const slow: DatabaseLoad = await postgresEngine.openLoad(
    {
      ...backup.schema,
      postData: [
        {
          kind: 'view',
          schema: 'public',
          name: 'w',
          sql: 'CREATE VIEW public.w AS SELECT 1 AS a; SELECT pg_sleep(60)',
        },
      ],
    },
    targetOf(target),
    options,
  );
  await slow.createTables();
  const snapshot = await postgresEngine.openSnapshot(locationOf(source), options);
  const chunks = snapshot.copyOut(snapshot.schema.tables[0]!, { chunkBytes: 10_000 });
  await chunks.next();
  const finished = rejection(slow.finish());
  setTimeout(() => {
    abort.abort();
  }, 100);
  expect((await finished).message).toBe('interrupted by the user');
  expect((await rejection(chunks.next())).code).toBe('interrupted');
  await snapshot.close();
  await slow.discard();
  await untilAlone(watcher);
  expect(await stateOf(watcher)).toEqual(before);
  expect((await rejection(postgresEngine.openSnapshot(locationOf(source), options))).code).toBe(
    'interrupted',
  );
});

/** A file system of that size, gone after the test; undefined where mounting is not allowed. */
function smallDisk(size: string): string | undefined {
  const place = join(scratchDirectory(), 'disk');
  mkdirSync(place);
  // for the account of the server
  chmodSync(dirname(place), 0o711);
  const words = ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', place];
  if (spawnSync('mount', words, { stdio: 'ignore' }).status !== 0) return undefined;
  onTestFinished(() => void execFileSync('umount', ['-l', place]));
  return place;
}

/** Mounting is for root, and not in every container. */
const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

if (canMount) {
  test('disk full on the server: told, and the target is as it was', async () => {
    const source = await scratchDatabase('from');
    const filled = await source.connect();
    await filled.query(
      'CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t SELECT n, repeat(md5(n::text), 60) FROM generate_series(1, 10000) n',
    );
    const backup = await backUp(source);
    const disk = smallDisk('14m');
    expect(disk).toBeDefined();
    // one of its own: its checkpoints fail, too, while the disk is full
    const own = await ownPostgres();
    const url = (database: string): string =>
      `postgres://${own.user}@${own.host}:${own.port}/${database}`;
    const admin = new pg.Client({ connectionString: url('postgres') });
    const watcher = new pg.Client({ connectionString: url('small') });
    try {
      await admin.connect();
      const [data] = (await admin.query<{ data_directory: string }>('SHOW data_directory')).rows;
      const { uid, gid } = statSync(data!.data_directory);
      const room = join(disk!, 'tablespace');
      mkdirSync(room, { mode: 0o700 });
      chownSync(room, uid, gid);
      await admin.query(`CREATE TABLESPACE small LOCATION '${room}'`);
      await admin.query('CREATE DATABASE small TEMPLATE template0 TABLESPACE small');
      await watcher.connect();
      await watcher.query('CREATE TABLE old (a int); INSERT INTO old VALUES (1)');
      const before = await stateOf(watcher);
      const error = await rejection(load(backup, targetOf({ url: url('small') })));
      expect([error.code, error.exitCode]).toEqual(['no-space', 31]);
      expect(error.hint).toContain('the file system of the database server');
      expect(await stateOf(watcher)).toEqual(before);
      await watcher.query('CREATE TABLE works (a int)');
    } finally {
      await watcher.end().catch(() => undefined);
      await admin.end().catch(() => undefined);
      await own.stop();
    }
  });
}
