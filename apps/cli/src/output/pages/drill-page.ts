// What a drill found: the findings as `check` shows them, the documents that do not open, the verdict and the time.

import type { DrillResult, SampleProblem } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { cut } from '../printable.ts';
import { formatCount, formatDuration, formatItems } from '../units.ts';
import { findingLines, levelCounts } from './check-page.ts';
import { listed } from './parts.ts';

function problemText({ documentId, documentTitle, root, path, text }: SampleProblem): string {
  return `  document ${documentId} '${cut(documentTitle, 80)}': ${root}/${cut(path)} ${text}`;
}

export function drawDrill(
  result: DrillResult,
  { stdout: paint }: PageContext,
  extra: { readonly title: string },
): Page {
  const { findings, sampleProblems, documents, documentsComplete, sampled, kept, warnings } =
    result;
  const isProved = result.exitCode === 0;
  const lines = findingLines(result, paint);
  if (sampleProblems.length > 0)
    lines.push(paint.bad('do not open:'), ...listed(sampleProblems.map(problemText)), '');
  const time = formatDuration(result.restoreSeconds * 1000);
  lines.push(
    `${isProved ? paint.good('proved:') : paint.bad('not as it should be:')} ${result.archive}`,
    `${extra.title} ${result.appVersion}, restored in ${time} (${result.engine})`,
    `${formatCount(documentsComplete)} of ${formatItems(documents, 'document')} complete, ${formatItems(result.files, 'file')} looked at, ${formatItems(sampled, 'document')} opened`,
    levelCounts(findings),
    ...(result.errorsOfSource > 0
      ? [
          `${formatItems(result.errorsOfSource, 'error')} of the source: there when the backup was made`,
        ]
      : []),
    `drill log: ${result.log}`,
  );
  if (kept !== null)
    lines.push(paint.warn('kept:'), `  folder ${kept.folder}`, `  database ${kept.database}`);
  return { stdout: lines, stderr: [], warnings };
}
