// What `verify` proved. Failures never come here: they are errors.

import type { VerifyResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { formatDuration, formatItems, formatSize } from '../units.ts';
import { archiveName, exceptionLines, proofText } from './parts.ts';

export function drawVerify(result: VerifyResult, { stdout: paint, elapsedMs }: PageContext): Page {
  const { quick, entries, bytes, proof } = result;
  const archive = archiveName(result.archive);
  const read = `${formatItems(entries, 'entry', 'entries')}, ${formatSize(bytes)}, ${formatDuration(elapsedMs)}`;
  const verdict = quick
    ? `${paint.good('ok so far:')} ${archive}: seal, index and seek table fit (--quick: file contents not read)`
    : `${paint.good('ok:')} ${archive}`;
  return {
    stdout: [verdict, read, proofText(proof), ...exceptionLines(proof, paint)],
    stderr: [],
  };
}
