// Member `configure`: puts together where the instance is. Flags win over the environment, that over configuration files,
// those over the product's defaults; each value remembers its source. Secrets are named, never part of the instance.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigureInput, Instance, Root } from '@dms-backup/core';
import {
  absoluteLocation,
  environmentSource,
  findValue,
  pathBelow,
} from '@dms-backup/core/adapter-kit';
import { locateDatabase } from './configuration-database.ts';
import { findFiles } from './configuration-files.ts';
import { collectSecrets, collectSettings } from './configuration-settings.ts';
import { isProductSource, withoutDefaults, type PaperlessSource } from './configuration-source.ts';
import { statedImage } from './image.ts';
import { majorOf, normalRelease } from './release.ts';
import { readVersionPy } from './version-files.ts';

type Setting = Instance['settings'][number];
type Directory = Pick<Root, 'directory' | 'source'>;

/** What the configuration says, before and after the flags. */
export interface Configuration {
  readonly instance: Instance;
  /** In order of weight; they hold secrets. */
  readonly sources: readonly PaperlessSource[];
  /** The database that the configuration leads to, whatever --database says. */
  readonly configured: Instance['database'];
}

/** Member `configure`. Throws as {@link readConfiguration}. */
export async function configure(input: ConfigureInput): Promise<Instance> {
  return (await readConfiguration(input)).instance;
}

/** Throws `configuration-invalid` when a file cannot be understood, `source-unreadable` when it cannot be read. */
export async function readConfiguration(input: ConfigureInput): Promise<Configuration> {
  const { given, environment, workingDirectory } = input;
  const files = await findFiles(input);
  const sources = [
    withoutDefaults(environmentSource(environment, workingDirectory)),
    ...files.sources,
  ];
  const { lookedAt } = files;
  const warnings = [...files.warnings];
  const defaults = defaultDirectories(sources, input);

  const media = rootDirectory('media', given.media, sources, defaults, workingDirectory, warnings);
  const data = rootDirectory('data', given.data, sources, defaults, workingDirectory, warnings);
  const roots: Root[] = [];
  if (media !== null) roots.push({ name: 'media', ...media, required: true });
  if (data !== null) roots.push({ name: 'data', ...data, required: false });

  const settings = collectSettings(sources, roots, warnings);
  warnIfNested(roots, warnings);
  const trash = trashRoot(settings, roots, warnings);
  if (trash !== null) roots.push(trash);

  const image = statedImage(sources);
  if (image !== null) settings.push({ name: 'image', value: image.name, source: image.source });
  const versionPy = await findVersionPy(files.sources, data, input, lookedAt);
  if (versionPy !== null) settings.push(versionPy);

  const stated =
    given.appVersion === undefined
      ? image?.release
      : { value: given.appVersion, source: '--app-version' };
  const configured = locateDatabase({
    sources,
    dataDirectory: data,
    major: majorHint(stated?.value, image?.major, versionPy?.value),
    warnings: given.database === undefined ? warnings : [],
  });
  const database =
    given.database === undefined
      ? configured
      : { value: absoluteLocation(given.database, workingDirectory), source: '--database' };
  warnIfMixed(input, roots, database, warnings);

  const instance: Instance = {
    ...(database === undefined ? {} : { database }),
    roots,
    ...(stated === undefined ? {} : { appVersion: stated }),
    settings,
    secrets: collectSecrets(sources),
    lookedAt,
    warnings,
  };
  return { instance, sources, configured };
}

/** Flag, variable, then the default of the first source that implies one, then a default that exists on this machine. */
function rootDirectory(
  name: 'media' | 'data',
  flag: string | undefined,
  sources: readonly PaperlessSource[],
  defaults: ReadonlyMap<string, Directory>,
  workingDirectory: string,
  warnings: string[],
): Directory | null {
  if (flag !== undefined)
    return { directory: resolve(workingDirectory, flag), source: `--${name}` };
  const variable = name === 'media' ? 'PAPERLESS_MEDIA_ROOT' : 'PAPERLESS_DATA_DIR';
  const found = findValue(sources, variable);
  if (found !== undefined) {
    return fromHostPath(found.from, found.value, found.source, `name it with --${name}`, warnings);
  }
  const implied = sources.find((source) => source.defaults !== null);
  if (implied?.defaults) {
    const source = `default of ${implied.name}`;
    const directory = fromHostPath(
      implied,
      implied.defaults[name],
      source,
      `name it with --${name}`,
      warnings,
    );
    if (directory !== null && isCertain(implied, directory.directory)) return directory;
  }
  return defaults.get(name) ?? null;
}

/** A default directory that does not exist is only believed in a compose file or beside the product's own tree. */
function isCertain(source: PaperlessSource, directory: string): boolean {
  return (
    source.compose !== null ||
    existsSync(directory) ||
    isProductSource(resolve(directory, '../src'))
  );
}

function fromHostPath(
  from: PaperlessSource,
  written: string,
  source: string,
  remedy: string,
  warnings: string[],
): Directory | null {
  const host = from.hostPath(written);
  if ('problem' in host) {
    warnings.push(`${host.problem}; ${remedy}`);
    return null;
  }
  return { directory: host.path, source: host.how === null ? source : `${source} (${host.how})` };
}

/** Defaults of the image and of bare metal, where they exist. Not looked for when flags say where everything is. */
function defaultDirectories(
  sources: readonly PaperlessSource[],
  { given, workingDirectory }: ConfigureInput,
): Map<string, Directory> {
  const found = new Map<string, Directory>();
  const allGiven = given.database !== undefined && given.media !== undefined;
  if (allGiven || sources.some(({ compose }) => compose !== null)) return found;
  const places = [
    { root: '/usr/src/paperless', source: 'default of the container image' },
    ...(isProductSource(join(workingDirectory, 'src'))
      ? [{ root: workingDirectory, source: 'default of bare metal' }]
      : []),
    ...(isProductSource(workingDirectory)
      ? [{ root: resolve(workingDirectory, '..'), source: 'default of bare metal' }]
      : []),
  ];
  for (const name of ['media', 'data']) {
    const place = places.find(({ root }) => existsSync(join(root, name)));
    if (place !== undefined) {
      found.set(name, { directory: join(place.root, name), source: place.source });
    }
  }
  return found;
}

/** settings.EMPTY_TRASH_DIR: the deprecated name wins. Inside another root it is saved with that one. */
function trashRoot(
  settings: readonly Setting[],
  roots: readonly Root[],
  warnings: string[],
): Root | null {
  const setting =
    settings.find(({ name }) => name === 'PAPERLESS_TRASH_DIR') ??
    settings.find(({ name }) => name === 'PAPERLESS_EMPTY_TRASH_DIR');
  if (setting === undefined) return null;
  const directory = setting.value;
  const source = `${setting.name} in ${setting.source}`;
  if (roots.some((root) => isAtOrBelow(root.directory, directory))) return null;
  if (roots.some((root) => isAtOrBelow(directory, root.directory))) {
    warnings.push(
      `${source} contains another directory of the instance: it is not taken as the trash`,
    );
    return null;
  }
  return { name: 'trash', directory, source, required: false };
}

function isAtOrBelow(directory: string, path: string): boolean {
  return path === directory || pathBelow(directory, path) !== null;
}

/** Such a layout works in the product and is saved twice; core refuses to exchange one inside the other. */
function warnIfNested(roots: readonly Root[], warnings: string[]): void {
  for (const outer of roots) {
    const inner = roots.find(
      (root) => root !== outer && isAtOrBelow(outer.directory, root.directory),
    );
    if (inner === undefined) continue;
    warnings.push(
      `the ${inner.name} directory '${inner.directory}' lies inside the ${outer.name} directory '${outer.directory}': it is saved twice, and a restore needs separate directories`,
    );
    return;
  }
}

/** `src/paperless/version.py` of the installation that the configuration belongs to. */
async function findVersionPy(
  files: readonly PaperlessSource[],
  data: Directory | null,
  { given }: ConfigureInput,
  lookedAt: Instance['lookedAt'],
): Promise<Setting | null> {
  if (files.some(({ compose }) => compose !== null)) return null;
  const places: string[] = [];
  for (const source of files) {
    const host = source.hostPath('paperless/version.py');
    if ('path' in host) places.push(host.path);
  }
  if (data !== null) places.push(resolve(data.directory, '../src/paperless/version.py'));
  if (given.database === undefined || given.media === undefined) {
    places.push('/usr/src/paperless/src/paperless/version.py');
  }
  for (const place of new Set(places)) {
    const release = await readVersionPy(place);
    lookedAt.push({ place, found: release !== null });
    if (release !== null) return { name: 'version.py', value: release, source: place };
  }
  return null;
}

/** Which rules for the database variables apply; null when nobody says. */
function majorHint(
  stated: string | undefined,
  image: number | null | undefined,
  versionPy: string | undefined,
): number | null {
  const release = stated === undefined ? null : normalRelease(stated);
  if (release !== null) return majorOf(release);
  if (image !== null && image !== undefined) return image;
  return versionPy === undefined ? null : majorOf(versionPy);
}

/** Flags for one part and files for another is allowed, and a way to mix two installations. */
function warnIfMixed(
  { given }: ConfigureInput,
  roots: readonly Root[],
  database: Instance['database'],
  warnings: string[],
): void {
  const flags = [
    ...(given.database === undefined ? [] : ['--database']),
    ...(given.media === undefined ? [] : ['--media']),
  ];
  if (flags.length === 0) return;
  const isFromFlag =
    given.database !== undefined ||
    (given.data !== undefined && database?.value.engine === 'sqlite');
  const others = [
    ...roots
      .filter(({ source }) => !source.startsWith('--'))
      .map(({ name, source }) => `${name} from ${source}`),
    ...(database === undefined || isFromFlag ? [] : [`database from ${database.source}`]),
  ];
  if (others.length > 0) {
    warnings.push(
      `${flags.join(' and ')} given, but ${others.join(', ')}: check that they belong together`,
    );
  }
}
