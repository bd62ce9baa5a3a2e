// What the administrator does after a restore, in order, and the empty directory that the application needs.

import type { Instance, RestoreNotes, Stamp } from '@dms-backup/core';
import { generationOf, matchMigrations } from './migrations.ts';
import { compareReleases, imageOf, majorOf } from './release.ts';
import { rootOf, settingOf } from '@dms-backup/core/adapter-kit';

/** Member `restoreNotes` of the adapter. Pure. `instance` is the target. */
export function restoreNotes(stamp: Stamp, instance: Instance): RestoreNotes {
  const release = releaseOf(stamp);
  const is3 = release === null || majorOf(release) >= 3;
  const since = (first: string): boolean =>
    release === null || compareReleases(release, first) >= 0;
  const steps = [
    'Leave the application stopped until the steps before its start are done.',
    ...(release === null
      ? []
      : [
          `Run paperless-ngx ${release} (${imageOf(release)}), or a newer release that the plan allows.`,
        ]),
    ...secretSteps(is3, instance),
    'Give the files to the user of the application (container: USERMAP_UID and USERMAP_GID, by default 1000).',
    ...(is3 ? ['Database and media must both be in place before the first start of 3.x.'] : []),
    'Empty the task queue and caches in Redis, e.g. `docker compose exec broker redis-cli FLUSHDB`: they belong to the old state.',
    ...cacheStep(instance),
    ...(since('2.10.0') ? [trashStep(instance)] : []),
    'If the original instance keeps running, switch off mail and workflows of the copy first: PAPERLESS_EMAIL_TASK_CRON=disable' +
      (since('2.14.0') ? ' and PAPERLESS_WORKFLOW_SCHEDULED_TASK_CRON=disable.' : '.'),
    'Start the application.',
    indexStep(is3),
    'Check the result with `document_sanity_checker`, or with `dms-backup check`.',
    'The classifier is trained anew within an hour; until then documents are not matched automatically.',
  ];
  const hasData = rootOf(instance, 'data') !== undefined;
  return {
    steps,
    // 3.x on bare metal searches in memory and refuses to reindex when this directory is missing (settings.INDEX_DIR).
    createDirectories: hasData ? [{ root: 'data', path: 'index' }] : [],
  };
}

/** The exact release, else the newest of the range, else what the migrations say. */
function releaseOf(stamp: Stamp): string | null {
  if (stamp.appVersion !== null && generationOf(stamp.appVersion) >= 0) return stamp.appVersion;
  return stamp.range?.to ?? stamp.appVersion ?? matchMigrations(stamp.migrations).range?.to ?? null;
}

function secretSteps(is3: boolean, instance: Instance): string[] {
  const names = instance.secrets.map(({ name }) => name);
  const key = is3
    ? 'Set PAPERLESS_SECRET_KEY, which 3.x requires, to the old value: with another one all sessions and password reset links end.'
    : 'Set PAPERLESS_SECRET_KEY to the old value if one was set: with another one all sessions and password reset links end.';
  return [
    key,
    ...(names.includes('PAPERLESS_PASSPHRASE') || !is3
      ? ['Encrypted documents (GPG) need the old PAPERLESS_PASSPHRASE; it is not in the archive.']
      : []),
  ];
}

/** settings.CACHALOT_ENABLED, 2.18+: reads come from Redis, which knows nothing of a restored database. */
function cacheStep(instance: Instance): string[] {
  const value = settingOf(instance, 'PAPERLESS_DB_READ_CACHE_ENABLED')?.value ?? '';
  return /^(?:yes|y|1|t|true)$/i.test(value)
    ? [
        'The database read cache is on: if Redis was not emptied, run `invalidate_cachalot` after the start.',
      ]
    : [];
}

/** documents.tasks.empty_trash runs at 01:00 and purges what has been in the trash longer than the delay. */
function trashStep(instance: Instance): string {
  const days = settingOf(instance, 'PAPERLESS_EMPTY_TRASH_DELAY')?.value ?? '30';
  return `Documents that are in the trash for more than ${days} days are purged at the next 01:00; set PAPERLESS_EMPTY_TRASH_TASK_CRON=disable first if some of them are wanted.`;
}

function indexStep(is3: boolean): string {
  return is3
    ? 'Containers build the search index at their start; on bare metal run `document_index reindex`.'
    : 'Containers of 1.x and 2.x build the search index when data/.index_version is missing; else run `document_index reindex`.';
}
