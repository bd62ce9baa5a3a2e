// What an archive says of itself, proved by its seal.

import type { InspectResult } from '../verb.ts';
import type { ArchiveReader } from './reader.ts';

/** How an archive is stored: its name, size and encryption. */
export type StoredFacts = Pick<InspectResult, 'archive' | 'archiveBytes' | 'encryption'>;

/** From seal and manifest alone. */
export function describeArchive(reader: ArchiveReader, stored: StoredFacts): InspectResult {
  const { seal } = reader;
  return {
    ...stored,
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
