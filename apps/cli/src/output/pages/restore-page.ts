// The plan of a restore, as shown before the question, and the result.

import type { RestorePlan, RestoreResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { formatDuration, formatItems, formatSize, formatTime } from '../units.ts';
import { commandLine } from '../quote.ts';
import { archiveName, excludedNames, listed, table, versionText } from './parts.ts';

const stateWords = { missing: 'not there yet', empty: 'empty', occupied: 'in use' } as const;

const verdictWords: Readonly<Record<string, string>> = {
  same: 'same version',
  migrates: 'the application migrates',
  'too-new': 'the archive is newer than the application',
  impossible: 'not possible',
  unknown: 'nobody can say',
};

/** What would happen, line by line. The notes are for --plan: a restore shows them at its end, as next steps. */
export function planLines(plan: RestorePlan, paint: Paint, withNotes: boolean): string[] {
  const { archive, target, compatibility } = plan;
  const facts: [string, string][] = [
    ['archive', `${archiveName(archive.path)}, ${formatTime(archive.createdAt)}`],
    ['holds', versionText(archive.app, archive.stamp)],
  ];
  if (target.stamp !== null) facts.push(['target runs', versionText(archive.app, target.stamp)]);
  if (target.database !== null) {
    const { place, engine, state, tables } = target.database;
    const many = state === 'occupied' ? `, ${formatItems(tables, 'table')}` : '';
    facts.push(['database', `${place} (${engine}): ${stateWords[state]}${many}`]);
  }
  for (const { name, directory, state } of target.roots)
    facts.push([name, `${directory}: ${stateWords[state]}`]);
  if (plan.move !== null) {
    const { from, to, rows } = plan.move;
    facts.push(['move', `from ${from} to ${to}, ${formatItems(rows, 'row')} looked at`]);
  }
  const verdict = verdictWords[compatibility.verdict] ?? compatibility.verdict;
  facts.push(['versions', `${verdict}; ${compatibility.explanation}`]);
  facts.push([
    'space',
    `${formatSize(plan.neededBytes)} needed, ${formatSize(plan.freeBytes)} free`,
  ]);
  const lines = [paint.bold('Plan'), ...table(facts)];
  if (compatibility.steps.length > 0)
    lines.push('steps:', ...listed(compatibility.steps.map((step) => `  ${step}`)));
  lines.push(...moveLines(plan.move, paint));
  if (plan.excluded.length > 0) lines.push(`not in the archive: ${excludedNames(plan.excluded)}`);
  if (withNotes && plan.notes.length > 0)
    lines.push('notes:', ...listed(plan.notes.map((note) => `  ${note}`)));
  if (plan.replaces.length === 0) {
    lines.push('nothing is replaced');
  } else {
    lines.push(paint.warn('replaces:'), ...listed(plan.replaces.map((what) => `  ${what}`)));
    lines.push(
      plan.keepsUndo
        ? 'What is replaced is kept: `dms-backup undo` puts it back.'
        : paint.warn('What is replaced is NOT kept (--no-undo).'),
    );
  }
  return lines;
}

/** What the target cannot hold, and what the repairs will change. */
function moveLines(move: RestorePlan['move'], paint: Paint): string[] {
  if (move === null) return [];
  const problems = move.findings.map(
    ({ table: name, column, kind, values, keys, repair }) =>
      `  ${name}.${column}: ${kind}, ${formatItems(values, 'value')} (${keys.slice(0, 3).join(', ')})${repair === undefined ? '' : `; --repair ${repair}`}`,
  );
  const repaired = move.repaired.map(
    ({ table: name, column, kind, values }) =>
      `  ${name}.${column}: ${kind}, ${formatItems(values, 'value')}`,
  );
  return [
    ...(problems.length > 0
      ? [paint.warn(`the target (${move.to}) cannot hold:`), ...listed(problems)]
      : []),
    ...(repaired.length > 0 ? ['will be repaired:', ...listed(repaired)] : []),
  ];
}

export interface RestoreExtra {
  readonly title: string;
  /** The flags that lead to the instance, for the command that undoes. */
  readonly location: readonly string[];
}

export function drawRestore(
  result: RestoreResult,
  { stdout: paint, elapsedMs }: PageContext,
  extra: RestoreExtra,
): Page {
  const { warnings, recovered } = result;
  const alarms = recovered === null ? [] : [`after a run that did not end: ${recovered.text}`];
  if (result.planOnly || result.restored === null) {
    return {
      stdout: [...planLines(result.plan, paint, true), 'Nothing was changed (--plan).'],
      stderr: [],
      alarms,
      warnings,
    };
  }
  const { tables, rows, files, bytes } = result.restored;
  const what = `${formatItems(tables, 'table')}, ${formatItems(rows, 'row')}, ${formatItems(files, 'file')}, ${formatSize(bytes)}`;
  const lines = [
    `${paint.good('restored:')} ${versionText(extra.title, result.plan.archive.stamp)}`,
    `${what} in ${formatDuration(elapsedMs)}`,
  ];
  if (result.undo !== null)
    lines.push(
      `former state: ${result.undo} (to put it back: ${commandLine('undo', ...extra.location)})`,
    );
  if (result.nextSteps.length > 0)
    lines.push('next steps:', ...result.nextSteps.map((step, index) => `  ${index + 1}. ${step}`));
  return { stdout: lines, stderr: [], alarms, warnings };
}
