// The class of every path below the roots. Whatever is not named here is kept and reported as unknown: users put
// scripts, certificates and their own folders into these directories.

import type { Instance, PathRule } from '@dms-backup/core';
import { directories } from './file-names.ts';
import { pathBelow, rootOf, settingOf } from '@dms-backup/core/adapter-kit';

const essential: PathRule = { class: 'essential', keep: true };
const derived: PathRule = { class: 'derived', keep: true };
const unknown: PathRule = { class: 'unknown', keep: true };

/** Files that no row names, and that nobody misses in the database. */
const bystander: PathRule = { class: 'unknown', keep: true, standalone: true };

/**
 * Left by file managers, NAS and sync programs. settings.IGNORABLE_FILES of 2.19 - 3.0 has the first four; the product's
 * own sanity checker reports the others as orphans.
 */
const junkNames = new Set(['.DS_Store', '.DS_STORE', 'desktop.ini', 'Thumbs.db']);
const junkFolders = /^(?:@eaDir|\.stfolder|\.stversions|#recycle|lost\+found)$/;

function isJunk(path: string): boolean {
  return path
    .split('/')
    .some((part) => junkNames.has(part) || part.startsWith('._') || junkFolders.test(part));
}

/** Member `classify` of the adapter. */
export function classify(root: string, path: string, instance: Instance): PathRule {
  if (root === 'media') return classifyMedia(path, instance);
  if (root === 'data') return classifyData(path, instance);
  if (root === 'trash') return trashed;
  return unknown;
}

/** Purging a document moves its original here and drops the row: the last copy there is. */
const trashed: PathRule = { class: 'essential', keep: true, standalone: true };

const mediaLock: PathRule = {
  class: 'ephemeral',
  keep: false,
  reason: 'lock file of the running application',
};

/** Fact sheet section 4; settings.MEDIA_ROOT, ORIGINALS_DIR, ARCHIVE_DIR, THUMBNAIL_DIR, SHARE_LINK_BUNDLE_DIR, MEDIA_LOCK. */
function classifyMedia(path: string, instance: Instance): PathRule {
  if (path === 'media.lock') return mediaLock;
  if (isTrash(path, instance)) return trashed;
  if (isJunk(path)) return bystander;
  if (isIn(path, directories.originals) || isIn(path, directories.pdfaCopies)) return essential;
  if (isIn(path, directories.thumbnails)) {
    // 1.8.0 converted previews to WebP and left those that failed; in 1.7 rows name them.
    return /\.png(?:\.gpg)?$/.test(path) ? { ...derived, standalone: true } : derived;
  }
  if (isIn(path, directories.shareLinkBundles)) return derived;
  if (isIn(path, 'logo') || path === configuredLogo(instance)) return essential;
  return path === 'documents/' ? essential : unknown;
}

function isIn(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function isTrash(path: string, instance: Instance): boolean {
  const media = rootOf(instance, 'media')?.directory;
  if (media === undefined) return false;
  return ['PAPERLESS_TRASH_DIR', 'PAPERLESS_EMPTY_TRASH_DIR'].some((name) => {
    const directory = settingOf(instance, name)?.value;
    const below = directory === undefined ? null : pathBelow(media, directory);
    return below !== null && isIn(path, below);
  });
}

/** `PAPERLESS_APP_LOGO` is a path below the media root, with or without a slash in front (sanity_checker, 2.16+). */
export function configuredLogo(instance: Instance): string | null {
  const value = settingOf(instance, 'PAPERLESS_APP_LOGO')?.value.replace(/^\/+/, '');
  return value === undefined || value === '' ? null : value;
}

const searchIndex: PathRule = {
  class: 'derived',
  keep: false,
  reason: 'search index: the application builds it again (`document_index reindex`)',
  declareAs: 'index/',
};
/** Kept empty, with its owner and mode: 3.x needs the directory before it can build the index. */
const searchIndexFolder: PathRule = { class: 'essential', keep: true, standalone: true };
const indexMarker: PathRule = {
  class: 'derived',
  keep: false,
  reason:
    'marker of the search index: with it and without the index the application never rebuilds it',
};
const model: PathRule = {
  class: 'derived',
  keep: false,
  reason: 'classifier: trained again from the documents within an hour',
};
const log: PathRule = {
  class: 'ephemeral',
  keep: false,
  reason: 'logs of the running application',
};
const schedule: PathRule = {
  class: 'ephemeral',
  keep: false,
  reason: 'last run times of the task scheduler',
};
const migrationLock: PathRule = {
  class: 'ephemeral',
  keep: false,
  reason: 'lock file of the container start',
};
const llmIndex: PathRule = {
  class: 'derived',
  keep: false,
  reason: 'index for the AI features: the application builds it again',
  declareAs: 'llm_index/',
};
const modelCache: PathRule = {
  class: 'derived',
  keep: false,
  reason: 'downloaded language models: fetched again',
  declareAs: 'hf_cache/',
};

/** Fact sheet section 4, data dir. `db.sqlite3` and its companions are left out by core where they are the database. */
function classifyData(path: string, instance: Instance): PathRule {
  const [top, rest] = splitTop(path);
  if (rest !== null) {
    if (top === 'index') return rest === '' ? searchIndexFolder : searchIndex;
    if (top === 'log') return { ...log, declareAs: 'log/' };
    if (top === 'llm_index') return llmIndex;
    if (top === 'hf_cache') return modelCache;
  } else {
    if (top === '.index_version') return indexMarker;
    if (top === 'classification_model.pickle') return model;
    if (top === 'migration_lock') return migrationLock;
    if (top.startsWith('celerybeat-schedule.db')) return schedule;
  }
  if (isMovedModel(path, instance)) return model;
  if (isMovedLog(path, instance)) return log;
  if (isDatabaseFile(path, instance)) return essential;
  return bystander;
}

/** `index/x/y` gives `index` and `x/y`; a name at the top gives null as the second part. */
function splitTop(path: string): [string, string | null] {
  const slash = path.indexOf('/');
  return slash < 0 ? [path, null] : [path.slice(0, slash), path.slice(slash + 1)];
}

function inData(name: string, instance: Instance): string | null {
  const data = rootOf(instance, 'data')?.directory;
  const place = settingOf(instance, name)?.value;
  return data === undefined || place === undefined ? null : pathBelow(data, place);
}

function isMovedModel(path: string, instance: Instance): boolean {
  return path === inData('PAPERLESS_MODEL_FILE', instance);
}

/** A log directory of the user's choice may hold other things, too: only the names of settings.LOGGING go. */
function isMovedLog(path: string, instance: Instance): boolean {
  const directory = inData('PAPERLESS_LOGGING_DIR', instance);
  if (directory === null || !isIn(path, directory)) return false;
  return /^\.?(?:__)?(?:paperless|mail|celery)(?:\.log(?:\.\d+)?|\.lock)$/.test(
    path.slice(directory.length + 1),
  );
}

function isDatabaseFile(path: string, instance: Instance): boolean {
  const database = instance.database?.value;
  const data = rootOf(instance, 'data')?.directory;
  if (database?.engine !== 'sqlite' || data === undefined) return false;
  const file = pathBelow(data, database.path);
  return (
    file !== null &&
    (path === file || /^-(?:wal|shm|journal)$/.test(path.slice(file.length))) &&
    path.startsWith(file)
  );
}
