// Folders with fixtures of a project: data that `loaddata` reads, kept beside the code. Only looked for when asked.

import { existsSync, readdirSync, type Dirent } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Root } from '@dms-backup/core';

/** Deeper than any project puts its apps. */
const depthLimit = 8;
/** Code of others, and folders that tools make. */
const notOurs = new Set(['node_modules', 'site-packages', 'dist-packages', '__pycache__']);

/**
 * Roots `fixtures`, `fixtures-2`, ... by path. `ignored`: directories that are roots already. `named`: FIXTURE_DIRS, which may
 * lie anywhere and have any name. A folder counts if it has JSON files. Links and hidden folders are not followed.
 */
export function findFixtures(
  project: string | null,
  named: readonly string[],
  ignored: readonly string[],
): Root[] {
  const found = new Map<string, string>();
  const visit = (directory: string, depth: number): void => {
    if (ignored.includes(directory)) return;
    const entries = entriesOf(directory);
    // a virtual environment
    if (entries.some(({ name }) => name === 'pyvenv.cfg')) return;
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || notOurs.has(entry.name)) continue;
      const path = join(directory, entry.name);
      if (entry.name === 'fixtures' && hasJson(path)) found.set(path, 'fixtures of the project');
      else if (depth < depthLimit) visit(path, depth + 1);
    }
  };
  if (project !== null) visit(project, 1);
  for (const each of named) {
    const path = resolve(project ?? '/', each);
    if (!ignored.includes(path) && existsSync(path) && hasJson(path))
      found.set(path, 'FIXTURE_DIRS');
  }
  return [...found]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([directory, source], number) => ({
      name: number === 0 ? 'fixtures' : `fixtures-${number + 1}`,
      directory,
      source: `${source}, --include-fixtures`,
      required: false,
    }));
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    // Not readable for this user: the roots that are found are shown by `doctor`.
    return [];
  }
}

function hasJson(directory: string): boolean {
  return entriesOf(directory).some((entry) => entry.isFile() && entry.name.endsWith('.json'));
}
