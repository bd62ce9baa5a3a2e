// A restic repository keeps what every storage promises. Above all: an unfinished archive never becomes a snapshot.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { scratchDirectory } from '../../../test/scratch-directory.ts';
import {
  expectSame,
  openPlace,
  patternBytes,
  readWhole,
  storageContract,
  store,
  type ContractPlace,
} from '../../../test/storage-contract.ts';

const run = promisify(execFile);

/** Made once: each command of restic takes a second only to make a key from its password. */
const template = mkdtempSync(join(tmpdir(), 'dms-core-restic-'));

beforeAll(async () => {
  await restic(
    { url: `restic:${template}`, environment: { RESTIC_PASSWORD: 'password-of-test' } },
    'init',
  );
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

function makePlace() {
  const room = scratchDirectory();
  const repository = join(room, 'repository');
  const environment = {
    RESTIC_PASSWORD: 'password-of-test',
    RESTIC_CACHE_DIR: join(room, 'cache'),
  };
  const place = { url: `restic:${repository}`, environment };
  cpSync(template, repository, { recursive: true });
  return Promise.resolve(place);
}

async function restic(place: ContractPlace, ...words: string[]): Promise<string> {
  const env = {
    ...process.env,
    ...place.environment,
    RESTIC_REPOSITORY: place.url.slice('restic:'.length),
  };
  return (await run('restic', words, { env, maxBuffer: 1e9 })).stdout;
}

/** All snapshots, with any tag, and all locks. */
async function everything(place: ContractPlace): Promise<string[]> {
  const snapshots = JSON.parse(await restic(place, 'snapshots', '--json')) as { paths: string[] }[];
  const locks = (await restic(place, 'list', 'locks', '--no-lock'))
    .split('\n')
    .filter((line) => line !== '');
  return [...snapshots.flatMap(({ paths }) => paths), ...locks];
}

/** The old name stays: a repository where a backup is under way forgets nothing. */
async function rename(place: ContractPlace, from: string, to: string): Promise<void> {
  const storage = await openPlace(place);
  await store(storage, to, await readWhole(await storage.open(from)));
}

storageContract(makePlace, { ranges: false, empty: false, slow: true, everything, rename });

const bytes = patternBytes(5_000_000);

test('an archive is found by name, as latest and by its snapshot', async () => {
  const place = await makePlace();
  const storage = await openPlace(place);
  await store(storage, 'a.tar', bytes.subarray(0, 1000));
  await store(storage, 'b.tar', bytes.subarray(0, 2000));
  const snapshots = JSON.parse(await restic(place, 'snapshots', '--json')) as {
    id: string;
    short_id: string;
  }[];
  expectSame(await readWhole(await storage.open('latest')), bytes.subarray(0, 2000));
  expectSame(await readWhole(await storage.open(snapshots[0]!.short_id)), bytes.subarray(0, 1000));
  expectSame(await readWhole(await storage.open(snapshots[1]!.id)), bytes.subarray(0, 2000));
  expect((await rejection(storage.open('abcdef12'))).code).toBe('archive-not-found');
});

test('other snapshots of the repository are none of ours', async () => {
  const place = await makePlace();
  const storage = await openPlace(place);
  await restic(place, 'backup', '--tag', 'home', import.meta.filename);
  await store(storage, 'a.tar', bytes);
  expect(await storage.list()).toMatchObject([{ name: 'a.tar', sizeBytes: bytes.length }]);
});

/** A process of its own that writes an archive and is killed in the middle. */
async function killInTheMiddle(place: ContractPlace): Promise<void> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../../test/write-and-wait.ts'), place.url],
    {
      env: { ...process.env, ...place.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('kill -9 in the middle leaves no snapshot and no lock', async () => {
  const place = await makePlace();
  await killInTheMiddle(place);
  // the guard ends restic, and restic removes its lock
  for (let left = 100; left > 0 && (await everything(place)).length > 0; left--) await pause(100);
  expect(await everything(place)).toEqual([]);
  // and restic does not wake up later to make one
  await pause(1500);
  expect(await everything(place)).toEqual([]);
  const storage = await openPlace(place);
  await store(storage, 'a.tar', bytes);
  expectSame(await readWhole(await storage.open('a.tar')), bytes);
});

test('restic that dies in the middle is an error, and leaves no snapshot', async () => {
  const place = await makePlace();
  const storage = await openPlace(place);
  const sink = await storage.createSink('a.tar');
  await sink.write(bytes);
  const pids = (await run('pgrep', ['-f', 'restic backup --stdin', '-P', String(process.pid)]))
    .stdout;
  for (const pid of pids.trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
  const error = await rejection(sink.write(bytes).then(() => sink.commit()));
  expect(error.code).toBe('destination-unwritable');
  await sink.discard();
  expect(JSON.parse(await restic(place, 'snapshots', '--json', '--no-lock'))).toEqual([]);
});

test.each([
  ['no password', { RESTIC_PASSWORD: undefined }, 'storage-denied', /RESTIC_PASSWORD_FILE/],
  [
    'a wrong password',
    { RESTIC_PASSWORD: 'wrong-password' },
    'storage-denied',
    /RESTIC_PASSWORD_FILE/,
  ],
  ['no restic', { PATH: '/nonexistent' }, 'program-missing', /Install restic/],
])('%s is told with a way out', async (_, more, code, hint) => {
  const place = await makePlace();
  const environment = { ...place.environment, ...more };
  const open = async () => (await openPlace({ ...place, environment })).createSink('a.tar');
  const error = await rejection(open());
  expect(error.code).toBe(code);
  expect(error.hint).toMatch(hint);
  expect(`${error.message} ${error.hint}`).not.toContain('wrong-password');
});

test('a repository that is not there is told with a way out', async () => {
  const url = `restic:${scratchDirectory()}/none`;
  const storage = await openPlace({ url, environment: { RESTIC_PASSWORD: 'x' } });
  expect((await rejection(storage.list())).code).toBe('archive-not-found');
  const error = await rejection(storage.createSink('a.tar'));
  expect(error.code).toBe('destination-unwritable');
  expect(error.hint).toContain('restic init');
});
