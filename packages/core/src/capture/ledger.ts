// The notes of one backup: which files exist, which files the rows need, what went into the archive. Joining the last two
// is the proof of completeness. All of it lives in a temporary database, so its size does not matter.

import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { FileReference } from '../adapter.ts';
import { toIndexEntry } from '../archive/index-entry.ts';
import type { Exception, IndexEntry } from '../archive/schema.ts';
import { openTemporaryDatabase } from '../io/temporary-database.ts';
import type { WrittenEntry } from '../archive/writer.ts';

/** One thing found below a root. Paths relative to the root, bytes as on disk. */
export interface FoundFile {
  readonly root: string;
  readonly path: Buffer;
  readonly kind: 'file' | 'directory' | 'link';
  readonly size: number;
  /** Nanoseconds as text. */
  readonly mtimeNs: string;
}

/** A file that was found, and whether a row wants its MD5. */
export interface PlannedFile extends FoundFile {
  readonly md5: boolean;
}

/** A reference and what is known about its file. */
interface JoinedReference {
  readonly root: string;
  readonly path: Uint8Array;
  readonly role: string;
  readonly class: 'essential' | 'derived';
  readonly documentId: string | null;
  readonly documentTitle: string | null;
  readonly algorithm: 'md5' | 'sha256' | null;
  readonly checksum: string | null;
  readonly size: number | null;
  readonly failure: string | null;
  readonly sha256: string | null;
  readonly md5: string | null;
  readonly foundSize: number | null;
}

export interface ProofCounts {
  readonly references: number;
  readonly referencesWithChecksum: number;
  readonly incompleteDocuments: number;
  readonly essentialExceptions: number;
  readonly unreferencedFiles: number;
}

/** Why a file is not in the archive, where no system error says it. */
export const excludedFailure = 'EXCLUDED';
export const behindLinkFailure = 'BEHIND-LINK';

const tables = `
  CREATE TABLE found (root TEXT, path BLOB, kind TEXT, size INTEGER, mtimeNs TEXT, PRIMARY KEY (root, path)) WITHOUT ROWID;
  CREATE TABLE needed (root TEXT, path BLOB, role TEXT, class TEXT, documentId TEXT, documentTitle TEXT,
    algorithm TEXT, checksum TEXT, size INTEGER);
  CREATE INDEX needed_path ON needed (root, path);
  CREATE TABLE archived (root TEXT, path BLOB, seq INTEGER, size INTEGER, sha256 TEXT, md5 TEXT, mtimeNs TEXT, failure TEXT,
    PRIMARY KEY (root, path)) WITHOUT ROWID;
  CREATE TABLE entries (seq INTEGER PRIMARY KEY, line TEXT, superseded INTEGER);
`;

export class BackupLedger {
  readonly #database: DatabaseSync = openTemporaryDatabase(tables);
  readonly #statements = new Map<string, StatementSync>();
  #entries = 0;

  close(): void {
    this.#database.close();
  }

  addFound(file: FoundFile): void {
    this.#prepare('INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?, ?)').run(
      file.root,
      file.path,
      file.kind,
      file.size,
      file.mtimeNs,
    );
  }

  /** Forgets the references of an earlier snapshot. */
  clearReferences(): void {
    this.#database.exec('DELETE FROM needed');
  }

  addReference(reference: FileReference): void {
    this.#prepare('INSERT INTO needed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      reference.root,
      Buffer.from(reference.path),
      reference.role,
      reference.class,
      reference.documentId,
      reference.documentTitle,
      reference.checksum?.algorithm ?? null,
      reference.checksum?.value.toLowerCase() ?? null,
      reference.sizeBytes,
    );
  }

  /** Files and bytes found, for progress. */
  totals(): { files: number; bytes: number } {
    const row = this.#prepare(
      `SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM found WHERE kind = 'file'`,
    ).get();
    return row as unknown as { files: number; bytes: number };
  }

  /** All that was found, by root and path, so that archives of the same files are alike. */
  *plan(root: string): Generator<PlannedFile> {
    const rows = this.#prepare(
      `SELECT root, path, kind, size, mtimeNs,
         EXISTS (SELECT 1 FROM needed n WHERE n.root = f.root AND n.path = f.path AND n.algorithm = 'md5') AS md5
       FROM found f WHERE root = ? ORDER BY path`,
    ).iterate(root);
    for (const row of rows as Iterable<
      Omit<PlannedFile, 'path' | 'md5'> & { path: Uint8Array; md5: number }
    >) {
      yield { ...row, path: asBuffer(row.path), md5: row.md5 === 1 };
    }
  }

  /** Notes what became of a file. An earlier good entry of the same path is superseded by a new good one. */
  addArchived(root: string, path: Buffer, entry: WrittenEntry): void {
    const bad = entry.failure ?? (entry.changed ? 'changed' : null);
    const seq = entry.failure === undefined ? this.addEntry(entry) : null;
    const former = this.#prepare(
      'SELECT seq, failure FROM archived WHERE root = ? AND path = ?',
    ).get(root, path);
    if (former && former.seq !== null) {
      // what was archived first stays when the second reading failed, or gave no state the file ever had
      if (entry.failure !== undefined) return;
      if (entry.changed && former.failure === null) {
        this.#prepare('UPDATE entries SET superseded = 1 WHERE seq = ?').run(seq);
        return;
      }
      this.#prepare('UPDATE entries SET superseded = 1 WHERE seq = ?').run(former.seq as number);
    }
    this.#prepare('INSERT OR REPLACE INTO archived VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
      root,
      path,
      seq,
      entry.size,
      entry.sha256,
      entry.md5 ?? null,
      entry.mtime,
      bad,
    );
  }

  /** Notes an entry for the index and returns its number. */
  addEntry(entry: WrittenEntry, line: IndexEntry = toIndexEntry(entry)): number {
    const seq = this.#entries++;
    this.#prepare('INSERT INTO entries VALUES (?, ?, 0)').run(seq, JSON.stringify(line));
    return seq;
  }

  /** Index lines in the order of the archive, each with LF. */
  *indexLines(): Generator<string> {
    const rows = this.#prepare('SELECT line, superseded FROM entries ORDER BY seq').iterate();
    for (const { line, superseded } of rows as Iterable<{ line: string; superseded: number }>) {
      yield superseded === 0 ? `${line}\n` : `${line.slice(0, -1)},"superseded":true}\n`;
    }
  }

  get entryCount(): number {
    return this.#entries;
  }

  /** Files whose state in the archive does not satisfy the references: to be read (again). */
  *unsatisfied(): Generator<{
    root: string;
    path: Buffer;
    md5: boolean;
    failure: string | null;
  }> {
    const rows = this.#prepare(
      `SELECT DISTINCT n.root AS root, n.path AS path, ${wantsMd5} AS md5, a.failure AS failure ${joined} WHERE ${unsatisfied}`,
    ).all();
    for (const row of rows as unknown as {
      root: string;
      path: Uint8Array;
      md5: number;
      failure: string | null;
    }[]) {
      yield { ...row, path: asBuffer(row.path), md5: row.md5 === 1 };
    }
  }

  /** Forgets the references to a derived file: that it is left out is declared elsewhere. True when others need it still. */
  forgetDerived(root: string, path: Buffer): boolean {
    this.#prepare("DELETE FROM needed WHERE root = ? AND path = ? AND class = 'derived'").run(
      root,
      path,
    );
    const left = this.#prepare('SELECT 1 FROM needed WHERE root = ? AND path = ?').get(root, path);
    return left !== undefined;
  }

  /** The set of unsatisfied files as one value, empty when there are none: equal values are equal sets. */
  unsatisfiedDigest(): string {
    const digest = createHash('sha256');
    let open = 0;
    const rows = this.#prepare(
      `SELECT DISTINCT n.root AS root, n.path AS path ${joined} WHERE ${unsatisfied} ORDER BY n.root, n.path`,
    ).iterate();
    for (const { root, path } of rows as Iterable<{ root: string; path: Uint8Array }>) {
      digest.update(`${root}/`).update(path).update('\0');
      open++;
    }
    return open === 0 ? '' : digest.digest('hex');
  }

  /** Files that changed while they were read. */
  *changedWhileRead(): Generator<{ root: string; path: Buffer; md5: boolean }> {
    const rows = this.#prepare(
      `SELECT a.root AS root, a.path AS path, EXISTS (SELECT 1 FROM needed n WHERE n.root = a.root AND n.path = a.path
         AND n.algorithm = 'md5') AS md5 FROM archived a WHERE a.failure = 'changed'`,
    ).all();
    for (const row of rows as unknown as { root: string; path: Uint8Array; md5: number }[]) {
      yield { root: row.root, path: asBuffer(row.path), md5: row.md5 === 1 };
    }
  }

  /** Archived files that a row needs: to see whether they changed since they were read. */
  *neededAndArchived(): Generator<{
    root: string;
    path: Buffer;
    size: number;
    mtime: string;
    md5: boolean;
  }> {
    const rows = this.#prepare(
      `SELECT DISTINCT n.root AS root, n.path AS path, a.size AS size, a.mtimeNs AS mtime, ${wantsMd5} AS md5
       ${joined} WHERE a.seq IS NOT NULL`,
    ).iterate();
    for (const row of rows as Iterable<{
      root: string;
      path: Uint8Array;
      size: number;
      mtime: string;
      md5: number;
    }>) {
      yield { ...row, path: asBuffer(row.path), md5: row.md5 === 1 };
    }
  }

  /** References that the archive does not satisfy, by document. */
  *exceptions(): Generator<Exception> {
    const rows = this.#prepare(
      `SELECT n.*, a.failure AS failure, a.sha256 AS sha256, a.md5 AS md5, a.size AS foundSize, a.seq AS seq
       ${joined} WHERE ${unsatisfied} ORDER BY CAST(n.documentId AS INTEGER), n.documentId, n.role`,
    ).iterate();
    for (const row of rows as Iterable<unknown>) yield toException(row as JoinedReference);
  }

  counts(): ProofCounts {
    const one = (sql: string) => Number(Object.values(this.#prepare(sql).get() ?? {})[0]);
    return {
      references: one('SELECT count(*) FROM needed'),
      referencesWithChecksum: one('SELECT count(*) FROM needed WHERE checksum IS NOT NULL'),
      incompleteDocuments: one(
        `SELECT count(DISTINCT n.documentId) ${joined} WHERE n.class = 'essential' AND n.documentId IS NOT NULL AND (${unsatisfied})`,
      ),
      essentialExceptions: one(
        `SELECT count(*) ${joined} WHERE n.class = 'essential' AND (${unsatisfied})`,
      ),
      unreferencedFiles: one(`SELECT count(*) ${unreferenced}`),
    };
  }

  /** What is in the archive below `media/`: live entries by type. */
  archivedCounts(): { files: number; directories: number; links: number; mediaBytes: number } {
    const row = this.#prepare(
      `SELECT count(*) FILTER (WHERE f.kind = 'file') AS files, count(*) FILTER (WHERE f.kind = 'directory') AS directories,
         count(*) FILTER (WHERE f.kind = 'link') AS links, coalesce(sum(a.size), 0) AS mediaBytes
       FROM archived a JOIN found f ON f.root = a.root AND f.path = a.path WHERE a.seq IS NOT NULL`,
    ).get();
    return { ...row } as unknown as {
      files: number;
      directories: number;
      links: number;
      mediaBytes: number;
    };
  }

  /** Archived files that could not be read whole and that no row needs. */
  *unreadable(): Generator<{ root: string; path: Buffer; failure: string }> {
    const rows = this.#prepare(
      `SELECT root, path, failure FROM archived a WHERE failure IS NOT NULL AND failure <> 'ENOENT'
       AND NOT EXISTS (SELECT 1 FROM needed n WHERE n.root = a.root AND n.path = a.path)`,
    ).iterate();
    for (const row of rows as Iterable<{ root: string; path: Uint8Array; failure: string }>) {
      yield { ...row, path: asBuffer(row.path) };
    }
  }

  /** Archived files that no row names, below roots that rows name files of. */
  *unreferenced(): Generator<{ root: string; path: Buffer }> {
    const rows = this.#prepare(
      `SELECT a.root AS root, a.path AS path ${unreferenced} ORDER BY a.root, a.path`,
    ).iterate();
    for (const row of rows as Iterable<{ root: string; path: Uint8Array }>)
      yield { root: row.root, path: asBuffer(row.path) };
  }

  isArchived(root: string, path: string | Buffer): boolean {
    const row = this.#prepare(
      'SELECT 1 FROM archived WHERE root = ? AND path = ? AND seq IS NOT NULL',
    ).get(root, Buffer.from(path));
    return row !== undefined;
  }

  /** True when a directory of that name can be taken out. */
  isArchivedDirectory(root: string, path: Buffer): boolean {
    const row = this.#prepare(
      `SELECT 1 FROM archived a JOIN found f ON f.root = a.root AND f.path = a.path
       WHERE a.root = ? AND a.path = ? AND a.seq IS NOT NULL AND f.kind = 'directory'`,
    ).get(root, path);
    return row !== undefined;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const unreferenced = `FROM archived a JOIN found f ON f.root = a.root AND f.path = a.path AND f.kind <> 'directory'
  WHERE a.seq IS NOT NULL AND a.root IN (SELECT root FROM needed)
  AND NOT EXISTS (SELECT 1 FROM needed n WHERE n.root = a.root AND n.path = a.path)`;
/** Of several rows that name one file, one is enough: what was read without MD5 would not satisfy it. */
const wantsMd5 = `EXISTS (SELECT 1 FROM needed m WHERE m.root = n.root AND m.path = n.path AND m.algorithm = 'md5')`;
const joined = 'FROM needed n LEFT JOIN archived a ON a.root = n.root AND a.path = n.path';
const unsatisfied = `(a.seq IS NULL OR a.failure IS NOT NULL OR (n.size IS NOT NULL AND n.size <> a.size)
  OR (n.algorithm = 'sha256' AND n.checksum <> a.sha256) OR (n.algorithm = 'md5' AND n.checksum IS NOT a.md5))`;

function toException(row: JoinedReference): Exception {
  const { reason, detail } = explain(row);
  return {
    reason,
    class: row.class,
    role: row.role,
    documentId: row.documentId,
    documentTitle: row.documentTitle,
    root: row.root,
    path: asBuffer(row.path).toString('utf8'),
    detail,
  };
}

function explain(row: JoinedReference): { reason: Exception['reason']; detail: string } {
  if (row.failure === null && row.sha256 === null)
    return { reason: 'missing', detail: 'the file does not exist' };
  if (row.failure === 'ENOENT' || row.failure === 'ENOTDIR')
    return { reason: 'missing', detail: 'the file does not exist' };
  if (row.failure === 'changed')
    return { reason: 'unreadable', detail: 'the file changed each time it was read' };
  if (row.failure === excludedFailure)
    return {
      reason: 'unreadable',
      detail: 'the file is left out by a rule, although a row needs it',
    };
  if (row.failure === behindLinkFailure)
    return {
      reason: 'unreadable',
      detail: 'the file lies behind a link, and links are not followed',
    };
  if (row.failure !== null)
    return { reason: 'unreadable', detail: `the file cannot be read (${row.failure})` };
  if (row.size !== null && row.size !== row.foundSize) {
    return {
      reason: 'size',
      detail: `${row.foundSize} bytes, the application recorded ${row.size}`,
    };
  }
  const actual = row.algorithm === 'md5' ? row.md5 : row.sha256;
  return {
    reason: 'checksum',
    detail: `${row.algorithm} is ${actual}, the application recorded ${row.checksum}`,
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
