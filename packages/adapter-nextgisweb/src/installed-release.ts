// The release of the installed Python package. It is not proof: the database may not be migrated to it yet. `version.ts`
// weighs it against the revisions.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Located } from '@dms-backup/core';
import { normalRelease } from './release.ts';

/** Metadata directories of the distribution `nextgisweb` (Python packaging: `<name>-<version>.dist-info`). */
const metadata = /^nextgisweb-(\d+\.\d+\.\d+)(?:\.dist-info|(?:-py[\d.]+)?\.egg-info)$/;

/** Looks into `env/lib/python*\/site-packages` of the homes; the first home that has the package decides. */
export async function readInstalledRelease(
  homes: readonly string[],
  lookedAt: { place: string; found: boolean }[],
): Promise<Located<string> | null> {
  for (const home of new Set(homes)) {
    const libraries = join(home, 'env/lib');
    const found: Located<string>[] = [];
    for (const python of await namesIn(libraries)) {
      if (!/^python\d/.test(python)) continue;
      const packages = join(libraries, python, 'site-packages');
      for (const name of await namesIn(packages)) {
        const release = normalRelease(metadata.exec(name)?.[1] ?? '');
        if (release !== null) found.push({ value: release, source: join(packages, name) });
      }
    }
    lookedAt.push({ place: libraries, found: found.length > 0 });
    // two environments in one home: nobody knows which one runs
    if (new Set(found.map(({ value }) => value)).size === 1) return found[0] ?? null;
  }
  return null;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch {
    return [];
  }
}
