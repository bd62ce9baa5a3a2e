// From a place to the storage behind it. The client of each kind is loaded when it is used, and not before.

import type { Place } from './place.ts';
import type { Storage, StorageContext } from './storage.ts';

/**
 * Opens a place. Throws `usage`, `program-missing`, and for SFTP, which connects at once, `server-unreachable` and
 * `storage-denied`; the others say so at the first call.
 */
export async function openStorage(place: Place, context: StorageContext): Promise<Storage> {
  switch (place.kind) {
    case 'local':
      return (await import('./local-storage.ts')).openLocalStorage(place, context);
    case 's3':
      return (await import('./s3/s3-storage.ts')).openS3Storage(place, context);
    case 'sftp':
      return (await import('./sftp/sftp-storage.ts')).openSftpStorage(place, context);
    case 'rclone':
      return (await import('./rclone/rclone-storage.ts')).openRcloneStorage(place, context);
    case 'restic':
      return (await import('./restic/restic-storage.ts')).openResticStorage(place, context);
  }
}
