// `restore latest`: the newest archive of the application in a directory, by the time in its manifest. Names and file times
// are not trusted: users rename archives, and copies get new times.

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { InspectResult, InstanceOptions } from '@dms-backup/core';
import type { Output } from './output/output.ts';
import { systemErrorCode } from './system-error.ts';

const archiveName = /\.(?:tar|tar\.zst|tar\.gz|tgz|tzst)$/i;

/**
 * Absolute path of the newest archive. A file that looks like an archive and is none is skipped with a warning.
 * Throws `archive-not-found`.
 */
export async function findLatestArchive(
  directory: string,
  { adapter, workingDirectory, signal }: InstanceOptions,
  output: Output,
): Promise<string> {
  const { DmsBackupError, inspect, isDmsBackupError } = await import('@dms-backup/core');
  const place = resolve(workingDirectory, directory);
  let names: string[];
  try {
    names = (await readdir(place)).filter((name) => archiveName.test(name)).toSorted();
  } catch (error) {
    throw new DmsBackupError(
      'archive-not-found',
      `cannot read directory '${place}' (${systemErrorCode(error) ?? 'unknown'})`,
      {
        hint: 'Name the directory of the archives with --from.',
        context: { directory: place },
        cause: error,
      },
    );
  }
  let newest: InspectResult | undefined;
  for (const name of names) {
    const archive = join(place, name);
    try {
      const found = await inspect({
        archive,
        workingDirectory,
        ...(signal === undefined ? {} : { signal }),
      });
      if (found.manifest.app.name !== adapter.name) continue;
      const isNewer =
        newest === undefined ||
        Date.parse(found.manifest.createdAt) > Date.parse(newest.manifest.createdAt);
      if (isNewer) newest = found;
    } catch (error) {
      if (!isDmsBackupError(error) || error.code === 'interrupted') throw error;
      output.warn(
        `left aside while looking for the newest archive: '${archive}': ${error.message}`,
      );
    }
  }
  if (newest === undefined) {
    throw new DmsBackupError('archive-not-found', `no archive of ${adapter.title} in '${place}'`, {
      hint: 'Name the directory of the archives with --from, or the archive by its path.',
      context: { directory: place, candidates: names.length },
    });
  }
  return resolve(workingDirectory, newest.archive);
}
