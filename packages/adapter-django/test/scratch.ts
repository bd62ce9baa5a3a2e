// Temporary folders with files in them, and the words of `configure`, for the tests of this package.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigureInput, GivenLocation, Instance } from '@dms-backup/core';
import { isDmsBackupError } from '@dms-backup/core';
import { onTestFinished } from 'vitest';

/** A folder with these files; gone when the running test ends. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'django-unit-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

export function inputAt(
  workingDirectory: string,
  given: Partial<GivenLocation> = {},
  environment: ConfigureInput['environment'] = {},
): ConfigureInput {
  return { given: { configFiles: [], ...given }, environment, workingDirectory };
}

export function instanceWith(parts: Partial<Instance>): Instance {
  return { roots: [], settings: [], secrets: [], lookedAt: [], warnings: [], ...parts };
}

/** Code and message of what is thrown. */
export async function refusal(call: () => unknown): Promise<[string, string]> {
  try {
    await call();
  } catch (error) {
    if (isDmsBackupError(error)) return [error.code, `${error.message} ${error.hint}`];
    throw error;
  }
  throw new Error('nothing was thrown');
}

export async function list<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
