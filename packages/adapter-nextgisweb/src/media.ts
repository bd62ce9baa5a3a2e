// The class of every path below the roots: `media` is the product's `sdir`, `file-storage` a file storage elsewhere.
// Whatever is not named here is kept and reported as unknown: packages put their own directories there.

import type { Instance, PathRule } from '@dms-backup/core';
import { fileStorageOf, folderInMedia, uuidPattern } from './file-objects.ts';

const essential: PathRule = { class: 'essential', keep: true };
/** Directories and files that no row names. */
const fixture: PathRule = { class: 'essential', keep: true, standalone: true };
const unknown: PathRule = { class: 'unknown', keep: true };
const bystander: PathRule = { class: 'unknown', keep: true, standalone: true };
const fontsConf: PathRule = {
  class: 'derived',
  keep: false,
  reason: 'font configuration with the path of this installation: written at the start',
};
const cookieSecret: PathRule = {
  class: 'ephemeral',
  keep: false,
  reason: 'key of the session cookies (up to 4.1): without the sessions it is of no use',
};

/** Directories full of what the product makes anew, with the names of what it puts there. */
const caches = [
  {
    directory: 'raster_layer/',
    reason:
      'links and overviews of rasters: links come back by themselves, overviews by `nextgisweb maintenance`',
  },
  {
    directory: 'raster_mosaic/',
    reason:
      'links and overviews of mosaics: links come back by themselves, overviews by `nextgisweb maintenance`',
  },
  {
    directory: 'render/tile_cache/',
    reason: 'tile cache: the application renders the tiles again',
  },
] as const;

/** Left by file managers, NAS and sync programs. */
const junk =
  /(?:^|\/)(?:\.DS_Store|\.DS_STORE|desktop\.ini|Thumbs\.db|\._[^/]*|@eaDir|\.stfolder|\.stversions|#recycle|lost\+found)(?:\/|$)/;

/** core/fontconfig (4.9 and later): names of uploaded fonts. */
const font = /^core\/fontconfig\/[A-Za-z0-9_-]+\.(?:ttf|otf)$/i;
const knownFolders = new Set([
  'core/',
  'core/fontconfig/',
  'pyramid/',
  'raster_layer/',
  'raster_mosaic/',
  'render/',
  'render/tile_cache/',
]);
const fileObject = new RegExp(`^[^/]+/${uuidPattern}$`);
/** A directory above files of the file storage, the file storage itself included. */
const fileObjectFolder = /^(?:[^/]+\/(?:[0-9a-f]{2}\/){0,2})?$/;
/** First level of the directories that the product spreads derived files over, and all that is below. */
const spread = /^[0-9a-f]{2}\//;

/** Member `classify` of the adapter. */
export function classify(root: string, path: string, instance: Instance): PathRule {
  if (root === 'file-storage') return classifyObjects(path);
  return root === 'media' ? classifyMedia(path, instance) : unknown;
}

function classifyMedia(path: string, instance: Instance): PathRule {
  const storage = fileStorageOf(instance);
  if (storage.root === 'media' && path.startsWith(storage.prefix)) {
    return classifyObjects(path.slice(storage.prefix.length));
  }
  if (junk.test(path)) return bystander;
  if (knownFolders.has(path) || font.test(path)) return fixture;
  if (path === 'core/fontconfig/fonts.conf') return fontsConf;
  if (path === 'pyramid/secret') return cookieSecret;
  for (const { directory, reason } of caches) {
    if (path.startsWith(directory) && spread.test(path.slice(directory.length))) {
      return { class: 'derived', keep: false, reason, declareAs: directory };
    }
  }
  return uploads(path, instance) ?? backups(path, instance) ?? bystander;
}

function classifyObjects(path: string): PathRule {
  if (fileObject.test(path) || fileObjectFolder.test(path)) return essential;
  return junk.test(path) ? bystander : unknown;
}

/** Uploads in progress, kept for a day or two. The directory itself is needed: a migration of 4.3 lists it. */
function uploads(path: string, instance: Instance): PathRule | null {
  const directory = `${folderInMedia(instance, 'file_upload.path') ?? 'file_upload'}/`;
  if (path === directory) return { class: 'ephemeral', keep: true, standalone: true };
  return path.startsWith(directory)
    ? {
        class: 'ephemeral',
        keep: false,
        reason: 'uploads in progress',
        declareAs: directory,
      }
    : null;
}

/** Backups in the middle of what is backed up would make each archive hold all archives before it. */
function backups(path: string, instance: Instance): PathRule | null {
  const below = folderInMedia(instance, 'core.backup.path');
  if (below === null) return null;
  if (path === `${below}/`) return { class: 'ephemeral', keep: true, standalone: true };
  return path.startsWith(`${below}/`)
    ? {
        class: 'derived',
        keep: false,
        reason: 'backups of this installation (core.backup.path)',
        declareAs: `${below}/`,
      }
    : null;
}
