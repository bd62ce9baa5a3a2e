// `drill`: says whether an archive is a way back, writes it down, and leaves nothing else behind, however it ends.

import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { flipBit } from '@dms-backup/test-fixtures';
import type { SampleInstance, SampleServer, ServerSampleInstance } from '@dms-backup/test-fixtures';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  expectRefusal,
  flagsOf,
  inNamespace,
  jsonLines,
  lastJson,
  makeArchive,
  namesIn,
  phase,
  told,
  unprivileged,
} from './bench.ts';
import type { Place, Run, RunOptions } from './bench.ts';
import { adminOf, createServerBench, query, serverNames } from './server-bench.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const bench = createBench('drill');
const servers = createServerBench(bench);

interface Drilled {
  exitCode: number;
  archiveId: string;
  engine: string;
  restoreSeconds: number;
  documents: number;
  documentsComplete: number;
  sampled: number;
  sampleProblems: { documentId: string; path: string; text: string }[];
  findings: { level: string; reason: string; documentId: string | null }[];
  errorsOfSource: number;
  log: string;
  kept: { folder: string; database: string } | null;
  warnings: string[];
}

/** The fixture lacks some thumbnails on purpose; here everything is to be in order. */
function complete(instance: Pick<SampleInstance, 'documents' | 'mediaDirectory'>): void {
  const [first, ...others] = instance.documents.map(({ thumbnailPath, thumbnailExists }) => ({
    path: join(instance.mediaDirectory, thumbnailPath),
    thumbnailExists,
  }));
  for (const { path, thumbnailExists } of others)
    if (!thumbnailExists) copyFileSync(first?.path ?? '', path);
}

const logOf = (archive: string): string => `${archive}.drill.jsonl`;

function lines(archive: string): Record<string, unknown>[] {
  return readFileSync(logOf(archive), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function drill(words: readonly string[], exit: number, options?: RunOptions): Promise<Run> {
  const run = await bench.run(['drill', ...words, '--json'], options);
  expect(run.code, told(run)).toBe(exit);
  expectNoTrace(run);
  return run;
}

afterEach(() => {
  expect(namesIn(bench.temporary), 'nothing may stay in the temporary directory').toEqual([]);
});

describe('an archive of SQLite', () => {
  let instance: SampleInstance;
  let archive: string;

  beforeAll(async () => {
    instance = bench.build({ appVersion: '3.0.5', documents: 30 });
    complete(instance);
    archive = await makeArchive(bench, instance);
  });

  async function copyOfArchive(): Promise<string> {
    const copy = join(bench.directory('copy'), basename(archive));
    copyFileSync(archive, copy);
    return await Promise.resolve(copy);
  }

  test('proved, noted beside the archive, and nothing else is touched', async () => {
    const before = bytesOf(instance.directory);
    const bytes = readFileSync(archive);
    const result = lastJson<Drilled>(await drill([archive], 0));
    expect(result).toMatchObject({
      type: 'result',
      verb: 'drill',
      engine: 'sqlite',
      documents: result.documentsComplete,
      sampled: result.documents,
      sampleProblems: [],
      errorsOfSource: 0,
      log: logOf(archive),
      kept: null,
      warnings: [],
    });
    expect(result.documents).toBeGreaterThan(20);
    expect(result.restoreSeconds).toBeGreaterThan(0);
    expect(bytesOf(instance.directory)).toEqual(before);
    expect(readFileSync(archive).equals(bytes)).toBe(true);
    expect(statSync(logOf(archive)).mode & 0o777).toBe(0o600);

    const human = await bench.done(['drill', archive]);
    expect(human.stdout).toMatch(/^proved: /mu);
    expect(human.stdout).toContain(logOf(archive));
    expect(lines(archive)).toHaveLength(2);
    expect(lines(archive)[0]).toEqual({
      drilledAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u),
      archiveId: result.archiveId,
      archive: basename(archive),
      toolVersion: expect.stringMatching(/^\d+\.\d+\.\d+/u),
      adapter: 'paperless',
      appVersion: '3.0.5',
      engine: 'sqlite',
      restoreSeconds: result.restoreSeconds,
      documents: result.documents,
      documentsComplete: result.documents,
      sampled: result.documents,
      sampleProblems: 0,
      findings: { error: 0, warning: 0, info: expect.any(Number), omitted: 0 },
      result: 'proved',
    });
    expect(namesIn(dirname(archive))).toEqual([
      basename(archive),
      `${basename(archive)}.drill.jsonl`,
    ]);
  });

  test('an installation that runs here is not looked at', async () => {
    const trap = bench.directory('trap');
    const conf = join(trap, 'paperless.conf');
    writeFileSync(conf, 'PAPERLESS_DBHOST=no-such-host.invalid\n');
    const live = bench.copy(instance, 'live');
    const before = bytesOf(dirname(live.dataDirectory));
    await drill([await copyOfArchive()], 0, {
      cwd: trap,
      environment: {
        PAPERLESS_CONFIGURATION_PATH: conf,
        PAPERLESS_DBHOST: 'no-such-host.invalid',
        PAPERLESS_DATA_DIR: live.dataDirectory,
        PAPERLESS_MEDIA_ROOT: live.mediaDirectory,
        PAPERLESS_LOGGING_DIR: join(live.dataDirectory, 'log'),
      },
    });
    expect(bytesOf(dirname(live.dataDirectory))).toEqual(before);
  });

  test('--keep and --to: what stands is an instance, and is named', async () => {
    const parent = bench.directory('scratch');
    const result = lastJson<Drilled>(
      await drill([await copyOfArchive(), '--keep', '--to', parent], 0),
    );
    const { folder, database } = result.kept ?? { folder: '', database: '' };
    expect(dirname(folder)).toBe(parent);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const roots = join(folder, 'roots');
    const place: Place = {
      dataDirectory: join(roots, 'data'),
      mediaDirectory: join(roots, 'media'),
      databasePath: database,
    };
    await bench.done(['check', ...flagsOf(place)]);
    expect(namesIn(folder)).toEqual(['database', 'roots']);
    const human = await bench.done(['drill', await copyOfArchive(), '--keep', '--to', parent]);
    expect(human.stdout).toContain('kept:');
  });

  test('faults of the source: exit 3, and told apart from faults of the archive', async () => {
    const place = bench.copy(instance, 'incomplete');
    const [lost] = instance.documents;
    rmSync(join(place.mediaDirectory, lost?.original.path ?? ''));
    const destination = bench.directory('archives');
    const backup = await bench.done(['backup', ...flagsOf(place), destination], { code: 3 });
    const faulty = backup.stdout.trimEnd();
    const result = lastJson<Drilled>(await drill([faulty], 3));
    expect(result.findings.filter(({ level }) => level === 'error')).toMatchObject([
      { reason: 'missing', documentId: String(lost?.id) },
    ]);
    expect(result.errorsOfSource).toBe(1);
    expect(result.documentsComplete).toBe(result.documents - 1);
    expect(lines(faulty)).toMatchObject([{ result: 'findings', findings: { error: 1 } }]);
    const human = await bench.done(['drill', faulty], { code: 3 });
    expect(human.stdout).toContain('there when the backup was made');
  });

  test('a document that does not open, although every checksum is right', async () => {
    const place = bench.copy(instance, 'zeros');
    const document = instance.documents.find(
      ({ id, original }) => id > 21 && original.path.endsWith('.pdf'),
    );
    if (!document) throw new Error('the fixture is too small');
    const zeros = Buffer.alloc(document.original.sizeBytes);
    writeFileSync(join(place.mediaDirectory, document.original.path), zeros);
    const database = new DatabaseSync(place.databasePath);
    database.function('regexp', { deterministic: true }, (_pattern, _text) => 1);
    database
      .prepare('UPDATE documents_document SET checksum = ? WHERE id = ?')
      .run(createHash('sha256').update(zeros).digest('hex'), document.id);
    database.close();
    const faulty = await makeArchive(bench, place);
    const result = lastJson<Drilled>(await drill([faulty], 3));
    expect(result.findings.filter(({ level }) => level === 'error')).toEqual([]);
    expect(result.sampleProblems).toMatchObject([
      {
        documentId: String(document.id),
        path: document.original.path,
        text: 'does not begin as a PDF',
      },
    ]);
    expect(lines(faulty)).toMatchObject([{ result: 'findings', sampleProblems: 1 }]);
    const human = await bench.done(['drill', faulty], { code: 3 });
    expect(human.stdout).toContain('does not begin as a PDF');
  });

  test('what the user left out of the archive is not missed', async () => {
    const slim = await makeArchive(bench, instance, '--exclude-class', 'derived');
    const result = lastJson<Drilled>(await drill([slim], 0));
    expect(result.documentsComplete).toBe(result.documents);
  });

  test('a damaged archive: exit 20, and that is noted, too', async () => {
    // not compressed, so that only one file is damaged and not the manifest with it
    const damaged = await makeArchive(bench, instance, '--compression', 'none');
    flipBit(damaged, Math.floor(statSync(damaged).size / 2));
    const run = await drill([damaged], 20);
    expect(lastJson(run)).toMatchObject({ type: 'error', code: 'archive-damaged' });
    expect(lines(damaged)).toMatchObject([
      { result: 'failed', error: 'archive-damaged', restoreSeconds: null, documents: null },
    ]);
    // without an end nobody knows which archive it is
    const cut = await copyOfArchive();
    writeFileSync(cut, readFileSync(cut).subarray(0, 5000));
    await drill([cut], 20);
    expect(existsSync(logOf(cut))).toBe(false);
  });

  test('Ctrl-C: nothing stays, nothing is noted', async () => {
    const copy = await copyOfArchive();
    for (const when of ['scratch', 'restore', 'prove', 'switch', 'sample']) {
      const started = bench.start(['drill', copy, '--json']);
      await phase(started, when);
      started.child.kill('SIGINT');
      const run = await started.ended;
      expect([0, 130], told(run)).toContain(run.code);
      expect(namesIn(bench.temporary), when).toEqual([]);
      if (run.code === 130) expect(existsSync(logOf(copy)), when).toBe(false);
      rmSync(logOf(copy), { force: true });
    }
  });

  test.runIf(unprivileged)('folders that may not be written are removed all the same', async () => {
    const place = bench.copy(instance, 'read-only');
    const folder = join(place.mediaDirectory, 'documents', 'originals', 'closed');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.txt'), 'text');
    chmodSync(folder, 0o555);
    const closed = await makeArchive(bench, place);
    await drill([closed], 0, { wrapper: unprivileged ?? [] });
    expect(namesIn(bench.temporary)).toEqual([]);
  });

  test.runIf(unprivileged)(
    'no place for the log: refused before anything is restored',
    async () => {
      const copy = await copyOfArchive();
      chmodSync(dirname(copy), 0o555);
      await expectRefusal(
        bench,
        ['drill', copy],
        { exit: 2, code: 'destination-unwritable', says: /beside the archive/u },
        { wrapper: unprivileged ?? [] },
      );
      chmodSync(dirname(copy), 0o755);
      symlinkSync('/dev/null', logOf(copy));
      const refusal = { exit: 2, code: 'destination-unwritable', says: /drill log/u };
      await expectRefusal(bench, ['drill', copy], refusal);
    },
  );

  if (inNamespace) {
    const namespace = inNamespace;
    test('too little space is found out before anything is written', async () => {
      const folder = bench.directory('small');
      const script = `mount -t tmpfs -o size=300k tmpfs ${folder}; code=0; "$@" || code=$?; ls -A ${folder} > ${folder}.names; exit $code`;
      const run = await drill([await copyOfArchive(), '--to', folder], 31, {
        wrapper: [...namespace, script, 'sh'],
      });
      expect(lastJson(run)).toMatchObject({
        code: 'no-space',
        message: expect.stringMatching(/needs about \d+ bytes/u) as string,
      });
      expect(readFileSync(`${folder}.names`, 'utf8')).toBe('');
    });
  }

  test('what is refused', async () => {
    const part = await makeArchive(bench, instance, '--only', 'database');
    const usage = (says: RegExp) => ({ exit: 2, code: 'usage', says });
    await expectRefusal(bench, ['drill', '-'], usage(/with a name/u));
    await expectRefusal(bench, ['drill', part], usage(/holds only: database/u));
    await expectRefusal(
      bench,
      ['drill', archive, '--server', 'postgres://me@127.0.0.1'],
      usage(/SQLite/u),
    );
    await expectRefusal(
      bench,
      ['drill', archive, '--server', 'postgres://me@127.0.0.1/paperless'],
      usage(/names a database/u),
    );
    await expectRefusal(bench, ['drill', archive, '--to', join(bench.folder, 'not there')], {
      exit: 2,
      code: 'destination-unwritable',
      says: /not there/u,
    });
    await expectRefusal(bench, ['drill', join(bench.folder, 'no.tar.zst')], {
      exit: 10,
      code: 'archive-not-found',
      says: /no\.tar\.zst/u,
    });
    await expectRefusal(bench, ['drill', archive, '--app', 'nextgisweb'], {
      exit: 2,
      code: 'wrong-application',
      says: /paperless/u,
    });
  });
});

// What differs between the versions of PostgreSQL is tested in core.
describe.each(serverNames.filter((name) => name !== 'PostgreSQL 12'))(
  'an archive of %s',
  (name) => {
    let instance: ServerSampleInstance;
    let archive: string;
    let server: SampleServer;
    let url: string;
    let environment: Record<string, string>;
    const user = `dms_drill_${randomBytes(5).toString('hex')}`;
    const password = 'a "secret" word';
    const isMariadb = name === 'MariaDB';

    beforeAll(async () => {
      instance = await servers.build(name, { appVersion: '3.0.5', documents: 10 });
      complete(instance);
      archive = await makeArchive(bench, instance);
      server = adminOf(instance.server);
      const { engine, host, port } = server;
      url = `${engine}://${user}@${host}:${port}`;
      environment = { [isMariadb ? 'MYSQL_PWD' : 'PGPASSWORD']: password };
      const account = `'${user}'@'%'`;
      if (isMariadb) {
        await query(server, `CREATE USER ${account} IDENTIFIED BY '${password}'`);
        await query(server, `GRANT ALL PRIVILEGES ON \`dms\\_backup\\_drill\\_%\`.* TO ${account}`);
      } else {
        await query(server, `CREATE ROLE ${user} LOGIN CREATEDB PASSWORD '${password}'`);
      }
      servers.later(() => query(server, isMariadb ? `DROP USER ${account}` : `DROP ROLE ${user}`));
    });

    /** Of this user, or since today: tests of core make some with an old name. */
    async function scratchDatabases(): Promise<string[]> {
      const rows = await query(
        server,
        isMariadb
          ? "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE 'dms\\_backup\\_drill\\_2%'"
          : `SELECT datname AS name FROM pg_database WHERE datname LIKE 'dms\\_backup\\_drill\\_%' AND datdba = '${user}'::regrole`,
      );
      return rows
        .map((row) => String(row['name']))
        .filter((each) => !each.startsWith('dms_backup_drill_2001'));
    }

    test('proved on a server by a user with no other rights, and dropped', async () => {
      const result = lastJson<Drilled>(await drill([archive, '--server', url], 0, { environment }));
      expect(result).toMatchObject({ engine: server.engine, sampleProblems: [], warnings: [] });
      expect(result.documents).toBeGreaterThan(5);
      expect(await scratchDatabases()).toEqual([]);
      expect(lines(archive).at(-1)).toMatchObject({ engine: server.engine, result: 'proved' });

      const passwordFile = join(bench.directory('secret'), 'password');
      writeFileSync(passwordFile, `${password}\n`);
      const words = [archive, '--server', url, '--database-password-file', passwordFile];
      const run = await drill(words, 0);
      expect(run.stdout + run.stderr + readFileSync(logOf(archive), 'utf8')).not.toContain(
        password,
      );
    });

    test('without a server, with a wrong one, with one that does not answer', async () => {
      const before = lines(archive).length;
      await expectRefusal(bench, ['drill', archive], {
        exit: 2,
        code: 'usage',
        says: new RegExp(`--server ${server.engine}://`, 'u'),
      });
      const wrong = url.replace(/^\w+/u, isMariadb ? 'postgres' : 'mariadb');
      await expectRefusal(bench, ['drill', archive, '--server', wrong], {
        exit: 2,
        code: 'usage',
        says: new RegExp(`--server ${server.engine}://`, 'u'),
      });
      await expectRefusal(
        bench,
        ['drill', archive, '--server', `${server.engine}://me@127.0.0.1:1`],
        {
          exit: 30,
          code: 'server-unreachable',
          says: /127\.0\.0\.1/u,
        },
      );
      expect(lines(archive)).toHaveLength(before);
    });

    test('an error or Ctrl-C on the way: the database is dropped', async () => {
      const damaged = await makeArchive(bench, instance, '--compression', 'none');
      flipBit(damaged, Math.floor(statSync(damaged).size / 2));
      await drill([damaged, '--server', url], 20, { environment });
      expect(lines(damaged)).toMatchObject([{ result: 'failed', error: 'archive-damaged' }]);
      expect(await scratchDatabases()).toEqual([]);
      for (const when of ['scratch', 'restore', 'switch']) {
        const started = bench.start(['drill', archive, '--server', url, '--json'], { environment });
        await phase(started, when);
        started.child.kill('SIGINT');
        const run = await started.ended;
        expect([0, 130], told(run)).toContain(run.code);
        expect(await scratchDatabases(), when).toEqual([]);
        expect(namesIn(bench.temporary), when).toEqual([]);
      }
    });

    test('--keep and kills leave databases: the old ones are named later, none is dropped', async () => {
      const kept = lastJson<Drilled>(
        await drill([archive, '--server', url, '--keep', '--to', bench.directory('kept')], 0, {
          environment,
        }),
      );
      const [left = ''] = await scratchDatabases();
      expect(kept.kept?.database).toContain(`'${left}'`);
      const old = `dms_backup_drill_20200229t101112_${randomBytes(8).toString('hex')}`;
      await query(
        server,
        isMariadb ? `CREATE DATABASE ${old}` : `CREATE DATABASE ${old} OWNER ${user}`,
      );
      servers.later(() => query(server, `DROP DATABASE ${old}`));
      servers.later(() => query(server, `DROP DATABASE ${left}`));
      const run = await drill([archive, '--server', url], 0, { environment });
      const { warnings } = lastJson<Drilled>(run);
      expect(warnings.filter((text) => text.includes(left))).toEqual([]);
      expect(warnings.filter((text) => text.includes(old))).toHaveLength(1);
      expect(jsonLines(run).filter(({ type }) => type === 'warning')).toHaveLength(warnings.length);
      expect((await scratchDatabases()).toSorted()).toEqual([left, old].toSorted());
    });
  },
);
