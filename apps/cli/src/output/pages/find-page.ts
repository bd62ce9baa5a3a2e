// What was found: one line for each document and one for each of its current files, then how many there are.

import type { FindOptions, FindResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { cut } from '../printable.ts';
import { commandLine } from '../quote.ts';
import { formatCount, formatItems, formatSize, formatTime } from '../units.ts';

type Found = Parameters<FindOptions['onFound']>[0];
type FoundDocument = Extract<Found, { type: 'document' }>;

/** The lines of one finding; its strings are printable. */
export function foundLines(found: Found, paint: Paint): string[] {
  if (found.type === 'document') return documentLines(found, paint);
  return [found.isLink ? `${found.path} (link)` : `${found.path} (${formatSize(found.sizeBytes)})`];
}

function documentLines(document: FoundDocument, paint: Paint): string[] {
  const { id, title, created, correspondent, owner, documentType, folder, tags, trashed } =
    document;
  const facts = [
    created === null ? undefined : created.slice(0, 10),
    correspondent,
    documentType,
    folder.length > 0 ? folder.join('/') : undefined,
    tags.length > 0 ? tags.map((tag) => `#${tag}`).join(' ') : undefined,
    owner === null ? undefined : `of ${owner}`,
    trashed ? 'in the trash' : undefined,
  ].filter((fact) => fact !== undefined && fact !== null);
  const current = document.files.filter(({ isCurrent }) => isCurrent);
  const older = new Set(
    document.files.filter((file) => !file.isCurrent).map((file) => file.version),
  );
  return [
    `${paint.bold(id)}  ${cut(title, 100)}${facts.length > 0 ? `  (${cut(facts.join('; '))})` : ''}`,
    ...current.map(({ path, sizeBytes }) => {
      const size = sizeBytes === null ? paint.bad('not in the archive') : formatSize(sizeBytes);
      return `    ${path} (${size})`;
    }),
    ...(older.size > 0 ? [`    and ${formatItems(older.size, 'older version')}`] : []),
  ];
}

export function drawFind(
  { archive, app, createdAt, documents, found }: FindResult,
  _context: PageContext,
  { files }: { readonly files: boolean },
): Page {
  const what = files
    ? formatItems(found, 'file')
    : `${formatCount(found)} of ${formatItems(documents, 'document')}`;
  const stderr = [`${what} (${app}, ${formatTime(createdAt)})`];
  if (found > 0 && archive !== '-') {
    const words = files ? ['PATH'] : ['--document', 'ID'];
    stderr.push(`to get one: ${commandLine('extract', archive, ...words)}`);
  }
  return { stdout: [], stderr };
}
