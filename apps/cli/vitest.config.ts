import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // database servers, started when a test asks for one
    globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
    // machines are shared: a slow one must not fail a test that starts programs
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    passWithNoTests: true,
  },
});
