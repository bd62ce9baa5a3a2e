// A storage as a place of archives.

import { resolve } from 'node:path';
import { describeArchive } from '../archive/inspect-archive.ts';
import { unprovedManifest } from '../archive/unproved-manifest.ts';
import type { Manifest } from '../archive/schema.ts';
import { findArchive, openNamedArchive } from '../named-archive.ts';
import { archiveAt } from '../storage/archive-at.ts';
import { openStorage } from '../storage/open-storage.ts';
import { parsePlace } from '../storage/place.ts';
import type { DestinationOptions, InspectResult } from '../verb.ts';
import type { Destination } from './destination.ts';

/** Close it afterwards. Throws `usage` for a place that cannot be, and what {@link openStorage} throws. */
export async function openDestination(options: DestinationOptions): Promise<Destination> {
  const { destination: word, environment = {}, workingDirectory, signal } = options;
  const found = parsePlace(word);
  // a directory may be called as an archive is
  const place =
    found.kind === 'local' ? { ...found, directory: resolve(workingDirectory, word) } : found;
  const storage = await openStorage(place, { environment, workingDirectory, signal });
  const locate = (name: string): string => archiveAt(word, place, name);
  return {
    place: place.kind === 'local' ? place.directory : place.url,
    directory: place.kind === 'local' ? place.directory : null,
    locate,
    list: async () => (await storage.list()).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    inspect: (name, prove) => inspectStored({ ...options, archive: locate(name) }, prove),
    unprovedManifest: (name) => readStart({ ...options, archive: locate(name) }),
    remove: (name) => storage.remove(name),
    close: () => storage.close(),
  };
}

type Named = DestinationOptions & { readonly archive: string };

async function inspectStored(named: Named, prove: boolean): Promise<InspectResult> {
  const opened = await openNamedArchive(named);
  try {
    if (prove) for (const _ of opened.reader.entries());
    return describeArchive(opened.reader, opened);
  } finally {
    await opened.close();
  }
}

async function readStart(named: Named): Promise<Manifest | undefined> {
  try {
    const stored = await findArchive(named);
    try {
      return await unprovedManifest(await stored.start());
    } finally {
      await stored.close();
    }
  } catch {
    return undefined;
  }
}
