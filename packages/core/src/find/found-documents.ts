// Documents that a search has found, until the sizes of their files are known: the catalogue says which files they have, and
// the index, which is read once afterwards, how large these are. In a temporary database: all documents can be found.

import type { DatabaseSync } from 'node:sqlite';
import type { CatalogueDocument } from '../adapter.ts';
import { PathFilter } from '../archive/path-filter.ts';
import type { ArchiveReader } from '../archive/reader.ts';
import { openTemporaryDatabase } from '../io/temporary-database.ts';
import type { FoundDocument } from '../verb.ts';

export class FoundDocuments {
  readonly #database: DatabaseSync = openTemporaryDatabase(
    `CREATE TABLE documents (number INTEGER PRIMARY KEY, document TEXT);
     CREATE TABLE sizes (path TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID;`,
  );
  readonly #insert = this.#database.prepare('INSERT INTO documents (document) VALUES (?)');
  readonly #wish = this.#database.prepare('INSERT OR IGNORE INTO sizes VALUES (?, NULL)');
  readonly #settle = this.#database.prepare('UPDATE sizes SET size = ? WHERE path = ?');
  readonly #size = this.#database.prepare('SELECT size FROM sizes WHERE path = ?');
  readonly #filter = new PathFilter();

  add(document: CatalogueDocument): void {
    this.#insert.run(JSON.stringify(document));
    for (const path of pathsOf(document)) {
      this.#wish.run(path);
      this.#filter.add(path);
    }
  }

  /** Looks the files up in the index. */
  measure(reader: ArchiveReader): void {
    if (this.#filter.isEmpty) return;
    for (const { pathBytes, type, size } of reader.lookUp((path) => this.#filter.mayHave(path)))
      if (type === 'file') this.#settle.run(size, pathBytes.toString());
  }

  /** In the order in which they were added. */
  *all(): Generator<FoundDocument> {
    const rows = this.#database.prepare('SELECT document FROM documents ORDER BY number').iterate();
    for (const row of rows)
      yield this.#shown(JSON.parse(String(row['document'])) as CatalogueDocument);
  }

  close(): void {
    this.#database.close();
  }

  #shown({ documentVersions, extra: _extra, ...document }: CatalogueDocument): FoundDocument {
    const newest = documentVersions.length - 1;
    return {
      ...document,
      files: documentVersions.flatMap(({ id, label, files }, number) =>
        files.map(({ role, root, path }) => ({
          version: label ?? id,
          isCurrent: number === newest,
          role,
          path: `media/${root}/${path}`,
          sizeBytes: this.#sizeOf(`media/${root}/${path}`),
        })),
      ),
    };
  }

  #sizeOf(path: string): number | null {
    return (this.#size.get(path)?.['size'] ?? null) as number | null;
  }
}

function* pathsOf({ documentVersions }: CatalogueDocument): Generator<string> {
  for (const { files } of documentVersions)
    for (const { root, path } of files) yield `media/${root}/${path}`;
}
