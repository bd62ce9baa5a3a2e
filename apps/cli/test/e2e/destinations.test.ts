// The verbs on archives that lie elsewhere: S3, SFTP, rclone and restic, each on a real server or the real program. The way
// through is the same for all of them; then what goes wrong, and how little of an archive is read far away.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

import type { SampleInstance } from '@dms-backup/test-fixtures';
import { startS3Server, startSshServer } from '@dms-backup/test-fixtures/storages';
import type { S3Server, SshServer } from '@dms-backup/test-fixtures/storages';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  flagsOf,
  lastJson,
  namesIn,
  phase,
  stateOf,
  told,
} from './bench.ts';
import type { Run } from './bench.ts';
import { prove } from './proof.ts';
import type { Declaration } from './proof.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
const bench = createBench('destinations');

type Environment = Readonly<Record<string, string>>;

interface Remote {
  /** A place of archives, with room for a name behind it. */
  readonly url: string;
  readonly environment: Environment;
  /** Everything there, unfinished files too. */
  readonly everything: () => Promise<readonly string[]> | readonly string[];
  /** Credentials that are refused; the values must never be shown. */
  readonly wrong: { readonly url?: string; readonly environment: Environment };
  /** The same with nobody who answers; none for a repository in a directory. */
  readonly gone?: string;
}

const secret = 'sEcReT-that-nobody-may-see';
let s3: S3Server;
let ssh: SshServer;
let template: string;
let count = 0;

beforeAll(async () => {
  s3 = await startS3Server();
  ssh = await startSshServer();
  template = bench.directory('template');
  restic({ url: `restic:${template}`, environment: { RESTIC_PASSWORD: secret } }, 'init');
});
afterAll(async () => {
  await s3.stop();
  await ssh.stop();
});

function restic({ url, environment }: Pick<Remote, 'url' | 'environment'>, ...words: string[]) {
  const env = { ...process.env, ...environment, RESTIC_REPOSITORY: url.slice('restic:'.length) };
  return execFileSync('restic', [...words, '--no-cache'], { env, encoding: 'utf8' });
}

const remotes: Readonly<Record<string, () => Remote>> = {
  s3() {
    const bucket = `bucket-${++count}`;
    s3.createBucket(bucket);
    const urlAt = (port: number) => `s3://${bucket}/at/home?endpoint=http://127.0.0.1:${port}`;
    const environment = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: secret };
    return {
      url: urlAt(s3.port),
      environment,
      everything: async () =>
        (await s3.everything(bucket)).map((name) => name.replace('at/home/', '')),
      wrong: { environment: { ...environment, AWS_ACCESS_KEY_ID: 'AKIAWRONG' } },
      gone: urlAt(1),
    };
  },
  sftp() {
    const directory = bench.directory('sftp');
    const urlAt = (config: string, address = ssh.address) =>
      `sftp://${address}${directory}?ssh-config=${config}`;
    return {
      url: urlAt(ssh.configFile),
      environment: {},
      everything: () => namesIn(directory),
      wrong: { url: urlAt(ssh.brokenConfigFiles.noKey), environment: {} },
      gone: urlAt(ssh.configFile, 'root@127.0.0.1:1'),
    };
  },
  rclone() {
    const directory = bench.directory('rclone');
    const bucketOn = (name: string, port: number) => ({
      [`RCLONE_CONFIG_${name}_TYPE`]: 's3',
      [`RCLONE_CONFIG_${name}_PROVIDER`]: 'Minio',
      [`RCLONE_CONFIG_${name}_ENDPOINT`]: `http://127.0.0.1:${port}`,
      [`RCLONE_CONFIG_${name}_ACCESS_KEY_ID`]: 'AKIAWRONG',
      [`RCLONE_CONFIG_${name}_SECRET_ACCESS_KEY`]: secret,
    });
    const environment = {
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_DISK_TYPE: 'local',
      ...bucketOn('CLOSED', s3.port),
      ...bucketOn('GONE', 1),
    };
    return {
      url: `rclone:disk:${directory}`,
      environment,
      everything: () => namesIn(directory),
      wrong: { url: 'rclone:closed:bucket/at/home', environment },
      gone: 'rclone:gone:bucket/at/home',
    };
  },
  restic() {
    const room = bench.directory('restic');
    const repository = join(room, 'repository');
    cpSync(template, repository, { recursive: true });
    const url = `restic:${repository}`;
    const environment = { RESTIC_PASSWORD: secret, RESTIC_CACHE_DIR: join(room, 'cache') };
    const wrong = { environment: { ...environment, RESTIC_PASSWORD: `${secret}-wrong` } };
    return {
      url,
      environment,
      everything: () =>
        (
          JSON.parse(restic({ url, environment }, 'snapshots', '--json')) as { paths: string[] }[]
        ).flatMap(({ paths }) => paths.map((path) => path.replace(/^\//u, ''))),
      wrong,
    };
  },
};

/** Answers as a server that knows the key. */
function refuseWrongKeys(): void {
  s3.intercept = ({ headers }) =>
    /AKIAWRONG/u.test(headers.authorization ?? '')
      ? { status: 403, code: 'InvalidAccessKeyId' }
      : undefined;
}

/** Where an archive is named from its place. */
function archiveIn({ url }: Pick<Remote, 'url'>, name: string): string {
  if (url.startsWith('restic:')) return `${url}#${name}`;
  const [place = '', options] = url.split('?');
  return `${place}/${name}${options === undefined ? '' : `?${options}`}`;
}

const endingOf = (url: string): string => (url.startsWith('restic:') ? 'tar' : 'tar.zst');

/** Without what is unfinished: uploads have no name, files another one. */
const wholeOf = (names: readonly string[]): string[] =>
  names.filter((name) => !name.startsWith('upload of') && /\.tar(?:\.zst)?$/u.test(name));

function expectQuietAbout(run: Run): void {
  expectNoTrace(run);
  expect(run.stdout + run.stderr, told(run)).not.toContain(secret);
}

describe.each(Object.keys(remotes))('%s', (kind) => {
  let instance: SampleInstance;
  let remote: Remote;

  beforeAll(() => {
    instance = bench.build({ appVersion: '3.0.5', documents: 12, scanBytes: 200_000 });
    completeThumbnails(instance);
    remote = remotes[kind]!();
    refuseWrongKeys();
  });

  async function run(words: readonly string[], code = 0, more: Partial<Remote> = {}, cwd?: string) {
    const environment = more.environment ?? remote.environment;
    const done = await bench.done(words, { environment, code, ...(cwd ? { cwd } : {}) });
    expectQuietAbout(done);
    expect(namesIn(bench.temporary), 'left in TMPDIR').toEqual([]);
    return done;
  }

  test('the way through: backup, list, verify, inspect, restore, diff, drill, alarm, prune', async () => {
    const { url } = remote;
    const source = stateOf(instance);
    const names = ['one', 'two'].map((name) => `${name}.${endingOf(url)}`);
    for (const name of ['one', 'two']) {
      const made = await run(['backup', ...flagsOf(instance), '--filename', name, url]);
      expect(made.stdout.trim()).toBe(archiveIn(remote, `${name}.${endingOf(url)}`));
    }
    expect([...(await remote.everything())].toSorted()).toEqual(names);
    const taken = await run(['backup', ...flagsOf(instance), '--filename', 'two', url], 22);
    expect(taken.stderr).toContain('destination-exists');

    const listed = lastJson<{ archives: { name: string; path: string }[]; unusable: unknown[] }>(
      await run(['list', url, '--json']),
    );
    expect(listed.archives.map(({ name }) => name)).toEqual(names.toReversed());
    expect(listed.unusable).toEqual([]);
    const [two = '', one = ''] = listed.archives.map(({ path }) => path);

    await run(['verify', one]);
    const inspected = lastJson<{ archive: string; excluded: Declaration[] }>(
      await run(['inspect', 'latest', '--from', url, '--json']),
    );
    expect(inspected.archive).toBe(two);

    const target = bench.emptyPlace('target');
    await run(['restore', 'latest', '--from', url, ...flagsOf(target)]);
    expect(prove(source, stateOf(target), inspected.excluded).differences).toEqual([]);

    expect((await run(['diff', one, two])).stdout).toContain('12 documents the same');

    const work = bench.directory('drill');
    const drilled = lastJson<{ log: string }>(await run(['drill', two, '--json'], 0, {}, work));
    expect(dirname(drilled.log)).toBe(work);
    expect(namesIn(work)).toEqual([`two.${endingOf(url)}.drill.jsonl`]);
    expect(readFileSync(drilled.log, 'utf8')).toContain('"result":"proved"');

    removeDocuments(instance.databasePath);
    const alarm = ['backup', ...flagsOf(instance), '--alarm-removed', '3', '--filename', 'three'];
    const alarmed = await run([...alarm, url], 3);
    expect(alarmed.stderr).toContain('3 of 12 documents');

    const dry = await run(['prune', url, '--keep-last', '1', '--dry-run']);
    expect(dry.stdout).toContain('nothing was removed');
    await run(['prune', url, '--keep-last', '1']);
    expect(await remote.everything()).toEqual([`three.${endingOf(url)}`]);
  });

  test('credentials that are refused: told with a way out, and not repeated', async () => {
    const { url = remote.url, environment } = remote.wrong;
    const there = await remote.everything();
    for (const words of [
      ['backup', ...flagsOf(instance), url],
      ['list', url],
      ['prune', url, '--keep-last', '1'],
      ['verify', archiveIn({ url }, `three.${endingOf(url)}`)],
      ['restore', 'latest', '--from', url, ...flagsOf(bench.emptyPlace('none'))],
    ]) {
      const refused = await run(words, 2, { environment });
      expect(refused.stdout).toBe('');
      expect(refused.stderr, told(refused)).toContain('(storage-denied, exit 2)');
      expect(refused.stderr).not.toContain(`${secret}-wrong`);
    }
    expect(await remote.everything()).toEqual(there);
  });

  // the repository of restic lies in a directory, where nobody has to answer
  test.runIf(kind !== 'restic')(
    'nobody answers: exit 30, within a minute, and nothing is left',
    async () => {
      const url = remote.gone ?? '';
      const target = bench.emptyPlace('none');
      for (const words of [
        ['backup', ...flagsOf(instance), url],
        ['list', url],
        ['prune', url, '--keep-last', '1'],
        ['inspect', archiveIn({ url }, 'one.tar.zst')],
        ['restore', 'latest', '--from', url, ...flagsOf(target)],
      ]) {
        const lost = await run(words, 30);
        expect(lost.stdout).toBe('');
        expect(lost.stderr).toContain('(server-unreachable, exit 30)');
        expect(lost.milliseconds, told(lost)).toBeLessThan(60_000);
      }
      expect(existsSync(target.databasePath)).toBe(false);
    },
  );

  test('kill -9 in the middle: nothing has a final name, and the next backup works', async () => {
    const before = bytesOf(instance.directory);
    const { environment, url } = remote;
    const there = wholeOf(await remote.everything());
    for (const when of ['media', 'database']) {
      const words = ['backup', ...flagsOf(instance), '--filename', `killed-${when}`, '--json', url];
      const started = bench.start(words, { environment });
      await phase(started, when);
      started.child.kill('SIGKILL');
      const killed = await started.ended;
      expect(killed.signal, told(killed)).toBe('SIGKILL');
    }
    // programs that are left must not take the end of their input for the end of an archive
    await pause(3000);
    expect(wholeOf(await remote.everything())).toEqual(there);
    for (const name of readdirSync(bench.temporary))
      throw new Error(`left in the temporary directory: ${name}`);
    await run(['backup', ...flagsOf(instance), '--filename', 'after', url]);
    await run(['verify', archiveIn(remote, `after.${endingOf(url)}`), '--quick']);
    expect(bytesOf(instance.directory)).toEqual(before);
  });
});

/** The fixture lacks some on purpose; here everything is to be in order. */
function completeThumbnails({ documents, mediaDirectory }: SampleInstance): void {
  const pathOf = (document?: { thumbnailPath: string }): string =>
    join(mediaDirectory, document?.thumbnailPath ?? '');
  const there = documents.find(({ thumbnailExists }) => thumbnailExists);
  for (const document of documents)
    if (!document.thumbnailExists) copyFileSync(pathOf(there), pathOf(document));
}

test('little of a large archive is read far away: inspect, list', async () => {
  const { url, environment } = remotes['s3']!();
  const instance = bench.build({ appVersion: '3.0.5', documents: 30, scanBytes: 4_000_000 });
  const words = ['backup', ...flagsOf(instance), '--filename', 'large', url];
  await bench.run(words, { environment });
  for (const asked of [
    ['inspect', 'latest', '--from', url],
    ['list', url],
  ]) {
    s3.requests.length = 0;
    const run = await bench.done(asked, { environment });
    expect(run.stdout).toContain('large.tar.zst');
    const ranges = s3.requests
      .filter(({ method, url: path }) => method === 'GET' && path.includes('large.tar'))
      .map(({ headers }) => headers.range ?? 'all of it');
    expect(ranges.length).toBeGreaterThan(0);
    const [last = 0] = ranges
      .map((range) => Number(/-(\d+)$/u.exec(range)?.[1]))
      .toSorted((a, b) => b - a);
    expect(last).toBeGreaterThan(30_000_000);
    expect(ranges.reduce((sum, range) => sum + lengthOf(range), 0)).toBeLessThan(8_000_000);
  }
});

/** Of `bytes=0-99`: 100. */
function lengthOf(range: string): number {
  const [, from = 0, to = Infinity] = /^bytes=(\d+)-(\d+)$/u.exec(range) ?? [];
  return Number(to) - Number(from) + 1;
}

function removeDocuments(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA foreign_keys = OFF');
  database.exec('DELETE FROM documents_document WHERE id IN (10, 11, 12)');
  database.close();
}
