// Temporary directories of tests: each test gets its own, all go when it ends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty directory for the running test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dms-core-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
