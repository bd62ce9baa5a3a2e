// One thing below a root, as it is now, into the archive.

import { lstatSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { Root } from '../adapter.ts';
import type { ArchiveWriter, WrittenEntry } from '../archive/writer.ts';
import { systemErrorCode } from '../errors.ts';
import { joinBytes } from '../media/scan.ts';
import type { FoundFile } from './ledger.ts';

/** False when there is nothing of it in the archive, and nobody was told, or the failure was told at once. */
export async function archiveOne(
  root: Root,
  file: FoundFile,
  md5: boolean,
  writer: ArchiveWriter,
  onEntry: (entry: WrittenEntry) => void,
): Promise<boolean> {
  const source = joinBytes(Buffer.from(root.directory), file.path);
  const path = joinBytes(Buffer.from(`media/${root.name}`), file.path);
  if (file.kind === 'file') {
    await writer.addDisk({ source, path, expectedSize: file.size, md5 }, onEntry);
    return true;
  }
  let status: Stats;
  let link: Buffer | undefined;
  try {
    status = lstatSync(source);
    if (file.kind === 'link') link = readlinkSync(source, { encoding: 'buffer' });
  } catch (error) {
    const code = systemErrorCode(error) ?? 'EIO';
    // a link or directory that vanished meanwhile is nothing that a row can need
    if (code !== 'ENOENT' && code !== 'EINVAL') onEntry(unreadEntry(file, code));
    return false;
  }
  await writer.addMade(
    {
      path,
      type: file.kind,
      ...(link && { link }),
      mode: file.kind === 'link' ? 0o777 : status.mode & 0o7777,
      uid: status.uid,
      gid: status.gid,
      mtime: file.mtimeNs,
    },
    onEntry,
  );
  return true;
}

/** For the notes: something that is not in the archive, and why. */
export function unreadEntry(file: FoundFile, failure: string): WrittenEntry {
  const nothing = { size: 0, sha256: '', mode: 0, uid: 0, gid: 0, mtime: '', frame: 0, offset: 0 };
  return { path: file.path, type: file.kind, ...nothing, changed: false, failure };
}
