// Which release made this database? Matching works on the set of applied migrations, never on the highest name or id:
// 3.x restarted at 0001 and a fresh 3.0.5 database records all old names as well.

import { rangeText, type ReleaseRange } from '@dms-backup/core/adapter-kit';
import facts from './data/migrations.json' with { type: 'json' };
import { isWithin } from './release.ts';

/** The product's own Django apps; the migrations of all others depend on its libraries. */
export const productApps = ['documents', 'paperless', 'paperless_mail'] as const;
type ProductApp = (typeof productApps)[number];

/** A run of releases that leave the same newest migrations. */
interface Generation extends ReleaseRange {
  readonly prerelease?: boolean;
  /** Prereleases with the same migrations, which are not in the range. */
  readonly betas?: readonly string[];
  readonly leaves: Readonly<Record<ProductApp, string | null>>;
  readonly added: Readonly<Partial<Record<ProductApp, readonly string[]>>>;
}

export const generations: readonly Generation[] = facts.generations;
export const newestRelease: string = facts.newestRelease;

const knownNames = new Set(
  productApps.flatMap((app) => facts.names[app].map((name) => `${app}.${name}`)),
);

export interface MigrationFinding {
  /** Index into {@link generations}, or -1 when none fits. */
  readonly generation: number;
  /** The generation that an interrupted upgrade was going to, else `generation`. */
  readonly reached: number;
  /** Releases that fit; null when unknown. */
  readonly range: ReleaseRange | null;
  readonly state: 'complete' | 'interrupted' | 'unknown';
  /** Names of the product's apps that no known release ships. */
  readonly unknown: readonly string[];
  /** For people. */
  readonly says: string;
}

/** Matches a set of `app.name` against the known releases, newest first. Pure. */
export function matchMigrations(applied: Iterable<string>): MigrationFinding {
  const names = new Set(applied);
  const own = [...names].filter((name) => productApps.some((app) => name.startsWith(`${app}.`)));
  const unknown = own.filter((name) => !knownNames.has(name)).toSorted();
  const index = generations.findLastIndex(({ leaves }) =>
    productApps.every((app) => leaves[app] === null || names.has(`${app}.${leaves[app]}`)),
  );
  const later = generations.slice(index + 1).some(({ added }) => bringsAny(added, names));

  if (unknown.length > 0) {
    const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
    return {
      ...nothingFits,
      unknown,
      says: `migrations that no release up to ${newestRelease} has: ${unknown.slice(0, 3).join(', ')}${more}`,
    };
  }
  if (own.length === 0) {
    return { ...nothingFits, says: 'no migrations of paperless-ngx in the database' };
  }
  if (index < 0) {
    return later
      ? {
          ...nothingFits,
          state: 'interrupted',
          says: 'an unfinished first start of the application',
        }
      : { ...nothingFits, says: 'migrations older than 1.7.0' };
  }
  const last = lastRelease(index, later);
  const range = { from: last.from, to: last.to };
  return {
    generation: generations.indexOf(last),
    reached: later ? upgradeTo(names) : index,
    range,
    state: later ? 'interrupted' : 'complete',
    unknown,
    says: later
      ? `all migrations of ${rangeText(range)} and some, but not all, of a later release`
      : `the migrations of ${rangeText(range)}`,
  };
}

const nothingFits = {
  generation: -1,
  reached: -1,
  range: null,
  state: 'unknown',
  unknown: [],
} as const;

/** An interrupted upgrade can pass through the state of a beta; the last whole state is then that of a release. */
function lastRelease(index: number, interrupted: boolean): Generation {
  const matching = generations.slice(0, index + 1);
  const last = interrupted ? matching.findLast(({ prerelease }) => !prerelease) : matching.at(-1);
  return last ?? matching[0]!;
}

/** The first release that has all of the migrations; betas are passed on the way to their release. */
function upgradeTo(names: ReadonlySet<string>): number {
  const touched = generations.findLastIndex(({ added }) => bringsAny(added, names));
  return generations.findIndex(({ prerelease }, index) => index >= touched && !prerelease);
}

function bringsAny(added: Generation['added'], names: ReadonlySet<string>): boolean {
  return productApps.some((app) => added[app]?.some((name) => names.has(`${app}.${name}`)));
}

/** Index of the generation that holds a release, or -1. Pure. */
export function generationOf(release: string): number {
  return generations.findIndex(
    (generation) => isWithin(release, generation) || generation.betas?.includes(release),
  );
}
