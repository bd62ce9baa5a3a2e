// Reads configuration files and notes every place that was looked at, for `doctor`. Knows compose files with what belongs to
// them (an override file, `.env`, env files); the rest is the product's.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DmsBackupError, systemErrorCode } from '../errors.ts';
import { readCompose, type ComposeFacts, type ComposeProduct, type EnvFile } from './compose.ts';
import { composeSource, type ConfigurationSource } from './configuration-source.ts';
import { parseDotenv } from './dotenv.ts';
import type { Lookup } from './interpolation.ts';

/** What was found so far, and where from. One per run of `configure`. */
export interface ConfigurationReader {
  readonly lookedAt: { place: string; found: boolean }[];
  readonly warnings: string[];
  /** The environment of this process. */
  readonly lookup: Lookup;
}

/** A file with its text. */
export interface ConfigurationText {
  readonly path: string;
  readonly text: string;
}

/** The service of the product in compose files, as a source, and how names in these files are looked up. */
export interface ComposeConfiguration {
  readonly compose: ComposeFacts;
  readonly source: ConfigurationSource;
  readonly lookup: Lookup;
}

export function createReader(
  environment: Readonly<Record<string, string | undefined>>,
): ConfigurationReader {
  return { lookedAt: [], warnings: [], lookup: (name) => environment[name] };
}

/** Compose's own order of search. */
const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

/** Text of a file; null when it does not exist. Throws `source-unreadable`. */
export async function readText(reader: ConfigurationReader, path: string): Promise<string | null> {
  try {
    const text = await readFile(path, 'utf8');
    reader.lookedAt.push({ place: path, found: true });
    return text;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EISDIR') {
      throw new DmsBackupError('source-unreadable', `cannot read configuration file '${path}'`, {
        context: { file: path, systemCode: code ?? null },
        cause: error,
      });
    }
    reader.lookedAt.push({ place: path, found: false });
    return null;
  }
}

/** Files that the user named with --config. Throws `configuration-invalid` for one that does not exist. */
export async function readGivenTexts(
  reader: ConfigurationReader,
  paths: readonly string[],
): Promise<ConfigurationText[]> {
  const texts: ConfigurationText[] = [];
  for (const path of new Set(paths)) {
    const text = await readText(reader, path);
    if (text === null) {
      throw new DmsBackupError('configuration-invalid', `there is no file '${path}'`, {
        hint: 'Check the path after --config.',
        context: { file: path },
      });
    }
    texts.push({ path, text });
  }
  return texts;
}

export function isComposeFile({ path, text }: ConfigurationText): boolean {
  return /\.ya?ml$/i.test(path) || (!isEnvFile(path) && /^services:/m.test(text));
}

export function isEnvFile(path: string): boolean {
  return basename(path) === '.env' || path.endsWith('.env');
}

/** The first compose file of a directory that has a service of the product, with the override file beside it. */
export async function findCompose(
  reader: ConfigurationReader,
  directory: string,
  product: ComposeProduct,
): Promise<ComposeConfiguration | null> {
  for (const name of composeNames) {
    const path = join(directory, name);
    const text = await readText(reader, path);
    if (text === null) continue;
    const files = [{ path, text }];
    const override = path.replace(/(\.ya?ml)$/, '.override$1');
    const overrideText = await readText(reader, override);
    if (overrideText !== null) files.push({ path: override, text: overrideText });
    const found = await readComposeFiles(reader, files, product);
    if (found !== null) return found;
  }
  return null;
}

/** As {@link readComposeFiles}, for files that the user named. Throws `configuration-invalid` when no service fits. */
export async function readGivenCompose(
  reader: ConfigurationReader,
  files: readonly ConfigurationText[],
  product: ComposeProduct,
): Promise<ComposeConfiguration> {
  const found = await readComposeFiles(reader, files, product);
  if (found !== null) return found;
  const first = files[0]?.path ?? '';
  throw new DmsBackupError(
    'configuration-invalid',
    `no service in '${first}' runs ${product.title}`,
    {
      hint: `Name the compose file of ${product.title} with --config, or state --database and --media.`,
      context: { file: first },
    },
  );
}

/** The service with its env files; null when no service runs the product. */
async function readComposeFiles(
  reader: ConfigurationReader,
  files: readonly ConfigurationText[],
  product: ComposeProduct,
): Promise<ComposeConfiguration | null> {
  const lookup = await withDotenv(reader, dirname(files[0]?.path ?? ''));
  const compose = readCompose(files, product, lookup);
  if (compose === null) return null;
  reader.warnings.push(...compose.warnings);
  const envFiles: { path: string; values: Map<string, string> }[] = [];
  for (const item of compose.service.envFiles) {
    const read = await readEnvFile(reader, compose, item, lookup);
    if (read !== null) envFiles.push(read);
  }
  return { compose, source: composeSource(compose, envFiles, lookup), lookup };
}

/** Variables for `${NAME}` in a compose file: the shell's, then `.env` beside it. */
async function withDotenv(reader: ConfigurationReader, directory: string): Promise<Lookup> {
  const path = join(directory, '.env');
  const text = await readText(reader, path);
  if (text === null) return reader.lookup;
  const values = parseDotenv(text, { path, dialect: 'compose', lookup: reader.lookup });
  return (name) => reader.lookup(name) ?? values.get(name);
}

async function readEnvFile(
  reader: ConfigurationReader,
  compose: ComposeFacts,
  item: EnvFile,
  lookup: Lookup,
): Promise<{ path: string; values: Map<string, string> } | null> {
  const path = resolve(compose.directory, item.path);
  const text = await readText(reader, path);
  if (text === null) {
    if (item.required)
      reader.warnings.push(`${compose.paths[0]} names '${path}', which does not exist`);
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
