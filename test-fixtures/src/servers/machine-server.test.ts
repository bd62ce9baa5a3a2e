// Where the servers are that npm cannot bring, and what is said when there is none.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { findMariadb, findPostgis, noteMissing } from './machine-server.ts';
import { KEEPER_VARIABLE } from './keeper-protocol.ts';
import { startKeeper } from './start-keeper.ts';

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';

describe.each([
  ['MariaDB', 'DMS_TEST_MARIADB', findMariadb],
  ['PostGIS', 'DMS_TEST_POSTGIS', findPostgis],
] as const)('%s', (title, variable, find) => {
  beforeEach(() => vi.stubEnv(variable, NOBODY));
  afterEach(() => vi.unstubAllEnvs());

  test('a server that is named and does not answer fails the tests', async () => {
    vi.stubEnv('CI', undefined);
    await expect(find()).rejects.toThrow(
      `the tests need ${title}: no server for us on ${NOBODY} (connect ECONNREFUSED ${NOBODY}); .ci/run brings one, or set ${variable}=host:port`,
    );
  });
});

test('notes of the tests are told once, at the end', async () => {
  const keeper = await startKeeper();
  vi.stubEnv(KEEPER_VARIABLE, keeper.directory);
  await noteMissing('not run: a');
  await noteMissing('not run: a');
  await noteMissing('not run: b');
  vi.unstubAllEnvs();
  expect(await keeper.stop()).toEqual(['not run: a', 'not run: b']);
});
