// The archive `latest`: the newest one in a directory, by the time in its manifest.

import type { ArchiveOptions } from '@dms-backup/core';
import type { Values } from './arguments/flags.ts';
import type { Output } from './output/output.ts';
import { UsageError } from './usage-error.ts';

/** Refuses --from without `latest` among the archives. */
export function assertFrom(values: Values, archives: readonly string[]): void {
  if (values.from === undefined) return;
  if (!archives.includes('latest'))
    throw new UsageError(
      '--from goes with the archive `latest` only',
      'Name the archive by its path, without --from.',
    );
}

/** Whose archives are looked for; without names those of every application. */
export interface Wanted {
  readonly title: string;
  readonly names: readonly string[];
}

/**
 * Absolute path of the newest archive. A file that looks like an archive and is none is skipped with a warning.
 * Throws `archive-not-found`.
 */
export async function findLatestArchive(
  directory: string,
  wanted: Wanted | undefined,
  {
    workingDirectory,
    environment,
    signal,
    keys,
  }: Pick<ArchiveOptions, 'workingDirectory' | 'environment' | 'signal' | 'keys'>,
  output: Output,
): Promise<string> {
  const { DmsBackupError, list } = await import('@dms-backup/core');
  const { destination, archives, unusable } = await list({
    destination: directory,
    workingDirectory,
    ...(wanted === undefined ? {} : { apps: wanted.names }),
    ...(environment === undefined ? {} : { environment }),
    ...(keys === undefined ? {} : { keys }),
    ...(signal === undefined ? {} : { signal }),
  });
  const spoilt = unusable.filter(({ state }) => state !== 'unfinished');
  for (const { path, reason } of spoilt)
    output.warn(`left aside while looking for the newest archive: '${path}': ${reason}`);
  const [newest] = archives;
  if (newest !== undefined) return newest.path;
  const whose = wanted === undefined ? '' : ` of ${wanted.title}`;
  throw new DmsBackupError('archive-not-found', `no archive${whose} in '${destination}'`, {
    hint: 'Name the directory of the archives with --from, or the archive by its path.',
    context: { directory: destination, candidates: spoilt.length },
  });
}
