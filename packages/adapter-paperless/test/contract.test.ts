// The contract tests on built installations of both known shapes, healthy and with every trap the fixtures know.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractTests, type Sample } from '@dms-backup/core/testkit';
import { buildPaperlessInstance, type SampleOptions } from '@dms-backup/test-fixtures';
import { afterAll, test } from 'vitest';
import { adapter } from '../src/index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-contract-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The product puts the slug of a bundle into its file name, so a reference cannot hide it. */
const secretsInFileNames = /bundle/i;

function sampleOf(name: string, options: SampleOptions, byConfig = false): Sample {
  return {
    name,
    open: async () => {
      const built = buildPaperlessInstance(mkdtempSync(join(scratch, 'instance-')), options);
      const roots = built.documents.filter(({ rootDocumentId }) => rootDocumentId === null);
      return {
        directory: built.directory,
        given: byConfig
          ? { configFiles: [built.configPath] }
          : {
              configFiles: [],
              database: { engine: 'sqlite', path: built.databasePath },
              media: built.mediaDirectory,
              data: built.dataDirectory,
            },
        secrets: Object.entries(built.secrets)
          .filter(([secret]) => !secretsInFileNames.test(secret))
          .map(([, value]) => value),
        appVersion: options.appVersion,
        documents: roots.length,
        broken: [],
      };
    },
  };
}

contractTests({
  test,
  adapter,
  samples: [
    sampleOf('2.20.15 by flags', { appVersion: '2.20.15', documents: 60, traps: true }),
    sampleOf('3.0.5 by flags', {
      appVersion: '3.0.5',
      documents: 60,
      traps: true,
      uncheckpointed: true,
    }),
    sampleOf('3.0.5 by paperless.conf', { appVersion: '3.0.5', documents: 5 }, true),
  ],
});
