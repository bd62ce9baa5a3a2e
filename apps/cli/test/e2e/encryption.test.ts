// Encrypted archives as a user meets them: every verb with the key, none without it, the programs age and gpg by hand, and
// ciphertext that was cut or changed.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { digestTree, flipBit, truncate } from '@dms-backup/test-fixtures';
import type { SampleInstance } from '@dms-backup/test-fixtures';
import { makeAgeKey, makeGpgHome, runAgeWithPassphrase } from '@dms-backup/test-fixtures/keys';
import type { GpgHome } from '@dms-backup/test-fixtures/keys';
import { startS3Server } from '@dms-backup/test-fixtures/storages';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import {
  createBench,
  expectNoTrace,
  expectRefusal,
  flagsOf,
  lastJson,
  makeArchive,
  namesIn,
  stateOf,
  told,
} from './bench.ts';
import type { RunOptions } from './bench.ts';
import { prove } from './proof.ts';
import type { Declaration } from './proof.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
const bench = createBench('encryption');

const passphrase = 'five random words are better';
let instance: SampleInstance;
/** The entries of an archive in clear, as tar unpacks them. */
let plainTree: Map<string, string>;
let identityFile: string;
let recipient: string;
let passphraseFile: string;
let gpg: GpgHome;

function secretFile(name: string, text: string): string {
  const path = join(bench.folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

beforeAll(async () => {
  instance = bench.build({ appVersion: '3.0.5', documents: 8, scanBytes: 60_000 });
  const pathOf = (document?: { thumbnailPath: string }): string =>
    join(instance.mediaDirectory, document?.thumbnailPath ?? '');
  const there = instance.documents.find(({ thumbnailExists }) => thumbnailExists);
  for (const document of instance.documents)
    if (!document.thumbnailExists) copyFileSync(pathOf(there), pathOf(document));
  const key = makeAgeKey();
  recipient = key.recipient;
  identityFile = secretFile('identity.txt', key.identity);
  passphraseFile = secretFile('passphrase', `${passphrase}\n`);
  gpg = makeGpgHome();
  gpg.makeKey('alice@example.org');
  plainTree = treeOfTar(await makeArchive(bench, instance));
});
afterAll(() => gpg.remove());
afterEach(() => {
  expect(namesIn(bench.temporary), 'left in TMPDIR').toEqual([]);
});

/** Path and digest of what does not tell of the archive itself. */
function treeOfTar(archive: string): Map<string, string> {
  const folder = bench.directory('unpacked');
  execFileSync('tar', ['--zstd', '-xf', archive, '-C', folder]);
  const own = /^(?:README\.txt|manifest\.json|index\.jsonl|seal\.json)$/u;
  return new Map(
    [...digestTree(folder)]
      .filter(([path]) => !own.test(path))
      .map(([path, { kind, sha256 }]) => [path, `${kind} ${sha256}`]),
  );
}

interface Way {
  readonly encrypt: () => readonly string[];
  readonly key: () => readonly string[];
  readonly options?: () => RunOptions;
  readonly ending: string;
  /** Decrypts without us. */
  readonly byHand: (archive: string, to: string) => void;
}

const ageTo = ['--encrypt', 'age'];
const byPassphrase = (archive: string, to: string): void =>
  runAgeWithPassphrase(passphrase, ['--decrypt', '-o', to, archive]);

const ways: Readonly<Record<string, Way>> = {
  'age, for a recipient': {
    encrypt: () => [...ageTo, '--recipient', recipient],
    key: () => ['--identity', identityFile],
    ending: '.age',
    byHand: (archive, to) =>
      void execFileSync('age', ['--decrypt', '-i', identityFile, '-o', to, archive]),
  },
  'age, with a passphrase in a file': {
    encrypt: () => [...ageTo, '--passphrase-file', passphraseFile],
    key: () => ['--passphrase-file', passphraseFile],
    ending: '.age',
    byHand: byPassphrase,
  },
  'age, with a passphrase in a variable': {
    encrypt: () => ageTo,
    key: () => [],
    options: () => ({ environment: { DMS_BACKUP_PASSPHRASE: passphrase } }),
    ending: '.age',
    byHand: byPassphrase,
  },
  gpg: {
    encrypt: () => ['--encrypt', 'gpg', '--recipient', 'alice@example.org'],
    key: () => [],
    options: () => ({ environment: { GNUPGHOME: gpg.directory } }),
    ending: '.gpg',
    byHand: (archive, to) => void gpg.run(['--decrypt', '--output', to, archive]),
  },
};

describe.each(Object.keys(ways))('%s', (name) => {
  const { encrypt, key, options, ending, byHand } = ways[name]!;
  const done = async (words: readonly string[], code = 0, more: RunOptions = {}) => {
    const run = await bench.done(words, { ...options?.(), ...more, code });
    expectNoTrace(run);
    expect(run.stdout + run.stderr).not.toContain(passphrase);
    return run;
  };
  let shelf: string;
  let archive: string;

  beforeAll(async () => {
    shelf = bench.directory('shelf');
    for (const each of ['one', 'two'])
      await done(['backup', ...flagsOf(instance), ...encrypt(), '--filename', each, shelf]);
    archive = join(shelf, `two.tar.zst${ending}`);
  });

  test('by hand, without us: the same files', () => {
    const clear = join(bench.directory('clear'), 'archive.tar.zst');
    byHand(archive, clear);
    expect(treeOfTar(clear)).toEqual(plainTree);
  });

  test('every verb with the key', async () => {
    const one = join(shelf, `one.tar.zst${ending}`);
    await done(['verify', archive, ...key()]);
    const inspected = lastJson<{ archive: string; excluded: Declaration[] }>(
      await done(['inspect', 'latest', '--from', shelf, ...key(), '--json']),
    );
    expect(inspected.archive).toBe(archive);
    const target = bench.emptyPlace('target');
    await done(['restore', 'latest', '--from', shelf, ...flagsOf(target), ...key()]);
    const differences = prove(stateOf(instance), stateOf(target), inspected.excluded).differences;
    expect(differences).toEqual([]);
    expect((await done(['diff', one, archive, ...key()])).stdout).toContain('8 documents the same');
    await done(['drill', archive, ...key()]);
    const listed = lastJson<{ archives: { name: string }[] }>(
      await done(['list', shelf, ...key(), '--json']),
    );
    expect(listed.archives.map((each) => each.name)).toEqual([
      `two.tar.zst${ending}`,
      `one.tar.zst${ending}`,
    ]);
    await done(['prune', shelf, '--keep-last', '1', ...key()]);
    expect(existsSync(one)).toBe(false);
    expect(existsSync(archive)).toBe(true);
  });

  test('standard output and standard input', async () => {
    const made = await done(['backup', ...flagsOf(instance), ...encrypt(), '-']);
    expect(made.bytes.includes('README.txt')).toBe(false);
    const verified = await done(['verify', '-', ...key()], 0, { stdin: made.bytes });
    expect(verified.stdout).toContain('8');
  });

  test('without the key: exit 12, and nothing is written', async () => {
    // another home, and no variable
    const environment = { GNUPGHOME: bench.directory('nobody') };
    const target = bench.emptyPlace('none');
    const before = namesIn(shelf);
    const refusal = { exit: 12, code: 'wrong-key', says: /key|passphrase/u };
    for (const words of [
      ['verify', archive],
      ['restore', archive, ...flagsOf(target)],
      ['drill', archive],
      ['diff', archive, ...flagsOf(instance)],
    ])
      await expectRefusal(bench, words, refusal, { environment });
    expect(existsSync(target.databasePath)).toBe(false);
    expect(existsSync(target.mediaDirectory)).toBe(false);
    const listed = await bench.done(['list', shelf], { environment });
    expect(listed.stdout).toContain(`two.tar.zst${ending}`);
    await bench.run(['prune', shelf, '--keep-last', '1'], { environment });
    expect(namesIn(shelf)).toEqual(before);
  });

  test('ciphertext that is cut or changed: exit 20, and nothing is restored', async () => {
    const size = statSync(archive).size;
    const folder = bench.directory('damaged');
    const damaged = join(folder, `damaged.tar.zst${ending}`);
    const cut = [size - 1, size - 20, Math.floor(size / 2)].map(
      (at) => () => truncate(damaged, at),
    );
    const flips = [size - 5, Math.floor(size * 0.7), Math.floor(size / 3)];
    for (const damage of [...cut, ...flips.map((at) => () => flipBit(damaged, at))]) {
      copyFileSync(archive, damaged);
      damage();
      const verified = await bench.run(['verify', damaged, ...key()], options?.());
      expect(verified.code, told(verified)).toBe(20);
      expectNoTrace(verified);
    }
    const target = bench.emptyPlace('none');
    const restored = await bench.run(
      ['restore', damaged, ...flagsOf(target), ...key()],
      options?.(),
    );
    expect(restored.code, told(restored)).toBe(20);
    expect(existsSync(target.databasePath)).toBe(false);
    expect(namesIn(folder)).toEqual([`damaged.tar.zst${ending}`]);
  });
});

test('an archive for a recipient in a bucket: nothing in clear there, and it comes back', async () => {
  const server = await startS3Server();
  server.createBucket('bucket');
  const environment = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret-of-test' };
  const url = `s3://bucket/encrypted?endpoint=http://127.0.0.1:${server.port}`;
  const backup = ['backup', ...flagsOf(instance), '--encrypt', 'age', '--recipient', recipient];
  for (const name of ['one', 'two'])
    await bench.done([...backup, '--filename', name, url], { environment });
  expect(await server.everything('bucket')).toEqual([
    'encrypted/one.tar.zst.age',
    'encrypted/two.tar.zst.age',
  ]);
  const object = await fetch(`http://127.0.0.1:${server.port}/bucket/encrypted/two.tar.zst.age`);
  expect(
    Buffer.from(await object.arrayBuffer())
      .subarray(0, 18)
      .toString(),
  ).toBe('age-encryption.org');
  const latest = ['latest', '--from', url];
  const key = ['--identity', identityFile];
  await bench.done(['verify', ...latest, ...key], { environment });
  await bench.done(['drill', ...latest, ...key], { environment, cwd: bench.directory('drill') });
  const target = bench.emptyPlace('target');
  await bench.done(['restore', ...latest, ...flagsOf(target), ...key], { environment });
  for (const { original } of instance.documents) {
    const path = join(target.mediaDirectory, original.path);
    if (existsSync(join(instance.mediaDirectory, original.path)))
      expect(
        readFileSync(path).equals(readFileSync(join(instance.mediaDirectory, original.path))),
      ).toBe(true);
  }
  await bench.done(['prune', url, '--keep-last', '1', ...key], { environment });
  expect(await server.everything('bucket')).toEqual(['encrypted/two.tar.zst.age']);
  const closed = await bench.run(['verify', ...latest], { environment });
  expect(closed.code, told(closed)).toBe(10);
  await server.stop();
});
