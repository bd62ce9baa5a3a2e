// The verb `inspect`: what an archive is and holds, from seal and manifest alone.

import { openNamedArchive } from './named-archive.ts';
import type { ArchiveOptions, InspectResult } from './verb.ts';

/** Reads only the end and the beginning of the file. Throws what `openNamedArchive` throws. */
export async function inspect(options: ArchiveOptions): Promise<InspectResult> {
  const { reader, name, storedBytes, close } = await openNamedArchive(options);
  try {
    const { seal } = reader;
    return {
      archive: name,
      archiveBytes: storedBytes,
      manifest: reader.manifest(),
      counts: seal.counts,
      proof: seal.proof,
      tables: seal.tables,
      excluded: seal.excluded,
      externals: seal.externals,
      exceptions: seal.proof.exceptionsListed,
      sealedAt: seal.sealedAt,
    };
  } finally {
    await close();
  }
}
