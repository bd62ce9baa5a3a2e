// A directory behind SSH keeps what every storage promises, also when connections break at any place.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { startFlakyProxy } from '../../../test/flaky-proxy.ts';
import { scratchDirectory } from '../../../test/scratch-directory.ts';
import { startSshServer, type SshServer } from '@dms-backup/test-fixtures/storages';
import {
  expectSame,
  hurried,
  openPlace,
  patternBytes,
  readWhole,
  storageContract,
  store,
  type ContractPlace,
} from '../../../test/storage-contract.ts';

let full: SshServer;
let plain: SshServer;

beforeAll(async () => {
  [full, plain] = await Promise.all([
    startSshServer(),
    startSshServer('hardlink,fsync,statvfs,posix-rename'),
  ]);
});
afterAll(() => Promise.all([full.stop(), plain.stop()]));

interface SftpTestPlace extends ContractPlace {
  readonly directory: string;
}

function makePlace(server: SshServer, port = server.port): SftpTestPlace {
  const directory = join(scratchDirectory(), 'made', 'when-needed');
  const address = server.address.replace(/\d+$/, String(port));
  return { directory, url: `sftp://${address}${directory}?ssh-config=${server.configFile}` };
}

const directoryOf = (place: ContractPlace): string => (place as SftpTestPlace).directory;

const options = {
  everything: (place: ContractPlace) =>
    Promise.resolve(existsSync(directoryOf(place)) ? readdirSync(directoryOf(place)) : []),
  rename: (place: ContractPlace, from: string, to: string) =>
    Promise.resolve(renameSync(join(directoryOf(place), from), join(directoryOf(place), to))),
};

describe('OpenSSH', () => {
  storageContract(() => Promise.resolve(makePlace(full)), options);
});

describe('a server without hard links and other extensions', () => {
  storageContract(() => Promise.resolve(makePlace(plain)), options);
});

const bytes = patternBytes(3_000_017);

test('the unfinished file has another name, and both are private', async () => {
  const { url, directory } = makePlace(full);
  const storage = await openPlace({ url });
  const sink = await storage.createSink('a.tar');
  expect(readdirSync(directory)).toEqual(['a.tar.partial']);
  await sink.write(bytes);
  await sink.commit();
  expect(readdirSync(directory)).toEqual(['a.tar']);
  expect(statSync(join(directory, 'a.tar')).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'a.tar')).nlink).toBe(1);
  expectSame(readFileSync(join(directory, 'a.tar')), bytes);
  await storage.close();
});

test('a partial file of another run is left alone', async () => {
  const { url, directory } = makePlace(full);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'a.tar.partial'), 'of another');
  const storage = await openPlace({ url });
  const error = await rejection(storage.createSink('a.tar'));
  expect(error.code).toBe('destination-exists');
  expect(error.hint).toContain('remove the file');
  expect(readFileSync(join(directory, 'a.tar.partial'), 'utf8')).toBe('of another');
  await storage.close();
});

test('a file that is replaced while it is read is noticed', async () => {
  const proxy = await startFlakyProxy(full.port);
  const { url, directory } = makePlace(full, proxy.port);
  const storage = await openPlace({ url });
  await store(storage, 'a.tar', bytes);
  const opened = await storage.open('a.tar');
  writeFileSync(join(directory, 'b.tar'), bytes.subarray(0, 2_999_999));
  renameSync(join(directory, 'b.tar'), join(directory, 'a.tar'));
  proxy.cut('down', 100_000_000, 1);
  expect((await rejection(readWhole(opened))).code).toBe('archive-damaged');
  await storage.close();
});

describe('a bad network', () => {
  test('silent for a moment, in the middle of writing and of reading: all comes through', async () => {
    const proxy = await startFlakyProxy(full.port);
    const storage = await openPlace(makePlace(full, proxy.port), { ...hurried, stallMs: 700 });
    const sink = await storage.createSink('a.tar');
    proxy.silence();
    setTimeout(() => proxy.heal(), 1500);
    await sink.write(bytes);
    await sink.commit();
    const opened = await storage.open('a.tar');
    proxy.silence();
    setTimeout(() => proxy.heal(), 1500);
    expectSame(await readWhole(opened), bytes);
    await storage.close();
  });

  // the greeting of SSH takes about 3000 bytes, the rest is the archive
  test.each([0, 500, 2500, 3500, 4500, 40_000, 1_000_000, 2_999_000])(
    'cut after %i bytes of the upload, twice: the archive is whole',
    async (afterBytes) => {
      const proxy = await startFlakyProxy(full.port);
      const { url, directory } = makePlace(full, proxy.port);
      const storage = await openPlace({ url });
      const sink = await storage.createSink('a.tar');
      proxy.cut('up', afterBytes, 2);
      await sink.write(bytes);
      await sink.commit();
      expect(proxy.cuts).toBeGreaterThan(0);
      expect(readdirSync(directory)).toEqual(['a.tar']);
      expectSame(readFileSync(join(directory, 'a.tar')), bytes);
      await storage.close();
    },
  );

  test.each([0, 800, 3000, 4000, 50_000, 2_000_000])(
    'cut after %i bytes of a download, twice: the rest is fetched',
    async (afterBytes) => {
      const proxy = await startFlakyProxy(full.port);
      const storage = await openPlace(makePlace(full, proxy.port));
      await store(storage, 'a.tar', bytes);
      const opened = await storage.open('a.tar');
      proxy.cut('down', afterBytes, 2);
      expectSame(await readWhole(opened), bytes);
      expect(proxy.cuts).toBeGreaterThan(0);
      await storage.close();
    },
  );

  test('the connection is cut at every step of the end: one whole archive under its name', async () => {
    for (const server of [full, plain]) {
      for (let cutAt = 100; cutAt < 1200; cutAt += 100) {
        const proxy = await startFlakyProxy(server.port);
        const { url, directory } = makePlace(server, proxy.port);
        const storage = await openPlace({ url });
        const sink = await storage.createSink('a.tar');
        await sink.write(bytes.subarray(0, 1000));
        proxy.cutExisting('down', cutAt);
        await sink.commit();
        expect(readdirSync(directory)).toEqual(['a.tar']);
        expectSame(readFileSync(join(directory, 'a.tar')), bytes.subarray(0, 1000));
        await storage.close();
      }
    }
  });

  test('cut for good: a clear error, no archive, and nothing left once it is back', async () => {
    const proxy = await startFlakyProxy(full.port);
    const { url, directory } = makePlace(full, proxy.port);
    const storage = await openPlace({ url });
    const sink = await storage.createSink('a.tar');
    proxy.cut('up', 1000, Infinity);
    const error = await rejection(sink.write(bytes).then(() => sink.commit()));
    expect(error.code).toBe('server-unreachable');
    expect(readdirSync(directory)).toEqual(['a.tar.partial']);
    proxy.heal();
    await sink.discard();
    expect(readdirSync(directory)).toEqual([]);
    await storage.close();
  });
});

describe('logins', () => {
  test.each([
    ['noKey', 'storage-denied', /key/],
    ['unknownHost', 'storage-denied', /fingerprint/],
  ] as const)('%s is told at once, with a way out', async (config, code, hint) => {
    const url = `sftp://${full.address}/tmp?ssh-config=${full.brokenConfigFiles[config]}`;
    const error = await rejection(openPlace({ url }));
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(hint);
  });

  test('a host that does not answer is told within seconds', async () => {
    const url = `sftp://root@127.0.0.1:1/tmp?ssh-config=${full.configFile}`;
    const error = await rejection(openPlace({ url }));
    expect(error.code).toBe('server-unreachable');
    expect(error.message).toContain('refused');
  });

  test('ssh that is not installed is told by name', async () => {
    const error = await rejection(
      openPlace({ url: 'sftp://host/tmp', environment: { PATH: '/nonexistent' } }),
    );
    expect(error.code).toBe('program-missing');
    expect(error.message).toContain("'ssh'");
  });
});

describe('a server that answers nonsense', () => {
  test.each([
    ['text of a login shell', "printf 'Welcome to this server, enjoy your stay'; sleep 5", 'SFTP'],
    ['a packet of four gigabytes', "printf '\\377\\377\\377\\377\\002'; sleep 5", 'SFTP'],
    [
      'an answer to nothing',
      "printf '\\0\\0\\0\\011\\145\\0\\0\\0\\011\\0\\0\\0\\0'; sleep 5",
      'SFTP',
    ],
    ['an old version', "printf '\\0\\0\\0\\005\\002\\0\\0\\0\\002'; sleep 5", 'SFTP'],
    [
      'a greeting that lies about its length',
      "printf '\\0\\0\\0\\013\\002\\0\\0\\0\\003\\377\\377\\377\\377ab'; sleep 5",
      'SFTP',
    ],
    ['nothing at all', 'exit 0', 'lost the connection'],
  ])('%s', async (_, script, words) => {
    const programs = scratchDirectory();
    writeFileSync(join(programs, 'ssh'), `#!/bin/sh\n${script}\n`);
    await chmod(join(programs, 'ssh'), 0o700);
    const environment = { PATH: `${programs}:${process.env['PATH']}` };
    const error = await rejection(openPlace({ url: 'sftp://host/tmp', environment }));
    expect(error.code).toBe('server-unreachable');
    expect(error.message).toContain(words);
  });
});
