// Which archives of one instance stay: the rules of `restic forget`, as pure functions. Each rule decides alone, an archive
// stays when one of them wants it, and the newest archive always stays.

import { DmsBackupError } from '../errors.ts';
import { before, formatCalendarDuration, isNoTime } from './duration.ts';
import type { CalendarDuration } from './duration.ts';
import { periodOf, periods } from './periods.ts';
import type { Period } from './periods.ts';

/** How many of each; `last` counts archives. `Infinity` is all. */
export type KeepCounts = Readonly<Partial<Record<'last' | Period, number>>>;

export interface KeepRules {
  readonly counts: KeepCounts;
  /** `any`: every archive of that time before the newest one; a period: its newest archive, for that time. */
  readonly within: Readonly<Partial<Record<'any' | Period, CalendarDuration>>>;
}

/** What the rules have to know of an archive. */
export interface Dated {
  readonly archiveId: string;
  readonly createdAt: Date;
}

export interface Choice<T> {
  readonly archive: T;
  /** Why it stays, e.g. `daily`, `oldest monthly`, `within 7d`; empty when it does not. */
  readonly reasons: readonly string[];
}

export interface ChooseOptions<T> {
  /** An archive from the future is no measure for `within`. */
  readonly now: Date;
  /** Ids of the archives that this one cannot be restored without. What a kept archive needs is never removed. */
  readonly needs?: (archive: T) => readonly string[];
}

/** Throws `usage` when no rule keeps anything: then everything would go. */
export function assertKeepsSomething({ counts, within }: KeepRules): void {
  const keepsSome = Object.values(counts).some((count) => count > 0);
  if (keepsSome || Object.values(within).some((duration) => !isNoTime(duration))) return;
  throw new DmsBackupError('usage', 'no rule says what to keep', {
    hint: 'Say what to keep, e.g. --keep-daily 7 --keep-weekly 5 --keep-monthly 12.',
  });
}

/**
 * Decides for the archives of one instance; newest first. `hourly` to `yearly` keep the newest archive of a period and count the
 * periods that have one. A rule that is not used up at the oldest archive keeps that, too, so that the history gets as
 * long as the rule says. `within` counts back from the newest archive, not from now: a pause of the backups removes nothing.
 */
export function chooseKept<T extends Dated>(
  archives: readonly T[],
  rules: KeepRules,
  options: ChooseOptions<T>,
): Choice<T>[] {
  const sorted = archives.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  const within = withinRules(rules.within, sorted, options.now);
  const wants = [...within('any'), ...countRules(rules.counts), ...periods.flatMap(within)];
  const choices = sorted.map((archive, index) => ({
    archive,
    reasons: wants.flatMap((want) => want(archive.createdAt, index === sorted.length - 1) ?? []),
  }));
  return withNeeded(choices, options.needs ?? (() => []));
}

/** Sees the archives from the newest to the oldest; says why it wants one, or undefined. */
type Want = (createdAt: Date, isOldest: boolean) => string | undefined;

function countRules({ last = 0, ...counts }: KeepCounts): Want[] {
  let seen = 0;
  // each archive is a period of its own
  const wantLast: Want = () => (seen++ < last ? 'last' : undefined);
  return [
    wantLast,
    ...periods.map((period): Want => {
      let left = counts[period] ?? 0;
      const isNew = periodWatch(period);
      return (createdAt, isOldest) => {
        if (left <= 0) return undefined;
        const isFirst = isNew(createdAt);
        if (!isFirst && !isOldest) return undefined;
        left--;
        return isFirst ? period : `oldest ${period}`;
      };
    }),
  ];
}

function withinRules(
  within: KeepRules['within'],
  sorted: readonly Dated[],
  now: Date,
): (kind: 'any' | Period) => Want[] {
  const newest = sorted.find(({ createdAt }) => createdAt < now)?.createdAt;
  return (kind) => {
    const duration = within[kind];
    if (duration === undefined || isNoTime(duration)) return [];
    // all are from the future: nothing can be said about their age
    const limit = newest === undefined ? new Date(-8.64e15) : before(newest, duration);
    const text = `within ${formatCalendarDuration(duration)}`;
    const isNew = kind === 'any' ? () => true : periodWatch(kind);
    const reason = kind === 'any' ? text : `${kind} ${text}`;
    return [
      (createdAt, isOldest) => {
        if (createdAt <= limit) return undefined;
        if (isNew(createdAt)) return reason;
        return isOldest ? `oldest ${reason}` : undefined;
      },
    ];
  };
}

/** True for the first moment of each period that comes by. */
function periodWatch(kind: Period): (moment: Date) => boolean {
  let current: string | undefined;
  return (moment) => {
    const period = periodOf(kind, moment);
    const isNew = period !== current;
    current = period;
    return isNew;
  };
}

/** Follows the chains from what is kept to what that needs. */
function withNeeded<T extends Dated>(
  choices: readonly Choice<T>[],
  needs: (archive: T) => readonly string[],
): Choice<T>[] {
  const needed = new Set<string>();
  const open = choices.filter(({ reasons }) => reasons.length > 0).map(({ archive }) => archive);
  const byId = new Map(choices.map(({ archive }) => [archive.archiveId, archive]));
  for (let archive = open.pop(); archive !== undefined; archive = open.pop()) {
    for (const id of needs(archive)) {
      if (needed.has(id)) continue;
      needed.add(id);
      const base = byId.get(id);
      if (base) open.push(base);
    }
  }
  return choices.map(({ archive, reasons }) => ({
    archive,
    reasons: needed.has(archive.archiveId) ? [...reasons, 'needed by another'] : reasons,
  }));
}
