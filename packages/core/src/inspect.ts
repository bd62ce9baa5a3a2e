// The verb `inspect`: what an archive is and holds, from seal and manifest alone.

import { statSync } from 'node:fs';
import { ArchiveReader } from './archive/reader.ts';
import { localArchive } from './io/local-archive.ts';
import type { ArchiveOptions, InspectResult } from './verb.ts';

/** Reads only the end and the beginning of the file. Throws what `ArchiveReader` throws. */
export async function inspect(options: ArchiveOptions): Promise<InspectResult> {
  const local = await localArchive(options);
  const reader = new ArchiveReader(local.path);
  try {
    const { seal } = reader;
    return {
      archive: local.name,
      archiveBytes: statSync(local.path).size,
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
    reader.close();
    local.dispose();
  }
}
