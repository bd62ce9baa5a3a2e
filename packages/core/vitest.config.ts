import { testsWithoutPrograms } from '@dms-backup/test-fixtures/outside-programs';
import { configDefaults, defineConfig } from 'vitest/config';

const leftOut = testsWithoutPrograms({
  'src/encryption/age.test.ts': ['age', 'age-keygen', 'python3', 'ssh-keygen'],
  'src/encryption/gpg.test.ts': ['gpg', 'gpgconf', 'gpg-agent'],
  'src/source/gpg-source.test.ts': ['gpg', 'gpgconf', 'gpg-agent'],
  'src/storage/sftp/sftp-storage.test.ts': ['sshd', 'ssh', 'ssh-keygen'],
  'src/storage/rclone/rclone-storage.test.ts': ['rclone'],
  'src/storage/restic/restic-storage.test.ts': ['restic'],
  'src/database/mariadb/connect.test.ts': ['mariadbd', 'mariadb-install-db', 'openssl'],
});

export default defineConfig({
  test: {
    // database servers, started when a test asks for one
    globalSetup: ['@dms-backup/test-fixtures/servers/setup'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // they need PostGIS and the clients of PostgreSQL: see the configuration of the whole workspace
    exclude: [
      ...configDefaults.exclude,
      'src/database/postgres/**/*.integration.test.ts',
      ...leftOut,
    ],
    passWithNoTests: true,
    // machines are shared: a slow one must not fail a test that starts threads
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
