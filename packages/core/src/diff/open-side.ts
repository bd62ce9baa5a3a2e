// An archive as one side of a comparison.

import { openNamedArchive } from '../named-archive.ts';
import type { NamedArchiveOptions } from '../named-archive.ts';
import type { NamedSide } from './pair-documents.ts';
import { ArchiveSide } from './side.ts';

export interface OpenSide extends NamedSide {
  readonly app: string;
  close(): Promise<void>;
}

/** Close it afterwards. Throws what {@link openNamedArchive} throws. */
export async function openArchiveSide(options: NamedArchiveOptions): Promise<OpenSide> {
  const opened = await openNamedArchive(options);
  try {
    const side = new ArchiveSide(opened.reader);
    const { app, createdAt } = side.manifest;
    const close = async (): Promise<void> => {
      await side.close();
      await opened.close();
    };
    return { name: opened.name, app: app.name, createdAt, side, close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
