// Finds and reads the configuration files: those given by --config, else the first that the product would read, or what
// lies in the folder the administrator stands in.

import { join, resolve } from 'node:path';
import type { ConfigureInput } from '@dms-backup/core';
import {
  createReader,
  envFileSource,
  findCompose,
  isComposeFile,
  isEnvFile,
  parseDotenv,
  readGivenCompose,
  readGivenTexts,
  readText,
  toHostPath,
  type ComposeConfiguration,
  type ConfigurationReader,
} from '@dms-backup/core/adapter-kit';
import {
  composeProduct,
  confSource,
  productDefaults,
  withoutDefaults,
  type PaperlessSource,
} from './configuration-source.ts';

export interface FoundFiles extends ConfigurationReader {
  readonly sources: PaperlessSource[];
}

interface Context extends FoundFiles {
  readonly workingDirectory: string;
}

/** `stack.env`: the portainer variant of the shipped compose files. */
const envFileNames = ['docker-compose.env', 'stack.env'];

/** Throws `configuration-invalid` or `source-unreadable`. */
export async function findFiles(input: ConfigureInput): Promise<FoundFiles> {
  const { given, environment, workingDirectory } = input;
  const context: Context = { ...createReader(environment), sources: [], workingDirectory };
  if (given.configFiles.length > 0) {
    await readGiven(
      context,
      given.configFiles.map((file) => resolve(workingDirectory, file)),
    );
  } else if (given.database === undefined || given.media === undefined) {
    await discover(context, environment['PAPERLESS_CONFIGURATION_PATH']);
  }
  return context;
}

/** All compose files together are one source and come first, as `environment` beats `env_file`; then the others in order. */
async function readGiven(context: Context, paths: readonly string[]): Promise<void> {
  const files = await readGivenTexts(context, paths);
  const composeFiles = files.filter(isComposeFile);
  if (composeFiles.length > 0) {
    await addCompose(context, await readGivenCompose(context, composeFiles, composeProduct));
  }
  for (const file of files) {
    if (composeFiles.includes(file)) continue;
    if (isEnvFile(file.path)) addEnvFile(context, file.path, file.text);
    else addConf(context, file.path, file.text);
  }
}

/**
 * src/paperless/settings reads the first existing of four places; seen from its working directory `src` the second one is
 * the folder above. The folder we stand in comes before the system-wide files.
 */
async function discover(context: Context, configured: string | undefined): Promise<void> {
  const here = context.workingDirectory;
  const before = [
    ...(configured ? [resolve(here, configured)] : []),
    resolve(here, '../paperless.conf'),
    join(here, 'paperless.conf'),
  ];
  if (await addFirstConf(context, before)) return;
  const compose = await findCompose(context, here, composeProduct);
  if (compose !== null) {
    await addCompose(context, compose);
    return;
  }
  for (const name of envFileNames) {
    const text = await readText(context, join(here, name));
    if (text === null) continue;
    addEnvFile(context, join(here, name), text);
    return;
  }
  await addFirstConf(context, ['/etc/paperless.conf', '/usr/local/etc/paperless.conf']);
}

async function addFirstConf(context: Context, paths: readonly string[]): Promise<boolean> {
  for (const path of new Set(paths)) {
    const text = await readText(context, path);
    if (text === null) continue;
    addConf(context, path, text);
    return true;
  }
  return false;
}

function addConf(context: Context, path: string, text: string): void {
  const values = parseDotenv(text, { path, dialect: 'python', lookup: context.lookup });
  context.sources.push(confSource(path, values, context.workingDirectory));
}

/** Beside a given compose file an env file only adds variables: the compose file knows where the paths are. */
function addEnvFile(context: Context, path: string, text: string): void {
  const values = parseDotenv(text, { path, dialect: 'compose', lookup: context.lookup });
  const compose = context.sources.find((item) => item.compose !== null);
  const source = withoutDefaults(envFileSource(path, values, composeProduct.workingDirectory));
  context.sources.push(
    compose === undefined
      ? source
      : { ...source, hostPath: compose.hostPath, compose: compose.compose },
  );
}

/** With a paperless.conf that is mounted into the container; it has less weight than the container's environment. */
async function addCompose(
  context: Context,
  { compose, source, lookup }: ComposeConfiguration,
): Promise<void> {
  context.sources.push({ ...source, defaults: productDefaults });
  const places = [
    source.variables.get('PAPERLESS_CONFIGURATION_PATH')?.value,
    '../paperless.conf',
    '/etc/paperless.conf',
    '/usr/local/etc/paperless.conf',
  ];
  for (const place of places) {
    if (place === undefined || place === '') continue;
    const host = toHostPath(compose, place, lookup);
    if ('problem' in host) continue;
    const text = await readText(context, host.path);
    if (text === null) continue;
    const values = parseDotenv(text, {
      path: host.path,
      dialect: 'python',
      lookup: (name) => source.variables.get(name)?.value,
    });
    context.sources.push({
      ...confSource(host.path, values, context.workingDirectory),
      hostPath: source.hostPath,
      compose: source.compose,
    });
    return;
  }
}
