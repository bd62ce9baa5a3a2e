// What the administrator does after a restore, in order.

import type { Instance, RestoreNotes, Stamp } from '@dms-backup/core';

/** Member `restoreNotes` of the adapter. Pure. `instance` is the target. */
export function restoreNotes(stamp: Stamp, instance: Instance): RestoreNotes {
  const code = stamp.appVersion === null ? '' : `: the archive is from ${stamp.appVersion}`;
  return {
    steps: [
      'Leave the project stopped (web server, workers, timers) until the steps before its start are done.',
      `Install code and packages that fit the archive${code}; neither is in it.`,
      'Set SECRET_KEY and the other secrets to the old values: with another SECRET_KEY signed links and tokens end.',
      'Give the files of the media root to the user of the project.',
      'Run `python manage.py migrate`: it does nothing when code and archive fit exactly.',
      'Run `python manage.py collectstatic` if the place is new: collected static files are not in an archive.',
      'Empty caches (Redis, memcached, cache tables) and queues of background tasks: they belong to the old state. Sessions were left out, so users log in again.',
      'Search indexes and thumbnails outside the media root are made anew by the packages that keep them.',
      ...(instance.settings.some(({ name }) => name.startsWith('files elsewhere '))
        ? ['Some files are in storages elsewhere: see that the restored database and they fit.']
        : []),
      'If the original project keeps running, switch off mail and scheduled tasks of the copy before its start.',
      'Start the project, and check it with `python manage.py check --deploy` and `dms-backup check`.',
    ],
    createDirectories: [],
  };
}
