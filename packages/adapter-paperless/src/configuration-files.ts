// Finds and reads the configuration files: those given by --config, else the first that the product would read, or what
// lies in the folder the administrator stands in. Every place looked at is noted for `doctor`.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DmsBackupError, systemErrorCode, type ConfigureInput } from '@dms-backup/core';
import { readCompose, type ComposeFacts, type EnvFile } from './compose.ts';
import { toHostPath } from './compose-paths.ts';
import {
  composeSource,
  confSource,
  envFileSource,
  type ConfigurationSource,
} from './configuration-source.ts';
import { parseDotenv } from './dotenv.ts';
import type { Lookup } from './interpolation.ts';

export interface FoundFiles {
  readonly sources: ConfigurationSource[];
  readonly lookedAt: { place: string; found: boolean }[];
  readonly warnings: string[];
}

interface Context extends FoundFiles {
  readonly lookup: Lookup;
  readonly workingDirectory: string;
}

/** Compose's order of search; an override file beside the first one found is merged into it. */
const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
/** `stack.env`: the portainer variant of the shipped compose files. */
const envFileNames = ['docker-compose.env', 'stack.env'];

/** Throws `configuration-invalid` or `source-unreadable`. */
export async function findFiles(input: ConfigureInput): Promise<FoundFiles> {
  const { given, environment, workingDirectory } = input;
  const context: Context = {
    sources: [],
    lookedAt: [],
    warnings: [],
    lookup: (name) => environment[name],
    workingDirectory,
  };
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
  const texts = new Map<string, string>();
  for (const path of paths) {
    const text = await readText(context, path);
    if (text === null) {
      throw new DmsBackupError('configuration-invalid', `there is no file '${path}'`, {
        hint: 'Check the path after --config.',
        context: { file: path },
      });
    }
    texts.set(path, text);
  }
  const composePaths = [...texts]
    .filter(([path, text]) => isCompose(path, text))
    .map(([path]) => path);
  const composeFiles = composePaths.map((path) => ({ path, text: texts.get(path) ?? '' }));
  if (composeFiles.length > 0) await addCompose(context, composeFiles, true);
  for (const [path, text] of texts) {
    if (composePaths.includes(path)) continue;
    if (isEnvFile(path)) addEnvFile(context, path, text);
    else addConf(context, path, text);
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
  for (const name of composeNames) {
    const path = join(here, name);
    const text = await readText(context, path);
    if (text === null) continue;
    const files = [{ path, text }];
    const override = path.replace(/(\.ya?ml)$/, '.override$1');
    const overrideText = await readText(context, override);
    if (overrideText !== null) files.push({ path: override, text: overrideText });
    if (await addCompose(context, files, false)) return;
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
  const source = envFileSource(path, values);
  context.sources.push(
    compose === undefined
      ? source
      : { ...source, hostPath: compose.hostPath, compose: compose.compose },
  );
}

/** False when no service runs paperless; `given` files must have one. */
async function addCompose(
  context: Context,
  files: readonly { path: string; text: string }[],
  given: boolean,
): Promise<boolean> {
  const first = files[0]?.path ?? '';
  const lookup = await withDotenv(context, dirname(first));
  const compose = readCompose(files, lookup);
  if (compose === null) {
    if (!given) return false;
    throw new DmsBackupError(
      'configuration-invalid',
      `no service in '${first}' runs paperless-ngx`,
      {
        hint: 'Name the compose file of paperless with --config, or state --database and --media.',
        context: { file: first },
      },
    );
  }
  context.warnings.push(...compose.warnings);
  const envFiles: { path: string; values: Map<string, string> }[] = [];
  for (const item of compose.service.envFiles) {
    const read = await readEnvFile(context, compose, item, lookup);
    if (read !== null) envFiles.push(read);
  }
  const source = composeSource(compose, envFiles, lookup);
  context.sources.push(source);
  await addMountedConf(context, compose, source, lookup);
  return true;
}

/** Variables for `${NAME}` in a compose file: the shell's, then `.env` beside it. */
async function withDotenv(context: Context, directory: string): Promise<Lookup> {
  const path = join(directory, '.env');
  const text = await readText(context, path);
  if (text === null) return context.lookup;
  const values = parseDotenv(text, { path, dialect: 'compose', lookup: context.lookup });
  return (name) => context.lookup(name) ?? values.get(name);
}

async function readEnvFile(
  context: Context,
  compose: ComposeFacts,
  item: EnvFile,
  lookup: Lookup,
): Promise<{ path: string; values: Map<string, string> } | null> {
  const path = resolve(compose.directory, item.path);
  const text = await readText(context, path);
  if (text === null) {
    if (item.required)
      context.warnings.push(`${compose.paths[0]} names '${path}', which does not exist`);
    return null;
  }
  return {
    path,
    values: item.raw ? parseRaw(text) : parseDotenv(text, { path, dialect: 'compose', lookup }),
  };
}

/** `format: raw`: everything after the equals sign, as it stands. */
function parseRaw(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes('=') && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf('=')).trim(),
      line.slice(line.indexOf('=') + 1),
    ]),
  );
}

/** A paperless.conf that is mounted into the container; it has less weight than the container's environment. */
async function addMountedConf(
  context: Context,
  compose: ComposeFacts,
  source: ConfigurationSource,
  lookup: Lookup,
): Promise<void> {
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

function isCompose(path: string, text: string): boolean {
  return /\.ya?ml$/i.test(path) || (!isEnvFile(path) && /^services:/m.test(text));
}

function isEnvFile(path: string): boolean {
  return basename(path) === '.env' || path.endsWith('.env');
}

/** Text of a file; null when it does not exist. Throws `source-unreadable`. */
async function readText(context: Context, path: string): Promise<string | null> {
  try {
    const text = await readFile(path, 'utf8');
    context.lookedAt.push({ place: path, found: true });
    return text;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EISDIR') {
      throw new DmsBackupError('source-unreadable', `cannot read configuration file '${path}'`, {
        context: { file: path, systemCode: code ?? null },
        cause: error,
      });
    }
    context.lookedAt.push({ place: path, found: false });
    return null;
  }
}
