// A page about one archive, for somebody who finds the file in five years.

import type { EncryptionFacts, InspectResult, LockedInspectResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { commandLine } from '../quote.ts';
import { formatSize, formatTime } from '../units.ts';
import {
  archiveName,
  countsText,
  excludedLines,
  exceptionLines,
  externalLines,
  listed,
  proofDetail,
  proofText,
  stampText,
  table,
} from './parts.ts';

/** `database and media`, or the one part it has. */
function partsText(parts: readonly string[]): string {
  return parts.length === 2 ? 'database and media' : `${parts.join(', ')} only`;
}

/** Who can open it, in words. */
function openedByText({ method, openedBy }: EncryptionFacts): string {
  const keys = openedBy.map(({ kind, count }) => (count === 1 ? kind : `${count} x ${kind}`));
  return keys.length === 0 ? method : `${method}, opened by: ${keys.join(', ')}`;
}

function drawLocked(result: LockedInspectResult, { stdout: paint }: PageContext): Page {
  const facts: [string, string][] = [
    ['archive', `${archiveName(result.archive)}, ${formatSize(result.archiveBytes)}`],
    ['encryption', openedByText(result.encryption)],
  ];
  return {
    stdout: [
      paint.bold('Encrypted archive'),
      ...table(facts),
      '',
      'What is in it can be shown with its key only (--identity, --passphrase-file).',
    ],
    stderr: [],
  };
}

export function drawInspect(
  result: InspectResult | LockedInspectResult,
  context: PageContext,
): Page {
  if (result.manifest === null) return drawLocked(result, context);
  const { stdout: paint } = context;
  const { manifest, counts, proof, excluded, externals } = result;
  const { database, options, adapter } = manifest;
  const method =
    options.compression === 'none'
      ? 'not compressed'
      : `${options.compression}, level ${options.level}`;
  const facts: [string, string][] = [
    ['archive', `${archiveName(result.archive)}, ${formatSize(result.archiveBytes)}`],
    ['application', stampText(manifest.app.title, manifest.stamp)],
    ['created', formatTime(manifest.createdAt)],
    ['sealed', formatTime(result.sealedAt)],
    ['id', manifest.archiveId],
    ['content', partsText(options.parts)],
    [
      'engine',
      database === null
        ? 'no database'
        : `${database.engine} ${database.engineVersion}, ${database.encoding}`,
    ],
    ['compression', method],
    [
      'encryption',
      result.encryption === null ? 'none: keep the file safe' : openedByText(result.encryption),
    ],
    [
      'made by',
      `dms-backup ${manifest.tool.toolVersion}, ${adapter.name} ${adapter.packageVersion}`,
    ],
  ];
  const lines = [paint.bold(`Archive of ${manifest.app.title}`), ...table(facts), ''];
  lines.push(paint.bold('Counts and proof'), countsText(counts));
  const isComplete = proof.documents === proof.documentsComplete;
  lines.push(
    isComplete ? paint.good(proofText(proof)) : paint.bad(proofText(proof)),
    proofDetail(proof),
  );
  lines.push(...exceptionLines(proof, paint), '');

  lines.push(paint.bold('Not in the archive'));
  lines.push(
    ...(excluded.length === 0
      ? ['nothing that belongs to the parts above']
      : excludedLines(excluded)),
  );
  if (externals.length > 0)
    lines.push('needed to run it, and elsewhere:', ...externalLines(externals));
  if (manifest.secretsElsewhere.length > 0)
    lines.push(`secrets kept elsewhere, needed to run it: ${manifest.secretsElsewhere.join(', ')}`);
  lines.push('');

  if (manifest.secretColumns.length > 0) {
    lines.push(paint.bold('Secrets in the archive'));
    lines.push(
      'These columns hold secrets in clear. Keep the file as safe as the application itself:',
    );
    lines.push(...listed(manifest.secretColumns.map((column) => `  ${column}`)), '');
  }

  lines.push(paint.bold('To restore'));
  const archive = result.archive === '-' ? 'ARCHIVE' : result.archive;
  lines.push(`  ${commandLine('verify', archive)}`);
  lines.push(`  ${commandLine('restore', archive, '--app', manifest.app.name, '--plan')}`);
  lines.push('Without dms-backup: README.txt inside the archive tells how.');
  return { stdout: lines, stderr: [] };
}
