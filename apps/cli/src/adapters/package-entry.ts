// The file that `import 'package'` would load. `require.resolve` cannot be asked: it refuses packages that only offer the
// condition `import`, and `import.meta.resolve` looks from this file instead of the user's folder.

import { join, sep } from 'node:path';
import type { FoundPackage } from './package-places.ts';

const conditions: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default']);

/** Follows conditions to the first target, in the order of the package's own keys, as Node does. */
function targetOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) return target.map(targetOf).find((found) => found !== undefined);
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, next] of Object.entries(target)) {
    if (!conditions.has(condition)) continue;
    const found = targetOf(next);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Absolute path of the main module. Throws an Error that says what is wrong with package.json. */
export function packageEntry(found: FoundPackage): string {
  const { exports, main } = found.manifest;
  let target: string | undefined;
  if (exports === undefined || exports === null) {
    target = typeof main === 'string' && main !== '' ? main : './index.js';
  } else {
    const subpaths =
      typeof exports === 'object' && Object.keys(exports).some((key) => key.startsWith('.'));
    target = targetOf(subpaths ? (exports as Record<string, unknown>)['.'] : exports);
  }
  if (target === undefined) throw new Error('its package.json has no main module (`exports`)');
  const path = join(found.directory, target);
  if (!path.startsWith(found.directory + sep))
    throw new Error('the main module in its package.json lies outside the package');
  return path;
}
