// May an archive be restored where another release runs? Inside one generation the application migrates forwards; between the
// generations there is no way in place, whatever the numbers suggest.

import type { Compatibility, Stamp } from '@dms-backup/core';
import { rangeText } from '@dms-backup/core/adapter-kit';
import { generations, newestRelease, stateOf, states, type ReleaseState } from './migrations.ts';
import { compareReleases, imageOf } from './release.ts';

/** Where a stamp stands in the history of releases. */
interface Standing {
  /** Null when no release is known to make such a database. */
  readonly state: ReleaseState | null;
  /** For people: exact release, else the range, else null. */
  readonly name: string | null;
  /** Release to install for it: the exact one, else the newest that fits. */
  readonly release: string | null;
  /** Every migration is one of that state. */
  readonly certain: boolean;
}

function standingOf({ appVersion, range, migrationState }: Stamp): Standing {
  const known = range?.to ?? appVersion;
  return {
    state: known === null ? null : (stateOf(known) ?? null),
    name: appVersion ?? (range === null ? null : rangeText(range)),
    release: appVersion ?? range?.to ?? null,
    certain: migrationState === 'complete',
  };
}

/** Member `compatibility` of the adapter. Pure. */
export function compatibility(archive: Stamp, target: Stamp | null): Compatibility {
  const from = standingOf(archive);
  if (target === null) return intoNothing(archive, from);
  const to = standingOf(target);
  if (haveSameMigrations(archive, target) && from.state === to.state) {
    return {
      verdict: 'same',
      explanation: `archive and target have the same migrations${from.name === null ? '' : ` (${from.name})`}`,
      steps: halfMigrated(archive),
    };
  }
  if (from.state === null || to.state === null) return nobodyKnows(from, to);
  if (from.state.generation !== to.state.generation) return otherGeneration(from, to);
  if (!from.certain || !to.certain) return uncertain(archive, from, to);
  const direction = states.indexOf(from.state) - states.indexOf(to.state);
  if (direction > 0) return tooNew(from, to);
  if (direction < 0) return olderArchive(from, to);
  return {
    verdict: 'same',
    explanation: `archive (${from.name}) and target (${to.name}) have the same state of the database`,
    steps: [],
  };
}

/** The product's own; the rows of libraries (auth, knox, account) depend on the versions that were installed. */
function haveSameMigrations(archive: Stamp, target: Stamp): boolean {
  const own = (stamp: Stamp): string[] =>
    stamp.migrations.filter((name) => /^(?:core|alembic)\./.test(name)).toSorted();
  const left = own(archive);
  const right = own(target);
  if (left.length === 0) {
    return right.length === 0 && archive.appVersion === target.appVersion;
  }
  return left.length === right.length && left.every((name, index) => name === right[index]);
}

function halfMigrated({ migrationState }: Stamp): string[] {
  return migrationState === 'interrupted'
    ? [
        'The archive holds a database that was half migrated or has tables of two generations: it comes back exactly like that.',
      ]
    : [];
}

function intoNothing(archive: Stamp, from: Standing): Compatibility {
  if (from.release === null) {
    return {
      verdict: 'unknown',
      explanation: `the archive comes from a Papermerge that is not known here (known up to ${newestRelease})`,
      steps: [
        'Install the release that made the archive; only it is sure to understand the database.',
        ...halfMigrated(archive),
      ],
    };
  }
  return {
    verdict: 'same',
    explanation: `nothing runs at the target yet; the archive is from Papermerge ${from.name}`,
    steps: [`Use ${imageOf(from.release)} for the restored instance.`, ...halfMigrated(archive)],
  };
}

function nobodyKnows(from: Standing, to: Standing): Compatibility {
  return {
    verdict: 'unknown',
    explanation: `${from.state === null ? 'the archive' : 'the target'} has migrations that no release from 1.0.0 to ${newestRelease} has (archive: ${from.name ?? 'unknown'}, target: ${to.name ?? 'unknown'})`,
    steps: [
      'Restore into the release that made the archive, or update dms-backup if it is older than your Papermerge.',
    ],
  };
}

function uncertain(archive: Stamp, from: Standing, to: Standing): Compatibility {
  const which = from.certain ? 'the target' : 'the archive';
  return {
    verdict: 'unknown',
    explanation: `${which} is half migrated or has migrations that no release has (archive: ${from.name}, target: ${to.name}): nobody can say what the application makes of it`,
    steps: [
      'Restore into an empty place with the release that made the archive.',
      ...halfMigrated(archive),
    ],
  };
}

function tooNew(from: Standing, to: Standing): Compatibility {
  return {
    verdict: 'too-new',
    explanation: `the archive is from Papermerge ${from.name}, the target is ${to.name}: an older release cannot use a newer database`,
    steps: installSteps(from),
  };
}

function installSteps({ release }: Standing): string[] {
  return release === null
    ? []
    : [`Install Papermerge ${release} (${imageOf(release)}) at the target, then restore.`];
}

/** Papermerge rewrote its tables twice and its history of migrations three times; the project ships no upgrade between. */
function otherGeneration(from: Standing, to: Standing): Compatibility {
  const order = (standing: Standing): number =>
    generations.indexOf(standing.state?.generation ?? generations[0]);
  if (order(from) > order(to)) return tooNew(from, to);
  return {
    verdict: 'impossible',
    explanation: `the archive is from Papermerge ${from.name} and the target is ${to.name}: the tables were designed anew in between (2.1, 3.0, 3.3), and there is no migration`,
    steps: [
      ...installSteps(from),
      'A newer image must never be started on these data: it stops half-way and leaves a mixed database.',
      ...exportStep(from),
    ],
  };
}

/** papermerge/pmdump 0.1 - 0.4: export from 2.0 (SQLite), 2.1, 3.2, 3.3, 3.4; import into 3.4. */
function exportStep({ state }: Standing): string[] {
  return state === null || compareReleases(state.to, '2.0.0rc35') < 0
    ? ['To move on, upgrade to 2.0.1 first, or upload the documents anew.']
    : [
        "To move on, restore into the old release and carry folders and documents over with the project's tool pmdump (from 2.0 on SQLite, 2.1 or 3.2 into 3.4 only), or upload them anew.",
      ];
}

function olderArchive(from: Standing, to: Standing): Compatibility {
  if (to.release !== null && compareReleases(to.release, '2.0.0rc35') === 0) {
    return {
      verdict: 'impossible',
      explanation: `the archive is from Papermerge ${from.name}; 2.0.0rc35 cannot migrate databases of 1.x, later releases of 2.0 can`,
      steps: ['Install Papermerge 2.0.1 (eugenci/papermerge:v2.0.1) at the target, then restore.'],
    };
  }
  return {
    verdict: 'migrates',
    explanation: `the archive is from Papermerge ${from.name}; ${to.name} migrates the database at its next start`,
    steps: [
      ...wayPoints(from, to),
      'Start the application: containers run the migrations themselves, elsewhere run `manage.py migrate` (up to 3.2) or `alembic upgrade head`.',
    ],
  };
}

interface WayPoint {
  /** Applies to archives before and targets from this release on. */
  readonly release: string;
  readonly step: string;
}

const points: readonly WayPoint[] = [
  {
    release: '1.5.3',
    step: 'On the way into 2.0 start 1.5.5 once first: upgrades from older releases are known to fail.',
  },
  {
    release: '2.1.2',
    step: '2.1.2 deletes metadata, access rights and automates of 2.1.0 and 2.1.1; they remain in the archive only.',
  },
  {
    release: '3.5',
    step: '3.5 replaces the permissions of users and groups by roles and drops the old ones: note them before the start, and assign roles after it.',
  },
  {
    release: '3.5.3',
    step: '3.5.3 and later need PostgreSQL: restore an archive of an SQLite database into PostgreSQL.',
  },
  {
    release: '3.6.0a1',
    step: '3.6 exists as alpha releases only: keep the archive, there is no way back.',
  },
];

function wayPoints(from: Standing, to: Standing): string[] {
  const generation = to.state?.generation;
  return points
    .filter(({ release }) => {
      const point = stateOf(release);
      if (point === undefined || point.generation !== generation) return false;
      const into = release === '1.5.3' ? '2.0.0rc35' : release;
      return (
        compareReleases(from.state?.to ?? release, release) < 0 &&
        compareReleases(to.state?.to ?? release, into) >= 0
      );
    })
    .map(({ step }) => step);
}
