// The last archive of an instance before a new one at the same place, to see what is gone since. Manifests decide, not names and
// file times: users rename archives, and copies get new times.

import { dirname } from 'node:path';
import { openDestination } from '../destination/open-destination.ts';
import { surveyDestination } from '../destination/survey.ts';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { isSameInstallation } from '../retention/archived-instance.ts';
import { parsePlace } from '../storage/place.ts';
import type { AlarmLimit, BackupOptions, BackupResult, Removal } from '../verb.ts';
import { removalBetween } from './alarm.ts';

/** Throws `usage` for an alarm that has nothing to compare. */
export function assertComparable({ alarmRemoved, destination, dryRun }: BackupOptions): void {
  if (alarmRemoved === undefined || (destination !== '-' && !dryRun)) return;
  throw new DmsBackupError(
    'usage',
    `the alarm on removed documents has nothing to compare in ${dryRun ? 'a dry run' : 'an archive on stdout'}`,
    { hint: 'Compare archives with `dms-backup diff --alarm-removed`.' },
  );
}

/**
 * The result with what is gone since the last archive of the same instance at that place, if the user wants to know. What
 * cannot be read is left aside with a warning, and the one before it is taken. Throws `interrupted`; the archive stays.
 */
export async function withRemoval(
  result: BackupResult,
  options: BackupOptions,
): Promise<BackupResult> {
  const { alarmRemoved, onEvent } = options;
  const { path } = result;
  if (alarmRemoved === undefined || path === null) return result;
  onEvent?.({ type: 'step', phase: 'compare', text: 'comparing with the last archive' });
  const warnings = [...result.warnings];
  const warn = (text: string) => void warnings.push(text);
  const removal = await removalSinceLast(path, alarmRemoved, warn, options);
  if (removal?.isAlarm) warn(removal.explanation);
  return { ...result, warnings, removal, exitCode: removal?.isAlarm ? 3 : result.exitCode };
}

async function removalSinceLast(
  path: string,
  limit: AlarmLimit,
  warn: (text: string) => void,
  options: BackupOptions,
): Promise<Removal | null> {
  for (const archive of await earlierArchives(path, warn, options)) {
    try {
      return await removalBetween({ ...options, archive }, { ...options, archive: path }, limit);
    } catch (error) {
      leaveAside(archive, error, warn);
    }
  }
  warn(
    'the alarm on removed documents had nothing to compare with: no earlier archive of this instance can be read there',
  );
  return null;
}

/** Paths or URLs, the newest first. */
async function earlierArchives(
  path: string,
  warn: (text: string) => void,
  options: BackupOptions,
): Promise<string[]> {
  const place = parsePlace(path).kind === 'local' ? dirname(path) : path;
  const destination = await openDestination({ ...options, destination: place });
  try {
    const { archives, unreadable } = await surveyDestination(destination, options.signal);
    for (const { file, error } of unreadable)
      leaveAside(destination.locate(file.name), error, warn);
    const isNew = ({ files }: (typeof archives)[number]): boolean =>
      files.some(({ name }) => destination.locate(name) === path);
    const own = archives.find(isNew);
    if (own === undefined) return [];
    return archives
      .filter((each) => each !== own && each.createdAt <= own.createdAt)
      .filter((each) => isSameInstallation(each.instance, own.instance))
      .map(({ files }) => destination.locate(files[0]?.name ?? ''));
  } finally {
    await destination.close();
  }
}

/** Only what is wrong with that archive; everything else is thrown again. */
function leaveAside(path: string, error: unknown, warn: (text: string) => void): void {
  if (!isDmsBackupError(error) || error.code === 'interrupted') throw error;
  warn(`left aside while looking for the last archive: '${path}': ${error.message}`);
}
