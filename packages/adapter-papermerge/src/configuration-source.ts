// The sources of the configuration kit with what is special about Papermerge: five styles of settings, one set of names for
// them, and what each image uses when nothing is set.

import { dirname, isAbsolute, posix, resolve } from 'node:path';
import {
  findValue,
  type ComposeProduct,
  type ConfigurationSource,
  type FoundVariable,
} from '@dms-backup/core/adapter-kit';
import { stateOf } from './migrations.ts';
import type { PythonAssignments } from './python-assignments.ts';

/** Images of all generations; `papermerge/auth-server`, `papermerge/s3worker` and the like are other programs. */
export const composeProduct: ComposeProduct = {
  title: 'Papermerge',
  image: /(?:^|\/)papermerge(?:-core)?(?:[:@]|$)/,
  serviceNames: ['papermerge', 'webapp', 'papermerge_app'],
  mountPoint: '/core_app/media',
  workingDirectory: '/',
};

/** Where an image has its things, as written inside the container. */
export interface Container {
  readonly workingDirectory: string;
  readonly media: string;
  /** Used when no variable names a database; null: there is no such default. */
  readonly sqlite: string | null;
  /** True: settings module `config.settings.production` (1.4 - 2.0) takes the database from `POSTGRES_*`. */
  readonly usesPostgresVariables: boolean;
}

const containers = {
  legacy: {
    workingDirectory: '/opt/app',
    media: '/opt/media',
    sqlite: null,
    usesPostgresVariables: true,
  },
  linuxserver: {
    workingDirectory: '/app/papermerge',
    media: '/data/media',
    sqlite: '/data/papermerge.db',
    usesPostgresVariables: false,
  },
  '2.1': {
    workingDirectory: '/app',
    media: '/app/media',
    sqlite: '/app/db.sqlite3',
    usesPostgresVariables: false,
  },
  '3.x': {
    workingDirectory: '/core_app',
    media: '/core_app/media',
    sqlite: '/db/db.sqlite3',
    usesPostgresVariables: false,
  },
  '3.6': {
    workingDirectory: '/core_app',
    media: '/core_app/media',
    sqlite: null,
    usesPostgresVariables: false,
  },
} as const satisfies Readonly<Record<string, Container>>;

export interface PapermergeSource extends ConfigurationSource {
  readonly kind: 'environment' | 'container' | 'conf' | 'toml';
  /** Where the product's own tree may be: the folder of a file, or where this process stands. Null: nobody knows. */
  readonly directory: string | null;
  /** Names that the file assigns in a way that cannot be read as data. */
  readonly unclear: ReadonlySet<string>;
}

const nothingUnclear: ReadonlySet<string> = new Set();

/**
 * From 3.3 on the product takes its variables in any case; a name in capitals wins. `directory`: where the product would run with
 * them, if it has some.
 */
export function withKind(
  source: ConfigurationSource,
  kind: 'environment' | 'container',
  directory: string | null = null,
): PapermergeSource {
  const variables = new Map(source.variables);
  for (const [name, item] of source.variables) {
    const upper = name.toUpperCase();
    if (/^(?:PAPERMERGE__|PM_)/.test(upper) && !variables.has(upper)) variables.set(upper, item);
  }
  const isUsed = [...variables.keys()].some(isProductVariable);
  return {
    ...source,
    variables,
    kind,
    directory: isUsed ? directory : null,
    unclear: nothingUnclear,
  };
}

function isProductVariable(name: string): boolean {
  return /^(?:PAPERMERGE__|PM_(?:DB_URL|MEDIA_ROOT|STORAGE_BACKEND|SECRET_KEY)$)/.test(name);
}

/** Settings of a `papermerge.conf.py` are kept under names that no environment variable can have. */
export function confName(name: string): string {
  return `conf ${name}`;
}

/** A `papermerge.conf.py`: paths in it are paths of this machine, unless it belongs to a container (see `inContainer`). */
export function confSource(path: string, { values, unclear }: PythonAssignments): PapermergeSource {
  const variables = [...values].map(
    ([name, value]) =>
      [
        confName(name),
        { value: value === null ? '' : String(value), source: `${name} in ${path}` },
      ] as const,
  );
  return fileSource(path, 'conf', new Map(variables), unclear);
}

/** A `papermerge.toml`: `[main] media_root` is `PAPERMERGE__MAIN__MEDIA_ROOT`. */
export function tomlSource(
  path: string,
  settings: readonly (readonly [section: string, key: string, value: string])[],
): PapermergeSource {
  const variables = settings.map(
    ([section, key, value]) =>
      [
        `PAPERMERGE__${section}__${key}`.toUpperCase(),
        { value, source: `[${section}] ${key} in ${path}` },
      ] as const,
  );
  return fileSource(path, 'toml', new Map(variables), nothingUnclear);
}

function fileSource(
  path: string,
  kind: 'conf' | 'toml',
  variables: PapermergeSource['variables'],
  unclear: ReadonlySet<string>,
): PapermergeSource {
  const directory = dirname(path);
  return {
    name: path,
    variables,
    kind,
    directory,
    unclear,
    compose: null,
    hostPath: (written) => ({
      path: resolve(directory, written),
      how: isAbsolute(written) ? null : `relative to ${directory}`,
    }),
  };
}

/**
 * The container that compose and env files describe; null when there is none. The image decides, then the variables: each
 * generation renamed them.
 */
export function containerOf(sources: readonly PapermergeSource[]): Container | null {
  if (sources.every(({ kind }) => kind !== 'container')) return null;
  const compose = sources.find((source) => source.compose !== null)?.compose;
  const image = compose?.service.image?.replace(/@.*$/, '') ?? '';
  if (/(?:^|\/)linuxserver\/papermerge/.test(image)) return containers.linuxserver;
  if (/(?:^|\/)eugenci\/papermerge/.test(image)) return containers.legacy;
  const generation = stateOf(releaseOfTag(image) ?? '')?.generation;
  if (generation === '1.x-2.0') return containers.legacy;
  if (generation === '2.1') return containers['2.1'];
  const has = (pattern: RegExp): boolean =>
    sources.some(({ variables }) => [...variables.keys()].some((name) => pattern.test(name)));
  if (has(/^PM_(?:DB_URL|MEDIA_ROOT|STORAGE_BACKEND|SECRET_KEY)$/)) return containers['3.6'];
  if (generation !== undefined) return containers['3.x'];
  if (has(/^PAPERMERGE__(?:DATABASE__URL|SECURITY__|AUTH__)/)) return containers['3.x'];
  if (has(/^PAPERMERGE__(?:DATABASE__|MAIN__SECRET_KEY|SEARCH__ENGINE|REDIS__HOST)/))
    return containers['2.1'];
  if (has(/^PAPERMERGE__/)) return containers['3.x'];
  if (has(/^conf |^POSTGRES_HOST$/) || isProduction(sources)) return containers.legacy;
  return containers['3.x'];
}

/** 1.2: `config.settings.stage`; 1.4 - 2.0: `config.settings.production`. */
export function isProduction(sources: readonly PapermergeSource[]): boolean {
  const module = findSetting(sources, 'DJANGO_SETTINGS_MODULE')?.value ?? '';
  return /^config\.settings\.(?:production|stage)$/.test(module);
}

/** Paths of all files that belong to a container are paths inside of it. */
export function inContainer(
  sources: readonly PapermergeSource[],
  container: Container | null,
): PapermergeSource[] {
  const around = sources.find(({ kind }) => kind === 'container');
  if (container === null || around === undefined) return [...sources];
  return sources.map((source) =>
    source.kind === 'environment'
      ? source
      : {
          ...source,
          compose: around.compose,
          hostPath: (written) =>
            around.hostPath(posix.resolve(container.workingDirectory, written)),
        },
  );
}

/** The release of an image tag, e.g. `v1.5.5`, `3.5.3`, `v1.5.5-ls31` of linuxserver; null for `latest` and the like. */
export function releaseOfTag(image: string): string | null {
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? '';
  const release = /^(?:version-)?v?(\d+\.\d[\w.]*?)(?:-ls\d+)?$/.exec(tag)?.[1] ?? '';
  return stateOf(release) === undefined ? null : release;
}

/** The first source that has one of the names with a value, asked source by source. */
export function findFirst(
  sources: readonly PapermergeSource[],
  names: readonly string[],
): (FoundVariable<PapermergeSource> & { readonly name: string }) | undefined {
  for (const source of sources) {
    for (const name of names) {
      const found = findValue([source], name);
      if (found !== undefined) return { ...found, name };
    }
  }
  return undefined;
}

/** An empty value counts as not set, and one of less weight may be used then: as the product does it. */
export function findSetting(
  sources: readonly PapermergeSource[],
  name: string,
): ReturnType<typeof findFirst> {
  return findFirst(sources, [name]);
}
