// A real archive as parts that can be changed and put together again with right hashes: what a forger can do who knows the
// format.

import { isUtf8 } from 'node:buffer';
import { ArchiveReader } from '../../src/archive/reader.ts';
import type { PlacedEntry } from '../../src/archive/reader.ts';
import type { Seal } from '../../src/archive/schema.ts';
import type { Assembly, Part } from '../assemble-archive.ts';

/** Parts and seal of an archive. Owners and times are not kept: they are those of every assembled archive. */
export function takeApart(path: string): Required<Pick<Assembly, 'codec' | 'parts' | 'seal'>> {
  const reader = new ArchiveReader(path);
  try {
    const { counts, tables, proof, excluded, unknownTables } = reader.seal;
    const { archiveId } = reader.seal;
    return {
      codec: reader.codec,
      parts: [...reader.entries()].map((entry) => partOf(reader, entry)),
      seal: (seal: Seal) => ({
        ...seal,
        archiveId,
        counts,
        tables,
        proof,
        excluded,
        unknownTables,
      }),
    };
  } finally {
    reader.close();
  }
}

function partOf(reader: ArchiveReader, entry: PlacedEntry): Part {
  const { pathBytes, linkBytes, type, mode, superseded } = entry;
  return {
    path: isUtf8(pathBytes) ? pathBytes.toString() : pathBytes,
    type,
    mode,
    newFrame: entry.offset === 0,
    ...(type === 'file' && { content: reader.content(entry) }),
    ...(linkBytes && { link: linkBytes }),
    ...(superseded && { line: { superseded } }),
  };
}

/** What an archive says it holds, for comparing two of them: all but places, and the time of its seal. */
export function contentOf(path: string): string {
  const reader = new ArchiveReader(path);
  try {
    const places = ['position', 'end', 'frame', 'offset'];
    const entries = JSON.stringify([...reader.entries()], (name, value: unknown) =>
      places.includes(name) ? undefined : value,
    );
    const { counts, tables, proof } = reader.seal;
    return JSON.stringify([reader.manifest(), entries, counts, tables, proof]);
  } finally {
    reader.close();
  }
}
