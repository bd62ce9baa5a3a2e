// A remote of rclone keeps what every storage promises; also one over a network that breaks.

import { existsSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { startFlakyProxy } from '../../../test/flaky-proxy.ts';
import { startS3Server } from '@dms-backup/test-fixtures/storages';
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

/** The remote is said by variables alone, so that no configuration of the user is read. */
const environment = { RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_DISK_TYPE: 'local' };

interface Place extends ContractPlace {
  readonly directory: string;
}

function makePlace(): Place {
  const directory = join(scratchDirectory(), 'made');
  return { directory, url: `rclone:disk:${directory}`, environment };
}

const directoryOf = (place: ContractPlace): string => (place as Place).directory;

storageContract(() => Promise.resolve(makePlace()), {
  slow: true,
  everything: (place) =>
    Promise.resolve(existsSync(directoryOf(place)) ? readdirSync(directoryOf(place)) : []),
  rename: (place, from, to) =>
    Promise.resolve(renameSync(join(directoryOf(place), from), join(directoryOf(place), to))),
});

test('the file has another name until it is whole', async () => {
  const place = makePlace();
  const storage = await openPlace(place);
  const bytes = patternBytes(2_000_000);
  const sink = await storage.createSink('a.tar');
  await sink.write(bytes);
  expect(existsSync(join(place.directory, 'a.tar'))).toBe(false);
  await sink.commit();
  expect(readdirSync(place.directory)).toEqual(['a.tar']);
  expectSame(readFileSync(join(place.directory, 'a.tar')), bytes);
});

test('a file that becomes shorter while it is read is noticed', async () => {
  const place = makePlace();
  const storage = await openPlace(place);
  await store(storage, 'a.tar', patternBytes(1000));
  await store(storage, 'b.tar', patternBytes(900));
  const opened = await storage.open('a.tar');
  renameSync(join(place.directory, 'b.tar'), join(place.directory, 'a.tar'));
  expect((await rejection(readWhole(opened))).code).toBe('archive-damaged');
});

describe('over a network', () => {
  async function start() {
    const server = await startS3Server();
    server.createBucket('bucket');
    const proxy = await startFlakyProxy(server.port);
    const remote = {
      ...environment,
      AWS_CA_BUNDLE: undefined,
      RCLONE_LOW_LEVEL_RETRIES: '5',
      // the parts of rclone 1.60 are not what fauxqs takes: files go in one request
      RCLONE_STREAMING_UPLOAD_CUTOFF: '20M',
      RCLONE_CONFIG_S3_TYPE: 's3',
      RCLONE_CONFIG_S3_PROVIDER: 'Minio',
      RCLONE_CONFIG_S3_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
      RCLONE_CONFIG_S3_ACCESS_KEY_ID: 'key-of-rclone',
      RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: 'secret-of-rclone',
    };
    return { server, proxy, place: { url: 'rclone:s3:bucket/some', environment: remote } };
  }
  const bytes = patternBytes(7_000_000);

  test('cut a few times: the archive is whole and comes back', async () => {
    const { server, proxy, place } = await start();
    const storage = await openPlace(place);
    const sink = await storage.createSink('a.tar');
    proxy.cut('up', 3_000_000, 2);
    await sink.write(bytes);
    await sink.commit();
    expect(proxy.cuts).toBe(2);
    expect(await server.everything('bucket')).toEqual(['some/a.tar']);
    const opened = await storage.open('a.tar');
    proxy.cut('down', 2_000_000, 2);
    expectSame(await readWhole(opened), bytes);
    expect(proxy.cuts).toBe(2);
    await server.stop();
  });

  test('cut for good: a clear error, and no archive', async () => {
    const { server, proxy, place } = await start();
    const storage = await openPlace(place);
    const sink = await storage.createSink('a.tar');
    proxy.cut('up', 3_000_000, Infinity);
    const error = await rejection(sink.write(bytes).then(() => sink.commit()));
    expect(error.code).toBe('server-unreachable');
    await sink.discard();
    expect(await server.everything('bucket')).not.toContain('some/a.tar');
    await server.stop();
  });

  test('wrong keys are told without repeating them', async () => {
    const { server, place } = await start();
    server.intercept = () => ({ status: 403, code: 'SignatureDoesNotMatch' });
    const error = await rejection((await openPlace(place)).list());
    expect(error.code).toBe('storage-denied');
    expect(JSON.stringify([error.message, error.hint, error.context])).not.toMatch(
      /(?:key|secret)-of-rclone/,
    );
    await server.stop();
  });
});

describe('what is wrong is told by name', () => {
  test.each([
    ['rclone:nowhere:path', {}, 'usage', /listremotes/],
    ['rclone:disk:/nonexistent/path', {}, 'archive-not-found', /./],
    ['rclone:disk:/tmp', { PATH: '/nonexistent' }, 'program-missing', /Install rclone/],
  ])('%s %j is %s', async (url, more, code, hint) => {
    const error = await rejection(
      (await openPlace({ url, environment: { ...environment, ...more } })).list(),
    );
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(hint);
  });
});
