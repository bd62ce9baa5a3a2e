import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // database servers, started when a test asks for one
    globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // they need PostGIS and the clients of PostgreSQL: see the configuration of the whole workspace
    exclude: [...configDefaults.exclude, 'src/database/postgres/**/*.integration.test.ts'],
    passWithNoTests: true,
    // machines are shared: a slow one must not fail a test that starts threads
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
