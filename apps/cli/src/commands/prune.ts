// `prune`: removes the archives that no rule keeps. It asks nothing, as it is for cron; --dry-run shows what would happen.

import type { KeepRules } from '@dms-backup/core';
import { flags, keepFlags, keyFlags, longName, type Values } from '../arguments/flags.ts';
import { applicationOf } from '../application.ts';
import { assertKeys, createKeys } from '../keys.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawPrune } from '../output/pages/prune-page.ts';
import { UsageError } from '../usage-error.ts';
import type { Call, Command } from './command.ts';

function check(values: Values): void {
  assertKeys(values);
  if (keepFlags.every((name) => values[name] === undefined))
    throw new UsageError(
      'no rule says what to keep',
      `Say it with ${keepFlags
        .slice(0, 6)
        .map((name) => longName(flags[name]))
        .join(', ')} or ${longName(flags.keepWithin)}; --dry-run shows what would happen.`,
    );
}

async function readRules(values: Values): Promise<KeepRules> {
  const { parseCalendarDuration } = await import('@dms-backup/core');
  const duration = (word: string | undefined) =>
    word === undefined ? undefined : parseCalendarDuration(word);
  return {
    counts: given({
      last: values.keepLast,
      hourly: values.keepHourly,
      daily: values.keepDaily,
      weekly: values.keepWeekly,
      monthly: values.keepMonthly,
      yearly: values.keepYearly,
    }),
    within: given({
      any: duration(values.keepWithin),
      hourly: duration(values.keepWithinHourly),
      daily: duration(values.keepWithinDaily),
      weekly: duration(values.keepWithinWeekly),
      monthly: duration(values.keepWithinMonthly),
      yearly: duration(values.keepWithinYearly),
    }),
  };
}

/** Without what was not said. */
function given<K extends string, V>(
  record: Readonly<Record<K, V | undefined>>,
): Partial<Record<K, V>> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as Partial<Record<K, V>>;
}

async function run(call: Call): Promise<Outcome> {
  const { operands, values, surroundings, output } = call;
  const keep = await readRules(values);
  const application = await applicationOf(call);
  const { prune } = await import('@dms-backup/core');
  const result = await prune({
    destination: operands[0] ?? '.',
    workingDirectory: surroundings.workingDirectory,
    environment: surroundings.environment,
    keys: createKeys(call),
    ...(application === undefined ? {} : { apps: application.names }),
    keep,
    dryRun: values.dryRun ?? false,
    ...(values.alarmRemoved === undefined ? {} : { alarmRemoved: values.alarmRemoved }),
    lockTimeoutMs: values.lockTimeout ?? 0,
    onEvent: output.onEvent,
    signal: surroundings.signal,
  });
  return createOutcome(result, result.exitCode, {}, drawPrune);
}

export const pruneCommand: Command = {
  name: 'prune',
  summary: 'remove the archives that no --keep rule wants',
  description:
    'Removes archives from a directory, for each application and installation by itself. The rules are those of `restic forget`: an archive stays when one of them wants it. The newest archive and the newest complete one always stay. What does not open as an archive is never removed. Exit code 20: the newest archive of an installation is not sound, and nothing of it was removed; 3: the same for --alarm-removed, when so many documents are gone in the newest archive.',
  operands: [
    {
      name: 'DESTINATION',
      text: 'a directory with archives, or the URL of a storage',
      required: true,
    },
  ],
  flags: [...keepFlags, 'alarmRemoved', 'dryRun', 'lockTimeout', 'app', ...keyFlags],
  examples: [
    'dms-backup prune /backup --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run',
    'dms-backup prune /backup --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --quiet',
    'dms-backup prune /backup --app paperless --keep-within 30d --keep-yearly unlimited',
  ],
  check,
  run,
};
