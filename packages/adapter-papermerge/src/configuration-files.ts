// Finds and reads the configuration files: those given by --config, else a compose file where the administrator stands, else
// the first file that the product would read.

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
  type ConfigurationText,
} from '@dms-backup/core/adapter-kit';
import {
  composeProduct,
  confSource,
  tomlSource,
  withKind,
  type PapermergeSource,
} from './configuration-source.ts';
import { readAssignments } from './python-assignments.ts';
import { readTomlSettings } from './toml-settings.ts';

export interface FoundFiles extends ConfigurationReader {
  readonly sources: PapermergeSource[];
}

/** Throws `configuration-invalid` or `source-unreadable`. */
export async function findFiles(input: ConfigureInput): Promise<FoundFiles> {
  const { given, environment, workingDirectory } = input;
  const found: FoundFiles = { ...createReader(environment), sources: [] };
  if (given.configFiles.length > 0) {
    await readGiven(
      found,
      given.configFiles.map((file) => resolve(workingDirectory, file)),
    );
  } else if (given.database === undefined || given.media === undefined) {
    await discover(found, input);
  }
  return found;
}

/** All compose files together are one source and come first; then the others in order. */
async function readGiven(found: FoundFiles, paths: readonly string[]): Promise<void> {
  const files = await readGivenTexts(found, paths);
  const composeFiles = files.filter(isComposeFile);
  const others = files.filter((file) => !composeFiles.includes(file));
  if (composeFiles.length > 0) {
    const compose = await readGivenCompose(found, composeFiles, composeProduct);
    await addCompose(found, compose, others.length > 0);
  }
  for (const file of others) addFile(found, file);
}

function addFile(found: FoundFiles, { path, text }: ConfigurationText): void {
  if (/\.toml$/i.test(path)) {
    found.sources.push(tomlSource(path, readTomlSettings(text, path)));
  } else if (/\.py$/i.test(path) || !isEnvLike(path, text)) {
    found.sources.push(confSource(path, readAssignments(text)));
  } else {
    const values = parseDotenv(text, { path, dialect: 'compose', lookup: found.lookup });
    const source = withKind(envFileSource(path, values, '/'), 'container');
    const compose = found.sources.find((item) => item.compose !== null);
    found.sources.push(
      compose === undefined
        ? source
        : { ...source, hostPath: compose.hostPath, compose: compose.compose },
    );
  }
}

/** A file of variables under any name: it has one that only the product's environment has. */
function isEnvLike(path: string, text: string): boolean {
  return isEnvFile(path) || /^(?:export\s+)?(?:PAPERMERGE__|PM_|POSTGRES_)\w+\s*=/m.test(text);
}

/** The directories of the images are looked at, too: the tool may run inside of one. */
async function discover(
  found: FoundFiles,
  { environment, workingDirectory }: ConfigureInput,
): Promise<void> {
  const compose = await findCompose(found, workingDirectory, composeProduct);
  if (compose !== null) {
    await addCompose(found, compose, false);
    return;
  }
  const named = (variable: string): string[] => {
    const path = environment[variable];
    return path ? [resolve(workingDirectory, path)] : [];
  };
  // docker/prod/config/settings.py of 2.1.9 with configula, config/settings/base.py of 1.5.5: the first of each counts.
  const places = [
    [
      '/etc/papermerge/papermerge.toml',
      '/etc/papermerge.toml',
      join(workingDirectory, 'papermerge.toml'),
      ...named('PAPERMERGE__CONFIG'),
    ],
    [
      '/etc/papermerge.conf.py',
      join(workingDirectory, 'papermerge.conf.py'),
      ...named('PAPERMERGE_CONFIG'),
      '/opt/etc/papermerge.conf.py',
      '/config/papermerge.conf.py',
    ],
  ];
  for (const paths of places) {
    for (const path of new Set(paths)) {
      const text = await readText(found, path);
      if (text === null) continue;
      addFile(found, { path, text });
      break;
    }
  }
  if (found.sources.length > 1) {
    found.warnings.push(
      `both ${found.sources.map(({ name }) => name).join(' and ')} are there: 2.1 and later read the first one, releases before the second; name one with --config`,
    );
  }
}

/** Files of the product inside the container; read where they are mounted, unless the user named others. */
const mountedFiles = [
  '/etc/papermerge/papermerge.toml',
  '/etc/papermerge.toml',
  '/etc/papermerge.conf.py',
  '/opt/etc/papermerge.conf.py',
  '/opt/app/papermerge.conf.py',
  '/config/papermerge.conf.py',
];

async function addCompose(
  found: FoundFiles,
  { compose, source, lookup }: ComposeConfiguration,
  hasOthers: boolean,
): Promise<void> {
  found.sources.push(withKind(source, 'container'));
  if (hasOthers) return;
  for (const place of mountedFiles) {
    const host = toHostPath(compose, place, lookup);
    if ('problem' in host) continue;
    const text = await readText(found, host.path);
    if (text === null) continue;
    addFile(found, { path: host.path, text });
    return;
  }
}
