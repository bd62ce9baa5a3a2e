// From the words of the user to a selection: paths of the archive (files, whole directories, links of `tree/`) and documents.
// Nothing is written here; what names nothing is an error that says so.

import { posix } from 'node:path';
import { showPath } from '../archive/entry-path.ts';
import { cataloguePath, readCatalogue } from '../archive/read-catalogue.ts';
import type { ArchiveReader, PlacedEntry } from '../archive/reader.ts';
import { DmsBackupError, assertNotAborted } from '../errors.ts';
import { DocumentNames } from './document-names.ts';
import type { Selection } from './selection.ts';

export interface Choice {
  readonly paths: readonly string[];
  readonly documents: readonly string[];
  readonly allVersions: boolean;
  readonly signal?: AbortSignal;
}

export interface Chosen {
  /** Links that are not of `tree/`: they are not taken out. */
  readonly skippedLinks: number;
  readonly firstSkippedLinks: readonly string[];
}

/** Of a list that is only shown. */
const listedLinks = 100;

/** Throws `usage` for an empty choice, `not-in-archive` when a word names nothing, `archive-damaged`. */
export async function selectFiles(
  reader: ArchiveReader,
  selection: Selection,
  choice: Choice,
): Promise<Chosen> {
  const paths = choice.paths.map(entryPathOf);
  const documents = new Set(choice.documents);
  if (paths.length === 0 && documents.size === 0)
    throw new DmsBackupError('usage', 'there is nothing to take out', {
      hint: 'Name paths of the archive, or documents with --document.',
    });
  const { catalogue, ...chosen } = selectPaths(reader, selection, paths, documents.size > 0);
  if (documents.size > 0)
    await selectDocuments(
      readCatalogue(reader, catalogue, (id) => documents.has(id)),
      {
        selection,
        documents,
        choice,
      },
    );
  if (selection.hasWishes) {
    for (const entry of reader.lookUp((path) => selection.mayWish(path))) selection.settle(entry);
  }
  assertDocumentsHaveFiles(selection, choice.documents);
  if (selection.isEmpty)
    throw new DmsBackupError('not-in-archive', 'what was named has no file in the archive');
  return chosen;
}

/** As people write paths: `./media/files/` is `media/files`. */
function entryPathOf(word: string): string {
  const path = posix.normalize(word).replace(/\/+$/, '');
  if (path === '' || path === '.' || path.startsWith('/') || path.startsWith('..'))
    throw new DmsBackupError('usage', `'${word}' is no path in an archive`, {
      hint: 'Paths in an archive begin with media/, database/, catalogue/ or tree/; `find --files` shows them.',
    });
  return path;
}

function selectPaths(
  reader: ArchiveReader,
  selection: Selection,
  paths: readonly string[],
  wantsCatalogue: boolean,
): Chosen & { catalogue: PlacedEntry | undefined } {
  let catalogue: PlacedEntry | undefined;
  let skippedLinks = 0;
  const firstSkippedLinks: string[] = [];
  const unused = new Set(paths);
  const named = (path: string): string | undefined =>
    paths.find((each) => path === each || path.startsWith(`${each}/`));
  const isWanted = (path: string): boolean =>
    (wantsCatalogue && path === cataloguePath) || named(path) !== undefined;
  for (const entry of reader.lookUp(isWanted)) {
    const path = showPath(entry.pathBytes);
    if (path === cataloguePath) catalogue = entry;
    if (named(path) === undefined) continue;
    for (const each of unused)
      if (path === each || path.startsWith(`${each}/`)) unused.delete(each);
    if (entry.type !== 'link') selection.addEntry(entry);
    else if (path.startsWith('tree/')) {
      selection.addWish({ target: entry.pathBytes, source: leadsTo(entry), documentId: null });
    } else if (skippedLinks++ < listedLinks) firstSkippedLinks.push(path);
  }
  for (const path of unused)
    throw new DmsBackupError('not-in-archive', `the archive has nothing at '${path}'`);
  return { catalogue, skippedLinks, firstSkippedLinks };
}

/** The path in the archive that a link of `tree/` stands for. Bytes are kept as they are. */
function leadsTo({ pathBytes, linkBytes }: PlacedEntry): Buffer {
  const link = (linkBytes ?? Buffer.alloc(0)).toString('latin1');
  const path = posix.join(posix.dirname(pathBytes.toString('latin1')), link);
  if (link.startsWith('/') || !path.startsWith('media/')) {
    throw new DmsBackupError(
      'archive-damaged',
      `the link '${showPath(pathBytes)}' leads to no file of the archive`,
    );
  }
  return Buffer.from(path, 'latin1');
}

async function selectDocuments(
  catalogue: ReturnType<typeof readCatalogue>,
  {
    selection,
    documents,
    choice,
  }: { selection: Selection; documents: ReadonlySet<string>; choice: Choice },
): Promise<void> {
  const unused = new Set(documents);
  const names = new DocumentNames();
  try {
    for await (const document of catalogue) {
      assertNotAborted(choice.signal);
      unused.delete(document.id);
      for (const wish of names.wishes(document, choice.allVersions)) selection.addWish(wish);
    }
  } finally {
    names.close();
  }
  for (const id of unused)
    throw new DmsBackupError('not-in-archive', `the archive has no document with the id '${id}'`);
}

function assertDocumentsHaveFiles(selection: Selection, documents: readonly string[]): void {
  for (const id of documents) {
    if (!selection.hasFilesOf(id))
      throw new DmsBackupError('not-in-archive', `the archive has no file of document '${id}'`, {
        hint: 'The archive was made without media, or the file was missing: `inspect` tells.',
      });
  }
}
