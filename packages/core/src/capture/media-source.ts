// What the capture of files works on: the roots of one instance, and which paths below them are wanted.

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Adapter, Instance, Root } from '../adapter.ts';
import { splitPath } from '../archive/entry-path.ts';
import { DmsBackupError, systemErrorCode } from '../errors.ts';
import type { OnEvent } from '../events.ts';
import { IgnoredMediaClasses } from './exclusions.ts';

export interface MediaSource {
  readonly adapter: Adapter;
  readonly instance: Instance;
  readonly roots: readonly Root[];
  /** Absolute paths of the database's own files: they are in the database part. */
  readonly databaseFiles: readonly string[];
  readonly excludeClasses: readonly string[];
  readonly onEvent: OnEvent;
  readonly signal?: AbortSignal;
}

/** Roots that exist, with links resolved. Throws `media-root-missing` or `source-unreadable` for a required one. */
export function existingRoots(instance: Instance): { roots: Root[]; missing: Root[] } {
  const roots: Root[] = [];
  const missing: Root[] = [];
  for (const root of instance.roots) {
    try {
      const directory = realpathSync(root.directory);
      if (!statSync(directory).isDirectory())
        throw Object.assign(new Error('no directory'), { code: 'ENOTDIR' });
      if (root.required) accessSync(directory, constants.R_OK | constants.X_OK);
      roots.push({ ...root, directory });
    } catch (cause) {
      if (!root.required) missing.push(root);
      else if (systemErrorCode(cause) === 'EACCES') {
        throw new DmsBackupError(
          'source-unreadable',
          `cannot look at the ${root.name} root '${root.directory}'`,
          { cause },
        );
      } else {
        throw new DmsBackupError(
          'media-root-missing',
          `the ${root.name} root '${root.directory}' (${root.source}) is no directory`,
          { cause },
        );
      }
    }
  }
  return { roots, missing };
}

/** Whether a path below a root is wanted: neither it nor a directory above it is left out. A directory ends with `/`. */
type IsKept = (root: Root, path: Buffer, isDirectory?: boolean) => boolean;

export function keptPaths(source: MediaSource): IsKept {
  const ignoredClasses = new IgnoredMediaClasses(source.excludeClasses);
  return (root, path, isDirectory = false) => {
    const parts = splitPath(path).map(String);
    const above = parts.slice(1).map((_, number) => `${parts.slice(0, number + 1).join('/')}/`);
    return [...above, `${parts.join('/')}${isDirectory ? '/' : ''}`].every(
      (each) =>
        ignoredClasses.apply(source.adapter.classify(root.name, each, source.instance)).keep,
    );
  };
}

/** Paths below a root (bytes as latin1 text) that are the database's own. */
export function ignoredPaths(directory: string, files: readonly string[]): Set<string> {
  const inside = files
    .flatMap(placesOf)
    .map((file) => relative(directory, file))
    .filter((path) => path !== '' && !path.startsWith(`..${sep}`));
  return new Set(inside.map((path) => Buffer.from(path).toString('latin1')));
}

/** A database file under its names: as given, and with links resolved, because the roots have them resolved. */
function placesOf(file: string): string[] {
  const resolved = (path: string) => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  };
  return [file, join(resolved(dirname(file)), basename(file)), resolved(file)];
}
