// Where the files of the product's file storage lie: one file per row of `fileobj`, found by component and uuid.

import type { Instance } from '@dms-backup/core';
import { pathBelow, rootOf, settingOf } from '@dms-backup/core/adapter-kit';

/** The root that holds the file storage, and the folder in it (empty, or ending with `/`). */
export interface FileStorage {
  readonly root: string;
  readonly prefix: string;
}

/** `sdir/file_storage`, unless `file_storage.path` names another directory. */
export function fileStorageOf(instance: Instance): FileStorage {
  if (rootOf(instance, 'file-storage') !== undefined) return { root: 'file-storage', prefix: '' };
  return {
    root: 'media',
    prefix: `${folderInMedia(instance, 'file_storage.path') ?? 'file_storage'}/`,
  };
}

/** A directory that is set by an option, relative to the media root; null when it is not set or lies elsewhere. */
export function folderInMedia(instance: Instance, option: string): string | null {
  const directory = settingOf(instance, option)?.value;
  const media = rootOf(instance, 'media')?.directory;
  return directory === undefined || media === undefined ? null : pathBelow(media, directory);
}

/** Uuids are 32 hexadecimal digits; the column takes any 32 characters. */
const usableUuid = /^[0-9A-Za-z_-]{5,32}$/;
export const uuidPattern = '[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{32}';

export interface FileObject {
  readonly id: string;
  readonly component: string;
  readonly uuid: string;
}

/** True when component and uuid can be the name of a file in the file storage. */
export function hasUsableName({ component, uuid }: Omit<FileObject, 'id'>): boolean {
  return (
    usableUuid.test(uuid) &&
    component !== '' &&
    component !== '.' &&
    component !== '..' &&
    !/[/\0]/.test(component)
  );
}

/**
 * FileStorageComponent.filename (file_storage/component.py): `<component>/<uuid[0:2]>/<uuid[2:4]>/<uuid>`. A row that cannot mean a
 * file gets a path that cannot exist, so that it counts as missing and nothing outside is ever read.
 */
export function pathOf({ prefix }: FileStorage, object: FileObject): string {
  if (!hasUsableName(object)) return `${prefix}(no usable name)/fileobj ${object.id}`;
  const { component, uuid } = object;
  return `${prefix}${component}/${uuid.slice(0, 2)}/${uuid.slice(2, 4)}/${uuid}`;
}
