import { testsWithoutPrograms } from '@dms-backup/test-fixtures/outside-programs';
import { configDefaults, defineConfig } from 'vitest/config';

const leftOut = testsWithoutPrograms({
  'test/e2e/destinations.test.ts': ['sshd', 'ssh', 'ssh-keygen', 'rclone', 'restic'],
  'test/e2e/encryption.test.ts': ['age', 'age-keygen', 'gpg', 'gpgconf', 'gpg-agent'],
});

export default defineConfig({
  test: {
    // database servers, started when a test asks for one
    globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
    // machines are shared: a slow one must not fail a test that starts programs
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...leftOut],
    passWithNoTests: true,
  },
});
