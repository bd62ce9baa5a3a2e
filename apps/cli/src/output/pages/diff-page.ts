// What changed, the losses first: a document that is gone is what somebody looks for here.

import type { DiffResult, DocumentChange } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { cut } from '../printable.ts';
import { formatCount, formatItems, formatTime } from '../units.ts';
import { listed } from './parts.ts';

function sideText({ name, createdAt }: DiffResult['before']): string {
  return createdAt === null ? name : `${name} (${formatTime(createdAt)})`;
}

const signs: Readonly<Record<DocumentChange['change'], string>> = {
  removed: '-',
  added: '+',
  changed: '~',
};

function changeLine({ change, id, title, owner, fields }: DocumentChange): string {
  const of = owner === null ? '' : ` (${cut(owner, 40)})`;
  const what = fields.length === 0 ? '' : `: ${fields.join(', ')}`;
  return `  ${signs[change]} ${id} '${cut(title, 100)}'${of}${what}`;
}

function block(result: DiffResult, change: DocumentChange['change'], paint: Paint): string[] {
  const count = result.counts[change];
  if (count === 0) return [];
  const lines = result.documents.filter((one) => one.change === change).map(changeLine);
  const heading = `${formatItems(count, 'document')} ${change}`;
  return [
    change === 'removed' ? paint.bad(heading) : paint.bold(heading),
    ...listed(lines, count, 'more, see --json'),
  ];
}

export function drawDiff(result: DiffResult, { stdout: paint, stderr }: PageContext): Page {
  const { before, after, counts, tables, removal } = result;
  const lines = [`from ${sideText(before)}`, `to   ${sideText(after)}`, ''];
  for (const change of ['removed', 'added', 'changed'] as const)
    lines.push(...block(result, change, paint));
  lines.push(`${formatItems(counts.same, 'document')} the same`);
  if (tables.length > 0) {
    lines.push('', paint.bold('Tables with another number of rows'));
    lines.push(
      ...listed(
        tables.map(
          (one) => `  ${one.table}: ${formatCount(one.before)}, now ${formatCount(one.after)}`,
        ),
      ),
    );
  }
  return {
    stdout: lines,
    stderr: [],
    alarms: removal?.isAlarm ? [stderr.bad(`exit 3: ${removal.explanation}`)] : [],
  };
}
