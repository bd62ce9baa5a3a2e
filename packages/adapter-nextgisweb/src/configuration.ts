// Member `configure`: puts together where the instance is. Flags win over variables, those over files, those over the
// product's defaults; each value remembers its source. Secrets are named, never part of the instance.

import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { DmsBackupError, type ConfigureInput, type Instance, type Root } from '@dms-backup/core';
import { pathBelow } from '@dms-backup/core/adapter-kit';
import { defaultDirectory, findOptions, type FoundOptions } from './configuration-files.ts';
import type { Options } from './configuration-options.ts';
import { collectSecrets, collectSettings, type PathOption } from './configuration-settings.ts';
import { readInstalledRelease } from './installed-release.ts';

/** What the configuration says, before and after the flags. */
export interface Configuration {
  readonly instance: Instance;
  /** They hold secrets. */
  readonly options: Options;
  /** The database that the configuration leads to, whatever --database says. */
  readonly configured: Instance['database'];
}

/** Member `configure`. Throws as {@link readConfiguration}. */
export async function configure(input: ConfigureInput): Promise<Instance> {
  return (await readConfiguration(input)).instance;
}

/** Throws `configuration-invalid` when a file cannot be understood, `source-unreadable` when it cannot be read. */
export async function readConfiguration(input: ConfigureInput): Promise<Configuration> {
  const { given, workingDirectory } = input;
  const found = await findOptions(input);
  const { options } = found;
  const warnings = [...found.warnings];
  const lookedAt = [...found.lookedAt];

  const media = mediaRoot(input, found);
  const paths = pathOptions(options, media, workingDirectory);
  const roots: Root[] = media === null ? [] : [media];
  const storage = storageRoot(paths, media, warnings);
  if (storage !== null) roots.push(storage);

  const settings = collectSettings(options, paths);
  const installed = await readInstalledRelease(found.homes, lookedAt);
  if (installed !== null) {
    settings.push({ name: 'package nextgisweb', value: installed.value, source: installed.source });
  }
  const configured = options.size === 0 ? undefined : locateDatabase(options);
  const database =
    given.database === undefined ? configured : { value: flagged(given), source: '--database' };
  if (given.database === undefined) warnAboutPasswordFile(options, workingDirectory, warnings);
  warnAboutFlags(given, media, database, warnings);
  const backups = paths.find(({ name }) => name === 'core.backup.path');
  const instance: Instance = {
    ...(database === undefined ? {} : { database }),
    roots,
    ...(given.appVersion === undefined
      ? {}
      : { appVersion: { value: given.appVersion, source: '--app-version' } }),
    ...(backups === undefined
      ? {}
      : { destination: { value: backups.directory, source: backups.source } }),
    ...archiveName(options, warnings),
    settings,
    secrets: collectSecrets(options),
    lookedAt,
    warnings,
  };
  return { instance, options, configured };
}

type Location = NonNullable<Instance['database']>['value'];

function flagged({ database }: ConfigureInput['given']): Location {
  if (database?.engine !== 'sqlite') {
    const { options, ...rest } = database!;
    return options === undefined ? rest : { ...rest, options: { ...options } };
  }
  return database;
}

/** CoreComponent._db_connection_args (core/component.py): host, port, name and user with their defaults. */
function locateDatabase(options: Options): NonNullable<Instance['database']> {
  const option = (name: string): string | undefined => options.get(`core.database.${name}`)?.value;
  const port = portOf(options);
  const stated = ['name', 'host', 'user', 'port']
    .map((name) => options.get(`core.database.${name}`))
    .find((item) => item !== undefined);
  return {
    value: {
      engine: 'postgres',
      host: option('host') ?? 'localhost',
      ...(port === undefined ? {} : { port }),
      user: option('user') ?? 'nextgisweb',
      name: option('name') ?? 'nextgisweb',
    },
    source:
      stated === undefined ? 'defaults of core.database' : `core.database in ${stated.source}`,
  };
}

function portOf(options: Options): number | undefined {
  const port = options.get('core.database.port');
  if (port === undefined) return undefined;
  const number = /^\d{1,5}$/.test(port.value) ? Number(port.value) : 0;
  if (number >= 1 && number <= 65_535) return number;
  throw new DmsBackupError(
    'configuration-invalid',
    `core.database.port in ${port.source} is no port`,
    { hint: 'Correct the value, or name the database with --database.' },
  );
}

function mediaRoot({ given, workingDirectory }: ConfigureInput, found: FoundOptions): Root | null {
  const root = (directory: string, source: string): Root => ({
    name: 'media',
    directory,
    source,
    required: true,
  });
  if (given.media !== undefined) return root(resolve(workingDirectory, given.media), '--media');
  const sdir = found.options.get('core.sdir');
  if (sdir !== undefined) {
    return root(resolve(workingDirectory, sdir.value), `core.sdir in ${sdir.source}`);
  }
  const usual = defaultDirectory(found.homes);
  return usual === undefined ? null : root(usual, 'default of the container image');
}

const pathNames = ['file_storage.path', 'file_upload.path', 'core.backup.path'];

/** As absolute paths; what lies below `core.sdir` moves with it when --media says where that is. */
function pathOptions(options: Options, media: Root | null, workingDirectory: string): PathOption[] {
  const sdir = options.get('core.sdir');
  return pathNames.flatMap((name) => {
    const item = options.get(name);
    if (item === undefined) return [];
    const written = resolve(workingDirectory, item.value);
    const below = sdir && pathBelow(resolve(workingDirectory, sdir.value), written);
    const directory = below && media !== null ? join(media.directory, below) : written;
    return [{ name, directory, source: item.source }];
  });
}

/** `file_storage.path` outside of `sdir` is a tree of its own. */
function storageRoot(
  paths: readonly PathOption[],
  media: Root | null,
  warnings: string[],
): Root | null {
  const storage = paths.find(({ name }) => name === 'file_storage.path');
  if (storage === undefined) return null;
  const { directory, source } = storage;
  if (media !== null) {
    if (pathBelow(media.directory, directory) !== null) return null;
    if (directory === media.directory || pathBelow(directory, media.directory) !== null) {
      warnings.push(
        `file_storage.path ('${directory}') holds the directory of core.sdir: both trees are saved, and a restore needs separate directories`,
      );
    }
  }
  return {
    name: 'file-storage',
    directory,
    source: `file_storage.path in ${source}`,
    required: true,
  };
}

/** Only where the product has its own backups, or a name for them, an archive is called as these are. */
function archiveName(options: Options, warnings: string[]): Pick<Instance, 'archiveName'> {
  const stated = options.get('core.backup.filename');
  if (stated !== undefined) {
    if (!/[/\0\r\n]/.test(stated.value)) {
      return {
        archiveName: { value: stated.value, source: `core.backup.filename in ${stated.source}` },
      };
    }
    warnings.push(`core.backup.filename in ${stated.source} is no file name: not used`);
    return {};
  }
  if (!options.has('core.backup.path')) return {};
  return {
    archiveName: {
      value: '%Y%m%d-%H%M%S.ngwbackup',
      source: 'default of core.backup.filename',
    },
  };
}

function warnAboutPasswordFile(
  options: Options,
  workingDirectory: string,
  warnings: string[],
): void {
  const file = options.get('core.database.pwfile');
  if (file === undefined || options.has('core.database.password')) return;
  try {
    accessSync(resolve(workingDirectory, file.value), constants.R_OK);
  } catch {
    warnings.push(
      `core.database.pwfile in ${file.source} names a file that cannot be read here; give the password with --database-password-file`,
    );
  }
}

/** A flag for one part and what was found by itself for the other is allowed, and a way to mix two installations. */
function warnAboutFlags(
  { database: isFlagged, media: directory, data, configFiles }: ConfigureInput['given'],
  media: Root | null,
  database: Instance['database'],
  warnings: string[],
): void {
  if (data !== undefined) {
    warnings.push(
      '--data is not used: NextGIS Web has one directory (core.sdir), named by --media',
    );
  }
  if (configFiles.length > 0) return;
  if (directory !== undefined && isFlagged === undefined && database !== undefined) {
    warnings.push(
      `--media given, but the database from ${database.source}: check that they belong together`,
    );
  }
  if (isFlagged !== undefined && directory === undefined && media !== null) {
    warnings.push(
      `--database given, but the directory from ${media.source}: check that they belong together`,
    );
  }
}
