// The files of an installation that state its version. Where each release has it, and which releases state a wrong one, are
// facts of the source trees; `version.ts` weighs them against the migrations.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseRange } from '@dms-backup/core/adapter-kit';

interface VersionFile {
  /** Below the directory of the installation. */
  readonly path: string;
  readonly read: (text: string) => string | null;
}

/** Tuple `VERSION = (1, 5, 5, 'final', 0)`: 1.4.2 - 1.5.5 papermerge/__init__.py, 2.0 papermerge/core/__init__.py. */
function readTuple(text: string): string | null {
  const match = /^VERSION\s*=\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*[,)]/m.exec(text);
  return match === null ? null : `${match[1]}.${match[2]}.${match[3]}`;
}

/** 2.1: papermerge/core/version.py, `__version__ = "2.1.9"`. */
function readText(text: string): string | null {
  return /^(?:__version__|VERSION|version)\s*=\s*["'](\d[\w.]*)["']/m.exec(text)?.[1] ?? null;
}

/** 3.x images: pyproject.toml of the project `papermerge` or `papermerge-core`. */
function readProject(text: string): string | null {
  return /^name\s*=\s*["']papermerge(?:-core)?["']/m.test(text) ? readText(text) : null;
}

/** The newest place first: 2.1 - 3.2 still carry the tuple of 2.1.0. */
const versionFiles: readonly VersionFile[] = [
  { path: 'pyproject.toml', read: readProject },
  { path: 'papermerge/core/version.py', read: readText },
  { path: 'papermerge/core/__init__.py', read: readTuple },
  { path: 'papermerge/__init__.py', read: readTuple },
];

export interface StatedByFile {
  readonly release: string;
  readonly path: string;
}

/** The version that the installation in a directory states; null when no file there does. */
export async function readVersionFile(directory: string): Promise<StatedByFile | null> {
  for (const { path, read } of versionFiles) {
    const place = join(directory, path);
    try {
      const release = read(await readFile(place, 'utf8'));
      if (release !== null) return { release, path: place };
    } catch {
      // A file that cannot be read says nothing; the version then comes from another source.
    }
  }
  return null;
}

/** Releases that a stated version can stand for: some were published with the version of the one before. */
export function releasesOfVersionFile(release: string): ReleaseRange {
  const alsoIn: Readonly<Record<string, ReleaseRange>> = {
    '1.4.2': { from: '1.4.2', to: '1.4.3' },
    '1.5.2': { from: '1.5.2', to: '1.5.3' },
    '3.3': { from: '3.3.0', to: '3.3.1' },
    '3.3.0': { from: '3.3.0', to: '3.3.1' },
    '3.6.0': { from: '3.6.0a1', to: '3.6.0' },
  };
  return alsoIn[release] ?? { from: release, to: release };
}
