// What was found at a destination, as plain data for results.

import type { ListedArchive, UnusableFile } from '../verb.ts';
import type { StoredFile } from '../storage/storage.ts';
import type { Destination } from './destination.ts';
import type { FoundArchive, Survey, UnreadableFile } from './survey.ts';

export function listedArchive(found: FoundArchive, destination: Destination): ListedArchive {
  const [name = '', ...copies] = found.files.map((file) => file.name);
  const { archiveId, appVersion, sealedAt, documents, documentsComplete } = found;
  const { app, title, place } = found.instance;
  return {
    name,
    path: destination.locate(name),
    copies,
    archiveId,
    app,
    title,
    appVersion,
    instance: place,
    createdAt: found.createdAt.toISOString(),
    sealedAt,
    sizeBytes: found.archiveBytes,
    documents,
    documentsComplete,
    complete: found.isComplete,
  };
}

/** Everything that is named like an archive and cannot be used as one; of the applications asked for, as far as that is known. */
export function unusableFiles(
  { unreadable, unfinished, foreign }: Survey,
  destination: Destination,
  apps?: readonly string[],
): UnusableFile[] {
  const describe = (
    { name, sizeBytes }: StoredFile,
    state: UnusableFile['state'],
    reason: string,
    claims: UnreadableFile['claims'] = null,
  ): UnusableFile => ({
    name,
    path: destination.locate(name),
    sizeBytes,
    state,
    reason,
    app: claims?.instance.app ?? null,
    createdAt: claims?.createdAt.toISOString() ?? null,
  });
  return [
    ...unreadable
      .filter(({ claims }) => claims === null || isWanted(claims.instance.app, apps))
      .map(({ file, error, claims }) =>
        describe(file, isDamage(error.code) ? 'damaged' : 'unreadable', error.message, claims),
      ),
    ...unfinished.map((file) =>
      describe(file, 'unfinished', 'a backup writes it now, or was killed'),
    ),
    ...foreign.map(({ file, error }) => describe(file, 'foreign', error.message)),
  ];
}

export function isWanted(app: string, apps: readonly string[] | undefined): boolean {
  return apps === undefined || apps.includes(app);
}

function isDamage(code: UnreadableFile['error']['code']): boolean {
  return code === 'archive-damaged' || code === 'not-an-archive';
}
