// The word for one archive at a place, which `parsePlace` reads again. Options of a URL stay.

import { join } from 'node:path';
import type { Place } from './place.ts';

/** `word`: what `place` was read from, an archive in it is exchanged for `name`. Local paths count from the working directory. */
export function archiveAt(word: string, place: Place, name: string): string {
  if (place.kind === 'local') return join(place.directory, name);
  if (place.kind === 'restic') return `${place.url}#${name}`;
  const query = place.kind === 's3' || place.kind === 'sftp' ? /\?.*$/s.exec(word)?.[0] : undefined;
  const separator = /[:/]$/.test(place.url) ? '' : '/';
  return `${place.url}${separator}${name}${query ?? ''}`;
}
