// Walks a directory tree as it is now. Names are bytes; links are noted, never followed; directories are read in portions,
// so a million files in one directory do no harm.

import { lstatSync, opendirSync } from 'node:fs';
import type { BigIntStats, Dir } from 'node:fs';
import type { PathRule } from '../adapter.ts';
import { systemErrorCode } from '../errors.ts';

const slash = Buffer.from('/');
/** Our own side folder may lie inside a root that is a mount point; it belongs to no application. */
export const sideFolderName = '.dms-backup';

export interface ScannedFile {
  /** Relative to the root; empty for the root itself. */
  readonly path: Buffer;
  readonly kind: 'file' | 'directory' | 'link';
  readonly size: number;
  readonly mtimeNs: bigint;
}

export interface ScanVisitor {
  /** The rule for a path (a directory's path ends with `/`). */
  readonly classify: (path: string) => PathRule;
  readonly found: (file: ScannedFile) => void;
  /** Not kept, by rule. */
  readonly excluded: (path: string, rule: PathRule) => void;
  /** Cannot be listed or looked at. */
  readonly unreadable: (path: Buffer, code: string) => void;
  /** Paths (relative, bytes as latin1 text) that are no files of the application: the database's own. */
  readonly ignored: ReadonlySet<string>;
}

/** Joins bytes of a directory and a relative path. */
export function joinBytes(directory: Buffer, path: Buffer): Buffer {
  if (path.length === 0) return directory;
  return directory.length === 0 ? path : Buffer.concat([directory, slash, path]);
}

/** Calls the visitor for the root and everything below it. Throws only what the visitor throws. */
export function scanTree(root: string, visitor: ScanVisitor): void {
  const base = Buffer.from(root);
  visit(base, Buffer.alloc(0), lstatSync(base, { bigint: true }), visitor);
}

function visit(base: Buffer, path: Buffer, status: BigIntStats, visitor: ScanVisitor): void {
  visitor.found({ path, kind: 'directory', size: 0, mtimeNs: status.mtimeNs });
  const directory = open(base, path, visitor);
  if (!directory) return;
  const subdirectories: { path: Buffer; status: BigIntStats }[] = [];
  try {
    for (let name = next(directory, path, visitor); name; name = next(directory, path, visitor)) {
      const child = joinBytes(path, name);
      if (visitor.ignored.has(child.toString('latin1'))) continue;
      const found = look(base, child, visitor);
      if (found) subdirectories.push({ path: child, status: found });
    }
  } finally {
    directory.closeSync();
  }
  for (const each of subdirectories) visit(base, each.path, each.status, visitor);
}

function open(base: Buffer, path: Buffer, visitor: ScanVisitor): Dir | undefined {
  let directory: Dir | undefined;
  try {
    // the types know no Buffer names here; Node gives them with this encoding
    directory = opendirSync(joinBytes(base, path), {
      encoding: 'buffer' as BufferEncoding,
      bufferSize: 512,
    });
    // opening follows a link that took the directory's place meanwhile
    if (path.length === 0 || lstatSync(joinBytes(base, path)).isDirectory()) return directory;
    visitor.unreadable(path, 'ELOOP');
  } catch (error) {
    const code = systemErrorCode(error) ?? 'EIO';
    // gone since its parent was listed: the application removed it. Only the root must be there
    if (code !== 'ENOENT' || path.length === 0) visitor.unreadable(path, code);
  }
  directory?.closeSync();
  return undefined;
}

/** The next name, or undefined at the end or when the disk fails. */
function next(directory: Dir, path: Buffer, visitor: ScanVisitor): Buffer | undefined {
  try {
    return directory.readSync()?.name as Buffer | undefined;
  } catch (error) {
    visitor.unreadable(path, systemErrorCode(error) ?? 'EIO');
    return undefined;
  }
}

/** Reports one child; returns its status when it is a directory to be entered. */
function look(base: Buffer, child: Buffer, visitor: ScanVisitor): BigIntStats | undefined {
  let status: BigIntStats;
  try {
    status = lstatSync(joinBytes(base, child), { bigint: true });
  } catch (error) {
    const code = systemErrorCode(error) ?? 'EIO';
    // gone between listing and looking: the application removed it
    if (code !== 'ENOENT') visitor.unreadable(child, code);
    return undefined;
  }
  const text = child.toString('utf8') + (status.isDirectory() ? '/' : '');
  const kind = status.isFile()
    ? 'file'
    : status.isDirectory()
      ? 'directory'
      : status.isSymbolicLink()
        ? 'link'
        : undefined;
  if (text === `${sideFolderName}/`) {
    visitor.excluded(text, {
      class: 'ephemeral',
      keep: false,
      reason: 'work folder of dms-backup: staging and undo',
    });
    return undefined;
  }
  if (kind === undefined) {
    visitor.excluded(text, {
      class: 'ephemeral',
      keep: false,
      reason: 'socket, pipe or device: no content to keep',
    });
    return undefined;
  }
  const rule = visitor.classify(text);
  if (!rule.keep) {
    visitor.excluded(text, rule);
    return undefined;
  }
  if (kind === 'directory') return status;
  visitor.found({
    path: child,
    kind,
    size: kind === 'file' ? Number(status.size) : 0,
    mtimeNs: status.mtimeNs,
  });
  return undefined;
}
