// The contract tests on built projects: found by flags and by `.env`, with and without knowledge of the file columns, healthy
// and with every trap the fixtures know.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GivenLocation } from '@dms-backup/core';
import { contractTests, type Sample } from '@dms-backup/core/testkit';
import {
  buildDjangoInstance,
  type DjangoInstance,
  type DjangoOptions,
} from '@dms-backup/test-fixtures';
import { afterAll, test } from 'vitest';
import { adapter } from '../src/index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'django-contract-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function sampleOf(
  name: string,
  options: DjangoOptions,
  givenOf: (built: DjangoInstance) => GivenLocation,
  isMapped = true,
): Sample {
  return {
    name,
    open: async () => {
      const built = buildDjangoInstance(mkdtempSync(join(scratch, 'instance-')), options);
      return {
        directory: built.directory,
        given: givenOf(built),
        secrets: built.secrets,
        appVersion: '1.4.0',
        documents: isMapped ? built.documentIds.length : 0,
        broken: built.broken,
      };
    },
  };
}

const byFlags = (built: DjangoInstance): GivenLocation => ({
  configFiles: [],
  database: { engine: 'sqlite', path: built.databasePath },
  media: built.mediaDirectory,
  appVersion: '1.4.0',
});

contractTests({
  test,
  adapter,
  samples: [
    sampleOf('flags and a map', { documents: 25, traps: true }, (built) => ({
      ...byFlags(built),
      options: { 'file-map': [built.fileMapPath] },
    })),
    sampleOf('.env and a map', {}, (built) => ({
      configFiles: [built.configPath],
      options: { 'file-map': [built.fileMapPath] },
    })),
    sampleOf('flags alone', { traps: true }, byFlags, false),
  ],
});
