// Which release made this database? The product stamps no version; it records applied revisions per component, and the sets
// only grow from release to release. Components that are switched off, and those of other packages, decide nothing.

import { rangeText, type ReleaseRange } from '@dms-backup/core/adapter-kit';
import facts from './data/revisions.json' with { type: 'json' };
import { isWithin } from './release.ts';

type ByComponent<T> = Readonly<Record<string, T>>;

/** A run of releases with the same revisions. */
export interface ReleaseGroup extends ReleaseRange {
  /** Null: releases without `core_migration` (3.5, 3.6). */
  readonly components: ReadonlyMap<string, ComponentState> | null;
  /** Components that are off unless the configuration switches them on. */
  readonly optional: ReadonlySet<string>;
}

interface ComponentState {
  /** Each component of each release has exactly one. */
  readonly head: string;
  readonly revisions: ReadonlySet<string>;
}

export const groups: readonly ReleaseGroup[] = readGroups();
export const newestRelease: string = facts.newestRelease;

function readGroups(): ReleaseGroup[] {
  let components = new Map<string, ComponentState>();
  return facts.groups.map((group) => {
    const heads: ByComponent<string | undefined> = group.heads;
    const added: ByComponent<readonly string[] | undefined> = group.added;
    components = new Map(components);
    for (const [component, revisions = []] of Object.entries(added)) {
      const before = components.get(component);
      components.set(component, {
        head: heads[component] ?? before?.head ?? '',
        revisions: new Set([...(before?.revisions ?? []), ...revisions]),
      });
    }
    return {
      from: group.from,
      to: group.to,
      components: components.size === 0 ? null : components,
      optional: new Set<string>(group.optional),
    };
  });
}

const newestComponents = groups.at(-1)?.components ?? new Map<string, ComponentState>();
/** Off by default in some release: their rows may have stayed behind when they were switched off. */
const everOptional = new Set(groups.flatMap(({ optional }) => [...optional]));

/** Components of the product itself; others belong to packages beside it (qgis, formbuilder, ...). */
export function isProductComponent(component: string): boolean {
  return newestComponents.has(component);
}

export interface RevisionFinding {
  /** Index into {@link groups} of the last whole state, or -1 when none fits. */
  readonly group: number;
  /** Index of the first group that knows all revisions; more than `group` in the middle of an upgrade; -1 when unknown. */
  readonly reached: number;
  /** Releases that fit; null when unknown. */
  readonly range: ReleaseRange | null;
  readonly state: 'complete' | 'interrupted' | 'unknown';
  /** Revisions of the product's components that no known release has. */
  readonly unknown: readonly string[];
  /** For people. */
  readonly says: string;
  /** Optional components whose revisions stayed behind. */
  readonly behind: readonly string[];
}

const nothingFits = {
  group: -1,
  reached: -1,
  range: null,
  state: 'unknown',
  unknown: [],
  behind: [],
} as const;

/** Matches rows of `core_migration`, as `component.revision`, against the known releases. Pure. */
export function matchRevisions(applied: Iterable<string>): RevisionFinding {
  const present = byComponent(applied);
  for (const component of present.keys()) {
    if (!isProductComponent(component)) present.delete(component);
  }
  if (present.size === 0) {
    return { ...nothingFits, says: 'no revisions of NextGIS Web in the database' };
  }
  const reached = groups.findIndex(({ components }) =>
    [...present].every(([component, revisions]) =>
      [...revisions].every((each) => components?.get(component)?.revisions.has(each)),
    ),
  );
  if (reached < 0) return withUnknown(present);
  const whole = groups.findLastIndex((group) => isWhole(group, present));
  if (whole < reached) return midway(whole, reached);
  const range = fitting(reached, whole, present);
  const behind = laggingOptional(groups[range.first]!, present);
  const releases = { from: groups[range.first]!.from, to: groups[range.last]!.to };
  return {
    group: range.first,
    reached: range.first,
    range: releases,
    state: 'complete',
    unknown: [],
    behind,
    says: `the revisions of ${rangeText(releases)}`,
  };
}

/** `component.revision` by component. */
export function byComponent(applied: Iterable<string>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const name of applied) {
    const dot = name.lastIndexOf('.');
    const component = name.slice(0, Math.max(dot, 0));
    const revisions = found.get(component) ?? new Set();
    found.set(component, revisions.add(name.slice(dot + 1)));
  }
  return found;
}

type Present = ReadonlyMap<string, ReadonlySet<string>>;

/** The heads of all components that have rows are there; the product counts their ancestors as applied. */
function isWhole({ components }: ReleaseGroup, present: Present): boolean {
  if (components === null) return false;
  return [...present].every(([component, revisions]) => {
    const head = components.get(component)?.head;
    return head === undefined || revisions.has(head) || everOptional.has(component);
  });
}

function laggingOptional({ components }: ReleaseGroup, present: Present): string[] {
  return [...present.keys()].filter((component) => {
    const head = components?.get(component)?.head;
    return head !== undefined && !present.get(component)?.has(head);
  });
}

/** Where several groups fit, those whose default components are all there; else all of them. */
function fitting(
  first: number,
  last: number,
  present: Present,
): { readonly first: number; readonly last: number } {
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const full = all.filter((index) =>
    [...(groups[index]?.components?.keys() ?? [])].every(
      (component) => present.has(component) || groups[index]!.optional.has(component),
    ),
  );
  return { first: full[0] ?? first, last: full.at(-1) ?? last };
}

function midway(whole: number, reached: number): RevisionFinding {
  const later = rangeText(groups[reached]!);
  if (whole < 0) {
    return {
      ...nothingFits,
      reached,
      state: 'interrupted',
      says: `some revisions of ${later}, and no release whose revisions are all there`,
    };
  }
  const range = { from: groups[whole]!.from, to: groups[whole]!.to };
  return {
    group: whole,
    reached,
    range,
    state: 'interrupted',
    unknown: [],
    behind: [],
    says: `all revisions of ${rangeText(range)} and some, but not all, of ${later}`,
  };
}

function withUnknown(present: Present): RevisionFinding {
  const unknown = [...present]
    .flatMap(([component, revisions]) =>
      [...revisions]
        .filter((each) => !newestComponents.get(component)?.revisions.has(each))
        .map((each) => `${component}.${each}`),
    )
    .toSorted();
  const isDevelopment = unknown.every((name) => facts.afterNewest.includes(name));
  const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
  const named = `${unknown.slice(0, 3).join(', ')}${more}`;
  return {
    ...nothingFits,
    unknown,
    says: isDevelopment
      ? `revisions of the development after ${newestRelease}: ${named}`
      : `revisions that no release up to ${newestRelease} has: ${named}`,
  };
}

/** Index of the group that holds a release, or -1. Pure. */
export function groupOf(release: string): number {
  return groups.findIndex((group) => isWithin(release, group));
}
