// The archives of a directory, one line each. The name is last and never cut, because it is what people copy.

import type { ListResult, ListedArchive, UnusableFile } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { cut } from '../printable.ts';
import { formatCount, formatItems, formatSize, formatTime } from '../units.ts';

/** Columns with the same width in all lines; numbers to the right. */
function columns(rows: readonly (readonly string[])[], right: readonly number[]): string[][] {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => [...row[at]!].length)),
  );
  return rows.map((row) =>
    row.map((text, at) => {
      const space = ' '.repeat(widths[at]! - [...text].length);
      return right.includes(at) ? space + text : text + space;
    }),
  );
}

/** `2026-11-21 03:15 UTC`: the second says nothing here. */
export function minuteText(iso: string): string {
  return formatTime(iso).replace(/:\d\d UTC$/, ' UTC');
}

function cells(archive: ListedArchive): string[] {
  const { documents, documentsComplete, complete } = archive;
  return [
    minuteText(archive.createdAt),
    cut(archive.app, 20),
    cut(archive.appVersion, 16),
    formatSize(archive.sizeBytes),
    complete
      ? formatCount(documents)
      : `${formatCount(documentsComplete)} of ${formatCount(documents)}`,
    complete ? 'complete' : 'incomplete',
  ];
}

const header = ['created', 'app', 'version', 'size', 'documents', 'state', 'name'];
const numbers = [3, 4];

function nameText({ name, copies }: ListedArchive): string {
  return copies.length === 0 ? name : `${name} (also ${copies.join(', ')})`;
}

/** On a narrow terminal each name has a line of its own. */
function archiveLines(archives: readonly ListedArchive[], width: number, paint: Paint): string[] {
  const rows = columns([header.slice(0, -1), ...archives.map(cells)], numbers);
  const names = archives.map(nameText);
  const table = (rows[0] ?? []).join('  ').length + 2;
  const isNarrow = names.some((name) => table + [...name].length > width);
  return rows.flatMap((row, index) => {
    const isHeader = index === 0;
    const archive = archives[index - 1];
    const text = row.join('  ');
    const name = isHeader ? 'name' : (names[index - 1] ?? '');
    if (isHeader) return [paint.dim(isNarrow ? text : `${text}  ${name}`)];
    const shown = archive?.complete
      ? text
      : text.replace(/incomplete\s*$/, (word) => paint.bad(word));
    return isNarrow ? [shown, `  ${name}`] : [`${shown}  ${name}`];
  });
}

/** What is named like an archive and is of no use; files of others are none of our business. */
export function unusableLines(unusable: readonly UnusableFile[], paint: Paint): string[] {
  return unusable
    .filter(({ state }) => state !== 'foreign')
    .map(({ name, state, reason, createdAt }) => {
      const when = createdAt === null ? '' : ` of ${minuteText(createdAt)}`;
      return `${paint.bad(`${state}:`)} ${name}${when}: ${reason}`;
    });
}

export function drawList(
  result: ListResult,
  { stdout: paint }: PageContext,
  { width }: { readonly width: number },
): Page {
  const { archives, unusable, destination } = result;
  const bytes = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const lines = archives.length === 0 ? [] : [...archiveLines(archives, width, paint), ''];
  const spoilt = unusableLines(unusable, paint);
  return {
    stdout: [
      ...lines,
      ...spoilt,
      `${formatItems(archives.length, 'archive')} in ${destination}, ${formatSize(bytes)}`,
    ],
    stderr: [],
  };
}
