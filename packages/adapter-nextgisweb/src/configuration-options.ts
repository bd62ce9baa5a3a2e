// The options of the product from all places: files in order, the inline text, then variables, which win. An empty value
// removes an option. Facts: nextgisweb/lib/config/util.py, `load_config`, `environ_to_key`, `environ_substitution`.

import type { Located } from '@dms-backup/core';
import type { Lookup } from '@dms-backup/core/adapter-kit';
import { parseIni } from './configuration-ini.ts';

export type Options = ReadonlyMap<string, Located<string>>;

/** Variables that name options, with the place of each. */
export type Variables = ReadonlyMap<string, Located<string>>;

export interface OptionPlaces {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** `NEXTGISWEB_CONFIG_INCLUDE`: INI text that comes after the files. */
  readonly include: Located<string> | undefined;
  readonly variables: Variables;
  /** For `${NAME}` in values. */
  readonly lookup: Lookup;
}

/** Throws `configuration-invalid`. */
export function readOptions({ files, include, variables, lookup }: OptionPlaces): Options {
  const options = new Map<string, Located<string>>();
  const apply = (key: string, value: string, source: string): void => {
    if (value === '') options.delete(key);
    else options.set(key, { value, source });
  };
  for (const { path, text } of files) {
    for (const [key, value] of parseIni(text, `'${path}'`)) apply(key, value, path);
  }
  if (include !== undefined) {
    const place = include.source;
    for (const [key, value] of parseIni(include.value, place)) apply(key, value, place);
  }
  for (const [name, { value, source }] of variables) {
    const key = optionOf(name);
    if (key !== null) apply(key, value, source);
  }
  for (const [key, { value, source }] of options) {
    options.set(key, { value: substitute(value, lookup), source });
  }
  return options;
}

const optionVariable = /^nextgisweb_{1,2}([a-z][a-z0-9_]*?)((?:__[a-z0-9][a-z0-9_]*?)+)$/;

/** `NEXTGISWEB__CORE__DATABASE__HOST` gives `core.database.host`; null for variables that name no option. */
export function optionOf(variable: string): string | null {
  const match = optionVariable.exec(variable.toLowerCase());
  if (match === null) return null;
  const [, component = '', rest = ''] = match;
  return [component, ...rest.slice(2).split('__')].join('.');
}

/** Parts of the alternatives are free of `:` and `}`, unless behind a backslash. */
const expression =
  /\$\{([a-z][a-z0-9_]*)(?::((?:\\.|[^\\:}])*)|\?((?:\\.|[^\\:}])*):((?:\\.|[^\\:}])*))?\}/gi;

/** `${NAME}`, `${NAME:default}`, `${NAME?if-set:if-unset}`; alternatives may hold expressions, their signs behind backslashes. */
export function substitute(text: string, lookup: Lookup): string {
  const inner = (alternative: string): string =>
    substitute(alternative.replaceAll(/\\(.)/gs, '$1'), lookup);
  return text.replaceAll(
    expression,
    (
      whole: string,
      name: string,
      fallback: string | undefined,
      ifSet: string | undefined,
      ifUnset: string | undefined,
    ) => {
      const value = lookup(name);
      if (ifSet !== undefined && ifUnset !== undefined) {
        return inner(value === undefined ? ifUnset : ifSet);
      }
      if (value !== undefined) return value;
      return fallback === undefined ? whole : inner(fallback);
    },
  );
}
