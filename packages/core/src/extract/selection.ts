// What an extraction takes out: which file of the archive goes where. In a temporary database, because a whole archive can be
// chosen; entries that are not known when they are wished for are filled in by a later look at the index.

import type { DatabaseSync } from 'node:sqlite';
import { showPath } from '../archive/entry-path.ts';
import { PathFilter } from '../archive/path-filter.ts';
import type { PlacedEntry } from '../archive/reader.ts';
import { DmsBackupError } from '../errors.ts';
import { openTemporaryDatabase } from '../io/temporary-database.ts';

/** Where something goes: relative to the directory of the extraction, in bytes, made of safe parts only. */
export interface Wish {
  readonly target: Buffer;
  /** Path of a file in the archive. */
  readonly source: Buffer;
  /** Whose file it is, when it is taken for a document. */
  readonly documentId: string | null;
}

export interface SelectedFile extends Wish {
  /** Small and unique: its name until it is proved. */
  readonly number: number;
  readonly entry: PlacedEntry;
}

interface Row {
  readonly number: number;
  readonly target: Uint8Array;
  readonly source: Uint8Array;
  readonly document: string | null;
  readonly facts: string;
}

export class Selection {
  readonly #database: DatabaseSync = openTemporaryDatabase(
    `CREATE TABLE files (
       number INTEGER PRIMARY KEY, target BLOB UNIQUE, source BLOB, document TEXT,
       position INTEGER, size INTEGER, facts TEXT
     );
     CREATE INDEX waiting ON files (source) WHERE position IS NULL;
     CREATE TABLE directories (target BLOB PRIMARY KEY) WITHOUT ROWID;`,
  );
  readonly #insert = this.#database.prepare(
    'INSERT OR IGNORE INTO files (target, source, document, position, size, facts) VALUES (?, ?, ?, ?, ?, ?)',
  );
  readonly #settle = this.#database.prepare(
    'UPDATE files SET position = ?, size = ?, facts = ? WHERE source = ? AND position IS NULL',
  );
  readonly #hasFile = this.#database.prepare('SELECT 1 FROM files WHERE target = ?');
  readonly #filter = new PathFilter();

  /** A file or directory of the archive that goes to its own path. Throws `archive-damaged` when there are two of that path. */
  addEntry(entry: PlacedEntry): void {
    const path = entry.pathBytes;
    const isNew =
      entry.type === 'file'
        ? this.#insert.run(path, path, null, entry.position, entry.size, factsOf(entry))
        : this.#database.prepare('INSERT OR IGNORE INTO directories VALUES (?)').run(path);
    if (isNew.changes !== 1) {
      throw new DmsBackupError('archive-damaged', `the entry '${showPath(path)}' is there twice`);
    }
  }

  /** A file whose entry comes with {@link settle}. Throws `destination-exists` when the target is another's. */
  addWish({ target, source, documentId }: Wish): void {
    if (this.#insert.run(target, source, documentId, null, null, null).changes !== 1) {
      throw new DmsBackupError(
        'destination-exists',
        `two files that were chosen have the same name: '${showPath(target)}'`,
        { hint: 'Take them out one after the other, into two directories.' },
      );
    }
    this.#filter.add(showPath(source));
  }

  get hasWishes(): boolean {
    return !this.#filter.isEmpty;
  }

  /** False for most paths that nobody wished for. */
  mayWish(path: string): boolean {
    return this.#filter.mayHave(path);
  }

  settle(entry: PlacedEntry): void {
    if (entry.type !== 'file') return;
    this.#settle.run(entry.position, entry.size, factsOf(entry), entry.pathBytes);
  }

  /** Neither a file nor a directory. */
  get isEmpty(): boolean {
    return this.totals.files === 0 && this.directories().next().done === true;
  }

  get totals(): { files: number; bytes: number } {
    const row = this.#database
      .prepare(
        'SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM files WHERE position IS NOT NULL',
      )
      .get();
    return { files: Number(row?.['files']), bytes: Number(row?.['bytes']) };
  }

  /** In the order of the archive, for reading, or of their targets. */
  *files(order: 'position' | 'target'): Generator<SelectedFile> {
    const rows = this.#database
      .prepare(`SELECT * FROM files WHERE position IS NOT NULL ORDER BY ${order}`)
      .iterate() as Iterable<unknown>;
    for (const { number, target, source, document, facts } of rows as Iterable<Row>) {
      const pathBytes = Buffer.from(source);
      const entry = { ...(JSON.parse(facts) as Omit<PlacedEntry, 'pathBytes'>), pathBytes };
      yield { number, target: Buffer.from(target), source: pathBytes, documentId: document, entry };
    }
  }

  /** What was wished for and is no file of the archive. */
  *missing(): Generator<Wish> {
    const rows = this.#database
      .prepare('SELECT * FROM files WHERE position IS NULL ORDER BY number')
      .iterate() as Iterable<unknown>;
    for (const { target, source, document } of rows as Iterable<Row>)
      yield { target: Buffer.from(target), source: Buffer.from(source), documentId: document };
  }

  /** Directories that were chosen themselves, parents first. */
  *directories(): Generator<Buffer> {
    const rows = this.#database.prepare('SELECT target FROM directories ORDER BY target').iterate();
    for (const row of rows) yield Buffer.from(row['target'] as Uint8Array);
  }

  /** At least one file of the document is there to be taken out. */
  hasFilesOf(documentId: string): boolean {
    const row = this.#database
      .prepare('SELECT 1 FROM files WHERE document = ? AND position IS NOT NULL LIMIT 1')
      .get(documentId);
    return row !== undefined;
  }

  /** Something else goes to that path, as a file. */
  hasFileAt(target: Buffer): boolean {
    return this.#hasFile.get(target) !== undefined;
  }

  close(): void {
    this.#database.close();
  }
}

function factsOf({ pathBytes: _path, ...facts }: PlacedEntry): string {
  return JSON.stringify(facts);
}
