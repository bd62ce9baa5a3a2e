// What the administrator does after a restore, in order.

import type { Instance, RestoreNotes, Stamp } from '@dms-backup/core';
import { rangeText, settingOf } from '@dms-backup/core/adapter-kit';
import { stateOf, type Generation } from './migrations.ts';
import { compareReleases, imageOf } from './release.ts';

/** Member `restoreNotes` of the adapter. Pure. `instance` is the target. */
export function restoreNotes(stamp: Stamp, instance: Instance): RestoreNotes {
  const release = stamp.appVersion ?? stamp.range?.to ?? null;
  const generation = release === null ? null : (stateOf(release)?.generation ?? null);
  const steps = [
    'Leave web application, workers and (3.0 - 3.2) auth server stopped until the steps before their start are done.',
    ...(release === null ? [] : [releaseStep(stamp, release)]),
    'Never start another image on this database first: releases of another generation leave it half migrated.',
    'Set the secret key to the old value: with another one all sessions and tokens end, nothing else is lost.',
    ownerStep(generation),
    'Empty Redis or the directory of the task queue: tasks of the old state must not run on the restored one.',
    ...storageStep(instance),
    'Start the application.',
    ...indexStep(generation, release),
    'Check the result with `dms-backup check`.',
  ];
  return { steps, createDirectories: [] };
}

function releaseStep({ appVersion, range }: Stamp, release: string): string {
  const other =
    appVersion === null && range !== null && range.from !== range.to
      ? ` (any of ${rangeText(range)} fits the database)`
      : '';
  return `Run Papermerge ${release} (${imageOf(release)})${other}, or a release that the plan allows.`;
}

/** Dockerfiles of the releases: user `www` until 2.0, root from 2.1 on. */
function ownerStep(generation: Generation | null): string {
  return generation === '1.x-2.0'
    ? 'Give the media to the user of the application (containers: uid 1001, gid 1002; linuxserver image: PUID and PGID).'
    : 'Give the media to the user of the application (containers run as root).';
}

function storageStep(instance: Instance): string[] {
  const isElsewhere =
    settingOf(instance, 'PAPERMERGE__MAIN__FILE_SERVER')?.value === 's3' ||
    /^(?:s3|r2)$/.test(settingOf(instance, 'PM_STORAGE_BACKEND')?.value ?? '');
  return isElsewhere
    ? [
        'The instance keeps files in a bucket: restore that from its own backup, or copy the media tree into it under the same keys.',
      ]
    : [];
}

/** Search indexes are not in the archive, except that of 3.6, which is a table. */
function indexStep(generation: Generation | null, release: string | null): string[] {
  if (generation === null || generation === '1.x-2.0') return [];
  if (generation === '2.1') return ['Build the search index: `manage.py update_index`.'];
  if (generation === '3.0-3.2') {
    return ['Build the search index: `manage.py index_schema apply`, then `manage.py index`.'];
  }
  if (release !== null && compareReleases(release, '3.6.0a1') >= 0) {
    return ['If the search finds too little, run `pm search build`.'];
  }
  return [
    'If search is configured, build its index: `paper-cli index-schema apply`, then `paper-cli index`.',
  ];
}
