// The sources of the configuration kit, with what each implies about paperless, and the one that only paperless has.

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import {
  located,
  type ComposeProduct,
  type ConfigurationSource,
  type PasswordVariables,
} from '@dms-backup/core/adapter-kit';

/** The image of the product, its shipped compose files, and where it runs (Dockerfile, docker/compose of 2.20.15, 3.0.5). */
export const composeProduct: ComposeProduct = {
  title: 'paperless-ngx',
  image: /(?:^|\/)paperless-ngx(?:[:@]|$)/,
  serviceNames: ['webserver'],
  mountPoint: '/usr/src/paperless/media',
  workingDirectory: '/usr/src/paperless/src',
};

export const passwordVariables: PasswordVariables = {
  password: 'PAPERLESS_DBPASS',
  file: 'PAPERLESS_DBPASS_FILE',
};

export interface PaperlessSource extends ConfigurationSource {
  /** What the product uses when the variable is not set, as it would be written; null: this source implies nothing. */
  readonly defaults: { readonly data: string; readonly media: string } | null;
}

/** A source that says nothing about where the product is. */
export function withoutDefaults(source: ConfigurationSource): PaperlessSource {
  return { ...source, defaults: null };
}

/** `../data` and `../media`: settings.BASE_DIR.parent, seen from the working directory `src`. */
export const productDefaults = { data: '../data', media: '../media' };

/**
 * A `paperless.conf`. Its relative paths count from the product's `src` directory, which the file does not name: `src`
 * beside the file is tried first, then the file's own directory, then the usual places. The first from which the data or
 * media directory exists is used for all paths of the file.
 */
export function confSource(
  path: string,
  values: ReadonlyMap<string, string>,
  workingDirectory: string,
): PaperlessSource {
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
    composeProduct.workingDirectory,
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
