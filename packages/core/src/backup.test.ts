// The verb with an invented application: what the adapter says about destination, name and things elsewhere. What an archive
// holds is tested end to end, in apps/cli.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { instanceOf, rootOf, shoebox } from '../test/shoebox.ts';
import type { Adapter, External, Instance } from './adapter.ts';
import { backup } from './backup.ts';
import { inspect } from './inspect.ts';
import type { BackupOptions, BackupResult } from './verb.ts';

/** Backs up a new installation; `more` is what its configuration says besides. */
async function run(
  more: Partial<Instance>,
  options: Partial<BackupOptions> = {},
  members: Partial<Adapter> = {},
): Promise<{ scratch: string; result: BackupResult }> {
  const scratch = scratchDirectory();
  mkdirSync(join(scratch, 'files'));
  mkdirSync(join(scratch, 'here'));
  writeFileSync(join(scratch, 'files/a'), 'content');
  const database = new DatabaseSync(join(scratch, 'db'));
  database.exec('CREATE TABLE papers (id INTEGER PRIMARY KEY)');
  database.close();
  const instance = instanceOf([rootOf(join(scratch, 'files'))], {
    database: { value: { engine: 'sqlite', path: join(scratch, 'db') }, source: 'the test' },
    ...more,
  });
  const adapter = shoebox({ configure: async () => instance, ...members });
  const result = await backup({
    adapter,
    adapterPackage: { name: 'shoebox', packageVersion: '1.0.0' },
    given: { configFiles: [] },
    environment: {},
    workingDirectory: join(scratch, 'here'),
    compression: 'zstd',
    parts: ['database', 'media'],
    excludeClasses: [],
    dryRun: false,
    ...options,
  });
  return { scratch, result };
}

const said = (value: string) => ({ value, source: 'config.ini' });

test('without a word the archive lies here, under our name', async () => {
  const { scratch, result } = await run({});
  expect(dirname(result.path ?? '')).toBe(join(scratch, 'here'));
  expect(basename(result.path ?? '')).toMatch(/^shoebox-1\.2\.3-\d{8}T\d{6}Z\.tar\.zst$/);
});

test('the application says where its backups are, and what they are called', async () => {
  const place = join(scratchDirectory(), 'of the application');
  const config = { destination: said(place), archiveName: said('%Y-box') };
  const { result } = await run(config);
  expect(result.path).toBe(join(place, `${new Date().getUTCFullYear()}-box.tar.zst`));
});

test('the user wins over the application', async () => {
  const theirs = scratchDirectory();
  const config = { destination: said('/nowhere'), archiveName: said('%Y-box') };
  const named = await run(config, { destination: theirs, filename: 'mine' });
  expect(named.result.path).toBe(join(theirs, 'mine.tar.zst'));
  const file = await run(config, { destination: join(theirs, 'a.tar.zst') });
  expect(file.result.path).toBe(join(theirs, 'a.tar.zst'));
});

const bucket = (number: number): External => ({
  kind: 'bucket',
  name: `s3://${number}`,
  reason: 'scans',
});

async function* buckets(count: number): AsyncGenerator<External> {
  for (let number = 0; number < count; number++) yield bucket(number);
}

test('what lies elsewhere is listed by backup and inspect', async () => {
  const { result } = await run({}, {}, { externals: () => buckets(2) });
  expect(result.externals).toEqual([bucket(0), bucket(1)]);
  const inspected = await inspect({ archive: result.path ?? '', workingDirectory: '/' });
  expect(inspected.externals).toEqual(result.externals);
  expect(result.exitCode).toBe(0);
});

test('very much of it is counted', async () => {
  const { result } = await run({}, {}, { externals: () => buckets(1002) });
  expect(result.externals).toHaveLength(1000);
  expect(result.warnings).toContain('and 2 more things elsewhere that are not listed');
});

test('what is none is refused, and no archive is left', async () => {
  const broken = async function* broken(): AsyncGenerator<External> {
    yield { ...bucket(0), kind: 'S3 Bucket' };
  };
  const destination = scratchDirectory();
  const error = await rejection(run({}, { destination }, { externals: broken }));
  expect([error.code, error.message]).toEqual([
    'adapter-invalid',
    "adapter 'shoebox' returned something else than `externals` promises (kind: invalid_format)",
  ]);
  expect(readdirSync(destination)).toEqual([]);
});
