// The places that variables of a project come from: the environment, files named with --config, `.env` in the working directory.

import { basename, dirname, extname, join, resolve } from 'node:path';
import { DmsBackupError, type ConfigureInput } from '@dms-backup/core';
import {
  createReader,
  environmentSource,
  isComposeFile,
  located,
  parseDotenv,
  readGivenTexts,
  readText,
  type ConfigurationReader,
  type ConfigurationSource,
  type ConfigurationText,
} from '@dms-backup/core/adapter-kit';

export interface ProjectSource extends ConfigurationSource {
  /** What relative paths in it count from. */
  readonly directory: string;
  /** False: the process environment, which holds much that is not the project's. */
  readonly isFile: boolean;
}

export interface ProjectSources {
  readonly reader: ConfigurationReader;
  /** In order of weight; they hold secrets. */
  readonly sources: readonly ProjectSource[];
}

/** Throws `configuration-invalid` for a file that is no env file, `source-unreadable`. */
export async function findSources({
  given,
  environment,
  workingDirectory,
}: ConfigureInput): Promise<ProjectSources> {
  const reader = createReader(environment);
  const sources: ProjectSource[] = [
    {
      ...environmentSource(environment, workingDirectory),
      directory: workingDirectory,
      isFile: false,
    },
  ];
  const paths = given.configFiles.map((path) => resolve(workingDirectory, path));
  for (const file of await readGivenTexts(reader, paths)) {
    assertEnvFile(file);
    sources.push(envSource(reader, file));
  }
  // With both flags nothing is looked for: a stray .env must not speak.
  if (paths.length === 0 && (given.database === undefined || given.media === undefined)) {
    const path = join(workingDirectory, '.env');
    const text = await readText(reader, path);
    if (text !== null) sources.push(envSource(reader, { path, text }));
  }
  return { reader, sources };
}

function assertEnvFile(file: ConfigurationText): void {
  const isSettings = extname(file.path) === '.py';
  if (!isSettings && !isComposeFile(file)) return;
  throw new DmsBackupError(
    'configuration-invalid',
    `'${file.path}' is ${isSettings ? 'a Python module' : 'a compose file'}, not a file of variables`,
    {
      hint: isSettings
        ? 'Settings are never run on their own: name manage.py with --manage, or state --database and --media.'
        : 'Name its env file with --config, or state --database and --media.',
      context: { file: file.path },
    },
  );
}

function envSource(reader: ConfigurationReader, { path, text }: ConfigurationText): ProjectSource {
  const values = parseDotenv(text, { path, dialect: 'python', lookup: reader.lookup });
  const directory = dirname(path);
  return {
    name: basename(path),
    variables: located(values, path),
    hostPath: (written) => ({ path: resolve(directory, written), how: null }),
    compose: null,
    directory,
    isFile: true,
  };
}

/** The surroundings of the project's own program: env files are often loaded by a service manager, not by the settings. */
export function environmentFor(
  environment: ConfigureInput['environment'],
  sources: readonly ProjectSource[],
): Record<string, string | undefined> {
  const merged: Record<string, string | undefined> = {};
  for (const { variables, isFile } of sources.toReversed()) {
    if (!isFile) continue;
    for (const [name, { value }] of variables) merged[name] = value;
  }
  return { ...merged, ...environment };
}
