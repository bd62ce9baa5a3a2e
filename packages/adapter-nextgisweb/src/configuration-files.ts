// Finds and reads the configuration files: those given by --config, else those of NEXTGISWEB_CONFIG, else the file that lies
// where the product usually keeps it.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigureInput, Located } from '@dms-backup/core';
import {
  createReader,
  isEnvFile,
  located,
  parseDotenv,
  readGivenTexts,
  readText,
  type ConfigurationReader,
  type ConfigurationText,
  type Lookup,
} from '@dms-backup/core/adapter-kit';
import { readOptions, type Options, type Variables } from './configuration-options.ts';

export interface FoundOptions extends Pick<ConfigurationReader, 'lookedAt' | 'warnings'> {
  readonly options: Options;
  /** Where an installation may have its programs and data; `/opt/ngw` in the vendor's containers. */
  readonly homes: readonly string[];
}

const containerHome = '/opt/ngw';

/** Throws `configuration-invalid` or `source-unreadable`. */
export async function findOptions(input: ConfigureInput): Promise<FoundOptions> {
  const { given, environment, workingDirectory } = input;
  const reader = createReader(environment);
  const isLocated = given.database !== undefined && given.media !== undefined;
  const named = await readGivenTexts(
    reader,
    given.configFiles.map((file) => resolve(workingDirectory, file)),
  );
  const envFiles = named.filter(({ path }) => isEnvFile(path));
  const variables = collectVariables(environment, envFiles, reader.lookup);
  const lookup: Lookup = (name) => variables.get(name)?.value;
  const home = lookup('NGWROOT');
  const homes = isLocated
    ? []
    : [...(home ? [resolve(workingDirectory, home)] : []), workingDirectory, containerHome];
  let files = named.filter((file) => !envFiles.includes(file));
  if (files.length === 0 && !isLocated) {
    const stated = variables.get('NEXTGISWEB_CONFIG');
    files = stated
      ? await readStated(reader, stated, workingDirectory)
      : // an env file that the user named is the whole configuration
        await discover(reader, envFiles.length > 0 ? [] : [workingDirectory, ...homes]);
  }
  const include = variables.get('NEXTGISWEB_CONFIG_INCLUDE');
  const options = readOptions({ files, include, variables, lookup });
  return { options, homes, lookedAt: reader.lookedAt, warnings: reader.warnings };
}

/** The environment wins over env files, later ones of these over earlier ones. */
function collectVariables(
  environment: ConfigureInput['environment'],
  envFiles: readonly ConfigurationText[],
  lookup: Lookup,
): Variables {
  const variables = new Map<string, Located<string>>();
  for (const { path, text } of envFiles) {
    const values = parseDotenv(text, { path, dialect: 'compose', lookup });
    for (const [name, item] of located(values, path)) variables.set(name, item);
  }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined) variables.set(name, { value, source: `${name} in the environment` });
  }
  return variables;
}

/** `NEXTGISWEB_CONFIG` joins paths with colons. */
async function readStated(
  reader: ConfigurationReader,
  { value, source }: Located<string>,
  workingDirectory: string,
): Promise<ConfigurationText[]> {
  const files: ConfigurationText[] = [];
  for (const part of value.split(':').filter((each) => each !== '')) {
    const path = resolve(workingDirectory, part);
    const text = await readText(reader, path);
    if (text !== null) files.push({ path, text });
    else reader.warnings.push(`${source} names '${path}', which does not exist here`);
  }
  return files;
}

/** Without that variable the product reads no file; here the usual places are tried, the first one counts. */
async function discover(
  reader: ConfigurationReader,
  directories: readonly string[],
): Promise<ConfigurationText[]> {
  const places = directories.flatMap((each) => [
    join(each, 'config.ini'),
    join(each, 'config/config.ini'),
  ]);
  for (const path of new Set(places)) {
    const text = await readText(reader, path);
    if (text !== null) return [{ path, text }];
  }
  return [];
}

/** `data/app` of a home, where the vendor's containers have `core.sdir`. */
export function defaultDirectory(homes: readonly string[]): string | undefined {
  return homes
    .filter((home) => home === containerHome || existsSync(join(home, 'env/bin/nextgisweb')))
    .map((home) => join(home, 'data/app'))
    .find((directory) => existsSync(directory));
}
