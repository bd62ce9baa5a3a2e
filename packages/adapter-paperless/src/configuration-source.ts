// One place that configuration values come from: the environment, a paperless.conf, an env file, a compose file. All give
// the same view: variables with the place of each, and how its paths become paths on this machine.

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Located } from '@dms-backup/core';
import type { ComposeFacts } from './compose.ts';
import { containerSource, toHostPath, type HostPath } from './compose-paths.ts';
import type { Lookup } from './interpolation.ts';

export interface ConfigurationSource {
  /** For people, when a value is a default of this source. */
  readonly name: string;
  /** `variable` keeps the file that defines it, e.g. an env file of a compose file. */
  readonly variables: ReadonlyMap<string, Located<string>>;
  /** Absolute host path of a path written in this source. */
  readonly hostPath: (written: string) => HostPath;
  /** What the product uses when the variable is not set, as it would be written; null: this source implies nothing. */
  readonly defaults: { readonly data: string; readonly media: string } | null;
  readonly compose: ComposeFacts | null;
}

/** The process environment. Relative paths resolve against the working directory; it implies no defaults. */
export function environmentSource(
  environment: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
): ConfigurationSource {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    name: 'environment',
    variables: new Map(
      entries.map(([name, value]) => [name, { value, source: `${name} in the environment` }]),
    ),
    hostPath: (written) => ({ path: resolve(workingDirectory, written), how: null }),
    defaults: null,
    compose: null,
  };
}

/** `../data` and `../media`: settings.BASE_DIR.parent, seen from the working directory `src`. */
const productDefaults = { data: '../data', media: '../media' };

/**
 * A `paperless.conf`. Its relative paths count from the product's `src` directory, which the file does not name: `src`
 * beside the file is tried first, then the file's own directory, then the usual places. The first from which the data or
 * media directory exists is used for all paths of the file.
 */
export function confSource(
  path: string,
  values: ReadonlyMap<string, string>,
  workingDirectory: string,
): ConfigurationSource {
  const base = sourceDirectory(dirname(path), values, workingDirectory);
  return {
    name: path,
    variables: located(values, path),
    hostPath: (value) => {
      if (isAbsolute(value)) return { path: resolve(value), how: null };
      if (base === null)
        return {
          problem: `'${value}' of ${path} is relative to the src directory of paperless, which was not found`,
        };
      return { path: resolve(base, value), how: `relative to ${base}` };
    },
    defaults: base === null ? null : productDefaults,
    compose: null,
  };
}

function sourceDirectory(
  beside: string,
  values: ReadonlyMap<string, string>,
  workingDirectory: string,
): string | null {
  const elsewhere = [
    join(workingDirectory, 'src'),
    workingDirectory,
    '/opt/paperless/src',
    containerSource,
  ];
  const candidates = [
    ...(systemDirectories.has(beside) ? [] : [join(beside, 'src'), beside]),
    ...elsewhere.filter(isProductSource),
  ];
  const written = ['PAPERLESS_MEDIA_ROOT', 'PAPERLESS_DATA_DIR']
    .map((name) => values.get(name) ?? '')
    .filter((value) => value !== '' && !isAbsolute(value));
  return (
    candidates.find((candidate) =>
      written.some((value) => existsSync(resolve(candidate, value))),
    ) ??
    candidates.find((candidate) => written.length === 0 || existsSync(candidate)) ??
    null
  );
}

/** A configuration there says nothing about where the product is. */
const systemDirectories = new Set(['/etc', '/usr/local/etc']);

/** True for the product's `src` directory. */
export function isProductSource(directory: string): boolean {
  return existsSync(join(directory, 'manage.py')) && existsSync(join(directory, 'paperless'));
}

/** An env file on its own, without its compose file: its paths are paths inside the container. */
export function envFileSource(
  path: string,
  values: ReadonlyMap<string, string>,
): ConfigurationSource {
  return {
    name: path,
    variables: located(values, path),
    hostPath: (value) => {
      const inside = resolve(containerSource, value);
      return existsSync(inside)
        ? { path: inside, how: null }
        : {
            problem: `'${inside}' of ${path} is inside the container; its compose file tells where that is here`,
          };
    },
    defaults: null,
    compose: null,
  };
}

/** A compose file with its env files; `environment` wins over `env_file`, later env files over earlier ones. */
export function composeSource(
  compose: ComposeFacts,
  envFiles: readonly { readonly path: string; readonly values: ReadonlyMap<string, string> }[],
  lookup: Lookup,
): ConfigurationSource {
  const variables = new Map<string, Located<string>>();
  for (const { path, values } of envFiles) {
    for (const [name, item] of located(values, path)) variables.set(name, item);
  }
  const file = compose.paths.join(' + ');
  for (const [name, value] of compose.service.environment) {
    const known = value ?? lookup(name);
    if (known !== undefined) variables.set(name, { value: known, source: `${name} in ${file}` });
  }
  return {
    name: file,
    variables,
    hostPath: (value) => toHostPath(compose, value, lookup),
    defaults: productDefaults,
    compose,
  };
}

function located(values: ReadonlyMap<string, string>, path: string): Map<string, Located<string>> {
  return new Map(
    [...values].map(([name, value]) => [name, { value, source: `${name} in ${path}` }]),
  );
}

/** The first source that defines a variable, empty values included. */
export function findVariable(
  sources: readonly ConfigurationSource[],
  name: string,
): (Located<string> & { readonly from: ConfigurationSource }) | undefined {
  for (const from of sources) {
    const item = from.variables.get(name);
    if (item !== undefined) return { ...item, from };
  }
  return undefined;
}

/** Like {@link findVariable}, but an empty value counts as not set. */
export function findValue(
  sources: readonly ConfigurationSource[],
  name: string,
): (Located<string> & { readonly from: ConfigurationSource }) | undefined {
  const found = findVariable(sources, name);
  return found === undefined || found.value === '' ? undefined : found;
}
