// The summary of a backup: what was saved, whether it is complete, what is not in it, how to get it back. All on stderr.

import type { BackupResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { commandLine } from '../quote.ts';
import { formatDuration, formatItems, formatSize } from '../units.ts';
import {
  countsText,
  exceptionLines,
  excludedNames,
  externalLines,
  listed,
  proofText,
  stampText,
} from './parts.ts';

export interface BackupExtra {
  /** Title of the application. */
  readonly title: string;
  /** The flags that lead to the instance, so that the command shown for the way back works. */
  readonly location: readonly string[];
}

export function drawBackup(
  result: BackupResult,
  { stderr: paint, elapsedMs }: PageContext,
  extra: BackupExtra,
): Page {
  const { proof, excluded, externals, unknownTables, dryRun, path, complete, removal } = result;
  const lines = [stampText(extra.title, result.stamp)];
  if (proof.documents > 0 || proof.references > 0)
    lines.push(complete ? paint.good(proofText(proof)) : paint.bad(proofText(proof)));
  lines.push(countsText(result.counts));
  if (unknownTables.length > 0)
    lines.push(`unknown to the adapter, and in the archive: ${listed(unknownTables).join(', ')}`);
  if (excluded.length > 0) lines.push(`not in the archive: ${excludedNames(excluded)}`);
  if (externals.length > 0)
    lines.push(paint.bad('needed, and in no archive of ours:'), ...externalLines(externals));
  const duration = formatDuration(elapsedMs);
  if (dryRun) {
    lines.push(`dry run: nothing was written (${duration})`);
  } else {
    lines.push(`archive: ${formatSize(result.archiveBytes)} in ${duration}`);
    if (path !== null)
      lines.push(`to get it back: ${commandLine('restore', path, ...extra.location)}`);
  }
  const alarms = exceptionLines(proof, paint);
  if (!complete) {
    const what = dryRun ? 'an archive could be written' : 'the archive is written';
    const count = proof.exceptions > 0 ? ` (${formatItems(proof.exceptions, 'file')})` : '';
    alarms.push(
      paint.bad(`exit 3: ${what}, but source data is missing, changed or unreadable${count}`),
    );
  }
  // which ones is said by a warning
  if (removal?.isAlarm)
    alarms.push(
      paint.bad(
        `exit 3: the archive is written, but ${formatItems(removal.removed, 'document')} of the last one are gone`,
      ),
    );
  return { stdout: [], stderr: lines, alarms, warnings: result.warnings };
}
