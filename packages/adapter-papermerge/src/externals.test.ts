import type { DatabaseReader } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { instanceAt, list } from '../test/built-instance.ts';
import { externals } from './externals.ts';

/** The database is not asked: any use of it fails the test. */
const noDatabase = new Proxy({} as DatabaseReader, {
  get(_, name) {
    throw new Error(`the database is asked for '${String(name)}'`);
  },
});

test.each([
  [{ PM_STORAGE_BACKEND: 'R2', PM_BUCKET_NAME: 'b', PM_PREFIX: 'p' }, 'bucket', 'b/p'],
  [{ PM_STORAGE_BACKEND: 's3', PM_BUCKET_NAME: 'b' }, 'bucket', 'b'],
  [
    { PAPERMERGE__MAIN__FILE_SERVER: 's3', PAPERMERGE__MAIN__PREFIX: 'p' },
    'bucket',
    'unnamed bucket/p',
  ],
  [{ DEFAULT_FILE_STORAGE: 'x.S3Storage' }, 'storage', 'x.S3Storage'],
])('%o', async (settings, kind, name) => {
  const found = await list(externals(noDatabase, instanceAt('/media', settings)));
  expect(found).toEqual([{ kind, name, reason: expect.stringMatching(/documents/) }]);
});

test.each([
  {},
  { PM_STORAGE_BACKEND: 'local', PM_BUCKET_NAME: 'b' },
  { PAPERMERGE__MAIN__FILE_SERVER: 'local', PAPERMERGE__S3__BUCKET_NAME: 'copy' },
  { DEFAULT_FILE_STORAGE: 'mglib.storage.FileSystemStorage' },
])('nothing: %o', async (settings) => {
  expect(await list(externals(noDatabase, instanceAt('/media', settings)))).toEqual([]);
});
