// Paths inside an archive. Names are bytes: JSON holds them as text when they are valid UTF-8, else as base64, and never
// normalised. Paths that come from an archive are hostile; `assertEntryPath` is the one place that lets them through.

import { isUtf8 } from 'node:buffer';
import { DmsBackupError } from '../errors.ts';
import type { IndexEntry } from './schema.ts';

/** Longest path that is accepted: PATH_MAX of Linux. */
const pathLimitBytes = 4096;
const partLimitBytes = 255;

/** `{path}` or `{pathBase64}`. */
export function pathFields(path: Buffer): Pick<IndexEntry, 'path' | 'pathBase64'> {
  return isUtf8(path) ? { path: path.toString('utf8') } : { pathBase64: path.toString('base64') };
}

/** `{link}` or `{linkBase64}`. */
export function linkFields(link: Buffer): Pick<IndexEntry, 'link' | 'linkBase64'> {
  return isUtf8(link) ? { link: link.toString('utf8') } : { linkBase64: link.toString('base64') };
}

/** The path's bytes. Throws `archive-damaged` unless exactly one of the two fields is there. */
export function entryPath(entry: Pick<IndexEntry, 'path' | 'pathBase64'>): Buffer {
  return bytesOf(entry.path, entry.pathBase64, 'path');
}

/** The bytes of a link's target. Throws `archive-damaged` unless exactly one of the two fields is there. */
export function entryLink(entry: Pick<IndexEntry, 'link' | 'linkBase64'>): Buffer {
  return bytesOf(entry.link, entry.linkBase64, 'link');
}

function bytesOf(text: string | undefined, base64: string | undefined, field: string): Buffer {
  if ((text === undefined) === (base64 === undefined)) {
    throw new DmsBackupError('archive-damaged', `an index line has not exactly one ${field}`);
  }
  const bytes =
    text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text, 'utf8');
  // a name has one form only: valid UTF-8 is text, anything else base64 in its canonical spelling
  if (
    text === undefined
      ? isUtf8(bytes) || bytes.toString('base64') !== base64
      : bytes.toString('utf8') !== text
  ) {
    throw new DmsBackupError(
      'archive-damaged',
      `an index line spells its ${field} in another form than the format has`,
    );
  }
  return bytes;
}

/** For messages: the path as text, broken bytes as U+FFFD. */
export function showPath(path: Buffer): string {
  return path.toString('utf8');
}

const reserved = new Set(['README.txt', 'manifest.json', 'index.jsonl', 'seal.json']);
const folders = new Set(['media', 'database', 'catalogue', 'tree']);

/**
 * Throws `archive-damaged` unless the path stays inside a target directory on every system: relative, no empty part, no
 * `.` or `..`, no NUL, no longer than a system takes, and below a folder that the format knows.
 */
export function assertEntryPath(path: Buffer): void {
  const refuse = (why: string) =>
    new DmsBackupError(
      'archive-damaged',
      `the archive has an entry with an unsafe path (${why}): '${showPath(path)}'`,
    );
  if (path.length === 0 || path.length > pathLimitBytes) throw refuse('length');
  if (path.includes(0)) throw refuse('NUL');
  const parts = splitPath(path);
  for (const part of parts) {
    if (part.length === 0) throw refuse('empty part');
    if (part.length > partLimitBytes) throw refuse('part too long');
    if (part[0] === 0x2e && (part.length === 1 || (part.length === 2 && part[1] === 0x2e)))
      throw refuse('dots');
  }
  const first = parts[0]!.toString('latin1');
  if (parts.length === 1 ? !reserved.has(first) && !folders.has(first) : !folders.has(first))
    throw refuse('unknown place');
}

/** Parts between slashes, as views of the same memory. */
export function splitPath(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (;;) {
    const end = path.indexOf(0x2f, start);
    parts.push(path.subarray(start, end < 0 ? path.length : end));
    if (end < 0) return parts;
    start = end + 1;
  }
}

/** The directory part, or undefined for a path of one part. */
export function parentPath(path: Buffer): Buffer | undefined {
  const slash = path.lastIndexOf(0x2f);
  return slash < 0 ? undefined : path.subarray(0, slash);
}
