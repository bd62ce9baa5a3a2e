// Puts together what flags, map and project say about columns with files: which root each counts from, and further roots for
// storages outside the media root.

import { basename, resolve } from 'node:path';
import { DmsBackupError, type Instance, type Root } from '@dms-backup/core';
import { pathBelow } from '@dms-backup/core/adapter-kit';
import { externalPrefixes } from './externals.ts';
import { columnName, toSetting, type FileColumn } from './file-columns.ts';
import type { MappedColumn } from './file-map.ts';
import type { ProjectFile } from './manage-answer.ts';

type Setting = Instance['settings'][number];

/** What `--manage` told, with the folder of manage.py that its relative paths count from. */
export interface ToldFiles {
  readonly files: readonly ProjectFile[];
  readonly mediaRoot: string;
  readonly directory: string;
  readonly source: string;
}

export interface FileKnowledge {
  /** Storages that are directories outside the media root. */
  readonly roots: readonly Root[];
  /** One per column, and one per storage that is no directory. */
  readonly settings: readonly Setting[];
  readonly warnings: readonly string[];
}

interface Place {
  readonly root: string;
  readonly folder: string;
}

/** Throws `configuration-invalid` when the map contradicts itself. */
export function gatherFileKnowledge(
  mapped: readonly MappedColumn[],
  told: ToldFiles | null,
  hasMedia: boolean,
): FileKnowledge {
  const warnings: string[] = [];
  const roots = told === null ? [] : storageRoots(told);
  const settings: Setting[] = [];
  const columns = new Map<string, { readonly column: FileColumn; readonly source: string }>();
  const media = { root: 'media', folder: '' };
  for (const file of told?.files ?? []) {
    if (file.location === '') {
      settings.push({
        name: externalPrefixes.bucket + columnName(file),
        value: file.bucket === '' ? file.storage : `${file.bucket} (${file.storage})`,
        source: told!.source,
      });
      continue;
    }
    const { table, column, title } = file;
    const place = placeOf(file, told!, roots) ?? media;
    columns.set(columnName(file), {
      column: { table, column, ...place, document: null, title: title || null, isGiven: false },
      source: told!.source,
    });
  }
  for (const given of mapped) {
    const known = columns.get(columnName(given))?.column;
    const { table, column, source } = given;
    const { document, title } = mappedOf(mapped, table);
    columns.set(columnName(given), {
      column: {
        table,
        column,
        root: known?.root ?? media.root,
        folder: known?.folder ?? media.folder,
        document,
        title: title ?? known?.title ?? null,
        isGiven: true,
      },
      source,
    });
  }
  for (const { column, source } of columns.values()) {
    if (column.root !== media.root || hasMedia)
      settings.push(toSetting(withTable(column, mapped), source));
    else {
      warnings.push(
        `${columnName(column)} names files below the media root, which is not known: name it with --media`,
      );
    }
  }
  return { roots, settings, warnings };
}

/** The other columns of a mapped table belong to the same documents. */
function withTable(column: FileColumn, mapped: readonly MappedColumn[]): FileColumn {
  const { document, title } = mappedOf(mapped, column.table);
  return { ...column, document, title: title ?? column.title };
}

/** What the map says about a table as a whole: its rows cannot belong to one document for one column and to another for the next. */
function mappedOf(
  mapped: readonly MappedColumn[],
  table: string,
): Pick<FileColumn, 'document' | 'title'> {
  const all = mapped.filter((each) => each.table === table);
  const one = (key: 'document' | 'title'): string | null => {
    const names = new Set(all.map((each) => each[key]).filter((name) => name !== null));
    if (names.size > 1) {
      throw new DmsBackupError(
        'configuration-invalid',
        `the columns of table '${table}' are mapped with different values of '${key}'`,
        { hint: `Give "${key}" once for all columns of a table.` },
      );
    }
    return [...names][0] ?? null;
  };
  return { document: one('document'), title: one('title') };
}

/** Where Django's default storage puts files: MEDIA_ROOT, which is the working directory when it is empty. */
function mediaBase({ mediaRoot, directory }: ToldFiles): string {
  return resolve(directory, mediaRoot);
}

/**
 * Named after the folder, so that a restore elsewhere puts no storage into the place of another: a root that the target does
 * not have is refused by core.
 */
function storageRoots(told: ToldFiles): Root[] {
  const base = mediaBase(told);
  const outside = told.files
    .filter(({ location }) => location !== '')
    .map(({ location }) => resolve(told.directory, location))
    .filter((location) => location !== base && !isBelowMedia(location, told));
  const taken = new Map<string, number>();
  return [...new Set(outside)].toSorted().map((directory) => {
    const name = `storage-${slugOf(basename(directory))}`;
    const number = (taken.get(name) ?? 0) + 1;
    taken.set(name, number);
    return {
      name: number === 1 ? name : `${name}-${number}`,
      directory,
      source: `storage of a FileField, ${told.source}`,
      required: false,
    };
  });
}

function slugOf(name: string): string {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return slug.replaceAll(/^-+|-+$/g, '') || 'root';
}

function isBelowMedia(location: string, told: ToldFiles): boolean {
  return told.mediaRoot !== '' && pathBelow(mediaBase(told), location) !== null;
}

function placeOf(file: ProjectFile, told: ToldFiles, roots: readonly Root[]): Place | undefined {
  const location = resolve(told.directory, file.location);
  const below = isBelowMedia(location, told) ? pathBelow(mediaBase(told), location) : null;
  if (below !== null) return { root: 'media', folder: `${below}/` };
  const root = roots.find(({ directory }) => directory === location);
  return root && { root: root.name, folder: '' };
}
