// Prepares the files of one root out of sight: a tree beside the target, complete with modes and times, later exchanged by
// rename. Directories first, files by threads, links last: while files are written there is no link to be led astray by.

import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { formatMtime, utimesTime } from '../archive/entry-time.ts';
import type { PlacedEntry } from '../archive/reader.ts';
import type { Wish } from '../archive/walk.ts';
import { DmsBackupError, systemErrorCode } from '../errors.ts';
import { writeError } from '../io/sink.ts';
import { openTemporaryDatabase } from '../io/temporary-database.ts';
import { joinBytes, scanTree } from '../media/scan.ts';
import type { MediaStrategy } from '../verb.ts';
import type { DirectoryAttributes } from './journal.ts';
import { listChildren, newFolder } from './place.ts';
import type { Place } from './place.ts';

/** Set-group-id of a directory is inheritance of its group and stays; set-user-id means nothing there. */
const safeDirectoryModes = 0o3777;

/** Noted while the archive is walked, applied at the end. */
interface Noted {
  readonly path: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
}

export class MediaStage {
  readonly place: Place;
  readonly #base: Buffer;
  readonly #setOwner: boolean;
  readonly #database: DatabaseSync = openTemporaryDatabase(
    `CREATE TABLE directories (path BLOB PRIMARY KEY, mode INTEGER, uid INTEGER, gid INTEGER, mtime TEXT) WITHOUT ROWID;
     CREATE TABLE links (path BLOB PRIMARY KEY, target BLOB, uid INTEGER, gid INTEGER, mtime TEXT) WITHOUT ROWID;`,
  );
  /** Of the root directory itself, as archived. */
  rootAttributes: DirectoryAttributes[] = [];

  constructor(place: Place, setOwner: boolean) {
    this.place = place;
    this.#base = Buffer.from(newFolder(place));
    this.#setOwner = setOwner;
    mkdirSync(newFolder(place), { mode: 0o700 });
  }

  /** What to do with an entry below `media/<root>`; `path` is relative to the root. */
  wish(entry: PlacedEntry, path: Buffer): Wish {
    const { mode, uid, gid, mtime } = entry;
    if (path.length === 0) {
      this.rootAttributes = [
        {
          path: this.place.directory,
          mode: mode & safeDirectoryModes,
          ...this.#owner(entry),
          mtime,
        },
      ];
      return { do: 'prove' };
    }
    if (entry.type === 'file') return { do: 'write', to: joinBytes(this.#base, path) };
    if (entry.type === 'directory') {
      this.#inStage(path, (target) => mkdirSync(target, { mode: 0o700 }));
      this.#database
        .prepare('INSERT INTO directories VALUES (?, ?, ?, ?, ?)')
        .run(path, mode, uid, gid, mtime);
    } else {
      this.#database
        .prepare('INSERT INTO links VALUES (?, ?, ?, ?, ?)')
        .run(path, entry.linkBytes!, uid, gid, mtime);
    }
    return { do: 'prove' };
  }

  /** After all files: what stays of the live tree, the links, then attributes from the deepest directory up. */
  complete(strategy: MediaStrategy, kept: (path: string) => boolean): void {
    const links = this.#database.prepare('SELECT * FROM links').iterate() as Iterable<unknown>;
    for (const each of links as Iterable<Omit<Noted, 'mode'> & { target: Uint8Array }>) {
      this.#inStage(Buffer.from(each.path), (path) => {
        symlinkSync(Buffer.from(each.target), path);
        if (this.#setOwner) lchownSync(path, each.uid, each.gid);
        lutimesSync(path, utimesTime(each.mtime), utimesTime(each.mtime));
      });
    }
    if (strategy !== 'replace') this.#keepLive(strategy, kept);
    const directories = this.#database
      .prepare('SELECT * FROM directories ORDER BY path DESC')
      .iterate() as Iterable<unknown>;
    for (const each of directories as Iterable<Noted>) {
      this.#inStage(Buffer.from(each.path), (path) => {
        if (this.#setOwner) chownSync(path, each.uid, each.gid);
        chmodSync(path, each.mode & safeDirectoryModes);
        utimesSync(path, utimesTime(each.mtime), utimesTime(each.mtime));
      });
    }
  }

  /** An empty directory that the application needs, unless the archive has it, or has a link on the way: that leads elsewhere. */
  addDirectory(path: string): void {
    const parts = path.split('/').filter(Boolean);
    if (parts.includes('..')) {
      throw new DmsBackupError(
        'adapter-invalid',
        `the restore notes name a directory outside: '${path}'`,
      );
    }
    for (const [number] of parts.entries()) {
      const part = parts.slice(0, number + 1).join('/');
      const above = parts.slice(0, number).join('/');
      if (!this.#makeDirectory(Buffer.from(part), Buffer.from(above))) return;
    }
  }

  /** False when there is a link. */
  #makeDirectory(path: Buffer, above: Buffer): boolean {
    let isLink = false;
    this.#inStage(path, (target) => {
      const found = lstatSync(target, { throwIfNoEntry: false });
      isLink = found?.isSymbolicLink() === true;
      if (isLink || found?.isDirectory()) return;
      mkdirSync(target, { mode: 0o755 });
      if (!this.#setOwner) return;
      // the application must be able to write there
      const [root] = this.rootAttributes;
      const owner = above.length === 0 && root ? root : lstatSync(joinBytes(this.#base, above));
      chownSync(target, owner.uid, owner.gid);
    });
    return !isLink;
  }

  close(): void {
    this.#database.close();
  }

  /** Takes files of the live tree over as copies: the live tree is not touched. */
  #keepLive(strategy: 'merge' | 'keep-existing', kept: (path: string) => boolean): void {
    if (!lstatSync(this.place.directory, { throwIfNoEntry: false })) return;
    const live = Buffer.from(this.place.directory);
    scanTree(this.place.directory, {
      classify: (path) => ({ class: 'unknown', keep: kept(path) }),
      excluded: () => undefined,
      unreadable: (path, code) => {
        throw new DmsBackupError(
          'restore-failed',
          `cannot read '${path.toString()}' of the target (${code})`,
        );
      },
      ignored: this.#staysInPlace(),
      found: ({ path, kind }) => {
        if (path.length > 0) this.#keepOne(joinBytes(live, path), path, kind, strategy);
      },
    });
  }

  /** Names at the top of the live tree that a switch leaves where they are: the database's files, locks and logs. */
  #staysInPlace(): Set<string> {
    const moved = new Set(this.place.children().map((name) => name.toString('latin1')));
    const all = listChildren(this.place.directory).map((name) => name.toString('latin1'));
    return new Set(all).difference(moved);
  }

  #keepOne(
    source: Buffer,
    path: Buffer,
    kind: 'file' | 'directory' | 'link',
    strategy: 'merge' | 'keep-existing',
  ): void {
    this.#inStage(path, (target) => {
      const staged = lstatSync(target, { throwIfNoEntry: false });
      if (staged && kind === 'directory' && !staged.isDirectory()) {
        // not a question of who wins: what lies in it would be written through a link of the archive
        throw new DmsBackupError(
          'target-unsafe',
          `'${path.toString()}' is a directory in the target and none in the archive`,
        );
      }
      if (staged && (strategy === 'merge' || kind === 'directory')) return;
      if (staged?.isDirectory()) {
        throw new DmsBackupError(
          'target-unsafe',
          `'${path.toString()}' is a file in the target and a directory in the archive`,
        );
      }
      if (staged) unlinkSync(target);
      if (kind !== 'directory') return copyLive(source, target, kind, this.#setOwner);
      const { mode, uid, gid, mtimeNs } = lstatSync(source, { bigint: true });
      mkdirSync(target, { mode: 0o700 });
      this.#database
        .prepare('INSERT OR IGNORE INTO directories VALUES (?, ?, ?, ?, ?)')
        .run(path, Number(mode & 0o7777n), uid, gid, formatMtime(mtimeNs));
    });
  }

  #owner(entry: { uid: number; gid: number }): { uid: number; gid: number } {
    return this.#setOwner
      ? { uid: entry.uid, gid: entry.gid }
      : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }

  #inStage(path: Buffer, action: (target: Buffer) => void): void {
    const target = joinBytes(this.#base, path);
    try {
      action(target);
    } catch (cause) {
      if (cause instanceof DmsBackupError) throw cause;
      if (['ENOSPC', 'EDQUOT'].includes(systemErrorCode(cause) ?? ''))
        throw writeError(cause, target.toString());
      throw new DmsBackupError(
        'restore-failed',
        `cannot prepare '${target.toString()}' (${systemErrorCode(cause) ?? 'error'})`,
        { cause },
      );
    }
  }
}

/** No hard links: the application could write into a file that `undo` keeps. Copies share blocks where the file system can. */
function copyLive(source: Buffer, target: Buffer, kind: 'file' | 'link', setOwner: boolean): void {
  const status = lstatSync(source, { bigint: true });
  if (kind === 'link') symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target);
  else copyFileSync(source, target, constants.COPYFILE_FICLONE);
  if (setOwner) lchownSync(target, Number(status.uid), Number(status.gid));
  if (kind === 'file') chmodSync(target, Number(status.mode) & 0o7777);
  const mtime = utimesTime(formatMtime(status.mtimeNs));
  lutimesSync(target, mtime, mtime);
}
