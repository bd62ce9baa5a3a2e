// Catalogues for assembled archives: documents that have what a test is about.

import type { CatalogueDocument } from '../src/adapter.ts';
import type { Part } from './assemble-archive.ts';

/** A document with one file, `media/files/<id>`, unless the test says otherwise. */
export function documentOf(id: string, more: Partial<CatalogueDocument> = {}): CatalogueDocument {
  return {
    id,
    title: `Paper ${id}`,
    created: null,
    added: null,
    modified: null,
    owner: null,
    correspondent: null,
    documentType: null,
    tags: [],
    folder: [],
    trashed: false,
    documentVersions: [{ id, label: null, files: [{ role: 'original', root: 'files', path: id }] }],
    extra: {},
    ...more,
  };
}

export function cataloguePart(...documents: readonly CatalogueDocument[]): Part {
  return {
    path: 'catalogue/documents.jsonl',
    content: documents.map((document) => `${JSON.stringify(document)}\n`).join(''),
  };
}
