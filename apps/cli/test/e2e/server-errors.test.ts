// What people see when a server is the matter: not there, not let in, no rights, busy, gone in the middle. Each time the
// target is as it was, no password is in any output, and the way out that is printed leads out.

import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { buildPaperlessServerInstance } from '@dms-backup/test-fixtures';
import type { SampleServer, ServerSampleInstance } from '@dms-backup/test-fixtures';
import { ownPostgres } from '@dms-backup/test-fixtures/servers';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  createBench,
  expectNoTrace,
  expectRefusal,
  flagsOf,
  lastJson,
  makeArchive,
  phase,
  placeIn,
  told,
} from './bench.ts';
import type { Run, ServerPlace } from './bench.ts';
import { prove } from './proof.ts';
import {
  adminOf,
  createServerBench,
  databasesBeside,
  digestServer,
  query,
  serverNames,
  stateOfServer,
} from './server-bench.ts';
import type { ServerName, ServerState } from './server-bench.ts';

const bench = createBench('server-errors');
const servers = createServerBench(bench);
const engines = serverNames.filter((name) => name !== 'PostgreSQL 12');
const options = { appVersion: '3.0.5', documents: 8, seed: 1 } as const;

describe.each(engines)('%s', (name) => {
  let instance: ServerSampleInstance;
  let before: ServerState;
  let archive: string;

  beforeAll(async () => {
    instance = await servers.build(name, options);
    before = await stateOfServer(instance);
    const source = await servers.build(name, { ...options, seed: 2, documents: 9 });
    archive = await makeArchive(bench, source);
  });

  const expectUntouched = async (): Promise<void> => {
    expect(prove(before, await stateOfServer(instance), []).differences).toEqual([]);
    expect(await databasesBeside(instance.server)).toEqual([]);
  };

  test('nobody listens at the port', async () => {
    const nobody = { ...instance, server: { ...instance.server, port: 1 } };
    const refusal = { exit: 30, code: 'server-unreachable', says: /127\.0\.0\.1:1\b/u };
    await expectRefusal(bench, ['backup', ...flagsOf(nobody), bench.directory('out')], refusal);
    await expectRefusal(bench, ['restore', archive, ...flagsOf(nobody), '--yes'], refusal);
  });

  test('there is no such database', async () => {
    const unknown = { ...instance, server: { ...instance.server, database: 'dms_e2e_nothing' } };
    const refusal = {
      exit: 2,
      code: 'database-not-found',
      says: /dms_e2e_nothing.*CREATE DATABASE/su,
    };
    await expectRefusal(bench, ['backup', ...flagsOf(unknown), bench.directory('out')], refusal);
    await expectRefusal(bench, ['restore', archive, ...flagsOf(unknown), '--yes'], refusal);
  });

  const restore = (place: ServerPlace, ...more: readonly string[]): string[] => [
    'restore',
    archive,
    ...flagsOf(place),
    '--yes',
    '--json',
    ...more,
  ];

  /** A restore that waits for a table which somebody reads, when all the rest of the database is prepared or replaced. */
  async function stuckRestore(): Promise<{
    run: Promise<Run>;
    session: number;
    release: () => Promise<void>;
  }> {
    const started = bench.start(restore(instance));
    await phase(started, name === 'MariaDB' ? 'restore' : 'undo');
    const release = await holdTable(instance.server);
    return { run: started.ended, session: await waitingSession(instance.server), release };
  }

  test('its connection is cut while it waits for a table: nothing is changed', async () => {
    const { run, session, release } = await stuckRestore();
    await cut(instance.server, session);
    expectLost(await run);
    await release();
    await expectUntouched();
  });

  test('the connection is cut while rows are loaded: nothing is changed', async () => {
    const started = bench.start(restore(instance, '--no-undo'));
    await phase(started, 'restore');
    await cut(instance.server, await soon(async () => (await sessionsOf(instance.server))[0], 0));
    expectLost(await started.ended);
    await expectUntouched();
  });

  test('a second restore of the same target is refused, the first one ends well', async () => {
    const { run, release } = await stuckRestore();
    const second = await bench.run(restore(instance));
    expect(second.code, told(second)).toBe(11);
    expectNoTrace(second);
    expect(lastJson(second)).toMatchObject({ code: 'locked', exitCode: 11 });
    await release();
    const first = await run;
    expect(first.code, told(first)).toBe(0);
  });

  test('two at once into one database from different directories: one after the other, or refused', async () => {
    const places = [0, 1].map(() => ({
      ...placeIn(bench.directory('place')),
      server: instance.server,
    }));
    const runs = await Promise.all(
      places.map(({ dataDirectory, mediaDirectory, server }) =>
        bench.run(restore({ dataDirectory, mediaDirectory, server }, '--no-undo')),
      ),
    );
    for (const run of runs) {
      expect([0, 11], told(run)).toContain(run.code);
      expectNoTrace(run);
    }
    expect(runs.map(({ code }) => code)).toContain(0);
    const { tables } = await digestServer(instance.server);
    expect(tables[documentsOf(instance.server)]?.rowCount).toBe(9);
    expect(await databasesBeside(instance.server)).toEqual([]);
  });
});

function documentsOf({ engine }: SampleServer): string {
  return engine === 'postgres' ? 'public.documents_document' : 'documents_document';
}

function expectLost(run: Run): void {
  expectNoTrace(run);
  expect([23, 30], told(run)).toContain(run.code);
  const { message, hint } = lastJson<{ message: string; hint: string }>(run);
  expect(message).toMatch(/connection|terminat|lost/iu);
  expect(hint).toMatch(/^[A-Z].+\.$/su);
}

/** Somebody reads a table for a long time: nobody can replace it meanwhile. Call the result to end that. */
async function holdTable(server: SampleServer): Promise<() => Promise<void>> {
  const isPostgres = server.engine === 'postgres';
  const sql = isPostgres
    ? 'SELECT pg_sleep(60) FROM documents_document LIMIT 1'
    : 'SELECT SLEEP(60) FROM documents_document LIMIT 1';
  const held = query(server, sql).catch(() => []);
  const session = await soon(async () => (await sessionsOf(server, /SLEEP\(60\)/iu))[0]);
  return async () => {
    await cut(server, session);
    await held;
  };
}

/** Sessions in this database, or preparing its next state; without the ones that ask. */
async function sessionsOf(server: SampleServer, doing = /^(?!.*SLEEP\()/isu): Promise<number[]> {
  const { engine, database } = server;
  const rows = await query(
    adminOf(server),
    engine === 'postgres'
      ? `SELECT pid AS id, query AS doing FROM pg_stat_activity
        WHERE datname = '${database}' AND state <> 'idle' ORDER BY backend_start DESC`
      : `SELECT id, IFNULL(info, '') AS doing FROM information_schema.processlist
        WHERE db IN ('${database}', '${database}_dms_new') ORDER BY id DESC`,
  );
  return rows.filter((row) => doing.test(String(row['doing']))).map((row) => Number(row['id']));
}

/** The session that waits for the table that is held. */
async function waitingSession(server: SampleServer): Promise<number> {
  const { engine, database } = server;
  const sql =
    engine === 'postgres'
      ? `SELECT pid AS id FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`
      : `SELECT id FROM information_schema.processlist
        WHERE db LIKE '${database}%' AND state LIKE 'Waiting for table metadata lock%'`;
  return await soon(async () => {
    const [row] = await query(adminOf(server), sql);
    return row && Number(row['id']);
  });
}

/** Asks until there is an answer. */
async function soon<Answer>(ask: () => Promise<Answer | undefined>, pauseMs = 20): Promise<Answer> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(pauseMs)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error('waited for 30 seconds');
}

async function cut(server: SampleServer, session: number): Promise<void> {
  const sql =
    server.engine === 'postgres'
      ? `SELECT pg_terminate_backend(${session})`
      : `KILL CONNECTION ${session}`;
  await query(adminOf(server), sql).catch(() => []);
}

describe.each(engines)('%s: an ordinary user with a password', (name) => {
  const password = `s3cret-${randomBytes(6).toString('hex')}`;
  const user = `dms_e2e_${randomBytes(4).toString('hex')}`;
  let instance: ServerSampleInstance;
  let flags: string[];
  let passwordFile: string;
  const variable = name === 'MariaDB' ? 'MYSQL_PWD' : 'PGPASSWORD';

  beforeAll(async () => {
    const server = await strictDatabase(name);
    instance = await buildPaperlessServerInstance(bench.directory('strict'), options, server);
    await query(
      adminOf(server),
      name === 'MariaDB'
        ? `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`
        : `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
    );
    if (name === 'MariaDB') servers.later(() => query(adminOf(server), `DROP USER '${user}'@'%'`));
    flags = flagsOf({ ...instance, server: { ...server, user } });
    passwordFile = join(bench.directory('secret'), 'password');
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  });

  /** A configuration of the application that names this user. */
  function configuration(secret: string): string {
    const path = join(instance.configDirectory, `paperless-${secret.length}.conf`);
    const text = readFileSync(instance.configPath, 'utf8');
    writeFileSync(
      path,
      `${text}\nPAPERLESS_DBUSER=${user}\nPAPERLESS_DBPASS=${secret}\n`.replace(
        /^PAPERLESS_DBUSER=(?:root|postgres)$/mu,
        '',
      ),
    );
    return path;
  }

  const backup = (...words: readonly string[]): string[] => [
    'backup',
    ...words,
    bench.directory('out'),
  ];

  test('a wrong password: exit 30, and no output shows it', async () => {
    const wrong = `wr0ng-${randomBytes(6).toString('hex')}`;
    const wrongFile = join(bench.directory('secret'), 'password');
    writeFileSync(wrongFile, wrong);
    const refusal = { exit: 30, code: 'server-unreachable', says: /password|denied/u };
    const ways: [string[], Record<string, string>][] = [
      [backup(...flags, '--database-password-file', wrongFile), {}],
      [backup(...flags), { [variable]: wrong }],
      [backup('--app', 'paperless', '--config', configuration(`${wrong}-of-file`)), {}],
    ];
    for (const [words, environment] of ways) {
      await expectRefusal(bench, words, refusal, { environment });
      for (const more of [[], ['--json']]) {
        const run = await bench.run([...words, ...more, '--verbose'], { environment });
        expect(run.code, told(run)).toBe(30);
        expect(run.stdout + run.stderr).not.toContain(wrong);
      }
    }
    // Nobody says a password on the command line; if somebody does, it is not repeated.
    const url = flags.at(-1)?.replace('@', `:${wrong}@`) ?? '';
    const said = await bench.run(backup(...flags.slice(0, -1), url));
    expect(said.code, told(said)).toBe(2);
    expect(said.stdout + said.stderr).not.toContain(wrong);
  });

  /** Runs the statements that the program prints until it is content; the number of rounds is small. */
  async function grantUntilDone(words: readonly string[]): Promise<number> {
    const environment = { [variable]: password };
    for (let round = 0; round < 4; round++) {
      const run = await bench.run([...words, '--json'], { environment });
      if (run.code === 0) return round;
      expect(lastJson(run), told(run)).toMatchObject({ code: 'database-denied', exitCode: 2 });
      const { hint, context } = lastJson<{
        hint: string;
        context?: { statements?: string[] };
      }>(run);
      expect(hint).toMatch(/GRANT .+ TO .+;/su);
      const human = await bench.run(words, { environment });
      expect(human.stderr).toContain(hint);
      const shown = hint.match(/GRANT .+?;/gsu) ?? [];
      const statements = context?.statements ?? shown;
      expect(statements.length).toBeGreaterThan(0);
      for (const statement of statements) await query(instance.server, statement);
    }
    throw new Error('the rights that were asked for are not enough');
  }

  test('missing rights for a backup: the GRANTs that are printed are what it takes', async () => {
    expect(await grantUntilDone(backup(...flags))).toBeGreaterThan(0);
    const ways: [string[], Record<string, string>][] = [
      [backup(...flags, '--database-password-file', passwordFile), {}],
      [backup(...flags), { [variable]: password }],
      [backup('--app', 'paperless', '--config', configuration(password)), {}],
    ];
    for (const [words, environment] of ways) {
      const run = await bench.done(words, { environment });
      expect(run.stdout + run.stderr).not.toContain(password);
      const archive = run.stdout.trimEnd();
      const inspected = await bench.done(['inspect', archive, '--json']);
      expect(inspected.stdout).not.toContain(password);
      expect(lastJson(inspected)).toMatchObject({ counts: { documents: 8 } });
    }
  });

  test('missing rights for a restore, likewise; and it comes back whole', async () => {
    const { server } = instance;
    const made = await bench.done(backup(...flags), { environment: { [variable]: password } });
    const archive = made.stdout.trimEnd();
    const target: SampleServer = { ...server, database: `${server.database}_two` };
    await query(adminOf(server), `CREATE DATABASE ${target.database}`);
    if (name === 'MariaDB')
      servers.later(() => query(adminOf(server), `DROP DATABASE ${target.database}`));
    const { dataDirectory, mediaDirectory } = placeIn(bench.directory('target'));
    const place = { dataDirectory, mediaDirectory, server: { ...target, user } };
    const granted = instance;
    instance = { ...instance, server: target };
    try {
      await grantUntilDone(['restore', archive, ...flagsOf(place), '--yes']);
    } finally {
      instance = granted;
    }
    const [one, other] = [await digestServer(server), await digestServer(target)];
    const documents = documentsOf(server);
    expect(other.tables[documents]).toEqual(one.tables[documents]);
    expect(Object.keys(other.tables).toSorted()).toEqual(Object.keys(one.tables).toSorted());
  });
});

/** A database of a server that asks ordinary users for a password; the administrator needs none. */
async function strictDatabase(name: ServerName): Promise<SampleServer> {
  if (name === 'MariaDB') return await servers.database(name);
  const access = join(bench.directory('server'), 'pg_hba.conf');
  writeFileSync(
    access,
    'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
  );
  // The account of the server goes through.
  chmodSync(bench.folder, 0o711);
  const server = await ownPostgres('new', { hba_file: access });
  servers.later(() => server.stop());
  const { host, port, user } = server;
  const database: SampleServer = { engine: 'postgres', host, port, user, database: 'strict' };
  await query(adminOf(database), "CREATE DATABASE strict TEMPLATE template0 ENCODING 'UTF8'");
  return database;
}
