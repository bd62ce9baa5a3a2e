// How the files of a document are called when they are taken out: by its title, as in `tree/`, with the version and the role
// of the file where the title alone would not tell them apart. No name leads anywhere: each is one part.

import type { CatalogueDocument } from '../adapter.ts';
import { cutName, documentFileName, safeName } from '../capture/catalogue.ts';
import { TreeNames } from '../capture/tree-names.ts';
import type { Wish } from './selection.ts';

/** Of version and role together; the title gets what is left of a name. */
const suffixLimitBytes = 80;
const nameLimitBytes = 200;

export class DocumentNames {
  readonly #names = new TreeNames();

  /** The files of the current version, or of all, the current one first. */
  *wishes(document: CatalogueDocument, allVersions: boolean): Generator<Wish> {
    const newestFirst = document.documentVersions.toReversed();
    for (const [age, version] of newestFirst.entries()) {
      if (age > 0 && !allVersions) return;
      for (const [number, { role, root, path }] of version.files.entries()) {
        const suffix = [
          ...(age === 0 ? [] : [`version ${version.label ?? version.id}`]),
          ...(number === 0 ? [] : [role]),
        ];
        yield {
          target: Buffer.from(this.#name(document, path, suffix)),
          source: Buffer.from(`media/${root}/${path}`),
          documentId: document.id,
        };
      }
    }
  }

  close(): void {
    this.#names.close();
  }

  #name(document: CatalogueDocument, path: string, suffix: readonly string[]): string {
    const { name, extension } = documentFileName(document, path);
    if (suffix.length === 0) return this.#names.document('', name, extension);
    const end = cutName(` - ${safeName(suffix.join(', '))}`, suffixLimitBytes);
    const start = cutName(name, nameLimitBytes - Buffer.byteLength(end));
    return this.#names.document('', `${start}${end}`, extension);
  }
}
