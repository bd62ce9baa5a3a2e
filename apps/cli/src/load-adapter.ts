// From the word after --app to a checked adapter. `paperless` means `@dms-backup/adapter-paperless`, then
// `dms-backup-adapter-paperless`, each looked for in the user's folder first and then beside the CLI; after that aliases
// of all adapters that can be loaded, and last a package of exactly this name. A word with a slash at its start is a path.

import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Adapter } from '@dms-backup/core';
import { packageEntry } from './adapters/package-entry.ts';
import {
  findPackage,
  listAdapterPackages,
  modulesFolders,
  readPackage,
  type FoundPackage,
} from './adapters/package-places.ts';
import { nearest } from './nearest.ts';
import { UsageError } from './usage-error.ts';

export interface LoadedAdapter {
  readonly adapter: Adapter;
  readonly adapterPackage: { readonly name: string; readonly packageVersion: string };
  /** Where it was loaded from. */
  readonly directory: string;
}

/** A package that looks like an adapter and cannot be used. */
export interface BrokenAdapter {
  readonly name: string;
  readonly packageVersion: string;
  readonly directory: string;
  readonly reason: string;
  readonly error: unknown;
}

export interface AdapterPlaces {
  /** Of the user; examined for who may write there. */
  readonly workingDirectory: string;
  /** Of the CLI itself. Another one in tests. */
  readonly programDirectory?: string;
}

/** npm's rules for names, so that no name can lead out of a node_modules folder. */
const packageName = /^(?:@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*$/;
const shortName = /^[a-z0-9][a-z0-9._-]*$/;

function ownFolders(places: AdapterPlaces): string[] {
  return modulesFolders(places.programDirectory ?? import.meta.dirname);
}

async function locate(name: string, places: AdapterPlaces): Promise<FoundPackage | undefined> {
  const users = await findPackage(name, modulesFolders(places.workingDirectory), false);
  if (users !== undefined && users.distrust === null) return users;
  return (await findPackage(name, ownFolders(places), true)) ?? users;
}

async function invalid(found: FoundPackage, reason: string, cause?: unknown): Promise<Error> {
  const { DmsBackupError } = await import('@dms-backup/core');
  return new DmsBackupError(
    'adapter-invalid',
    `cannot load adapter package '${found.name}': ${reason}`,
    {
      context: {
        package: found.name,
        packageVersion: found.packageVersion,
        directory: found.directory,
      },
      cause,
    },
  );
}

async function importAdapter(found: FoundPackage, path?: string): Promise<LoadedAdapter> {
  if (found.distrust !== null) {
    throw new UsageError(
      `adapter package '${found.name}' is not trusted: ${found.distrust}`,
      `To load it all the same, name it by its path: --app ${found.directory}`,
    );
  }
  let exported: Record<string, unknown>;
  try {
    const entry = path ?? packageEntry(found);
    exported = (await import(pathToFileURL(entry).href)) as Record<string, unknown>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw await invalid(found, reason.split('\n')[0] ?? '', error);
  }
  if (exported['adapter'] === undefined) throw await invalid(found, 'it exports no `adapter`');
  const { checkAdapter } = await import('@dms-backup/core');
  const { name, packageVersion, directory } = found;
  return {
    adapter: checkAdapter(exported['adapter'], name),
    adapterPackage: { name, packageVersion },
    directory,
  };
}

async function loadFromPath(word: string, places: AdapterPlaces): Promise<LoadedAdapter> {
  const path = resolve(places.workingDirectory, word);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw await notFound(word, places);
  if (found.isDirectory()) {
    const directoryPackage = await readPackage(path);
    if (directoryPackage !== undefined) return importAdapter(directoryPackage);
    throw new UsageError(
      `no package.json in '${path}'`,
      'Name the directory of an adapter package, or its main module.',
    );
  }
  // A single file: name and version come from the package around it, if there is one.
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const around = await readPackage(directory);
    if (around !== undefined) return importAdapter(around, path);
    if (directory === dirname(directory)) break;
  }
  const alone = {
    name: path,
    packageVersion: '0.0.0',
    directory: dirname(path),
    manifest: {},
    distrust: null,
  };
  return importAdapter(alone, path);
}

/** Every package that is an adapter by its name: loaded, or with the reason why not. */
export async function loadAllAdapters(
  places: AdapterPlaces,
): Promise<{ loaded: LoadedAdapter[]; broken: BrokenAdapter[] }> {
  const names = await listAdapterPackages([
    ...modulesFolders(places.workingDirectory),
    ...ownFolders(places),
  ]);
  const loaded: LoadedAdapter[] = [];
  const broken: BrokenAdapter[] = [];
  for (const name of names.toSorted()) {
    const found = await locate(name, places);
    if (found === undefined) continue;
    try {
      loaded.push(await importAdapter(found));
    } catch (error) {
      const { packageVersion, directory } = found;
      const reason = error instanceof Error ? error.message : String(error);
      broken.push({ name, packageVersion, directory, reason, error });
    }
  }
  return { loaded, broken };
}

async function notFound(
  word: string,
  places: AdapterPlaces,
  all?: Awaited<ReturnType<typeof loadAllAdapters>>,
): Promise<Error> {
  const { loaded, broken } = all ?? (await loadAllAdapters(places));
  const names = loaded.map(({ adapter }) => adapter.name);
  const similar = nearest(
    word,
    loaded.flatMap(({ adapter }) => [adapter.name, ...adapter.aliases]),
  );
  const { DmsBackupError } = await import('@dms-backup/core');
  const hints = [
    similar === undefined ? '' : `Did you mean --app ${similar}?`,
    names.length > 0 ? `Can be loaded: ${names.join(', ')}.` : 'No adapter can be loaded.',
    'Another one is installed with `npm install dms-backup-adapter-NAME`; `dms-backup apps` shows what is there.',
  ];
  return new DmsBackupError('adapter-not-found', `no adapter for '${word}'`, {
    hint: hints.filter((hint) => hint !== '').join(' '),
    context: {
      app: word,
      loadable: names,
      broken: broken.map(({ name }) => name),
      nearest: similar ?? null,
    },
  });
}

/**
 * Loads and checks the adapter. Throws `usage` for words that can be no name, `adapter-not-found`, `adapter-invalid`
 * (also when the package throws while loading), `adapter-contract-version`.
 */
export async function loadAdapter(word: string, places: AdapterPlaces): Promise<LoadedAdapter> {
  if (word === '.' || word === '..' || /^\.{0,2}[/\\]/.test(word) || isAbsolute(word))
    return loadFromPath(word, places);
  if (!packageName.test(word) || word === 'node_modules') {
    throw new UsageError(
      `'${word}' cannot be the name of an adapter`,
      'Use lower-case letters, digits and hyphens, or a path that begins with ./ or /.',
    );
  }
  if (shortName.test(word)) {
    for (const name of [`@dms-backup/adapter-${word}`, `dms-backup-adapter-${word}`]) {
      const found = await locate(name, places);
      if (found !== undefined) return importAdapter(found);
    }
  }
  if (word.startsWith('@') || word.startsWith('dms-backup-adapter-')) {
    const found = await locate(word, places);
    if (found !== undefined) return importAdapter(found);
  }
  const all = await loadAllAdapters(places);
  const named = all.loaded.find(
    ({ adapter }) => adapter.name === word || adapter.aliases.includes(word),
  );
  if (named !== undefined) return named;
  const exact = await locate(word, places);
  if (exact !== undefined) return importAdapter(exact);
  throw await notFound(word, places, all);
}
