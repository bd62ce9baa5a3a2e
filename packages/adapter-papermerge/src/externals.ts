// Storage elsewhere that the settings name. No row does: the keys in a bucket are the paths below the media root.

import type { DatabaseReader, External, Instance } from '@dms-backup/core';

/** `mglib.storage.FileSystemStorage` is the class that the product brings (1.3 - 2.0). */
const localStorageClass = 'mglib.storage.FileSystemStorage';

/**
 * What the settings say about storage that is not the media root. The S3 worker of 3.3 - 3.5 alone is no reason: it copies what
 * the media root has, too.
 */
export function storageElsewhere(settings: Instance['settings']): External[] {
  const value = (name: string): string | undefined =>
    settings.find((setting) => setting.name === name)?.value;
  const found: External[] = [];
  const backend = value('PM_STORAGE_BACKEND')?.toLowerCase();
  if (backend !== undefined && backend !== 'local') {
    found.push({
      kind: 'bucket',
      name: bucketName(value('PM_BUCKET_NAME'), value('PM_PREFIX')),
      reason: `PM_STORAGE_BACKEND=${backend}: documents are written to the bucket only, so the media directory does not have them`,
    });
  }
  const server = value('PAPERMERGE__MAIN__FILE_SERVER')?.toLowerCase();
  if (server !== undefined && server !== 'local') {
    found.push({
      kind: 'bucket',
      name: bucketName(value('PAPERMERGE__S3__BUCKET_NAME'), value('PAPERMERGE__MAIN__PREFIX')),
      reason: `PAPERMERGE__MAIN__FILE_SERVER=${server}: thumbnails and previews are in the bucket only, and in a cluster it may hold the only full copy of the documents`,
    });
  }
  const storageClass = value('DEFAULT_FILE_STORAGE');
  if (storageClass !== undefined && storageClass !== localStorageClass) {
    found.push({
      kind: 'storage',
      name: storageClass,
      reason: 'DEFAULT_FILE_STORAGE names a class of its own: documents may not be on this disk',
    });
  }
  return found;
}

function bucketName(bucket: string | undefined, prefix: string | undefined): string {
  const name = bucket ?? 'unnamed bucket';
  return prefix === undefined ? name : `${name}/${prefix}`;
}

/** Member `externals` of the adapter. The database is not asked. */
export async function* externals(
  _database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<External, void, undefined> {
  for (const external of storageElsewhere(instance.settings)) yield external;
}
