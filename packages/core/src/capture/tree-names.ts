// Names below `tree/`: each path once, also on systems that do not tell upper from lower case, and never a document where a
// folder is. Documents with the same title are numbered.

import type { DatabaseSync } from 'node:sqlite';
import { openTemporaryDatabase } from '../io/temporary-database.ts';

export class TreeNames {
  readonly #database: DatabaseSync = openTemporaryDatabase(
    `CREATE TABLE taken (path TEXT PRIMARY KEY, folder TEXT) WITHOUT ROWID;
     CREATE TABLE numbers (path TEXT PRIMARY KEY, last INTEGER) WITHOUT ROWID;`,
  );
  readonly #insert = this.#database.prepare('INSERT OR IGNORE INTO taken VALUES (?, ?)');
  readonly #folder = this.#database.prepare('SELECT folder FROM taken WHERE path = ?');
  readonly #last = this.#database.prepare('SELECT last FROM numbers WHERE path = ?');
  readonly #noteLast = this.#database.prepare('INSERT OR REPLACE INTO numbers VALUES (?, ?)');

  /** The path of a folder given by its parts; the same parts give the same path. */
  folder(parts: readonly string[]): string {
    return parts.reduce((parent, part) => {
      const wanted = parent === '' ? part : `${parent}/${part}`;
      return this.#claim((number) => numbered(wanted, '', number), wanted);
    }, '');
  }

  /** A free path for a document in a folder; an empty one is the top. */
  document(folder: string, name: string, extension: string): string {
    return this.#claim(
      (number) => numbered(folder === '' ? name : `${folder}/${name}`, extension, number),
      null,
    );
  }

  close(): void {
    this.#database.close();
  }

  #claim(build: (number: number) => string, folder: string | null): string {
    const wanted = build(1).toLowerCase();
    // ten thousand documents called "Scan" must not each look at all the others
    const known = folder === null ? this.#last.get(wanted)?.['last'] : undefined;
    for (let number = Number(known ?? 0) + 1; ; number++) {
      const path = build(number);
      const key = path.toLowerCase();
      if (this.#insert.run(key, folder).changes === 1) {
        if (folder === null && number > 1) this.#noteLast.run(wanted, number);
        return path;
      }
      // folders are shared, by exactly those who mean the same one
      if (folder !== null && this.#folder.get(key)?.['folder'] === folder) return path;
    }
  }
}

function numbered(path: string, extension: string, number: number): string {
  return `${path}${number === 1 ? '' : ` (${number})`}${extension}`;
}
