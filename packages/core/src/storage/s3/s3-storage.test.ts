// A bucket keeps what every storage promises, also when the server is busy, the network breaks, or an answer is lost.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { startFlakyProxy } from '../../../test/flaky-proxy.ts';
import { startS3Server, type S3Server } from '@dms-backup/test-fixtures/storages';
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

const keys = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'not-a-secret-of-anybody' };
let server: S3Server;
let buckets = 0;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.conditions = 'obeyed';
  server.intercept = undefined;
  server.requests.length = 0;
});

function makePlace(options = '', port = server.port): ContractPlace & { bucket: string } {
  const bucket = `bucket-${++buckets}`;
  server.createBucket(bucket);
  const url = `s3://${bucket}/some/prefix?endpoint=http://127.0.0.1:${port}${options}`;
  return { bucket, url, environment: keys };
}

const bucketOf = ({ url }: ContractPlace): string => /s3:\/\/([^/]*)/.exec(url)?.[1] ?? '';
const everything = (place: ContractPlace): Promise<string[]> => server.everything(bucketOf(place));

async function rename(place: ContractPlace, from: string, to: string): Promise<void> {
  const base = `http://127.0.0.1:${server.port}/${bucketOf(place)}/some/prefix`;
  await fetch(`${base}/${to}`, {
    method: 'PUT',
    headers: { 'x-amz-copy-source': `/${bucketOf(place)}/some/prefix/${from}` },
  });
  await fetch(`${base}/${from}`, { method: 'DELETE' });
}

storageContract(() => Promise.resolve(makePlace()), { everything, rename });

const large = patternBytes(19 * 1024 * 1024 + 17);

describe('large files', () => {
  test('go in parts, a few at a time, and come back', async () => {
    const place = makePlace();
    const storage = await openPlace(place);
    await store(storage, 'a.tar.zst', large);
    const parts = server.requests.filter(({ url }) => url.includes('partNumber='));
    expect(parts).toHaveLength(3);
    // the content is signed, so a server notices every changed bit
    for (const { headers } of parts)
      expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
    expectSame(await readWhole(await storage.open('a.tar.zst')), large);
    expect(await everything(place)).toEqual(['some/prefix/a.tar.zst']);
    await storage.close();
  });

  test('discarded in the middle leave no upload on the server', async () => {
    const place = makePlace();
    const storage = await openPlace(place);
    const sink = await storage.createSink('a.tar');
    await sink.write(large);
    expect(await everything(place)).toEqual([expect.stringContaining('upload of')]);
    await sink.discard();
    expect(await everything(place)).toEqual([]);
    await storage.close();
  });
});

describe('never overwrites', () => {
  test.each(['refused', 'ignored'] as const)(
    'with a server where writes on condition are %s',
    async (conditions) => {
      server.conditions = conditions;
      const place = makePlace();
      const storage = await openPlace(place);
      await store(storage, 'small.tar', large.subarray(0, 100));
      await store(storage, 'large.tar', large);
      for (const name of ['small.tar', 'large.tar'])
        expect((await rejection(storage.createSink(name))).code).toBe('destination-exists');
      expect(await everything(place)).toHaveLength(2);
      await storage.close();
    },
  );

  test.each([
    ['small', 100, 'obeyed'],
    ['large', large.length, 'obeyed'],
    ['large', large.length, 'refused'],
  ] as const)('a name taken meanwhile: %s file, conditions %s', async (_, length, conditions) => {
    server.conditions = conditions;
    const place = makePlace();
    const storage = await openPlace(place);
    const sink = await storage.createSink('a.tar');
    await sink.write(large.subarray(0, length));
    await store(await openPlace(place), 'a.tar', large.subarray(0, 5));
    expect((await rejection(sink.commit())).code).toBe('destination-exists');
    await sink.discard();
    expect(await everything(place)).toEqual(['some/prefix/a.tar']);
    expectSame(await readWhole(await storage.open('a.tar')), large.subarray(0, 5));
    await storage.close();
  });
});

describe('a server in trouble', () => {
  test.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [429, undefined],
  ])('every request is answered %i %s twice: all goes well', async (status, code) => {
    const seen = new Map<string, number>();
    server.intercept = ({ method = '', url = '' }) => {
      const count = (seen.get(method + url) ?? 0) + 1;
      seen.set(method + url, count);
      return count <= 2 ? { status, ...(code !== undefined && { code }) } : undefined;
    };
    const place = makePlace();
    const storage = await openPlace(place);
    await store(storage, 'a.tar', large);
    expectSame(await readWhole(await storage.open('a.tar')), large);
    expect(await storage.list()).toHaveLength(1);
    await storage.close();
  });

  test('one that never recovers is told as such, and leaves nothing', async () => {
    const place = makePlace();
    const storage = await openPlace(place);
    const sink = await storage.createSink('a.tar');
    server.intercept = ({ method }) =>
      method === 'PUT' ? { status: 503, code: 'SlowDown' } : undefined;
    const error = await rejection(sink.write(large).then(() => sink.commit()));
    expect(error.code).toBe('server-unreachable');
    expect(error.message).toContain('SlowDown');
    await sink.discard();
    expect(await everything(place)).toEqual([]);
    await storage.close();
  });

  test.each([
    ['small', 100],
    ['large', large.length],
  ])(
    'the answer to the last request of a %s file is lost: it is found to be done',
    async (_, length) => {
      const place = makePlace();
      const storage = await openPlace(place);
      let lost = 0;
      server.intercept = ({ headers }) =>
        headers['if-none-match'] === '*' && lost++ === 0 ? 'lose-answer' : undefined;
      await store(storage, 'a.tar', large.subarray(0, length));
      expect(lost).toBe(2);
      expectSame(await readWhole(await storage.open('a.tar')), large.subarray(0, length));
      expect(await everything(place)).toHaveLength(1);
      await storage.close();
    },
  );

  test.each([
    [403, 'SignatureDoesNotMatch', 'storage-denied', 2, /access key/],
    [403, 'InvalidAccessKeyId', 'storage-denied', 2, /access key/],
    [400, 'ExpiredToken', 'storage-denied', 2, /session token/],
    [403, 'AccessDenied', 'storage-denied', 2, /rights/],
    [403, 'RequestTimeTooSkewed', 'storage-denied', 2, /clock/],
    [301, 'PermanentRedirect', 'usage', 2, /region/],
    [404, 'NoSuchBucket', 'destination-unwritable', 2, /bucket/],
    [507, 'XMinioStorageFull', 'no-space', 31, /space/],
    [403, 'QuotaExceeded', 'no-space', 31, /quota/],
  ])('%i %s is %s with a way out', async (status, code, wanted, exitCode, hint) => {
    const storage = await openPlace(makePlace());
    const sink = await storage.createSink('a.tar');
    server.intercept = ({ method }) => (method === 'HEAD' ? undefined : { status, code });
    await sink.write(large.subarray(0, 10));
    const error = await rejection(sink.commit());
    expect(error.code).toBe(wanted);
    expect(error.exitCode).toBe(exitCode);
    expect(error.hint).toMatch(hint);
    expect(`${error.message} ${error.hint}`).not.toContain(keys.AWS_SECRET_ACCESS_KEY);
    server.intercept = undefined;
    await sink.discard();
    await storage.close();
  });

  test('one that is not there is told within seconds', async () => {
    const storage = await openPlace({
      url: 's3://bucket?endpoint=http://127.0.0.1:1',
      environment: keys,
    });
    const error = await rejection(storage.createSink('a.tar'));
    expect(error.code).toBe('server-unreachable');
    expect(error.message).toContain('ECONNREFUSED');
  });
});

describe('a bad network', () => {
  test('silent for a moment, in the middle of writing and of reading: all comes through', async () => {
    const proxy = await startFlakyProxy(server.port);
    const storage = await openPlace(makePlace('', proxy.port), { ...hurried, stallMs: 700 });
    const sink = await storage.createSink('a.tar');
    proxy.silence();
    setTimeout(() => proxy.heal(), 1500);
    await sink.write(large);
    await sink.commit();
    const opened = await storage.open('a.tar');
    proxy.silence();
    setTimeout(() => proxy.heal(), 1500);
    expectSame(await readWhole(opened), large);
    await storage.close();
  });

  test.each([0, 1, 300, 5000, 1_000_000, 7_999_999, 8_388_608, 8_389_100])(
    'cut after %i bytes of the upload, three times: the archive is whole',
    async (afterBytes) => {
      const proxy = await startFlakyProxy(server.port);
      const place = makePlace('', proxy.port);
      const storage = await openPlace(place);
      const sink = await storage.createSink('a.tar');
      proxy.cut('up', afterBytes, 3);
      await sink.write(large);
      await sink.commit();
      expect(proxy.cuts).toBe(3);
      expectSame(await readWhole(await storage.open('a.tar')), large);
      expect(await everything(place)).toHaveLength(1);
      await storage.close();
    },
  );

  test.each([1, 200, 5000, 1_000_000, 19_000_000])(
    'cut after %i bytes of a download, three times: the rest is fetched',
    async (afterBytes) => {
      const proxy = await startFlakyProxy(server.port);
      const storage = await openPlace(makePlace('', proxy.port));
      await store(storage, 'a.tar', large);
      const opened = await storage.open('a.tar');
      proxy.cut('down', afterBytes, 3);
      expectSame(await readWhole(opened), large);
      expect(proxy.cuts).toBeGreaterThan(0);
      await storage.close();
    },
  );

  test.each([100, 3_000_000])(
    'cut for good after %i bytes: a clear error, and no archive',
    async (afterBytes) => {
      const proxy = await startFlakyProxy(server.port);
      const place = makePlace('', proxy.port);
      const storage = await openPlace(place);
      const sink = await storage.createSink('a.tar');
      proxy.cut('up', afterBytes, Infinity);
      const error = await rejection(sink.write(large).then(() => sink.commit()));
      expect(error.code).toBe('server-unreachable');
      expect(
        (await everything(place)).filter(
          (name) => name.endsWith('/a.tar') && !name.startsWith('upload'),
        ),
      ).toEqual([]);
      proxy.heal();
      await sink.discard();
      expect(await everything(place)).toEqual([]);
      await storage.close();
    },
  );
});

describe('reading', () => {
  test('notices an object that was replaced meanwhile', async () => {
    const place = makePlace();
    const storage = await openPlace(place);
    await store(storage, 'a.tar', patternBytes(5000, 1));
    await store(storage, 'b.tar', patternBytes(5000, 2));
    const opened = await storage.open('a.tar');
    await rename(place, 'b.tar', 'a.tar');
    const error = await rejection(readWhole(opened));
    expect(error.code).toBe('archive-damaged');
    expect(error.message).toContain('changed');
    await storage.close();
  });

  test('lists more than one page, and nothing of folders and of names that no archive has', async () => {
    const place = makePlace();
    const storage = await openPlace(place);
    const base = `http://127.0.0.1:${server.port}/${place.bucket}`;
    const names = [
      'some/prefix/',
      'some/prefix/folder/x.tar',
      'some/other.tar',
      'some/prefix/bad%0Aname.tar',
    ];
    for (const name of names) await fetch(`${base}/${name}`, { method: 'PUT', body: 'x' });
    for (let index = 0; index < 1003; index++)
      await fetch(`${base}/some/prefix/n-${index}.tar`, { method: 'PUT', body: 'x' });
    const listed = await storage.list();
    expect(listed).toHaveLength(1003);
    expect(listed.every(({ name }) => /^n-\d+\.tar$/.test(name))).toBe(true);
    await storage.close();
  });
});

test('server-side encryption and session tokens are sent as asked for', async () => {
  const place = makePlace('&sse=aws:kms&sse-kms-key-id=some-key&region=eu-west-3');
  const storage = await openPlace({
    ...place,
    environment: { ...keys, AWS_SESSION_TOKEN: 'token-of-session' },
  });
  await store(storage, 'small.tar', large.subarray(0, 10));
  await store(storage, 'large.tar', large);
  const begun = server.requests.filter(
    ({ url }) => /small\.tar|uploads/.test(url) && !url.includes('list'),
  );
  const writes = begun.filter(({ method }) => method === 'PUT' || method === 'POST');
  expect(writes).toHaveLength(2);
  for (const { headers } of writes) {
    expect(headers['x-amz-server-side-encryption']).toBe('aws:kms');
    expect(headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('some-key');
    expect(headers['x-amz-security-token']).toBe('token-of-session');
    expect(headers.authorization).toContain('/eu-west-3/s3/');
  }
  await storage.close();
});
