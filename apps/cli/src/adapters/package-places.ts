// Where packages can lie: the node_modules folders from a directory up to the root, as Node looks for them. Looked
// through by hand, because the packages are wanted from the user's folder, which is not where this file is.

import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A package that is there; nothing of it has been run yet. */
export interface FoundPackage {
  readonly name: string;
  readonly packageVersion: string;
  /** The real path of its directory. */
  readonly directory: string;
  /** `package.json` as it is. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Why it must not be run, or null. */
  readonly distrust: string | null;
}

/** `node_modules` folders from `start` up, nearest first, whether they exist or not. */
export function modulesFolders(start: string): string[] {
  const folders: string[] = [];
  let directory = resolve(start);
  for (;;) {
    if (!directory.endsWith('node_modules')) folders.push(join(directory, 'node_modules'));
    const above = dirname(directory);
    if (above === directory) return folders;
    directory = above;
  }
}

/**
 * A folder above the current one may belong to somebody else (`/tmp/node_modules`), and what lies in it would run with our
 * rights, often as root. So owner and write rights are looked at, as git does for repositories.
 */
async function distrustOf(directories: readonly string[]): Promise<string | null> {
  const user = process.getuid?.();
  if (user === undefined) return null;
  for (const directory of directories) {
    const { uid, mode } = await stat(directory);
    if (uid !== 0 && uid !== user) return `'${directory}' belongs to another user`;
    if ((mode & 0o002) !== 0) return `'${directory}' can be written by everybody`;
  }
  return null;
}

/** Reads `package.json` of a directory, or returns undefined when there is none that can be read. */
export async function readPackage(directory: string): Promise<FoundPackage | undefined> {
  try {
    const real = await realpath(directory);
    const manifest: unknown = JSON.parse(await readFile(join(real, 'package.json'), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null) return undefined;
    const { name, version } = manifest as Record<string, unknown>;
    return {
      name: typeof name === 'string' ? name : directory,
      packageVersion: typeof version === 'string' ? version : '0.0.0',
      directory: real,
      manifest: manifest as Record<string, unknown>,
      distrust: null,
    };
  } catch {
    // Absent, a broken link, no JSON: the next place may have it.
    return undefined;
  }
}

/** The nearest package of this name in the folders. `trusted` folders are not examined for their owner. */
export async function findPackage(
  name: string,
  folders: readonly string[],
  trusted: boolean,
): Promise<FoundPackage | undefined> {
  for (const folder of folders) {
    const found = await readPackage(join(folder, name));
    if (found === undefined) continue;
    const distrust = trusted ? null : await distrustOf([folder, found.directory]);
    return { ...found, distrust };
  }
  return undefined;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    return [];
  }
}

/** Names of the packages in the folders that are adapters by their name, without doubles. */
export async function listAdapterPackages(folders: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const folder of folders) {
    const ours = (await namesIn(join(folder, '@dms-backup')))
      .filter((name) => name.startsWith('adapter-'))
      .map((name) => `@dms-backup/${name}`);
    const others = (await namesIn(folder)).filter((name) => name.startsWith('dms-backup-adapter-'));
    for (const name of [...ours.toSorted(), ...others.toSorted()]) names.add(name);
  }
  return [...names];
}
