// Reads a Docker Compose file as far as it concerns one application: the service, its variables, volumes and image. Nothing
// is asked of Docker. Several files are merged as `docker compose -f a -f b` does.

import { dirname, basename } from 'node:path';
import { isAlias, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { DmsBackupError } from '../errors.ts';
import { interpolate, type Lookup } from './interpolation.ts';

type Tree = { readonly [key: string]: unknown };

export interface Mount {
  /** Null for an anonymous volume. */
  readonly source: string | null;
  /** Path inside the container. */
  readonly target: string;
  readonly type: 'bind' | 'volume';
  /** Directory inside a volume that is mounted instead of its root. */
  readonly subpath: string | null;
}

export interface EnvFile {
  readonly path: string;
  readonly required: boolean;
  /** `format: raw`: values as they stand, no quotes, no interpolation. */
  readonly raw: boolean;
}

export interface ComposeService {
  readonly name: string;
  readonly image: string | null;
  /** Null as value: taken from the surrounding environment. */
  readonly environment: ReadonlyMap<string, string | null>;
  readonly envFiles: readonly EnvFile[];
  readonly mounts: readonly Mount[];
}

/** How the service of an application is recognised, and where it lives in its container. */
export interface ComposeProduct {
  /** For people. */
  readonly title: string;
  /** Matches the image of the service, whatever registry it comes from, and no other tool's of the family. */
  readonly image: RegExp;
  /** Names of the service in the compose files that the product ships; used when no image matches. */
  readonly serviceNames: readonly string[];
  /** A path that only this product mounts; used last. Null: there is none. */
  readonly mountPoint: string | null;
  /** Working directory of the product in its image: relative paths resolve against it. */
  readonly workingDirectory: string;
}

export interface ComposeFacts {
  /** See {@link ComposeProduct}. */
  readonly workingDirectory: string;
  readonly paths: readonly string[];
  /** Relative paths resolve against it. */
  readonly directory: string;
  readonly project: string;
  readonly service: ComposeService;
  /** Top-level `volumes` by key. */
  readonly volumes: ReadonlyMap<string, Tree>;
  /** Top-level `secrets` by key. */
  readonly secrets: ReadonlyMap<string, Tree>;
  /** All services as written, for published ports, secrets and the database's own variables. */
  readonly services: Tree;
  readonly warnings: readonly string[];
}

/**
 * The service of the product in these files; null when there is none. Where files are looked for is in
 * `configuration-reader.ts`; here the texts are given. Throws `configuration-invalid`.
 */
export function readCompose(
  files: readonly { readonly path: string; readonly text: string }[],
  product: ComposeProduct,
  lookup: Lookup,
): ComposeFacts | null {
  const warnings: string[] = [];
  const trees = files.map(({ path, text }) => parseTree(path, text, lookup, warnings));
  const merged = trees.reduce(mergeFiles);
  const services = asTree(merged['services']);
  const name = findService(services, product, warnings);
  const first = files[0]?.path ?? '';
  if (name === null) return null;
  const service = asTree(services[name]);
  if (service['extends'] !== undefined || merged['include'] !== undefined) {
    warnings.push(`${first} uses 'extends' or 'include', which are not followed`);
  }
  return {
    workingDirectory: product.workingDirectory,
    paths: files.map(({ path }) => path),
    directory: dirname(first),
    project: projectName(merged['name'], dirname(first), lookup),
    service: {
      name,
      image: textOf(service['image']),
      environment: environmentOf(service['environment']),
      envFiles: listOf(service['env_file']).map(envFileOf),
      mounts: listOf(service['volumes']).flatMap(mountOf),
    },
    volumes: treesByKey(merged['volumes']),
    secrets: treesByKey(merged['secrets']),
    services,
    warnings,
  };
}

function treesByKey(value: unknown): Map<string, Tree> {
  return new Map(Object.entries(asTree(value)).map(([key, item]) => [key, asTree(item)]));
}

/** Parses one file and interpolates its strings. The messages of the YAML parser quote the text, so they are not used. */
function parseTree(path: string, text: string, lookup: Lookup, warnings: string[]): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const problem = document.errors[0];
  if (problem !== undefined) throw invalid(path, lines.linePos(problem.pos[0]).line, problem.code);
  let tree: unknown;
  try {
    tree = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid(path, null, 'too many aliases', error);
  }
  if (!isTree(tree)) throw invalid(path, 1, 'no mapping at the top');
  const services = document.get('services', true);
  if (services !== undefined && !isMap(services) && !isAlias(services)) {
    const at = isScalar(services) && services.range ? services.range[0] : 0;
    throw invalid(path, lines.linePos(at).line, 'services is no mapping');
  }
  const missing = new Set<string>();
  const result = asTree(interpolateTree(tree, lookup, missing, ''));
  if (missing.size > 0) {
    warnings.push(`${path} refers to ${[...missing].join(', ')}, which is not set: taken as empty`);
  }
  return result;
}

function invalid(path: string, line: number | null, what: string, cause?: unknown): DmsBackupError {
  const place = line === null ? `'${path}'` : `line ${line} of '${path}'`;
  return new DmsBackupError('configuration-invalid', `cannot understand ${place} (${what})`, {
    hint: 'Check the file with `docker compose config -q`, or state the values with flags.',
    context: { file: path, line },
    cause,
  });
}

/** Unset names are told only for these keys: elsewhere a `$` may be part of a password. */
const keysWithPaths = new Set([
  'image',
  'name',
  'volumes',
  'source',
  'target',
  'device',
  'env_file',
  'path',
]);

function interpolateTree(
  value: unknown,
  lookup: Lookup,
  missing: Set<string>,
  key: string,
): unknown {
  if (typeof value === 'string') {
    const result = interpolate(value, lookup);
    if (keysWithPaths.has(key)) for (const name of result.missing) missing.add(name);
    return result.text;
  }
  if (Array.isArray(value)) return value.map((item) => interpolateTree(item, lookup, missing, key));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      interpolateTree(item, lookup, missing, key === 'environment' ? key : name),
    ]),
  );
}

/** Later files win; `environment` and the named trees are merged by key, `volumes` of a service by target. */
function mergeFiles(base: Tree, over: Tree): Tree {
  const services: Record<string, unknown> = { ...asTree(base['services']) };
  for (const [name, value] of Object.entries(asTree(over['services']))) {
    services[name] = mergeServices(asTree(services[name]), asTree(value));
  }
  const volumes = { ...asTree(base['volumes']), ...asTree(over['volumes']) };
  const secrets = { ...asTree(base['secrets']), ...asTree(over['secrets']) };
  return { ...base, ...over, services, volumes, secrets };
}

function mergeServices(base: Tree, over: Tree): Tree {
  const targets = new Set(
    listOf(over['volumes'])
      .flatMap(mountOf)
      .map(({ target }) => target),
  );
  const kept = listOf(base['volumes']).filter((item) =>
    mountOf(item).every(({ target }) => !targets.has(target)),
  );
  const environment = Object.fromEntries([
    ...environmentOf(base['environment']),
    ...environmentOf(over['environment']),
  ]);
  return {
    ...base,
    ...over,
    environment,
    env_file: [...listOf(base['env_file']), ...listOf(over['env_file'])],
    volumes: [...kept, ...listOf(over['volumes'])],
    secrets: [...listOf(base['secrets']), ...listOf(over['secrets'])],
  };
}

/** By image, else the name of the shipped compose files, else what mounts a directory of the image. */
function findService(
  services: Tree,
  { title, image, serviceNames, mountPoint }: ComposeProduct,
  warnings: string[],
): string | null {
  const names = Object.keys(services);
  const imageOf = (name: string): string => textOf(asTree(services[name])['image']) ?? '';
  const byImage = names.filter((name) => image.test(imageOf(name)));
  // a worker has the image and the volumes of the application
  const looks = byImage.map((name) =>
    JSON.stringify([imageOf(name), listOf(asTree(services[name])['volumes'])]),
  );
  if (new Set(looks).size > 1) {
    warnings.push(`several services run ${title} (${byImage.join(', ')}); '${byImage[0]}' is used`);
  }
  return (
    byImage[0] ??
    names.find((name) => serviceNames.includes(name)) ??
    names.find(
      (name) => mountPoint !== null && JSON.stringify(services[name]).includes(mountPoint),
    ) ??
    null
  );
}

/** `COMPOSE_PROJECT_NAME` wins over `name:`, then the directory; normalised as Compose does. */
function projectName(name: unknown, directory: string, lookup: Lookup): string {
  const given = lookup('COMPOSE_PROJECT_NAME') || textOf(name) || basename(directory);
  return given
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

/** Variables of a service, as list or mapping; null: taken from the surrounding environment. */
export function environmentOf(value: unknown): Map<string, string | null> {
  if (Array.isArray(value)) {
    return new Map(
      value.map((item) => {
        const text = String(item);
        const equals = text.indexOf('=');
        return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
      }),
    );
  }
  return new Map(Object.entries(asTree(value)).map(([key, item]) => [key, textOf(item)]));
}

function envFileOf(value: unknown): EnvFile {
  if (!isTree(value)) return { path: String(value), required: true, raw: false };
  return {
    path: textOf(value['path']) ?? '',
    required: value['required'] !== false,
    raw: value['format'] === 'raw',
  };
}

function mountOf(value: unknown): Mount[] {
  if (isTree(value)) {
    const type = value['type'];
    const target = textOf(value['target']);
    if (target === null || (type !== 'bind' && type !== 'volume')) return [];
    const subpath = textOf(asTree(value['volume'])['subpath']);
    return [{ source: textOf(value['source']), target, type, subpath }];
  }
  const [first = '', second] = String(value).split(':');
  if (second === undefined) return [{ source: null, target: first, type: 'volume', subpath: null }];
  const type = /^[./~]/.test(first) ? 'bind' : 'volume';
  return [{ source: first, target: second, type, subpath: null }];
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asTree(value: unknown): Tree {
  return isTree(value) ? value : {};
}

/** A single value counts as a list of one. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Text of a scalar; null for anything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
