// A place that holds archives, as `list`, `prune` and the search for the newest see it. The file is that of a storage.

import type { Manifest } from '../archive/schema.ts';
import type { StoredFile } from '../storage/storage.ts';
import type { InspectResult } from '../verb.ts';

export interface Destination {
  /** For messages and results: absolute path or URL. */
  readonly place: string;
  /** Of this machine; null for a storage elsewhere. */
  readonly directory: string | null;
  /** Files of any kind, not those in folders below. Throws `archive-not-found` when there is no such place. */
  list(): Promise<readonly StoredFile[]>;
  /** What the archive of that name is. With `prove` its whole index, too, as `verify --quick`. Throws what `ArchiveReader` throws. */
  inspect(name: string, prove: boolean): Promise<InspectResult>;
  /** What a file that is no sound archive says of itself at its beginning; undefined when it does not begin as ours. */
  unprovedManifest(name: string): Promise<Manifest | undefined>;
  /** Throws `destination-unwritable`. */
  remove(name: string): Promise<void>;
  /** Path or URL of an archive for verbs that read it. */
  locate(name: string): string;
  close(): Promise<void>;
}
