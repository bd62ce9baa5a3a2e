import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

// Captured installations and fact sheets lie beside the repository on the developers' machines only.
const shared = join(import.meta.dirname, '../../../shared');
const outside = [
  { place: 'instances', tests: 'test/captured.integration.test.ts' },
  { place: 'products/paperless', tests: 'test/fact-sheet.integration.test.ts' },
];

export default defineConfig({
  test: {
    // database servers, started when a test asks for one
    globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...outside.filter(({ place }) => !existsSync(join(shared, place))).map(({ tests }) => tests),
    ],
    // machines are shared: a slow one must not fail a test that starts threads
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
