// May an archive be restored where another release runs? Decided by sets of migrations: equal sets are safe, older
// archives are migrated by the application, newer ones are refused with the release to install.

import type { Compatibility, Stamp } from '@dms-backup/core';
import { rangeText } from '@dms-backup/core/adapter-kit';
import {
  generationOf,
  generations,
  matchMigrations,
  newestRelease,
  productApps,
} from './migrations.ts';
import { compareReleases, imageOf, majorOf } from './release.ts';

/**
 * 3.x refuses databases that do not have all migrations of 2.20.5 - 2.20.15 (paperless.checks, paperless.E002); the
 * documentation asks for the last of them.
 */
const gateway = '2.20.15';

/** Libraries of the product with migrations of their own; other apps are the user's (PAPERLESS_APPS). */
const libraries = [
  'account',
  'admin',
  'auditlog',
  'auth',
  'authtoken',
  'contenttypes',
  'guardian',
  'mfa',
  'sessions',
  'socialaccount',
];

/** Where a stamp stands in the history of releases. */
interface Standing {
  /** Index into `generations` of the last whole state, or -1 when unknown. */
  readonly generation: number;
  /** The generation of the release that was migrating it; `generation` unless an upgrade was interrupted. */
  readonly reached: number;
  /** For people: exact release, else the range, else null. */
  readonly name: string | null;
  /** Release to install for it: the exact one, else the newest that fits. */
  readonly release: string | null;
  /** For people: what the migrations say. */
  readonly says: string;
}

function standingOf(stamp: Stamp): Standing {
  const finding = matchMigrations(stamp.migrations);
  const stated = stamp.appVersion === null ? -1 : generationOf(stamp.appVersion);
  const range = stamp.range ?? finding.range;
  const bare = stamp.migrations.length === 0;
  return {
    generation: bare ? stated : finding.generation,
    reached: bare ? stated : finding.reached,
    name: stamp.appVersion ?? (range === null ? null : rangeText(range)),
    release: stamp.appVersion ?? range?.to ?? null,
    says: finding.says,
  };
}

/** Member `compatibility` of the adapter. Pure. */
export function compatibility(archive: Stamp, target: Stamp | null): Compatibility {
  const from = standingOf(archive);
  if (target === null) return intoNothing(from);
  const to = standingOf(target);
  if (haveSameMigrations(archive, target)) return sameMigrations(archive, target, from);
  if (from.generation < 0 || to.generation < 0) return nobodyKnows(from, to);
  if (from.reached > to.reached) return tooNew(from, to);
  if (from.generation < to.reached) return olderArchive(archive, from, to);
  return {
    verdict: 'same',
    explanation: `archive (${from.name}) and target (${to.name}) have the same state of the database`,
    steps: [],
  };
}

function intoNothing(from: Standing): Compatibility {
  if (from.generation < 0 && from.release === null) {
    return {
      verdict: 'unknown',
      explanation: `the archive comes from a paperless-ngx that is not known here (known up to ${newestRelease})`,
      steps: [
        'Install the release that made the archive; only it is sure to understand the database.',
      ],
    };
  }
  const steps =
    from.release === null ? [] : [`Use ${imageOf(from.release)} for the restored instance.`];
  return {
    verdict: 'same',
    explanation: `nothing runs at the target yet; the archive is from paperless-ngx ${from.name}`,
    steps: [...steps, ...finishUpgrade(from)],
  };
}

function isInterrupted({ generation, reached }: Standing): boolean {
  return generation < reached;
}

/** The release that can finish an interrupted upgrade. */
function upgradeTarget({ reached }: Standing): string {
  return generations[reached]?.to ?? newestRelease;
}

function finishUpgrade(from: Standing): string[] {
  return isInterrupted(from)
    ? [
        `The archive was made in the middle of an upgrade: start ${upgradeTarget(from)} or newer and let it finish its migrations.`,
      ]
    : [];
}

/** Only the product's own apps: the rows of libraries also depend on which features were ever switched on. */
function haveSameMigrations(archive: Stamp, target: Stamp): boolean {
  const own = (stamp: Stamp): string[] =>
    stamp.migrations
      .filter((name) => productApps.some((app) => name.startsWith(`${app}.`)))
      .toSorted();
  const left = own(archive);
  const right = own(target);
  return left.length > 0
    ? left.length === right.length && left.every((name, index) => name === right[index])
    : right.length === 0 && archive.appVersion !== null && archive.appVersion === target.appVersion;
}

/** The product's tables are alike; a library may still have moved on between two patch releases. */
function sameMigrations(archive: Stamp, target: Stamp, from: Standing): Compatibility {
  const isNewer =
    archive.appVersion !== null &&
    target.appVersion !== null &&
    compareReleases(archive.appVersion, target.appVersion) > 0;
  const ahead = isNewer ? librariesAhead(archive, target) : [];
  if (ahead.length > 0 && from.release !== null) {
    return {
      verdict: 'too-new',
      explanation: `the archive (${from.name}) has migrations of libraries that the target (${target.appVersion}) lacks: ${ahead.join(', ')}`,
      steps: [
        `Install paperless-ngx ${from.release} (${imageOf(from.release)}) at the target, then restore.`,
      ],
    };
  }
  return {
    verdict: 'same',
    explanation: `archive and target have the same migrations${from.name === null ? '' : ` (${from.name})`}`,
    steps: finishUpgrade(from),
  };
}

function librariesAhead(archive: Stamp, target: Stamp): string[] {
  const there = new Set(target.migrations);
  const appOf = (name: string): string => name.slice(0, name.indexOf('.'));
  const apps = new Set(target.migrations.map(appOf));
  return archive.migrations.filter(
    (name) => libraries.includes(appOf(name)) && apps.has(appOf(name)) && !there.has(name),
  );
}

function nobodyKnows(from: Standing, to: Standing): Compatibility {
  const [which, { says }] = from.generation < 0 ? ['archive', from] : ['target', to];
  return {
    verdict: 'unknown',
    explanation: `the ${which} fits no release from 1.7.0 to ${newestRelease}: ${says} (archive: ${from.name ?? 'unknown'}, target: ${to.name ?? 'unknown'})`,
    steps: [
      'Restore into the release that made the archive, or update dms-backup if it is older than your paperless-ngx.',
    ],
  };
}

function tooNew(from: Standing, to: Standing): Compatibility {
  const unfinished = isInterrupted(from);
  const release = unfinished ? upgradeTarget(from) : (from.release ?? upgradeTarget(from));
  const origin = unfinished
    ? `was made in the middle of an upgrade from paperless-ngx ${from.name} to ${release}`
    : `is from paperless-ngx ${from.name}`;
  return {
    verdict: 'too-new',
    explanation: `the archive ${origin}, the target is ${to.name}: an older release cannot use a newer database`,
    steps: [
      `Install paperless-ngx ${release} (${imageOf(release)}) at the target, then restore.`,
      ...finishUpgrade(from),
    ],
  };
}

function olderArchive(archive: Stamp, from: Standing, to: Standing): Compatibility {
  const into3 = majorOf(generations[to.reached]!.to) >= 3;
  const from3 = majorOf(generations[from.generation]!.to) >= 3;
  const gate = generationOf(gateway);
  const newer = isInterrupted(to) ? upgradeTarget(to) : to.name;
  if (into3 && !from3 && from.generation < gate) {
    return {
      verdict: 'impossible',
      explanation: `paperless-ngx 3 refuses databases older than 2.20.5, and the archive is from ${from.name}`,
      steps: [
        `Restore into paperless-ngx ${gateway} (${imageOf(gateway)}) and start it once: it migrates the database.`,
        ...decryptStep,
        `Then upgrade that instance to ${isInterrupted(to) ? upgradeTarget(to) : (to.release ?? newestRelease)}.`,
      ],
    };
  }
  return {
    verdict: 'migrates',
    explanation: `the archive is from paperless-ngx ${from.name}; ${newer} migrates the database at its next start`,
    steps: [
      ...(into3 && !from3 ? stepsInto3(from) : []),
      ...pendingStep(archive, from, to),
      'Start the application: containers run the migrations themselves, on bare metal run `python3 manage.py migrate` in `src`.',
      ...finishUpgrade(from),
    ],
  };
}

/** Squashes are left out: they are recorded, not run, where all that they replace was applied. */
function pendingStep(archive: Stamp, from: Standing, to: Standing): string[] {
  const applied = new Set(archive.migrations);
  const counts = productApps.flatMap((app) => {
    const pending = generations
      .slice(from.generation + 1, to.reached + 1)
      .flatMap(({ added }) => added[app] ?? [])
      .filter((name) => !name.includes('squashed') && !applied.has(`${app}.${name}`));
    return pending.length === 0 ? [] : [`${app} ${pending.length}`];
  });
  return counts.length === 0 ? [] : [`Pending migrations: ${counts.join(', ')}.`];
}

const decryptStep = [
  'If documents are stored encrypted (GPG), run `decrypt_documents` with 2.20.15 first: 3.x cannot read them.',
];

/** An interrupted upgrade has changed tables that 2.x cannot use any more. */
function stepsInto3(from: Standing): string[] {
  const before = [
    ...(from.release === gateway
      ? []
      : [
          `Recommended: start ${imageOf(gateway)} once on the restored data before the first start of 3.x.`,
        ]),
    ...decryptStep,
  ];
  return [
    ...(isInterrupted(from) ? [] : before),
    'Put the media in place before the first start of 3.x: it computes new checksums from the files, once.',
    'Set PAPERLESS_SECRET_KEY, which 3.x requires, and PAPERLESS_DBENGINE; remove a PAPERLESS_DBHOST that is not in use.',
  ];
}
