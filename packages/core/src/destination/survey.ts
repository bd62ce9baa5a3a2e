// All files of a destination, told apart: archives, archives that are damaged or cannot be read, unfinished ones, and what is none
// of ours. Names and file times are not trusted: users rename archives, and copies get new times.

import { isDefaultName, nameKind } from '../archive/archive-name.ts';
import type { Manifest } from '../archive/schema.ts';
import { versionText } from '../capture/snapshot.ts';
import { DmsBackupError, assertNotAborted, isDmsBackupError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { archivedInstance } from '../retention/archived-instance.ts';
import type { ArchivedInstance } from '../retention/archived-instance.ts';
import type { InspectResult } from '../verb.ts';
import type { StoredFile } from '../storage/storage.ts';
import type { Destination } from './destination.ts';
import { lockName } from './lock-destination.ts';

/** An archive whose seal and manifest fit. Its content is not read. */
export interface FoundArchive {
  /** More than one: copies, or links to it. The first by name counts. */
  readonly files: readonly StoredFile[];
  readonly archiveId: string;
  readonly createdAt: Date;
  readonly instance: ArchivedInstance;
  readonly appVersion: string;
  readonly sealedAt: string;
  readonly archiveBytes: number;
  readonly documents: number;
  readonly documentsComplete: number;
  /** Every document with all its essential files, and nothing else essential missing. */
  readonly isComplete: boolean;
}

/** A file that seems to be an archive of ours and does not open as one. */
export interface UnreadableFile {
  readonly file: StoredFile;
  readonly error: DmsBackupError;
  /** What its beginning says; unproved. Null when it says nothing. */
  readonly claims: { readonly instance: ArchivedInstance; readonly createdAt: Date } | null;
}

export interface Survey {
  /** Newest first. */
  readonly archives: readonly FoundArchive[];
  readonly unreadable: readonly UnreadableFile[];
  /** Written now, or left by a backup that was killed. */
  readonly unfinished: readonly StoredFile[];
  /** Named like an archive, and none of ours. */
  readonly foreign: readonly { readonly file: StoredFile; readonly error: DmsBackupError }[];
  /** Number of all other files. */
  readonly others: number;
}

/** Opens every file that is named like an archive, one by one. Throws `archive-not-found`, `interrupted`. */
export async function surveyDestination(
  destination: Destination,
  signal?: AbortSignal,
): Promise<Survey> {
  const found = new Map<string, FoundArchive>();
  const unreadable: UnreadableFile[] = [];
  const unfinished: StoredFile[] = [];
  const foreign: Survey['foreign'][number][] = [];
  let others = 0;
  for (const file of await destination.list()) {
    assertNotAborted(signal);
    if (file.name.startsWith(lockName)) continue;
    const kind = nameKind(file.name);
    if (kind === 'other') others++;
    if (kind === 'unfinished') unfinished.push(file);
    if (kind !== 'archive') continue;
    try {
      addArchive(found, file, await destination.inspect(file.name, false));
    } catch (error) {
      if (!isDmsBackupError(error) || error.code === 'interrupted') throw error;
      // gone since it was listed
      if (error.code === 'archive-not-found') continue;
      const manifest = await destination.unprovedManifest(file.name);
      if (manifest === undefined && !isDefaultName(file.name) && !couldBeOurs(error))
        foreign.push({ file, error });
      else unreadable.push({ file, error, claims: claimsOf(manifest) });
    }
  }
  const archives = [...found.values()].toSorted(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime(),
  );
  return { archives, unreadable, unfinished, foreign, others };
}

/** Errors that say nothing about whose file it is: nobody could look, the key is not there, or a newer dms-backup made it. */
const sayNothing: readonly ErrorCode[] = [
  'source-unreadable',
  'storage-denied',
  'server-unreachable',
  'wrong-key',
  'format-unsupported',
];

function couldBeOurs({ code }: DmsBackupError): boolean {
  return sayNothing.includes(code);
}

function addArchive(
  found: Map<string, FoundArchive>,
  file: StoredFile,
  { manifest, proof, archiveBytes, sealedAt }: InspectResult,
): void {
  const { archiveId } = manifest;
  const claims = claimsOf(manifest);
  if (claims === null)
    throw new DmsBackupError(
      'archive-damaged',
      `the archive has no valid time: ${manifest.createdAt}`,
    );
  const files = [...(found.get(archiveId)?.files ?? []), file];
  const { documents, documentsComplete } = proof;
  const essential = proof.exceptionsListed.some((one) => one.class === 'essential');
  const withMedia = manifest.options.parts.includes('media');
  found.set(archiveId, {
    files,
    ...claims,
    archiveId,
    appVersion: versionText(manifest.stamp),
    sealedAt,
    archiveBytes,
    documents,
    documentsComplete,
    isComplete: !withMedia || (documents === documentsComplete && !essential),
  });
}

function claimsOf(manifest: Manifest | undefined): UnreadableFile['claims'] {
  const createdAt = new Date(manifest?.createdAt ?? Number.NaN);
  if (!manifest || Number.isNaN(createdAt.getTime())) return null;
  return { instance: archivedInstance(manifest), createdAt };
}
