// The verb `extract`: takes single files, directories or documents out of an archive, each proved before it has its name.
// Needs neither the application nor an adapter, and reads no more of the archive than its index and what is taken out.

import { resolve } from 'node:path';
import { entryContent } from './archive/entry-content.ts';
import { showPath } from './archive/entry-path.ts';
import type { ArchiveReader } from './archive/reader.ts';
import { DmsBackupError, assertNotAborted } from './errors.ts';
import { throttledProgress } from './events.ts';
import { placeFiles } from './extract/place-files.ts';
import { selectFiles } from './extract/select.ts';
import type { Chosen } from './extract/select.ts';
import { Selection } from './extract/selection.ts';
import { createStreamSink } from './io/sink.ts';
import { openNamedArchive } from './named-archive.ts';
import type { ExtractOptions, ExtractResult } from './verb.ts';

/** Files that the result lists; the counts have all. */
const listedFiles = 10_000;

/**
 * Throws what `openNamedArchive` throws; `usage`; `not-in-archive` when a word names nothing; `destination-exists`,
 * `target-unsafe`, `destination-unwritable`, `no-space`; `archive-damaged`, `interrupted`. Then nothing was written, unless
 * names were taken by somebody else at the very end.
 */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  const { reader, name, close } = await openNamedArchive(options);
  const selection = new Selection();
  try {
    const chosen = await selectFiles(reader, selection, options);
    const to = options.to === '-' ? '-' : resolve(options.workingDirectory, options.to);
    if (to === '-') await sendFile(reader, selection, options);
    else await writeFiles(reader, selection, to, options);
    return resultOf(selection, chosen, name, to);
  } finally {
    selection.close();
    await close();
  }
}

async function writeFiles(
  reader: ArchiveReader,
  selection: Selection,
  to: string,
  { onEvent, signal }: ExtractOptions,
): Promise<void> {
  const { files: totalItems, bytes: totalBytes } = selection.totals;
  const progress = throttledProgress(onEvent ?? (() => undefined));
  let [doneItems, doneBytes] = [0, 0];
  await placeFiles(reader, selection, to, {
    bytes: totalBytes,
    onDone: (files, bytes) => {
      doneItems += files;
      doneBytes += bytes;
      progress({
        phase: 'extract',
        doneBytes,
        totalBytes,
        doneItems,
        totalItems,
        items: 'files',
      });
    },
    ...(signal && { signal }),
  });
}

/** One file to standard output, where nothing can be taken back: it is proved first, and read a second time. */
async function sendFile(
  reader: ArchiveReader,
  selection: Selection,
  { stdout, signal }: ExtractOptions,
): Promise<void> {
  if (!stdout) throw new DmsBackupError('usage', 'no stream to write the file to');
  const [only, ...more] = [...selection.files('position')].slice(0, 5);
  if (!only || more.length > 0) {
    const names = [only, ...more].flatMap((file) => (file ? [showPath(file.source)] : []));
    throw new DmsBackupError('usage', 'standard output takes one file', {
      hint: `Name one of those that were chosen: ${names.join(', ')}.`,
    });
  }
  const proof = entryContent(reader, only.entry);
  while (!(await proof.next()).done) assertNotAborted(signal);
  const sink = createStreamSink(stdout);
  for await (const piece of entryContent(reader, only.entry)) {
    assertNotAborted(signal);
    await sink.write(piece);
  }
}

function resultOf(
  selection: Selection,
  chosen: Chosen,
  archive: string,
  to: string,
): ExtractResult {
  const files: ExtractResult['files'][number][] = [];
  for (const { target, source, documentId, entry } of selection.files('target')) {
    if (files.length >= listedFiles) break;
    const path = to === '-' ? '-' : resolve(to, showPath(target));
    const { size: sizeBytes, sha256 = '' } = entry;
    files.push({ path, source: showPath(source), documentId, sizeBytes, sha256 });
  }
  const missing: ExtractResult['missing'][number][] = [];
  let missingCount = 0;
  for (const { source, documentId } of selection.missing())
    if (missingCount++ < listedFiles) missing.push({ source: showPath(source), documentId });
  return {
    archive,
    to,
    files,
    counts: { ...selection.totals, missing: missingCount, skippedLinks: chosen.skippedLinks },
    missing,
    skippedLinks: chosen.firstSkippedLinks,
    exitCode: missingCount > 0 ? 3 : 0,
  };
}
