// A directory with archives.

import { lstatSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeArchive } from '../archive/inspect-archive.ts';
import { unprovedManifest } from '../archive/unproved-manifest.ts';
import { DmsBackupError, systemErrorCode } from '../errors.ts';
import type { Keys } from '../encryption/keys.ts';
import { writeError } from '../io/sink.ts';
import { openNamedArchive } from '../named-archive.ts';
import type { InspectResult } from '../verb.ts';
import type { Destination, StoredFile } from './destination.ts';

/** The directory need not exist until it is listed. */
export function directoryDestination(
  directory: string,
  workingDirectory: string,
  keys?: Keys,
): Destination {
  const place = resolve(workingDirectory, directory);
  const locate = (name: string): string => join(place, name);
  return {
    place,
    locate,
    list: () => Promise.resolve(listFiles(place)),
    inspect: (name, prove) => inspectStored(locate(name), keys, prove),
    unprovedManifest: (name) => unprovedManifest(locate(name)),
    remove: (name) => Promise.resolve().then(() => removeFile(locate(name))),
  };
}

async function inspectStored(
  path: string,
  keys: Keys | undefined,
  prove: boolean,
): Promise<InspectResult> {
  const opened = await openNamedArchive({
    archive: path,
    workingDirectory: '/',
    ...(keys && { keys }),
  });
  try {
    const { reader, storedBytes, encryption } = opened;
    if (prove) for (const _ of reader.entries());
    return describeArchive(reader, { archive: path, archiveBytes: storedBytes, encryption });
  } finally {
    await opened.close();
  }
}

function listFiles(place: string): StoredFile[] {
  let names: string[];
  try {
    names = readdirSync(place).toSorted();
  } catch (cause) {
    throw new DmsBackupError(
      'archive-not-found',
      `cannot read directory '${place}' (${systemErrorCode(cause) ?? 'unknown'})`,
      { hint: 'Name the directory of the archives.', context: { directory: place }, cause },
    );
  }
  return names.flatMap((name) => storedFile(place, name) ?? []);
}

/** Links are followed: they are archives under another name. Undefined for what is no file, or gone by now. */
function storedFile(place: string, name: string): StoredFile | undefined {
  const path = join(place, name);
  try {
    if (!statSync(path).isFile()) return undefined;
    const { size, mtime } = lstatSync(path);
    return { name, sizeBytes: size, modifiedAt: mtime };
  } catch (cause) {
    const code = systemErrorCode(cause) ?? 'unknown';
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(code)) return undefined;
    throw new DmsBackupError('source-unreadable', `cannot look at '${path}' (${code})`, { cause });
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    // somebody else was faster: it is gone all the same
    if (systemErrorCode(cause) !== 'ENOENT') throw writeError(cause, path);
  }
}
