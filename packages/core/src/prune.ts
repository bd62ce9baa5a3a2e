// The verb `prune`: removes the archives of a destination that no rule keeps. Order of steps: lock, look at every file, decide for
// each instance, prove its newest archive, remove from the oldest on. What is not an archive of ours by its seal is never
// removed, nor anything of an instance whose newest archive is not sound.

import { isWanted, listedArchive, unusableFiles } from './destination/describe.ts';
import type { Destination } from './destination/destination.ts';
import { openDestination } from './destination/open-destination.ts';
import { lockDestination } from './destination/lock-destination.ts';
import { surveyDestination } from './destination/survey.ts';
import type { FoundArchive } from './destination/survey.ts';
import { removalBetween } from './diff/alarm.ts';
import { assertNotAborted, isDmsBackupError } from './errors.ts';
import { throttledProgress } from './events.ts';
import { assertKeepsSomething } from './retention/choose.ts';
import { planPrune } from './retention/plan-prune.ts';
import type { InstancePlan } from './retention/plan-prune.ts';
import type { PruneOptions, PruneResult, PrunedArchive } from './verb.ts';

/**
 * Throws `usage` (no rule), `archive-not-found` (no such directory), `locked`, `destination-unwritable` (no lock can be made there),
 * `interrupted`. A file that cannot be removed is told in the result, and the others are removed all the same.
 */
export async function prune(options: PruneOptions): Promise<PruneResult> {
  assertKeepsSomething(options.keep);
  const destination = await openDestination(options);
  try {
    const { directory } = destination;
    // a dry run changes nothing, not even for a moment: it looks at what is there now
    if (options.dryRun) return await pruneLocked(destination, options);
    // elsewhere nothing is seen of a backup before it is whole, and no file is written twice: there is nothing to lock
    if (directory === null) return await pruneLocked(destination, options);
    await destination.list();
    const lock = await lockDestination(directory, 'exclusive', options);
    try {
      return await pruneLocked(destination, options);
    } finally {
      lock.release();
    }
  } finally {
    await destination.close();
  }
}

async function pruneLocked(destination: Destination, options: PruneOptions): Promise<PruneResult> {
  const { apps, signal, keep, onEvent } = options;
  onEvent?.({
    type: 'step',
    phase: 'survey',
    text: `looking at the archives in '${destination.place}'`,
  });
  const survey = await surveyDestination(destination, signal);
  const wanted = survey.archives.filter(({ instance }) => isWanted(instance.app, apps));
  const plans = planPrune({ ...survey, archives: wanted }, keep, new Date());
  const refusals = new Map<InstancePlan, Refusal>();
  for (const plan of plans) {
    const refusal =
      (await unsoundNewest(plan, destination)) ?? (await manyGone(plan, destination, options));
    if (refusal) refusals.set(plan, refusal);
  }
  const doomed = plans
    .filter((plan) => !refusals.has(plan))
    .flatMap(({ choices }) => choices.filter(({ reasons }) => reasons.length === 0))
    .map(({ archive }) => archive)
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  const failures = await removeAll(doomed, destination, options);
  const gone = doomed.filter((archive) => !failures.has(archive));
  return {
    destination: destination.place,
    dryRun: options.dryRun,
    instances: plans.map((plan) => {
      const { app, title, place } = plan.instance;
      const refused = refusals.get(plan)?.reason ?? null;
      const archives = plan.choices.map(({ archive, reasons }): PrunedArchive => {
        const failure = failures.get(archive) ?? null;
        const isKept = refused !== null || reasons.length > 0;
        const fate = isKept ? 'kept' : failure === null ? 'removed' : 'failed';
        return { ...listedArchive(archive, destination), reasons, fate, failure };
      });
      return { app, title, instance: place, refused, archives };
    }),
    unusable: unusableFiles(survey, destination, apps),
    others: survey.others,
    kept: wanted.length - gone.length,
    removed: gone.length,
    removedBytes: gone.flatMap(({ files }) => files).reduce((sum, file) => sum + file.sizeBytes, 0),
    exitCode: exitCodeOf([...refusals.values()], failures.size),
  };
}

/** Why nothing of an instance is removed. */
interface Refusal {
  readonly reason: string;
  readonly exitCode: 3 | 20;
}

/** What is worst decides. */
function exitCodeOf(refusals: readonly Refusal[], failures: number): PruneResult['exitCode'] {
  if (refusals.some(({ exitCode }) => exitCode === 20)) return 20;
  if (failures > 0) return 2;
  return refusals.length > 0 ? 3 : 0;
}

/** Old archives are worth the more, the less is known of the newest: then all of them stay. */
async function unsoundNewest(
  { choices, spoilt }: InstancePlan,
  destination: Destination,
): Promise<Refusal | undefined> {
  const unsound = (reason: string): Refusal => ({ reason, exitCode: 20 });
  if (spoilt)
    return unsound(`a newer file cannot be read: '${spoilt.file.name}' (${spoilt.error.message})`);
  const newest = choices[0]?.archive;
  const name = newest?.files[0]?.name ?? '';
  try {
    await destination.inspect(name, true);
    return undefined;
  } catch (error) {
    if (!isDmsBackupError(error) || error.code === 'interrupted') throw error;
    return unsound(`the newest archive is not sound: '${name}' (${error.message})`);
  }
}

/** After a mass deletion the older archives are the ones that still have everything. */
async function manyGone(
  { choices }: InstancePlan,
  destination: Destination,
  options: PruneOptions,
): Promise<Refusal | undefined> {
  const { alarmRemoved } = options;
  const [newest, before] = choices.map(({ archive }) => archive.files[0]?.name);
  if (alarmRemoved === undefined || newest === undefined || before === undefined) return undefined;
  const removal = await removalBetween(
    { ...options, archive: destination.locate(before) },
    { ...options, archive: destination.locate(newest) },
    alarmRemoved,
  );
  return removal.isAlarm ? { reason: removal.explanation, exitCode: 3 } : undefined;
}

/** Returns why an archive is still there. Its copies are the same archive, and go with it. */
async function removeAll(
  doomed: readonly FoundArchive[],
  destination: Destination,
  { dryRun, signal, onEvent }: PruneOptions,
): Promise<Map<FoundArchive, string>> {
  const failures = new Map<FoundArchive, string>();
  if (dryRun || doomed.length === 0) return failures;
  const progress = throttledProgress(onEvent ?? (() => undefined));
  onEvent?.({ type: 'step', phase: 'remove', text: `removing ${doomed.length} archives` });
  let [doneBytes, doneItems] = [0, 0];
  for (const archive of doomed) {
    progress({
      phase: 'remove',
      doneBytes,
      doneItems,
      totalItems: doomed.length,
      items: 'archives',
    });
    for (const { name, sizeBytes } of archive.files) {
      assertNotAborted(signal);
      try {
        await destination.remove(name);
        doneBytes += sizeBytes;
      } catch (error) {
        if (!isDmsBackupError(error) || error.code === 'interrupted') throw error;
        failures.set(archive, error.message);
      }
    }
    doneItems++;
  }
  return failures;
}
