// One place that configuration values come from: the environment, a file of the product, an env file, a compose file. All give
// the same view: variables with the place of each, and how its paths become paths on this machine.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Located } from '../adapter.ts';
import { toHostPath, type HostPath } from './compose-paths.ts';
import type { ComposeFacts } from './compose.ts';
import type { Lookup } from './interpolation.ts';

export interface ConfigurationSource {
  /** For people, when a value is a default of this source. */
  readonly name: string;
  /** `source` of a variable keeps the file that defines it, e.g. an env file of a compose file. */
  readonly variables: ReadonlyMap<string, Located<string>>;
  /** Absolute host path of a path written in this source. */
  readonly hostPath: (written: string) => HostPath;
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
    compose: null,
  };
}

/**
 * An env file on its own, without its compose file: its paths are paths inside the container, where the product runs in
 * `workingDirectory`.
 */
export function envFileSource(
  path: string,
  values: ReadonlyMap<string, string>,
  workingDirectory: string,
): ConfigurationSource {
  return {
    name: path,
    variables: located(values, path),
    hostPath: (value) => {
      const inside = resolve(workingDirectory, value);
      return existsSync(inside)
        ? { path: inside, how: null }
        : {
            problem: `'${inside}' of ${path} is inside the container; its compose file tells where that is here`,
          };
    },
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
    compose,
  };
}

/** Each value with the variable and the file that define it. */
export function located(
  values: ReadonlyMap<string, string>,
  path: string,
): Map<string, Located<string>> {
  return new Map(
    [...values].map(([name, value]) => [name, { value, source: `${name} in ${path}` }]),
  );
}

export type FoundVariable<S extends ConfigurationSource = ConfigurationSource> = Located<string> & {
  readonly from: S;
};

/** The first source that defines a variable, empty values included. */
export function findVariable<S extends ConfigurationSource>(
  sources: readonly S[],
  name: string,
): FoundVariable<S> | undefined {
  for (const from of sources) {
    const item = from.variables.get(name);
    if (item !== undefined) return { ...item, from };
  }
  return undefined;
}

/** Like {@link findVariable}, but an empty value counts as not set. */
export function findValue<S extends ConfigurationSource>(
  sources: readonly S[],
  name: string,
): FoundVariable<S> | undefined {
  const found = findVariable(sources, name);
  return found === undefined || found.value === '' ? undefined : found;
}
