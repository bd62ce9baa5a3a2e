// Member `configure`: puts together where the instance is. Flags win over the environment, that over configuration files,
// those over the product's defaults; each value remembers its source. Secrets are named, never part of the instance.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigureInput, Instance, Root } from '@dms-backup/core';
import { absoluteLocation, environmentSource } from '@dms-backup/core/adapter-kit';
import { locateDatabase, type FoundDatabase } from './configuration-database.ts';
import { findFiles } from './configuration-files.ts';
import { locateMedia } from './configuration-media.ts';
import { collectSecrets, collectSettings } from './configuration-settings.ts';
import {
  containerOf,
  inContainer,
  releaseOfTag,
  withKind,
  type PapermergeSource,
} from './configuration-source.ts';
import { storageElsewhere } from './externals.ts';
import { readVersionFile } from './version-files.ts';

/** What the configuration says, before and after the flags. */
export interface Configuration {
  readonly instance: Instance;
  /** In order of weight; they hold secrets. */
  readonly sources: readonly PapermergeSource[];
  /** The database that the configuration leads to, whatever --database says. */
  readonly configured: FoundDatabase | undefined;
}

/** Member `configure`. Throws as {@link readConfiguration}. */
export async function configure(input: ConfigureInput): Promise<Instance> {
  return (await readConfiguration(input)).instance;
}

/** Throws `configuration-invalid` when a file cannot be understood, `source-unreadable` when it cannot be read. */
export async function readConfiguration(input: ConfigureInput): Promise<Configuration> {
  const { given, environment, workingDirectory } = input;
  const files = await findFiles(input);
  const read = [
    withKind(environmentSource(environment, workingDirectory), 'environment', workingDirectory),
    ...files.sources,
  ];
  const container = containerOf(read);
  const sources = inContainer(read, container);
  const warnings = [...files.warnings];

  const media =
    locateMedia({ flag: given.media, sources, container, workingDirectory, warnings }) ??
    insideImage(input, files.sources);
  const roots: Root[] = media === null ? [] : [{ name: 'media', ...media, required: true }];
  if (given.data !== undefined) {
    const directory = resolve(workingDirectory, given.data);
    roots.push({ name: 'data', directory, source: '--data', required: false });
  }
  const configured = locateDatabase({
    sources,
    container,
    warnings: given.database === undefined ? warnings : [],
  });
  const database =
    given.database === undefined
      ? configured?.located
      : { value: absoluteLocation(given.database, workingDirectory), source: '--database' };
  warnIfMixed(input, media, database, warnings);

  const settings = collectSettings(sources);
  const image = imageOf(sources);
  if (image !== null) settings.push(image);
  const versionFile = await findVersionFile(input, files.sources, files.lookedAt);
  if (versionFile !== null) settings.push(versionFile);
  for (const { name, reason } of storageElsewhere(settings)) {
    warnings.push(`${reason} (${name}): no archive of dms-backup has what is only there`);
  }
  const appVersion = statedVersion(input, image);
  const instance: Instance = {
    ...(database === undefined ? {} : { database }),
    roots,
    ...(appVersion === undefined ? {} : { appVersion }),
    settings,
    secrets: collectSecrets(sources),
    lookedAt: files.lookedAt,
    warnings,
  };
  return { instance, sources, configured };
}

/** Directories of the images, believed when this process sees them and no file says anything: it runs in the container. */
function insideImage(
  { given }: ConfigureInput,
  files: readonly PapermergeSource[],
): Pick<Root, 'directory' | 'source'> | null {
  if (files.length > 0 || (given.database !== undefined && given.media !== undefined)) return null;
  const directory = [
    ['/core_app/media', '/core_app/pyproject.toml'],
    ['/app/media', '/app/papermerge/core/version.py'],
  ].find((paths) => paths.every((path) => existsSync(path)))?.[0];
  return directory === undefined ? null : { directory, source: 'default of the container image' };
}

function imageOf(sources: readonly PapermergeSource[]): Instance['settings'][number] | null {
  const compose = sources.find((source) => source.compose !== null)?.compose;
  const value = compose?.service.image?.replace(/@.*$/, '') ?? '';
  return value === ''
    ? null
    : { name: 'image', value, source: `image tag in ${compose?.paths.join(' + ')}` };
}

/** The user's word, else an image tag that is a release: the best source that there is. */
function statedVersion(
  { given }: ConfigureInput,
  image: Instance['settings'][number] | null,
): Instance['appVersion'] {
  if (given.appVersion !== undefined) {
    return { value: given.appVersion, source: '--app-version' };
  }
  const release = image === null ? null : releaseOfTag(image.value);
  return image === null || release === null ? undefined : { value: release, source: image.source };
}

/** Of the installation that a file lies in, or of the image that this process runs in. */
async function findVersionFile(
  { given }: ConfigureInput,
  files: readonly PapermergeSource[],
  lookedAt: Instance['lookedAt'],
): Promise<Instance['settings'][number] | null> {
  if (files.some(({ kind }) => kind === 'container')) return null;
  const directories = files.flatMap(({ directory }) => (directory === null ? [] : [directory]));
  if (given.database === undefined || given.media === undefined) {
    directories.push('/core_app', '/app', '/opt/app');
  }
  for (const directory of new Set(directories)) {
    const found = await readVersionFile(directory);
    lookedAt.push({ place: join(directory, 'papermerge'), found: found !== null });
    if (found !== null) return { name: 'version file', value: found.release, source: found.path };
  }
  return null;
}

/** Flags for one part and files for another is allowed, and a way to mix two installations. */
function warnIfMixed(
  { given }: ConfigureInput,
  media: Pick<Root, 'source'> | null,
  database: Instance['database'],
  warnings: string[],
): void {
  if ((given.database === undefined) === (given.media === undefined)) return;
  const other =
    given.database === undefined
      ? database === undefined
        ? null
        : `database from ${database.source}`
      : media === null
        ? null
        : `media from ${media.source}`;
  if (other === null) return;
  const flag = given.database === undefined ? '--media' : '--database';
  warnings.push(`${flag} given, but ${other}: check that they belong together`);
}
