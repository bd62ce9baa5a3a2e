// Which releases made this database? The state of the migrations, looked up in the history of the generation that the tables
// belong to: three different histories of the app `core` begin with 0001_initial, so a name alone says nothing.

import { rangeText, type ReleaseRange } from '@dms-backup/core/adapter-kit';
import facts from './data/migrations.json' with { type: 'json' };
import { compareReleases, isWithin } from './release.ts';

/** The histories without a way from one into the next. `3.3+` is Alembic's, the others are Django's. */
export const generations = ['1.x-2.0', '2.1', '3.0-3.2', '3.3+'] as const;
export type Generation = (typeof generations)[number];

/** Releases that leave the same newest migration. */
export interface ReleaseState extends ReleaseRange {
  readonly generation: Generation;
  readonly migration: string;
  readonly releases: readonly string[];
}

/** All states, oldest first. */
export const states: readonly ReleaseState[] = facts.states.map((state) => ({
  ...state,
  generation: state.generation as Generation,
  from: state.releases[0] ?? '',
  to: state.releases.at(-1) ?? '',
}));

export const newestRelease: string = states.at(-1)?.to ?? '';

const chains: Readonly<Record<Generation, readonly string[]>> = facts.chains;
/** Eight migrations that 2.0.0rc35 alone carried (papermerge-core, src/papermerge/core/migrations). */
const withdrawn = new Set(facts['withdrawnIn2.0.0rc35']);

const labels: Readonly<Record<Generation, string>> = {
  '1.x-2.0': 'core',
  '2.1': 'core',
  '3.0-3.2': 'core',
  '3.3+': 'alembic',
};

export interface MigrationFinding {
  /** The last whole state; null when none fits. */
  readonly state: ReleaseState | null;
  readonly progress: 'complete' | 'interrupted' | 'unknown';
  /** Names that `makemigrations` invents: images of 1.4 - 2.0 run it at each start, so they mean nothing. */
  readonly made: readonly string[];
  /** All other names that no release of this generation has. */
  readonly unknown: readonly string[];
  /** Names that only another of Django's generations has: an image of that generation was started here. */
  readonly foreign: readonly string[];
  /** Names of 2.0.0rc35 that later releases do not have. */
  readonly withdrawn: readonly string[];
  /** For people. */
  readonly says: string;
}

/** Django, core/management/commands/makemigrations.py: a number, and a date or the first operation. */
const madeName = /^\d{4}_(?:auto_\d{8}_\d{4}|(?:alter|remove|delete|rename)_\w+)$/;

/** Matches a set of `app.name` against the history of a generation. Pure. */
export function matchMigrations(
  generation: Generation,
  applied: Iterable<string>,
): MigrationFinding {
  const label = `${labels[generation]}.`;
  const own = [...applied]
    .filter((name) => name.startsWith(label))
    .map((name) => name.slice(label.length));
  const chain = chains[generation];
  const strange = own.filter((name) => !chain.includes(name) && !withdrawn.has(name)).toSorted();
  const others = generations
    .filter((other) => other !== generation && labels[other] === labels[generation])
    .flatMap((other) => chains[other]);
  const foreign = strange.filter((name) => others.includes(name));
  const rest = strange.filter((name) => !others.includes(name));
  const isMade = (name: string): boolean =>
    generation === '1.x-2.0' && madeName.test(name) && numberOf(name) > 1;
  const found = {
    made: rest.filter(isMade),
    unknown: rest.filter((name) => !isMade(name)),
    foreign,
    withdrawn: generation === '1.x-2.0' ? own.filter((name) => withdrawn.has(name)).toSorted() : [],
  };
  return { ...found, ...lastState(generation, own, found.unknown.length > 0) };
}

function numberOf(name: string): number {
  return Number(name.slice(0, 4));
}

/** By the highest name of the history that is there; Django applies them in this order. */
function lastState(
  generation: Generation,
  own: readonly string[],
  hasUnknown: boolean,
): Pick<MigrationFinding, 'state' | 'progress' | 'says'> {
  const chain = chains[generation];
  const highest = chain.findLastIndex((name) => own.includes(name));
  const state = states.findLast(
    (each) => each.generation === generation && chain.indexOf(each.migration) <= highest,
  );
  const table = generation === '3.3+' ? 'alembic_version' : 'django_migrations';
  if (highest < 0) {
    const says =
      own.length === 0
        ? `no migration of Papermerge in ${table}`
        : `migrations in ${table} that no release up to ${newestRelease} has: ${own.slice(0, 3).join(', ')}`;
    return { state: null, progress: 'unknown', says };
  }
  if (state === undefined) {
    return { state: null, progress: 'interrupted', says: 'an unfinished first start' };
  }
  const whole = state.migration === chain[highest];
  const says = `the migrations of ${rangeText(state)}${whole ? '' : ` and some of a later release (${chain[highest]})`}`;
  if (!whole) return { state, progress: 'interrupted', says };
  return { state, progress: hasUnknown ? 'unknown' : 'complete', says };
}

/** The state that a release belongs to; undefined for a release that is not known. */
export function stateOf(release: string): ReleaseState | undefined {
  return states.find(
    (state) =>
      state.releases.some((each) => compareReleases(each, release) === 0) ||
      (state.from !== state.to && isWithin(release, state)),
  );
}
