// What the writer tells about an entry, for tests of those who listen.

import type { WrittenEntry } from '../src/archive/writer.ts';
import { sha256 } from './assemble-archive.ts';

/** A small file, as it was read without trouble. */
export function writtenEntry(
  path: string | Buffer,
  more: Partial<WrittenEntry> = {},
): WrittenEntry {
  const content = `content of ${path.toString()}`;
  return {
    path: Buffer.from(path),
    type: 'file',
    size: content.length,
    sha256: sha256(content),
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: '1700000000.000000000',
    frame: 0,
    offset: 0,
    changed: false,
    ...more,
  };
}
