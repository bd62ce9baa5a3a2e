// Versions in 1.x and 2.0. The row knows the upload and the number of the current version; those between exist only as
// directories `v1`, `v2`, ... of the document.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SqlRow } from '@dms-backup/core';
import { numberOrNull, text } from '@dms-backup/core/adapter-kit';
import type { VersionFile } from './document-batches.ts';
import { integerDirectory, integerPath } from './file-names.ts';

/** Version 0, the current one, and those between that are on the disk. */
export function integerVersions(row: SqlRow, media: string | null): VersionFile[] {
  const user = text(row, 'user_id');
  const id = text(row, 'id');
  const name = text(row, 'file_name');
  const current = Math.max(0, Math.trunc(numberOrNull(row['version']) ?? 0) || 0);
  const directory = integerDirectory(user, id);
  const between =
    media === null || !directory.inside || current < 2
      ? []
      : numbersIn(join(media, directory.path)).filter((number) => {
          const { path, inside } = integerPath(user, id, number, name);
          return number > 0 && number < current && inside && existsSync(join(media, path));
        });
  const size = numberOrNull(row['size']) ?? 0;
  return [...new Set([0, ...between, current])].map((number) => ({
    id: `${id}.${number}`,
    number,
    label: number === 0 ? 'Original' : null,
    file: integerPath(user, id, number, name),
    class: 'essential',
    // The size of the upload, 0 for documents that were made by cut and paste; page operations do not touch it.
    sizeBytes: number === 0 && size > 0 ? Math.trunc(size) : null,
    without: null,
  }));
}

function numbersIn(directory: string): number[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return []; // no directory: what is missing comes out when the files are read
  }
  return names
    .filter((name) => /^v\d{1,9}$/.test(name))
    .map((name) => Number(name.slice(1)))
    .toSorted((left, right) => left - right);
}
