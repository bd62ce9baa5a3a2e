// May an archive be restored where another release runs? Decided by sets of revisions: equal sets are safe, older archives
// are migrated with the product's own command, newer ones are refused (the product would take them without a word).

import type { Compatibility, Stamp } from '@dms-backup/core';
import { rangeText } from '@dms-backup/core/adapter-kit';
import { migrationCommand } from './notes.ts';
import {
  byComponent,
  groupOf,
  groups,
  isProductComponent,
  matchRevisions,
  newestRelease,
} from './revisions.ts';

/** 3.9 brought it; it imports a module that 4.5 removed. */
const closedRevision = 'core.2e8a9c51';
const firstClosed = groupOf('4.5.0');
const lastBefore = groupOf('3.8.0');
const throughRelease = '4.4.0';
const firstWithFramework = groupOf('3.7.0');

/** Where a stamp stands in the history of releases. */
interface Standing {
  /** Index of the last whole state, and of the first group that knows all revisions; both -1 when unknown. */
  readonly whole: number;
  readonly reached: number;
  /** For people: exact release, else the range, else null. */
  readonly name: string | null;
  /** Release to install for it: the exact one, else the newest that fits. */
  readonly release: string | null;
}

function standingOf(stamp: Stamp): Standing {
  const { appVersion } = stamp;
  const own = stamp.migrations.some((each) => isProductComponent(componentOf(each)));
  const finding = own ? matchRevisions(stamp.migrations) : null;
  // an archive of an older dms-backup may have a release that was not known then
  const range = stamp.range ?? finding?.range ?? null;
  const name = appVersion ?? (range === null ? null : rangeText(range));
  const release = appVersion ?? range?.to ?? null;
  if (finding !== null) {
    return { whole: finding.group, reached: finding.reached, name, release };
  }
  // 3.5 and 3.6 have no revisions at all, so what was found in their tables decides
  const stated = stamp.migrations.length === 0 && release !== null ? groupOf(release) : -1;
  return { whole: stated, reached: stated, name, release };
}

function componentOf(revision: string): string {
  return revision.slice(0, Math.max(revision.lastIndexOf('.'), 0));
}

/** Member `compatibility` of the adapter. Pure. */
export function compatibility(archive: Stamp, target: Stamp | null): Compatibility {
  const from = standingOf(archive);
  if (target === null) return intoNothing(archive, from);
  const to = standingOf(target);
  if (isSameState(archive, target)) return same(from, to, packageSteps(archive, target));
  if (from.whole < 0 || to.whole < 0) return nobodyKnows(from, to);
  const ahead = packagesAhead(archive, target);
  if (ahead.length > 0) return packageTooNew(ahead);
  if (from.reached > to.reached) return tooNew(from, to);
  if (from.whole < to.reached) return olderArchive(archive, target, from, to);
  return same(from, to, packageSteps(archive, target));
}

function isSameState(archive: Stamp, target: Stamp): boolean {
  const left = new Set(archive.migrations);
  const right = new Set(target.migrations);
  if (left.size === 0 && right.size === 0) {
    const release = archive.appVersion ?? archive.range?.to ?? null;
    return release !== null && release === (target.appVersion ?? target.range?.to);
  }
  return left.size === right.size && [...left].every((each) => right.has(each));
}

function same(from: Standing, to: Standing, steps: string[]): Compatibility {
  return {
    verdict: 'same',
    explanation: `archive (${from.name ?? 'unknown release'}) and target (${to.name ?? 'unknown release'}) have the same revisions`,
    steps: [...(isUnfinished(from) ? [finishUpgrade(from)] : []), ...steps],
  };
}

function isUnfinished({ whole, reached }: Standing): boolean {
  return whole < reached;
}

function finishUpgrade(from: Standing): string {
  const release = groups[from.reached]?.to ?? null;
  return `The archive was made in the middle of an upgrade to ${release}: finish it there with \`${migrationCommand(release)} --no-dry-run\`.`;
}

function intoNothing(archive: Stamp, from: Standing): Compatibility {
  if (from.reached < 0 && from.release === null) {
    return {
      verdict: 'unknown',
      explanation: `the archive comes from a NextGIS Web that is not known here (known up to ${newestRelease})`,
      steps: [
        'Install the release that made the archive; only it is sure to understand the database.',
      ],
    };
  }
  return {
    verdict: 'same',
    explanation: `nothing runs at the target yet; the archive is from NextGIS Web ${from.name ?? from.release}`,
    steps: [
      ...(from.release === null
        ? []
        : [`Use NextGIS Web ${from.release} for the restored instance.`]),
      ...(isUnfinished(from) ? [finishUpgrade(from)] : []),
      ...packageSteps(archive, null),
    ],
  };
}

function nobodyKnows(from: Standing, to: Standing): Compatibility {
  const which = from.whole < 0 ? 'the archive' : 'the target';
  return {
    verdict: 'unknown',
    explanation: `${which} has revisions that fit no release from ${groups[0]?.from} to ${newestRelease} (archive: ${from.name ?? 'unknown'}, target: ${to.name ?? 'unknown'})`,
    steps: [
      'Restore into the release that made the archive, or update dms-backup if it is older than your NextGIS Web.',
    ],
  };
}

function tooNew(from: Standing, to: Standing): Compatibility {
  const reached = groups[from.reached]?.to ?? newestRelease;
  const origin = isUnfinished(from)
    ? `was made in the middle of an upgrade from NextGIS Web ${from.name} to ${reached}`
    : `is from NextGIS Web ${from.name}`;
  return {
    verdict: 'too-new',
    explanation: `the archive ${origin}, the target is ${to.name}: an older release cannot use a newer database, although it starts with it`,
    steps: [
      `Install NextGIS Web ${isUnfinished(from) ? reached : (from.release ?? reached)} at the target, then restore.`,
    ],
  };
}

/** Other packages have revisions of their own; nobody here knows their order. */
function packagesAhead(archive: Stamp, target: Stamp): string[] {
  const there = byComponent(target.migrations);
  return archive.migrations.filter((revision) => {
    const component = componentOf(revision);
    const revisions = there.get(component);
    if (isProductComponent(component) || revisions === undefined) return false;
    return !revisions.has(revision.slice(component.length + 1));
  });
}

function packageTooNew(ahead: readonly string[]): Compatibility {
  return {
    verdict: 'unknown',
    explanation: `the archive has revisions of other packages that the target lacks: ${ahead.join(', ')}`,
    steps: [
      'Install the versions of these packages that made the archive at the target, then restore.',
    ],
  };
}

function packageSteps(archive: Stamp, target: Stamp | null): string[] {
  const there = target === null ? null : byComponent(target.migrations);
  const missing = [...byComponent(archive.migrations).keys()].filter(
    (component) => !isProductComponent(component) && !there?.has(component),
  );
  if (missing.length === 0) return [];
  return [
    `Install the packages of the components ${missing.join(', ')}, too: they are no part of NextGIS Web itself.`,
  ];
}

function olderArchive(archive: Stamp, target: Stamp, from: Standing, to: Standing): Compatibility {
  const newer = groups[to.reached]!;
  const isOpen = from.whole > lastBefore || archive.migrations.includes(closedRevision);
  if (!isOpen && to.reached >= firstClosed) return closedWay(from, to);
  const command = migrationCommand(newer.to);
  const isManual = from.whole < firstWithFramework;
  const pending = pendingText(archive, target, to);
  return {
    verdict: 'migrates',
    explanation: `the archive is from NextGIS Web ${from.name}; the code of ${isUnfinished(to) ? rangeText(newer) : (to.name ?? rangeText(newer))} has to migrate the database, which it does not do by itself`,
    steps: [
      ...(isManual ? [sqlScripts] : []),
      ...(pending === null ? [] : [`Pending steps of \`migration upgrade\`: ${pending}.`]),
      ...(isManual && to.reached < firstWithFramework
        ? []
        : [
            `With the service stopped and the files in place run \`${command}\` (shows the steps), then \`${command} --no-dry-run\`.`,
          ]),
      ...(to.reached - from.whole > 1
        ? ['The vendor asks for one minor version at a time; that is the safer way.']
        : []),
      ...packageSteps(archive, target),
    ],
  };
}

const sqlScripts =
  '3.5 and 3.6 record no migrations: apply the dated SQL scripts that the newer release ships, those after the release of the archive, by hand.';

function closedWay(from: Standing, to: Standing): Compatibility {
  const command = migrationCommand(throughRelease);
  return {
    verdict: 'impossible',
    explanation: `NextGIS Web 4.5 and newer cannot run a migration (core 2e8a9c51) that databases of 3.8 and older need; the archive is from ${from.name}, the target is ${to.name}`,
    steps: [
      `Restore into NextGIS Web ${throughRelease} (any of 3.9 - 4.4 will do).`,
      ...(from.whole < firstWithFramework ? [sqlScripts] : []),
      `There run \`${command}\`, then \`${command} --no-dry-run\`.`,
      `Then upgrade that instance to ${isUnfinished(to) ? groups[to.reached]!.to : (to.release ?? newestRelease)}, one minor version at a time.`,
    ],
  };
}

/** `webmap 3, auth 2; new components: audit, sld`: what the target has applied and the archive has not. */
function pendingText(archive: Stamp, target: Stamp, to: Standing): string | null {
  const here = byComponent(archive.migrations);
  const counts: string[] = [];
  const added: string[] = [];
  for (const [component, revisions] of targetRevisions(target, to)) {
    if (!isProductComponent(component)) continue;
    const applied = here.get(component);
    const pending = [...revisions].filter((each) => !applied?.has(each)).length;
    if (applied === undefined) added.push(component);
    else if (pending > 0) counts.push(`${component} ${pending}`);
  }
  // without a record in the archive nothing can be subtracted
  if (here.size === 0) return null;
  const parts = [
    ...(counts.length === 0 ? [] : [counts.toSorted().join(', ')]),
    ...(added.length === 0 ? [] : [`new components: ${added.toSorted().join(', ')}`]),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

/** Of its rows; where its own upgrade is not finished, all that its release has. */
function targetRevisions(
  target: Stamp,
  to: Standing,
): Iterable<readonly [string, ReadonlySet<string>]> {
  if (to.whole === to.reached) return byComponent(target.migrations);
  return [...(groups[to.reached]?.components ?? [])].map(
    ([component, { revisions }]) => [component, revisions] as const,
  );
}
