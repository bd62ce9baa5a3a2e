// The documents of an archive, from its catalogue: streamed, each line checked, the whole proved when the last has passed.

import { CatalogueDocumentSchema } from '../adapter-schema.ts';
import type { CatalogueDocument } from '../adapter.ts';
import { DmsBackupError } from '../errors.ts';
import { entryLines } from './entry-lines.ts';
import { leadingText } from './leading-text.ts';
import type { ArchiveReader, PlacedEntry } from './reader.ts';

/** Of the catalogue in an archive. */
export const cataloguePath = 'catalogue/documents.jsonl';

/**
 * The documents in the order of the catalogue; `isWanted` spares the work of all lines but those of the ids it takes. Throws
 * `archive-damaged`, at the latest after the last.
 */
export async function* readCatalogue(
  reader: ArchiveReader,
  catalogue: PlacedEntry | undefined,
  isWanted: (id: string) => boolean = () => true,
): AsyncGenerator<CatalogueDocument> {
  if (!catalogue)
    throw new DmsBackupError('archive-damaged', 'the archive has no catalogue of documents');
  await reader.load(catalogue.position, catalogue.end);
  for (const line of entryLines(reader, catalogue)) {
    const id = leadingText(line, 'id');
    if (id !== undefined && !isWanted(id)) continue;
    const document = parseDocument(line);
    if (isWanted(document.id)) yield document;
  }
}

function parseDocument(line: string): CatalogueDocument {
  try {
    return CatalogueDocumentSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new DmsBackupError('archive-damaged', 'cannot understand the catalogue of the archive', {
      cause,
    });
  }
}
