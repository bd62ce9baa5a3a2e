// `diff`: two archives, or an archive and the live instance, compared in documents.

import type { DiffOptions } from '@dms-backup/core';
import { instanceFlags, keyFlags, type Values } from '../arguments/flags.ts';
import { createArchiveOptions, findArchive } from '../archive-options.ts';
import { createInstanceOptions } from '../instance.ts';
import { assertKeys } from '../keys.ts';
import { assertFrom } from '../latest-archive.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawDiff } from '../output/pages/diff-page.ts';
import { UsageError } from '../usage-error.ts';
import type { Call, Command } from './command.ts';

function check(values: Values, operands: readonly string[]): void {
  assertFrom(values, operands);
  assertKeys(values);
  const isLive = values.app !== undefined;
  if (operands.length === 2 && isLive)
    throw new UsageError('two archives and --app: one of them too many');
  if (operands.length < 2 && !isLive)
    throw new UsageError(
      'there is nothing to compare the archive with',
      'Name a second archive, or the live instance with --app.',
    );
  if (operands[1] === '-') throw new UsageError('only the first archive can come on stdin');
}

async function run(call: Call): Promise<Outcome> {
  const { diff } = await import('@dms-backup/core');
  const second = call.operands[1];
  const { alarmRemoved } = call.values;
  const archiveOptions = await createArchiveOptions(call);
  const options: DiffOptions = {
    ...archiveOptions,
    with:
      second === undefined
        ? await createInstanceOptions(call)
        : await findArchive(second, call, archiveOptions.keys),
    ...(alarmRemoved === undefined ? {} : { alarmRemoved }),
  };
  const result = await diff(options);
  return createOutcome(result, result.exitCode, {}, drawDiff);
}

export const diffCommand: Command = {
  name: 'diff',
  summary: 'what changed between two archives, or since an archive, in documents',
  description:
    'Compares two archives, or an archive with the live instance, document by document: added, removed, changed, and the tables with another number of rows. Nothing is changed. File contents of archives are compared by their hashes; files of the live instance that have the size and time of the archive are not read again. Exit code 3: with --alarm-removed, so many documents are gone.',
  operands: [
    {
      name: 'ARCHIVE',
      text: 'the earlier state: path of an archive, - for stdin, or `latest`',
      required: true,
    },
    {
      name: 'LATER',
      text: 'the later one; without it the live instance of --app',
      required: false,
    },
  ],
  flags: ['from', 'alarmRemoved', ...keyFlags, ...instanceFlags],
  examples: [
    'dms-backup diff monday.tar.zst tuesday.tar.zst',
    'dms-backup diff /backup/monday.tar.zst --app paperless',
    'dms-backup diff --alarm-removed 5% /backup/monday.tar.zst --app paperless',
    'dms-backup diff latest --from /backup --app paperless',
    'dms-backup diff --json monday.tar.zst tuesday.tar.zst',
  ],
  check,
  run,
};
