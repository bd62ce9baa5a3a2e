// What an archive says of itself, proved by its seal.

import type { InspectResult } from '../verb.ts';
import type { ArchiveReader } from './reader.ts';

/** How an archive is stored. */
export interface StoredFacts {
  readonly name: string;
  readonly storedBytes: number;
  readonly encryption: InspectResult['encryption'];
}

/** From seal and manifest alone. */
export function describeArchive(
  reader: ArchiveReader,
  { name, storedBytes, encryption }: StoredFacts,
): InspectResult {
  const { seal } = reader;
  return {
    archive: name,
    archiveBytes: storedBytes,
    encryption,
    manifest: reader.manifest(),
    counts: seal.counts,
    proof: seal.proof,
    tables: seal.tables,
    excluded: seal.excluded,
    externals: seal.externals,
    exceptions: seal.proof.exceptionsListed,
    sealedAt: seal.sealedAt,
  };
}
