// The contract tests on built installations of all layouts, with every trap the fixtures know, on the engines that each of them
// runs on.

import { contractTests, type Sample } from '@dms-backup/core/testkit';
import type { PapermergeOptions } from '@dms-backup/test-fixtures';
import { findMariadb } from '@dms-backup/test-fixtures/servers';
import { afterAll, test } from 'vitest';
import { adapter } from '../src/index.ts';
import { build, flagsOf, removeInstances } from './built-instance.ts';

afterAll(removeInstances);

function sampleOf(
  release: PapermergeOptions['release'],
  engine: 'sqlite' | 'postgres' | 'mariadb',
  options: Omit<PapermergeOptions, 'release'> = { traps: true, more: 20 },
): Sample {
  return {
    name: `${release} on ${engine}`,
    open: async () => {
      const built = await build({ release, ...options }, engine);
      return {
        directory: built.directory,
        given: { ...flagsOf(built), appVersion: release },
        secrets: built.secrets,
        appVersion: release,
        documents: built.documents.length,
        broken: [],
      };
    },
  };
}

const onMariadb = (await findMariadb()) === undefined ? [] : (['2.0.1', '2.1.9', '3.2.0'] as const);

contractTests({
  test,
  adapter,
  samples: [
    ...(['1.5.5', '2.0.1', '2.1.9', '3.2.0', '3.3.1', '3.4.1', '3.5.1'] as const).map((release) =>
      sampleOf(release, 'sqlite'),
    ),
    ...(
      ['2.0.1', '2.1.9', '3.2.0', '3.3.1', '3.4.1', '3.5.1', '3.5.2', '3.5.3', '3.6.0a16'] as const
    ).map((release) => sampleOf(release, 'postgres')),
    ...onMariadb.map((release) => sampleOf(release, 'mariadb')),
  ],
});
