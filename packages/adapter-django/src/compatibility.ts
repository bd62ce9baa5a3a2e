// May an archive be restored where a project runs? Decided by the sets of applied migrations of all apps, never by names or
// numbers: what `migrate` would have to do is exactly the difference of the sets.

import type { Compatibility, Stamp } from '@dms-backup/core';

/** Member `compatibility` of the adapter. Pure. */
export function compatibility(archive: Stamp, target: Stamp | null): Compatibility {
  if (archive.migrations.length === 0) return withoutRecord('the archive', archive);
  if (target === null) return intoNothing(archive);
  if (target.migrations.length === 0) return withoutRecord('the target', archive);
  const missing = difference(archive, target);
  const additional = difference(target, archive);
  const itsCode = `the code of the project that made the archive${versionOf(archive)}`;
  if (missing.length === 0 && additional.length === 0) {
    return {
      verdict: 'same',
      explanation: 'archive and target have the same migrations',
      steps: [],
    };
  }
  if (missing.length === 0) {
    return {
      verdict: 'migrates',
      explanation: `the archive is older: it lacks ${listed(additional)}`,
      steps: [
        'Run `python manage.py migrate` after the restore: it brings the database up to date.',
      ],
    };
  }
  if (additional.length === 0) {
    return {
      verdict: 'too-new',
      explanation: `the archive is newer: the target lacks ${listed(missing)}`,
      steps: [`Install ${itsCode} at the target, run \`python manage.py migrate\`, then restore.`],
    };
  }
  return {
    verdict: 'unknown',
    explanation:
      `archive and target went different ways: the target lacks ${listed(missing)}; the archive lacks ${listed(additional)}.` +
      ' They are different projects, or migrations were squashed and the old names removed',
    steps: [`Use ${itsCode}, or make sure that these migrations mean the same.`],
  };
}

function withoutRecord(which: string, archive: Stamp): Compatibility {
  return {
    verdict: 'unknown',
    explanation: `${which} has no record of migrations, so nobody can say what it fits`,
    steps: [
      `Make sure that the target has the code of the project that made the archive${versionOf(archive)}.`,
    ],
  };
}

function intoNothing(archive: Stamp): Compatibility {
  return {
    verdict: 'same',
    explanation: 'the target is empty: it gets the database as it was',
    steps: [
      `Install the code of the project that made the archive${versionOf(archive)}, or newer code of it, and run \`python manage.py migrate\`.`,
    ],
  };
}

function versionOf({ appVersion }: Stamp): string {
  return appVersion === null ? '' : ` (${appVersion})`;
}

/** Migrations of `one` that `other` does not have. */
function difference(one: Stamp, other: Stamp): string[] {
  const known = new Set(other.migrations);
  return one.migrations.filter((name) => !known.has(name));
}

const namesShown = 5;

/** By app, as `showmigrations` has them: `archive: 0002_title, 0003_owner; blog: 0001_initial`. */
function listed(migrations: readonly string[]): string {
  const apps = new Map<string, string[]>();
  for (const each of migrations) {
    const dot = each.indexOf('.');
    const app = each.slice(0, dot);
    apps.set(app, [...(apps.get(app) ?? []), each.slice(dot + 1)]);
  }
  return [...apps]
    .map(([app, names]) => {
      const more = names.length - namesShown;
      return `${app}: ${names.slice(0, namesShown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    })
    .join('; ');
}
