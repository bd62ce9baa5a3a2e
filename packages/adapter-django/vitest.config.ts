import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

// Captured installations lie beside the repository on the developers' machines only.
const captures = join(import.meta.dirname, '../../../shared/instances');

export default defineConfig({
  test: {
    // database servers, started when a test asks for one
    globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...(existsSync(captures) ? [] : ['test/captured.integration.test.ts']),
    ],
    // machines are shared: a slow one must not fail a test that starts threads
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
