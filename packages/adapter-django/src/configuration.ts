// Member `configure`: puts together where the project is. Flags win over what the project says, that over the environment, that
// over env files; each value remembers its source. Secrets are named, never part of the instance.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDmsBackupError, type ConfigureInput, type Instance, type Root } from '@dms-backup/core';
import { findValue, pathBelow } from '@dms-backup/core/adapter-kit';
import { environmentFor, findSources, type ProjectSource } from './configuration-files.ts';
import { secretNames } from './configuration-secrets.ts';
import { parseProjectUrl } from './database-url.ts';
import { externalPrefixes } from './externals.ts';
import { gatherFileKnowledge } from './file-knowledge.ts';
import { parseFileColumn, readFileMap } from './file-map.ts';
import { hasFileColumns } from './file-columns.ts';
import { findFixtures } from './fixtures.ts';
import { parseAnswer, type ProjectAnswer } from './manage-answer.ts';
import { readFlags, type ProjectFlags } from './options.ts';
import { findProjectDirectory } from './project-directory.ts';
import { databaseOfAnswer } from './project-database.ts';
import { askManage } from './run-manage.ts';
import type { StatedDatabase } from './stated-database.ts';
import { findVersions, versionSettings, versionWord } from './version-sources.ts';

type Setting = Instance['settings'][number];

/** A database that the project names, its password included, and the place of the statement. */
export interface ConfiguredDatabase extends StatedDatabase {
  readonly source: string;
  /** By the project itself, which is asked for the password on its own. */
  readonly isTold: boolean;
}

/** What is known before and after the flags. */
export interface Configuration {
  readonly instance: Instance;
  readonly flags: ProjectFlags;
  /** What the project's program runs in. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The database that the project leads to, whatever --database says. With --manage it has no password. */
  readonly configured: ConfiguredDatabase | null;
}

/** Member `configure`. Throws as {@link readConfiguration}. */
export async function configure(input: ConfigureInput): Promise<Instance> {
  return (await readConfiguration(input)).instance;
}

/** Throws `configuration-invalid` when something cannot be understood, `source-unreadable` when a file cannot be read. */
export async function readConfiguration(input: ConfigureInput): Promise<Configuration> {
  const { given, workingDirectory } = input;
  const flags = readFlags(input);
  const { reader, sources } = await findSources(input);
  const { lookedAt } = reader;
  const warnings = [...reader.warnings];
  const environment = environmentFor(input.environment, sources);
  const told = await askProject(flags, environment);
  if (flags.manage !== null) warnings.push(...foreignCode(flags.manage));
  const project = findProjectDirectory(flags, sources, workingDirectory);

  const configured = findDatabase(given, flags, told, sources, warnings);
  const database = givenDatabase(given, workingDirectory) ?? locationOf(configured);
  const roots: Root[] = [];
  const media = findMedia(input, flags, told, project, sources);
  if (media !== null) roots.push({ name: 'media', ...media, required: true });
  if (given.data !== undefined) {
    const directory = resolve(workingDirectory, given.data);
    roots.push({ name: 'data', directory, source: '--data', required: true });
  }

  const settings = told === null ? [] : toldSettings(told, manageSource(flags));
  const mapped = [
    ...flags.fileColumns.map(parseFileColumn),
    ...(flags.fileMap === null ? [] : await readFileMap(flags.fileMap)),
  ];
  const files = gatherFileKnowledge(
    mapped,
    told === null || project === null
      ? null
      : {
          files: told.files,
          mediaRoot: told.mediaRoot,
          directory: project,
          source: manageSource(flags),
        },
    media !== null,
  );
  roots.push(...files.roots);
  settings.push(...files.settings);
  warnings.push(...files.warnings);
  if (flags.includeFixtures) {
    const known = roots.map(({ directory }) => directory);
    const fixtures = findFixtures(project, told?.fixtureDirectories ?? [], known);
    if (fixtures.length === 0)
      warnings.push(
        '--include-fixtures: no folder with JSON fixtures was found; --manage names the project',
      );
    roots.push(...fixtures);
  }
  warnIfNested(roots, warnings);

  if (project !== null) {
    const versions = await findVersions(project, environment);
    settings.push(...versions.settings);
    lookedAt.push(...versions.lookedAt);
    warnings.push(...versions.warnings);
  }
  const instance: Instance = {
    ...(database === undefined ? {} : { database }),
    roots,
    ...(given.appVersion === undefined
      ? {}
      : { appVersion: { value: given.appVersion, source: '--app-version' } }),
    settings,
    secrets: secretNames(sources, told === null ? null : manageSource(flags)),
    lookedAt,
    warnings,
  };
  if (roots.length > 0 && !hasFileColumns(instance)) warnings.push(noKnowledge(told));
  return { instance, flags, environment, configured };
}

function manageSource({ manage }: ProjectFlags): string {
  return `--manage ${manage ?? ''}`;
}

async function askProject(
  { manage, alias }: ProjectFlags,
  environment: Configuration['environment'],
): Promise<ProjectAnswer | null> {
  if (manage === null) return null;
  return parseAnswer(await askManage({ manage, alias, wish: 'facts', environment }));
}

/** Whoever can write manage.py can do as root what they like, each time that it is run. */
function foreignCode(manage: string): string[] {
  if (process.getuid?.() !== 0 || statSync(manage).uid === 0) return [];
  return [
    `root ran '${manage}', which belongs to another user: run dms-backup as the user of the project`,
  ];
}

function findDatabase(
  given: ConfigureInput['given'],
  flags: ProjectFlags,
  told: ProjectAnswer | null,
  sources: readonly ProjectSource[],
  warnings: string[],
): ConfiguredDatabase | null {
  try {
    if (told !== null && flags.manage !== null) {
      const source = `DATABASES['${flags.alias}'], ${manageSource(flags)}`;
      return { ...databaseOfAnswer(told, flags.manage, source), source, isTold: true };
    }
    const url = findValue(sources, 'DATABASE_URL');
    if (url === undefined) return null;
    const stated = parseProjectUrl(url.value, url.from.directory, url.source);
    return { ...stated, source: url.source, isTold: false };
  } catch (error) {
    // With --database, what the project says about its own is not needed.
    if (given.database === undefined || !isDmsBackupError(error)) throw error;
    warnings.push(error.message);
    return null;
  }
}

function locationOf(configured: ConfiguredDatabase | null): Instance['database'] {
  if (configured === null) return undefined;
  return { value: copyOf(configured.location), source: configured.source };
}

function givenDatabase(
  { database }: ConfigureInput['given'],
  workingDirectory: string,
): Instance['database'] {
  if (database === undefined) return undefined;
  const value =
    database.engine === 'sqlite'
      ? { ...database, path: resolve(workingDirectory, database.path) }
      : database;
  return { value: copyOf(value), source: '--database' };
}

/** The schema of an instance and the interface of a location differ only in how absent options are written. */
function copyOf(location: StatedDatabase['location']): NonNullable<Instance['database']>['value'] {
  if (location.engine === 'sqlite') return location;
  const { options, ...rest } = location;
  return options === undefined ? rest : { ...rest, options: { ...options } };
}

function findMedia(
  { given, workingDirectory }: ConfigureInput,
  flags: ProjectFlags,
  told: ProjectAnswer | null,
  project: string | null,
  sources: readonly ProjectSource[],
): Pick<Root, 'directory' | 'source'> | null {
  if (given.media !== undefined)
    return { directory: resolve(workingDirectory, given.media), source: '--media' };
  if (told !== null) {
    // Empty is Django's default and means the working directory of the server: code, not a media root.
    if (told.mediaRoot === '' || project === null) return null;
    const source = `MEDIA_ROOT, ${manageSource(flags)}`;
    return { directory: resolve(project, told.mediaRoot), source };
  }
  const found = findValue(sources, 'MEDIA_ROOT');
  if (found === undefined) return null;
  return { directory: resolve(found.from.directory, found.value), source: found.source };
}

function toldSettings(told: ProjectAnswer, source: string): Setting[] {
  const version = versionWord(told.projectVersion);
  const facts: readonly (readonly [string, string])[] = [
    ['settings module', told.settingsModule],
    ['Django', told.djangoVersion],
    ['INSTALLED_APPS', told.installedApps.join(', ')],
    [versionSettings.installed, version ?? ''],
    ...told.otherDatabases.map((alias) => [`${externalPrefixes.database}${alias}`, alias] as const),
  ];
  return facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value, source }));
}

function noKnowledge(told: ProjectAnswer | null): string {
  return told === null
    ? 'nobody said which columns hold file names: all files are archived, but that none is missing cannot be proved; give --manage, --file-column or --file-map'
    : 'the project has no file columns below a known root: all files are archived, but there is nothing to prove them with';
}

/** Such a layout works in a project and is saved twice; core refuses to exchange one inside the other. */
function warnIfNested(roots: readonly Root[], warnings: string[]): void {
  for (const outer of roots) {
    for (const inner of roots) {
      if (inner === outer || pathBelow(outer.directory, inner.directory) === null) continue;
      warnings.push(
        `the ${inner.name} directory '${inner.directory}' lies inside the ${outer.name} directory '${outer.directory}': it is saved twice, and a restore needs separate directories`,
      );
    }
  }
}
