// What a prune may do with the archives of each instance: the rules decide, and some things stay whatever they say.

import type { FoundArchive, Survey, UnreadableFile } from '../destination/survey.ts';
import { chooseKept } from './choose.ts';
import type { Choice, KeepRules } from './choose.ts';
import type { ArchivedInstance } from './archived-instance.ts';

export interface InstancePlan {
  readonly instance: ArchivedInstance;
  /** Newest first; with reasons: it stays. */
  readonly choices: readonly Choice<FoundArchive>[];
  /** A file that may be the newest archive of the instance, and cannot be read. */
  readonly spoilt: UnreadableFile | undefined;
}

/** Each instance by itself, in the order of their newest archives. Pure: nothing is read or removed. */
export function planPrune(
  { archives, unreadable }: Pick<Survey, 'archives' | 'unreadable'>,
  rules: KeepRules,
  now: Date,
): InstancePlan[] {
  const groups = Map.groupBy(archives, ({ instance }) => instance.key);
  return [...groups.values()].map((group) => {
    const { instance, createdAt } = group[0]!;
    return {
      instance,
      choices: withNewestComplete(chooseKept(group, rules, { now })),
      spoilt: unreadable.find((file) => mayBeNewer(file, instance, createdAt)),
    };
  });
}

/**
 * An archive of a damaged installation is an archive, but no reason to give up the last one that has every document: that is what
 * somebody will look for on the day the damage is noticed.
 */
function withNewestComplete(choices: readonly Choice<FoundArchive>[]): Choice<FoundArchive>[] {
  const newest = choices.find(({ archive }) => archive.isComplete);
  return choices.map((choice) =>
    choice === newest && choice.reasons.length === 0
      ? { ...choice, reasons: ['newest complete'] }
      : choice,
  );
}

/** True when the file may hold an archive of the instance that is newer than all that can be read. */
function mayBeNewer(
  { file, claims }: UnreadableFile,
  instance: ArchivedInstance,
  newest: Date,
): boolean {
  if (claims) return claims.instance.key === instance.key && claims.createdAt > newest;
  return file.modifiedAt === null || file.modifiedAt > newest;
}
