import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

/** Captured installations lie beside the repository on the developers' machines only. */
const captures = existsSync(join(import.meta.dirname, '../shared/instances'));

/** The tests of the PostgreSQL engine run on the newest server everywhere; here they run once more on another one. */
function postgresAgain(
  name: string,
  server: 'old' | 'postgis',
  tests: string,
  setupFiles: string[],
) {
  return {
    root: 'packages/core',
    test: {
      name,
      include: [`src/database/postgres/${tests}`],
      // captured installations are loaded with the clients of PostgreSQL, and some need PostGIS
      exclude:
        server === 'postgis' && captures
          ? configDefaults.exclude
          : [...configDefaults.exclude, '**/*.integration.test.ts'],
      globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
      setupFiles,
      env: { DMS_TEST_POSTGRES: server },
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      'packages/*',
      'apps/*',
      'test-fixtures',
      postgresAgain('core on PostgreSQL 12', 'old', '**/*.test.ts', []),
      postgresAgain('core on PostGIS', 'postgis', '{definitions,*.integration}.test.ts', [
        join(import.meta.dirname, 'packages/core/test/postgis-only.ts'),
      ]),
    ],
    // many tests wait for programs and servers: a core that is kept free would do nothing
    maxWorkers: '100%',
    reporters: ['default', 'json'],
    outputFile: { json: 'coverage/tests.json' },
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**', 'apps/*/src/**'],
      exclude: ['**/*.test.ts', '**/index.ts'],
    },
  },
});
