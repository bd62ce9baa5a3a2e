// Describes a directory tree for before-and-after comparisons. Names are bytes: they need not be UTF-8 and are never
// normalised. Links are not followed.

import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

export interface TreeEntry {
  /** Relative path, byte for byte. */
  path: Buffer;
  kind: 'file' | 'directory' | 'link' | 'other';
  /** 0 for everything that is no file. */
  sizeBytes: number;
  /** Permission bits; 0 for links, which have none on Linux. */
  mode: number;
  /** Modification time, nanoseconds since 1970. */
  mtimeNs: bigint;
  /** Of the content, of the target for links, empty for the rest. */
  sha256: string;
}

/** Keyed by {@link showPath} of the path. */
export type TreeDigest = Map<string, TreeEntry>;

const READ_BYTES = 1 << 20;
const SLASH = Buffer.from('/');

/** Everything below `directory`, in order of the path bytes. `skip` sees the shown path and prunes directories. */
export function digestTree(
  directory: string,
  skip: (path: string) => boolean = () => false,
): TreeDigest {
  const entries: TreeEntry[] = [];
  const root = Buffer.from(directory);
  const pending: Buffer[] = [Buffer.alloc(0)];
  for (let parent = pending.pop(); parent; parent = pending.pop()) {
    for (const name of readdirSync(joinPath(root, parent), { encoding: 'buffer' })) {
      const path = joinPath(parent, name);
      if (skip(showPath(path))) continue;
      const entry = describe(joinPath(root, path), path);
      entries.push(entry);
      if (entry.kind === 'directory') pending.push(path);
    }
  }
  entries.sort((left, right) => Buffer.compare(left.path, right.path));
  return new Map(entries.map((entry) => [showPath(entry.path), entry]));
}

/** Text of a path: UTF-8 as it is, other bytes as `\xNN`, backslash as `\\`. Different paths have different texts. */
export function showPath(path: Buffer): string {
  const text = path.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(path)) return text.replaceAll('\\', '\\\\');
  let shown = '';
  for (let at = 0; at < path.length;) {
    const length = characterLength(path, at);
    const part = path.subarray(at, at + Math.max(length, 1));
    shown +=
      length === 0 ? `\\x${part.toString('hex')}` : part.toString('utf8').replaceAll('\\', '\\\\');
    at += part.length;
  }
  return shown;
}

/** Bytes of the UTF-8 character at `at`; 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4; length++) {
    const part = bytes.subarray(at, at + length);
    const text = part.toString('utf8');
    if (part.length === length && [...text].length === 1 && Buffer.from(text, 'utf8').equals(part))
      return length;
  }
  return 0;
}

function joinPath(parent: Buffer, name: Buffer): Buffer {
  return parent.length === 0
    ? name
    : name.length === 0
      ? parent
      : Buffer.concat([parent, SLASH, name]);
}

function describe(full: Buffer, path: Buffer): TreeEntry {
  const status = lstatSync(full, { bigint: true });
  const entry: TreeEntry = {
    path,
    kind: 'other',
    sizeBytes: 0,
    mode: Number(status.mode) & 0o7777,
    mtimeNs: status.mtimeNs,
    sha256: '',
  };
  if (status.isDirectory()) entry.kind = 'directory';
  if (status.isSymbolicLink()) {
    entry.kind = 'link';
    entry.mode = 0;
    entry.sha256 = createHash('sha256')
      .update(readlinkSync(full, { encoding: 'buffer' }))
      .digest('hex');
  }
  if (status.isFile()) {
    entry.kind = 'file';
    entry.sizeBytes = Number(status.size);
    entry.sha256 = hashFile(full);
  }
  return entry;
}

function hashFile(path: Buffer): string {
  const hash = createHash('sha256');
  const descriptor = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let count = 1; count > 0;) {
      count = readSync(descriptor, buffer, 0, READ_BYTES, null);
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}
