// The SQLite engine on live databases: other processes that write, lock and crash; users without rights; real instances.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sqliteEngine } from '../src/database/sqlite/engine.ts';
import {
  backUp,
  bytesOf,
  copyOf,
  inOtherProcess,
  make,
  readAll,
  restore,
  scratch,
  stateOf,
} from './sqlite-databases.ts';

const at = (path: string) => ({ engine: 'sqlite', path }) as const;

const manyRows = `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'row ' || i FROM n;`;

/** Directories of private copies that exist now. */
function privateCopies(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('dms-backup-'));
}

describe.each(['wal', 'delete', 'truncate', 'persist'])('journal mode %s', (mode) => {
  test('a writer is not kept waiting, and the snapshot does not see it', async () => {
    const path = make(`PRAGMA journal_mode = ${mode}; ${manyRows}`);
    const writer = inOtherProcess(
      path,
      `say('open');
       await go();
       database.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
       database.exec("UPDATE t SET v = 'changed'; DELETE FROM t WHERE id % 2; CREATE TABLE late (x)");
       database.exec('COMMIT');
       say('done');
       await go();`,
    );
    expect(await writer.line()).toBe('open');
    const before = await backUp(path);
    const snapshot = await sqliteEngine.openSnapshot(at(path));
    const [table] = snapshot.schema.tables;
    if (!table) throw new Error('no table');
    const rows = snapshot.copyOut(table, { chunkBytes: 50_000 });
    await rows.next();
    writer.go();
    expect(await writer.line()).toBe('done');
    for (let next = await rows.next(); ; next = await rows.next()) {
      if (!next.done) continue;
      expect(next.value).toEqual(before.digests.get('t'));
      break;
    }
    // Another pass and a query of the same snapshot: still the old state.
    expect((await readAll(snapshot)).digests).toEqual(before.digests);
    const counted = [];
    for await (const row of snapshot.query('SELECT count(*) AS n FROM t WHERE v = ?', [
      'changed',
    ])) {
      counted.push(row['n']);
    }
    expect(counted).toEqual([0]);
    await snapshot.close();
    const after = await backUp(path);
    expect(after.digests.get('t')?.rows).toBe(10_000);
    expect(after.schema.tables.map(({ name }) => name)).toEqual(['t', 'late']);
  });

  test('a transaction that is not committed is not seen, one that is is', async () => {
    const path = make(`PRAGMA journal_mode = ${mode}; CREATE TABLE t (v)`);
    const writer = inOtherProcess(
      path,
      `database.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
       say('open'); await go();`,
    );
    expect(await writer.line()).toBe('open');
    expect((await backUp(path)).digests.get('t')?.rows).toBe(1);
  });

  test('a writer that was killed: the source stays as it is', async () => {
    const path = make(`PRAGMA journal_mode = ${mode}; ${manyRows}`);
    const expected = stateOf(path)['table t'];
    const writer = inOtherProcess(
      path,
      `database.exec("PRAGMA cache_size = 5; BEGIN IMMEDIATE; UPDATE t SET v = v || 'x'");
       say('half way'); await go();`,
    );
    expect(await writer.line()).toBe('half way');
    await writer.kill();
    const files = bytesOf(path);
    expect(Object.keys(files).length).toBeGreaterThan(1);
    const { path: copy } = await restore(await backUp(path));
    expect(stateOf(copy)['table t']).toEqual(expected);
    expect(bytesOf(path)).toEqual(files);
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'occupied',
      tables: 1,
      rows: 20_000,
    });
    // Looking at a target may write the index of the log, which is not data.
    expect({ ...bytesOf(path), '-shm': '' }).toEqual({ ...files, '-shm': '' });
  });

  test('commits while it is read again and again: every snapshot is one state', async () => {
    const path = make(`PRAGMA journal_mode = ${mode}; CREATE TABLE a (n); CREATE TABLE b (n, pad);
      INSERT INTO a VALUES (0); INSERT INTO b VALUES (0, zeroblob(300000))`);
    const writer = inOtherProcess(
      path,
      `database.exec('PRAGMA wal_autocheckpoint = 5; PRAGMA synchronous = OFF');
       let run = true; go().then(() => { run = false; });
       say('open');
       for (let n = 0; run; n++) {
         database.exec('BEGIN IMMEDIATE; UPDATE a SET n = n + 1; UPDATE b SET n = n + 1, pad = randomblob(300000); COMMIT');
         if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
       }
       say('done');`,
    );
    expect(await writer.line()).toBe('open');
    let last = '-1';
    for (let round = 0; round < 15; round++) {
      const { chunks } = await backUp(path);
      const [a, b] = ['a', 'b'].map((name) =>
        Buffer.from(chunks.get(name)?.[0]?.bytes ?? []).toString('latin1'),
      );
      expect(b?.split('\t')[0]).toBe(a?.trim());
      last = a?.trim() ?? '';
    }
    writer.go();
    expect(await writer.line()).toBe('done');
    expect(Number(last)).toBeGreaterThan(0);
  });
});

test('a log that nobody checkpointed is seen, and stays untouched', async () => {
  const path = make('PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)');
  const writer = inOtherProcess(
    path,
    "database.exec('PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (2)'); say('open'); await go();",
  );
  await writer.line();
  const { '-shm': _, ...live } = bytesOf(path);
  expect((await backUp(path)).digests.get('t')?.rows).toBe(2);
  expect(bytesOf(path)).toMatchObject(live);
  await writer.kill();
  const files = bytesOf(path);
  expect(Object.keys(files)).toEqual(['', '-wal', '-shm']);
  const backup = await backUp(path);
  expect(backup.digests.get('t')?.rows).toBe(2);
  expect(backup.schema.settings['journal_mode']).toBe('wal');
  expect(bytesOf(path)).toEqual(files);
});

test('two snapshots of one live log: neither drops the lock of the other', async () => {
  const path = make('PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)');
  const writer = inOtherProcess(
    path,
    `database.exec('PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (2)'); say('open'); await go();
     database.exec('INSERT INTO t VALUES (3)'); database.close(); say('closed'); await go();`,
  );
  await writer.line();
  const first = await sqliteEngine.openSnapshot(at(path));
  const second = await sqliteEngine.openSnapshot(at(path));
  await expect(sqliteEngine.inspectTarget(at(path))).rejects.toMatchObject({
    code: 'database-locked',
  });
  await first.close();
  writer.go();
  expect(await writer.line()).toBe('closed');
  // The application could not take the log away, as a reader still needs it.
  expect(existsSync(`${path}-wal`)).toBe(true);
  expect((await readAll(second)).digests.get('t')?.rows).toBe(2);
  await second.close();
  expect((await backUp(path)).digests.get('t')?.rows).toBe(3);
});

test('a log without index, in a directory of somebody else that cannot be written', async () => {
  const path = make('PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)');
  const writer = inOtherProcess(
    path,
    "database.exec('PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (2)'); say('open'); await go();",
  );
  await writer.line();
  // Copied while the writer lives, as a checkout or a volume snapshot has it: no -shm, or an old one.
  for (const index of ['none', 'stale']) {
    const copy = copyOf(path);
    if (index === 'stale') writeFileSync(`${copy}-shm`, Buffer.alloc(32_768, 7));
    const files = bytesOf(copy);
    chmodSync(dirname(copy), 0o555);
    for (const file of readdirSync(dirname(copy))) chmodSync(join(dirname(copy), file), 0o444);
    const rows = asNobody(copy);
    chmodSync(dirname(copy), 0o755);
    expect(rows).toBe('2');
    expect(bytesOf(copy)).toEqual(files);
    expect(readdirSync(dirname(copy)).length).toBe(Object.keys(files).length);
  }
});

/** Backs up as a user without rights and returns the number of rows of table t, or the code of the error. */
function asNobody(path: string): string {
  const engine = fileURLToPath(new URL('../src/database/sqlite/engine.ts', import.meta.url));
  const script = `
    if (process.getuid?.() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
    const { sqliteEngine } = await import(${JSON.stringify(engine)});
    try {
      const snapshot = await sqliteEngine.openSnapshot({ engine: 'sqlite', path: ${JSON.stringify(path)} });
      const rows = snapshot.copyOut(snapshot.schema.tables.find(({ name }) => name === 't'));
      for (;;) {
        const next = await rows.next();
        if (next.done) { console.log(next.value.rows); break; }
      }
      await snapshot.close();
    } catch (error) { console.log(error.code); }`;
  chmodSync(dirname(path), 0o755);
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return stdout.trim() || stderr;
}

test('what this user may not read', () => {
  const path = make('CREATE TABLE t (v)');
  chmodSync(path, 0o600);
  expect(asNobody(path)).toBe('database-unreadable');
});

describe('what is no database', () => {
  const open = async (path: string): Promise<unknown> => {
    const before = privateCopies();
    const error: unknown = await backUp(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(privateCopies()).toEqual(before);
    return error;
  };

  test('nothing there, a directory, an empty file', async () => {
    const directory = scratch();
    expect(await open(join(directory, 'missing'))).toMatchObject({ code: 'database-not-found' });
    expect(await open(join(directory, 'missing', 'db'))).toMatchObject({
      code: 'database-not-found',
    });
    expect(await open(directory)).toMatchObject({ code: 'database-not-found' });
    const empty = join(directory, 'empty');
    writeFileSync(empty, '');
    expect(await open(empty)).toMatchObject({
      code: 'database-not-found',
      hint: expect.stringContaining('wrong path'),
    });
    expect(readdirSync(directory)).toEqual(['empty']);
  });

  test('another file, a file that is too short', async () => {
    const path = join(scratch(), 'file');
    for (const content of ['x', 'not a database '.repeat(1000), 'SQLite format 3\0']) {
      writeFileSync(path, content);
      expect(await open(path)).toMatchObject({ code: 'database-corrupt' });
    }
  });

  test('a cut file, a file with bad pages', async () => {
    for (const mode of ['delete', 'wal']) {
      const path = make(`PRAGMA journal_mode = ${mode}; ${manyRows}`);
      const size = readFileSync(path).length;
      truncateSync(path, size - 40_960);
      expect(await open(path)).toMatchObject({ code: 'database-corrupt' });
    }
    const path = make(manyRows);
    const bytes = readFileSync(path);
    bytes.fill(0xff, 8192, 16_384);
    writeFileSync(path, bytes);
    expect(await open(path)).toMatchObject({ code: 'database-corrupt' });
    const snapshot = await sqliteEngine.openSnapshot(at(path));
    expect((await snapshot.checkIntegrity()).damage.length).toBeGreaterThan(0);
    await snapshot.close();
  });
});

test('what users read', async () => {
  const directory = scratch();
  const path = join(directory, 'db.sqlite3');
  const messages: string[] = [];
  const note = async (work: Promise<unknown>): Promise<void> => {
    const error: unknown = await work.then(
      () => new Error('nothing failed'),
      (reason: unknown) => reason,
    );
    const { code, message, hint } = error as { code: string; message: string; hint: string };
    messages.push(`${code}: ${message} | ${hint}`.replaceAll(directory, '/data'));
  };
  const open = (): Promise<unknown> => sqliteEngine.openSnapshot(at(path), { lockTimeoutMs: 50 });
  await note(open());
  await note(sqliteEngine.openSnapshot(at(directory)));
  await note(sqliteEngine.inspectTarget(at(directory)));
  writeFileSync(path, '');
  await note(open());
  writeFileSync(path, 'x');
  await note(open());
  writeFileSync(path, '');
  make('CREATE TABLE t (v); CREATE INDEX i ON t (v)', path);
  const other = inOtherProcess(
    path,
    "database.exec('BEGIN EXCLUSIVE'); say('locked'); await go();",
  );
  await other.line();
  await note(open());
  await other.kill();
  truncateSync(path, 6000);
  await note(open());
  expect(messages).toMatchInlineSnapshot(`
    [
      "database-not-found: cannot open database '/data/db.sqlite3': there is no such file | Check --database and the application settings; \`doctor\` shows where each value comes from.",
      "database-not-found: cannot open database '/data': it is a directory | Check --database and the application settings; \`doctor\` shows where each value comes from.",
      "target-unsafe: cannot restore to '/data': it is no regular file | Name another directory.",
      "database-not-found: cannot open database '/data/db.sqlite3': the file is empty (0 bytes) | An application or tool that was given a wrong path leaves such a file; check where the real database is (\`doctor\`).",
      "database-corrupt: cannot open database '/data/db.sqlite3': it is no SQLite database | Check the path: this file is something else, is encrypted, or was damaged at its start.",
      "database-locked: cannot read database '/data/db.sqlite3': database is locked | Stop the application (restore), or try again when it is less busy (backup).",
      "database-corrupt: cannot read database '/data/db.sqlite3': database disk image is malformed | Make a copy of the file now, then repair it (\`.recover\` of the sqlite3 shell) or restore an archive.",
    ]
  `);
});

describe('a locked database', () => {
  const lock = async (path: string): Promise<void> => {
    const other = inOtherProcess(
      path,
      "database.exec('BEGIN EXCLUSIVE'); say('locked'); await go();",
    );
    await other.line();
  };

  test('is reported after the waiting time', async () => {
    const path = make('CREATE TABLE t (v)');
    await lock(path);
    const start = performance.now();
    const opening = sqliteEngine.openSnapshot(at(path), { lockTimeoutMs: 300 });
    await expect(opening).rejects.toMatchObject({ code: 'database-locked' });
    expect(performance.now() - start).toBeGreaterThan(290);
    await expect(
      sqliteEngine.inspectTarget(at(path), { lockTimeoutMs: 100 }),
    ).rejects.toMatchObject({
      code: 'database-locked',
    });
  });

  test('is waited for, and the wait can be interrupted', async () => {
    const path = make('CREATE TABLE t (v)');
    const other = inOtherProcess(
      path,
      "database.exec('BEGIN EXCLUSIVE'); say('locked'); await go(); database.exec('COMMIT'); await go();",
    );
    await other.line();
    const controller = new AbortController();
    const interrupted = sqliteEngine.openSnapshot(at(path), { signal: controller.signal });
    controller.abort();
    await expect(interrupted).rejects.toMatchObject({ code: 'interrupted' });
    const opening = sqliteEngine.openSnapshot(at(path));
    other.go();
    await (await opening).close();
  });

  test('an exclusive locking mode on a log', async () => {
    const path = make('PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)');
    const other = inOtherProcess(
      path,
      "database.exec('PRAGMA locking_mode = EXCLUSIVE; INSERT INTO t VALUES (2)'); say('locked'); await go();",
    );
    await other.line();
    const opening = sqliteEngine.openSnapshot(at(path), { lockTimeoutMs: 100 });
    await expect(opening).rejects.toMatchObject({ code: 'database-locked' });
  });
});

function existingFiles(path: string): string[] {
  return sqliteEngine.filesOf(at(path)).filter((file) => existsSync(file));
}

describe('inspectTarget', () => {
  test('missing, empty, occupied, foreign', async () => {
    const directory = scratch();
    const path = join(directory, 'db.sqlite3');
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'missing',
      tables: 0,
      rows: 0,
    });
    expect(existingFiles(path)).toEqual([]);
    writeFileSync(path, '');
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'empty',
      tables: 0,
      rows: 0,
    });
    make('PRAGMA user_version = 3', path);
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'empty',
      tables: 0,
      rows: 0,
    });
    make(
      'CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO a VALUES (1), (2); CREATE TABLE b (x)',
      path,
    );
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'occupied',
      tables: 2,
      rows: 2,
    });
    expect(existingFiles(path)).toEqual([path]);
    writeFileSync(path, 'something else');
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'occupied',
      tables: 0,
      rows: 0,
    });
    await expect(sqliteEngine.inspectTarget(at(directory))).rejects.toMatchObject({
      code: 'target-unsafe',
    });
    expect(readdirSync(directory)).toEqual(['db.sqlite3']);
  });

  test('changes nothing, open or not, with or without a log', async () => {
    for (const mode of ['delete', 'wal']) {
      const path = make(
        `PRAGMA journal_mode = ${mode}; CREATE TABLE t (v); INSERT INTO t VALUES (1)`,
      );
      const files = bytesOf(path);
      expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
        state: 'occupied',
        tables: 1,
        rows: 1,
      });
      expect(bytesOf(path)).toEqual(files);
    }
  });

  test('an application that has the log open, and one that has gone', async () => {
    const path = make('PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)');
    const other = inOtherProcess(
      path,
      "database.exec('PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (2)'); say('open'); await go();",
    );
    await other.line();
    await expect(sqliteEngine.inspectTarget(at(path))).rejects.toMatchObject({
      code: 'database-locked',
    });
    await other.kill();
    expect(await sqliteEngine.inspectTarget(at(path))).toEqual({
      state: 'occupied',
      tables: 1,
      rows: 2,
    });
    expect(existingFiles(path)).toEqual([path, `${path}-wal`, `${path}-shm`]);
  });

  test('the files behind a link', () => {
    const path = make('CREATE TABLE t (v)');
    writeFileSync(`${path}-journal`, '');
    const link = join(scratch(), 'link.db');
    symlinkSync(path, link);
    expect(existingFiles(link)).toEqual([path, `${path}-journal`]);
    // also those that come and go while the application works
    expect(sqliteEngine.filesOf(at(link))).toEqual(
      ['', '-wal', '-shm', '-journal'].map((suffix) => path + suffix),
    );
  });
});

test('queries of adapters', async () => {
  const path = make(`CREATE TABLE "Odd ""name" (id INTEGER PRIMARY KEY, v, "B c");
    INSERT INTO "Odd ""name" VALUES (1, 9007199254740993, 'x'), (2, 9007199254740991, x'00'), (3, NULL, 1.5)`);
  const snapshot = await sqliteEngine.openSnapshot(at(path));
  expect(snapshot.has('Odd "name')).toBe(true);
  expect(snapshot.has('odd "NAME', 'ID', 'b c')).toBe(true);
  expect(snapshot.has('Odd "name', 'x')).toBe(false);
  expect(snapshot.has('x')).toBe(false);
  const rows = [];
  for await (const row of snapshot.query('SELECT * FROM "Odd ""name" WHERE id <> ? AND ?', [
    7n,
    true,
  ])) {
    rows.push({ ...row });
  }
  expect(rows).toEqual([
    { id: 1, v: 9007199254740993n, 'B c': 'x' },
    { id: 2, v: 9007199254740991, 'B c': new Uint8Array([0]) },
    { id: 3, v: null, 'B c': 1.5 },
  ]);
  const writing = snapshot.query('DELETE FROM "Odd ""name"')[Symbol.asyncIterator]();
  await expect(writing.next()).rejects.toThrow();
  await snapshot.close();
  await snapshot.close();
});

const instances = fileURLToPath(new URL('../../../../shared/instances', import.meta.url));

// registered only where the captures are: a skipped test would look like a passed one
const whereCaptured = existsSync(instances) ? describe : undefined;
whereCaptured?.('real instances', () => {
  test.each([
    'paperless-3.0.5-sqlite/data',
    'paperless-2.20.15-sqlite/data',
    'papermerge-2.0.1-sqlite',
    'papermerge-3.2-sqlite',
    'papermerge-3.4.1-sqlite',
  ])('%s', async (name) => {
    const directory = join(scratch(), 'data');
    mkdirSync(directory);
    const source = join(instances, name);
    for (const file of readdirSync(source)) {
      if (file.startsWith('db.sqlite3')) cpSync(join(source, file), join(directory, file));
    }
    const path = join(directory, 'db.sqlite3');
    const files = bytesOf(path);
    const snapshot = await sqliteEngine.openSnapshot(at(path));
    expect(await snapshot.checkIntegrity()).toEqual({ damage: [], brokenRules: [] });
    const backup = await readAll(snapshot);
    await snapshot.close();
    expect(bytesOf(path)).toEqual(files);
    const restored = await restore(backup);
    expect(restored.digests).toEqual(backup.digests);
    expect(stateOf(restored.path)).toEqual(stateOf(path));
    const expected = JSON.parse(
      readFileSync(join(source.replace(/\/data$/, ''), 'expected.json'), 'utf8'),
    ) as {
      rowCounts: Record<string, number>;
    };
    for (const [table, count] of Object.entries(expected.rowCounts)) {
      if (!table.startsWith('sqlite_'))
        expect([table, backup.digests.get(table)?.rows]).toEqual([table, count]);
    }
  });
});
