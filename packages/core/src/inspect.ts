// The verb `inspect`: what an archive is and holds, from seal and manifest alone; of an encrypted one without its key, what it
// tells.

import { describeArchive } from './archive/inspect-archive.ts';
import { isDmsBackupError } from './errors.ts';
import { findArchive } from './named-archive.ts';
import type { StoredArchive } from './named-archive.ts';
import type { ArchiveOptions, InspectResult, LockedInspectResult } from './verb.ts';

/** Reads only the end and the beginning of the file. Throws what `openNamedArchive` throws. */
export async function inspect(options: ArchiveOptions): Promise<InspectResult> {
  const stored = await findArchive(options);
  try {
    return describeArchive(await stored.open(), stored);
  } finally {
    await stored.close();
  }
}

/** The same, but an encrypted archive for which no key was given tells what it can. A wrong key is `wrong-key` all the same. */
export async function inspectLocked(
  options: ArchiveOptions,
): Promise<InspectResult | LockedInspectResult> {
  const { keys } = options;
  let hasKey = (keys?.identities.length ?? 0) > 0;
  const passphrase = async (): Promise<string | undefined> => {
    const given = await keys?.passphrase?.();
    hasKey ||= given !== undefined;
    return given;
  };
  const stored = await findArchive({
    ...options,
    keys: { identities: keys?.identities ?? [], passphrase },
  });
  try {
    return describeArchive(await stored.open(), stored);
  } catch (error) {
    if (hasKey || !isDmsBackupError(error) || error.code !== 'wrong-key') throw error;
    return lockedResult(stored);
  } finally {
    await stored.close();
  }
}

function lockedResult({ name, storedBytes, encryption }: StoredArchive): LockedInspectResult {
  // only an encrypted archive wants a key
  return { archive: name, archiveBytes: storedBytes, encryption: encryption!, manifest: null };
}
