// What was taken out. The content of a file may be on stdout, so then nothing else is.

import type { ExtractResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { cut } from '../printable.ts';
import { formatItems, formatSize } from '../units.ts';
import { listed } from './parts.ts';

export function drawExtract(result: ExtractResult, { stderr: paint }: PageContext): Page {
  const { to, files, counts, missing, skippedLinks } = result;
  const summary = `${formatItems(counts.files, 'file')}, ${formatSize(counts.bytes)}, ${paint.good('proved')}`;
  const alarms = [
    ...listed(
      missing.map(({ source }) => `${paint.bad('not in the archive:')} ${cut(source)}`),
      counts.missing,
    ),
    ...listed(
      skippedLinks.map((path) => `${paint.warn('a link, left out:')} ${cut(path)}`),
      counts.skippedLinks,
    ),
  ];
  if (to === '-') return { stdout: [], stderr: [summary], alarms };
  const lines = listed(
    files.map(({ path }) => path),
    counts.files,
  );
  return { stdout: lines, stderr: [summary], alarms };
}
