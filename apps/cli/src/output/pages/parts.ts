// Pieces that several pages share. All strings that arrive here are printable already (`createOutcome`).

import type { Exception, Excluded, External, Proof, Stamp } from '@dms-backup/core';
import type { Paint } from '../paint.ts';
import { cut } from '../printable.ts';
import { formatCount, formatItems, formatSize } from '../units.ts';

/** A list on a page is for reading; --json and the archive have all of it. */
const longestList = 20;

/** `paperless-ngx 3.0.5`, or the range, or that it is unknown. */
export function versionText(title: string, { appVersion, range }: Stamp): string {
  if (appVersion !== null) return `${title} ${appVersion}`;
  if (range === null) return `${title}, version unknown`;
  return `${title} ${range.from === range.to ? range.from : `${range.from} to ${range.to}`}`;
}

/** The same, and how it was found. */
export function stampText(title: string, stamp: Stamp): string {
  return `${versionText(title, stamp)} (${stamp.foundBy})`;
}

/** The archive's name for people; `-` is what came in on stdin. */
export function archiveName(archive: string): string {
  return archive === '-' ? 'archive on stdin' : archive;
}

/** At most 20 lines, and how many more there are. */
export function listed(lines: readonly string[], total = lines.length, rest = 'more'): string[] {
  const shown = lines.slice(0, longestList);
  return total > shown.length
    ? [...shown, `  and ${formatCount(total - shown.length)} ${rest}`]
    : shown;
}

/** `200 of 200 documents complete`. */
export function proofText(proof: Proof): string {
  const { documents, documentsComplete } = proof;
  return `${formatCount(documentsComplete)} of ${formatItems(documents, 'document')} complete`;
}

/** How the completeness was established. */
export function proofDetail(proof: Proof): string {
  const { references, referencesWithChecksum, unreferencedFiles } = proof;
  const checked = `${formatItems(references, 'file')} that rows name, ${formatCount(referencesWithChecksum)} compared with the application's checksum`;
  return unreferencedFiles === 0
    ? checked
    : `${checked}; ${formatItems(unreferencedFiles, 'file')} that no row names`;
}

/** `document 12 'Invoice': original media/documents/originals/0000012.pdf is missing: ...`. */
export function exceptionText(exception: Exception): string {
  const { documentId, documentTitle, role, root, path, reason, detail } = exception;
  const title = documentTitle === null ? '' : ` '${cut(documentTitle, 80)}'`;
  const document = documentId === null ? '' : `document ${documentId}${title}: `;
  return `  ${document}${role} ${root}/${cut(path)}: ${reason}${detail === '' ? '' : `, ${detail}`}`;
}

/** What is wrong with the source, by name. */
export function exceptionLines(proof: Proof, paint: Paint): string[] {
  if (proof.exceptions === 0) return [];
  const essential = proof.exceptionsListed.filter((one) => one.class === 'essential').length;
  const head = `${formatItems(proof.exceptions, 'file')} of the source not as the application recorded`;
  return [
    essential > 0 ? paint.bad(`${head}:`) : paint.warn(`${head}:`),
    ...listed(
      proof.exceptionsListed.map(exceptionText),
      proof.exceptions,
      'more, see `dms-backup inspect --json`',
    ),
  ];
}

function excludedName({ kind, name, root, path }: Excluded): string {
  return kind === 'table' ? `table ${name ?? '?'}` : `${root ?? '?'}/${path ?? ''}`;
}

/** `data/index/ (derived: rebuilt by the application)`. */
export function excludedLines(excluded: readonly Excluded[]): string[] {
  return listed(excluded.map((one) => `  ${cut(excludedName(one))} (${one.class}: ${one.reason})`));
}

/** The same on one line, names only. */
export function excludedNames(excluded: readonly Excluded[]): string {
  const shown = excluded.slice(0, 8).map((one) => cut(excludedName(one), 60));
  const more =
    excluded.length > shown.length ? `, ${formatCount(excluded.length - shown.length)} more` : '';
  return `${shown.join(', ')}${more}`;
}

/** `bucket s3://scans: the files of 12 documents`. */
export function externalLines(externals: readonly External[]): string[] {
  return listed(externals.map(({ kind, name, reason }) => `  ${kind} ${cut(name)}: ${reason}`));
}

export interface Counts {
  readonly files: number;
  readonly links: number;
  readonly mediaBytes: number;
  readonly tables: number;
  readonly rows: number;
  readonly databaseBytes: number;
}

/** `database 61 tables, 12,345 rows; media 812 files, 1.2 GiB`. */
export function countsText(counts: Counts): string {
  const { files, links, mediaBytes, tables, rows, databaseBytes } = counts;
  const database = `database: ${formatItems(tables, 'table')}, ${formatItems(rows, 'row')}, ${formatSize(databaseBytes)}`;
  const linked = links === 0 ? '' : `, ${formatItems(links, 'link')}`;
  return `${database}; media: ${formatItems(files, 'file')}${linked}, ${formatSize(mediaBytes)}`;
}

export function warningLines(warnings: readonly string[], paint: Paint): string[] {
  return listed(warnings.map((text) => `${paint.warn('warning:')} ${text}`));
}

/** `name:   text`, with the names in one column. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${name.padEnd(width)}${text}`);
}
