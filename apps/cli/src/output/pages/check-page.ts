// Findings of `check`, one block per document, the worst first; then the summary.

import type { CheckFinding, CheckResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { cut } from '../printable.ts';
import { formatCount, formatItems } from '../units.ts';
import { stampText } from './parts.ts';

/** Documents on the page; --json has all findings. */
const longestPage = 200;
const rank = { error: 0, warning: 1, info: 2 } as const;

interface Group {
  readonly heading: string;
  readonly findings: CheckFinding[];
}

function headingOf({ documentId, documentTitle }: CheckFinding): string {
  if (documentId === null) return 'not of one document';
  return `document ${documentId}${documentTitle === null ? '' : ` '${cut(documentTitle, 100)}'`}`;
}

function worst(group: Group): number {
  return Math.min(...group.findings.map(({ level }) => rank[level]));
}

/** Findings by document, in order of their worst level; documents keep their order otherwise. */
function groupFindings(findings: readonly CheckFinding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const key = finding.documentId ?? '';
    const group = groups.get(key) ?? { heading: headingOf(finding), findings: [] };
    group.findings.push(finding);
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((one, other) => worst(one) - worst(other));
}

function findingLine({ level, reason, path, text }: CheckFinding, paint: Paint): string {
  const word = {
    error: paint.bad('error'),
    warning: paint.warn('warning'),
    info: paint.dim('info'),
  }[level];
  return `  ${word} ${reason}: ${text}${path === null || text.includes(path) ? '' : ` (${cut(path)})`}`;
}

/** The findings, grouped, and an empty line behind them; nothing when there are none. Shown by `drill`, too. */
export function findingLines(
  { findings, findingsOmitted }: Pick<CheckResult, 'findings' | 'findingsOmitted'>,
  paint: Paint,
): string[] {
  const groups = groupFindings(findings);
  const lines = groups
    .slice(0, longestPage)
    .flatMap((group) => [group.heading, ...group.findings.map((one) => findingLine(one, paint))]);
  const hidden =
    groups.slice(longestPage).reduce((sum, group) => sum + group.findings.length, 0) +
    findingsOmitted;
  if (hidden > 0) lines.push(`${formatItems(hidden, 'finding')} more (--json lists up to 10,000)`);
  if (lines.length > 0) lines.push('');
  return lines;
}

/** `1 error, 2 warnings, 0 remarks`. */
export function levelCounts(findings: readonly CheckFinding[]): string {
  const count = (level: CheckFinding['level']): number =>
    findings.filter((one) => one.level === level).length;
  return [
    formatItems(count('error'), 'error'),
    formatItems(count('warning'), 'warning'),
    formatItems(count('info'), 'remark'),
  ].join(', ');
}

export function drawCheck(
  result: CheckResult,
  { stdout: paint }: PageContext,
  extra: { readonly title: string },
): Page {
  const { findings, documents, documentsComplete, files } = result;
  const lines = findingLines(result, paint);
  const summary = `${formatCount(documentsComplete)} of ${formatItems(documents, 'document')} complete, ${formatItems(files, 'file')} looked at`;
  lines.push(stampText(extra.title, result.stamp));
  lines.push(result.exitCode === 0 ? paint.good(summary) : paint.bad(summary));
  lines.push(levelCounts(findings));
  return { stdout: lines, stderr: [] };
}
