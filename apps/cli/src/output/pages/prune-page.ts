// What a prune kept and why, and what it removed, for each installation.

import type { PruneResult, PrunedArchive } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { formatItems, formatSize } from '../units.ts';
import { minuteText, unusableLines } from './list-page.ts';

function archiveLine(archive: PrunedArchive, paint: Paint, isRefused: boolean): string {
  const { fate, name, reasons, sizeBytes, createdAt } = archive;
  const facts = `${minuteText(createdAt)}  ${formatSize(sizeBytes).padStart(8)}  ${name}`;
  if (fate === 'removed') return `  ${paint.warn('remove')}  ${facts}`;
  if (fate === 'failed') return `  ${paint.bad('failed')}  ${facts}`;
  const why = isRefused && reasons.length === 0 ? 'refused' : reasons.join(', ');
  return `  ${paint.good('keep  ')}  ${facts}  (${why})`;
}

export function drawPrune(result: PruneResult, { stdout: paint, stderr }: PageContext): Page {
  const { instances, dryRun, kept, removed, removedBytes, unusable } = result;
  const lines = instances.flatMap(({ title, instance, refused, archives }) => [
    paint.bold(`${title}: ${instance}`),
    ...archives.map((archive) => archiveLine(archive, paint, refused !== null)),
    '',
  ]);
  const spoilt = unusableLines(unusable, paint);
  const verb = dryRun ? 'would be removed' : 'removed';
  const summary = `${formatItems(kept, 'archive')} kept, ${removed} ${verb} (${formatSize(removedBytes)})`;
  return {
    stdout: [
      ...lines,
      ...(spoilt.length === 0 ? [] : ['left alone:', ...spoilt.map((line) => `  ${line}`), '']),
      dryRun ? `dry run, nothing was removed: ${summary}` : summary,
    ],
    stderr: [],
    alarms: [
      ...instances.flatMap(({ title, instance, refused }) =>
        refused === null
          ? []
          : [`${stderr.bad('nothing removed')} of ${title} (${instance}): ${refused}`],
      ),
      ...instances.flatMap(({ archives }) =>
        archives.flatMap(({ failure }) =>
          failure === null ? [] : [`${stderr.bad('not removed:')} ${failure}`],
        ),
      ),
    ],
  };
}
