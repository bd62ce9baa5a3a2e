// The contract tests on built instances: three releases on the PostgreSQL that npm brings, where layers have no geometry, and
// on PostGIS where there is one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractTests, type Sample } from '@dms-backup/core/testkit';
import { buildNextgiswebInstance, type NextgiswebVersion } from '@dms-backup/test-fixtures';
import { findPostgis, sharedPostgres, type MachineServer } from '@dms-backup/test-fixtures/servers';
import { afterAll, test } from 'vitest';
import { adapter } from '../src/index.ts';
import { createScratchDatabases } from './scratch-databases.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nextgisweb-contract-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const databases = createScratchDatabases();

function sampleOf(
  name: string,
  appVersion: NextgiswebVersion,
  server: () => Promise<MachineServer>,
  options: { postgis?: boolean; byConfig?: boolean } = {},
): Sample {
  const { postgis = false, byConfig = false } = options;
  return {
    name,
    open: async () => {
      const built = await buildNextgiswebInstance(
        mkdtempSync(join(scratch, 'instance-')),
        { appVersion, postgis },
        await databases.create(await server()),
      );
      const { host, port, user, database } = built.server;
      return {
        directory: built.directory,
        given: byConfig
          ? { configFiles: [built.configPath] }
          : {
              configFiles: [],
              database: { engine: 'postgres', host, port, user, name: database },
              media: built.mediaDirectory,
            },
        secrets: Object.values(built.secrets),
        // 3.9.0 - 3.9.3 leave the same revisions
        ...(appVersion === '3.9.0' ? {} : { appVersion }),
        documents: built.resources.length,
        broken: [],
      };
    },
  };
}

const postgis = await findPostgis();

contractTests({
  test,
  adapter,
  samples: [
    sampleOf('3.9 by flags', '3.9.0', () => sharedPostgres('old')),
    sampleOf('4.9.0 by flags', '4.9.0', () => sharedPostgres('new')),
    sampleOf('5.5.0 by config.ini', '5.5.0', () => sharedPostgres('new'), { byConfig: true }),
    ...(postgis
      ? [
          sampleOf('4.9.0 on PostGIS', '4.9.0', async () => postgis, { postgis: true }),
          sampleOf('5.5.0 on PostGIS', '5.5.0', async () => postgis, { postgis: true }),
        ]
      : []),
  ],
});
