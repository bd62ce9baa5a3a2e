// Where a stored name leads, as Django's FileSystemStorage finds it (django.core.files.storage.filesystem, `path`;
// django.utils._os, `safe_join`): it is joined to the location and must stay inside.

import { pathBelow } from '@dms-backup/core/adapter-kit';

/**
 * Path relative to the root. `folder` is the location of the storage in it (`''` or ending with `/`). A name that leaves the
 * location, or means no file at all, stays visible in a path that cannot exist (`..` written as `(..)`), so that its document
 * counts as incomplete and nothing outside is ever read.
 */
export function placeFile(directory: string, folder: string, name: string): string {
  const location = folder === '' ? directory : `${directory}/${folder.slice(0, -1)}`;
  const relative = name.startsWith('/') ? pathBelow(location, name) : name;
  const resolved: string[] = [];
  let isOutside = relative === null || name.includes('\0');
  for (const part of (relative ?? '').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') resolved.push(part);
    else if (resolved.pop() === undefined) isOutside = true;
  }
  if (!isOutside && resolved.length > 0) return folder + resolved.join('/');
  const visible = name
    .split('/')
    .filter((part) => part !== '')
    .map((part) =>
      part === '..' || part === '.' ? `(${part})` : part.replaceAll('\0', '\u{FFFD}'),
    );
  return `${folder}(outside)/${visible.length === 0 ? '(no name)' : visible.join('/')}`;
}
