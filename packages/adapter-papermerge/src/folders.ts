// The folders of all users, held in memory by id: they are few compared with documents, and a path needs all of its parents.

import type { DatabaseReader } from '@dms-backup/core';
import { text, textOrNull } from '@dms-backup/core/adapter-kit';
import { identifier } from './file-names.ts';
import type { NodeTables } from './node-tables.ts';

interface Folder {
  readonly title: string;
  readonly parent: string | null;
}

export type Folders = ReadonlyMap<string, Folder>;

/** By presence in the table of folders: the column `ctype` may be empty after an upgrade from 2.1.0 - 2.1.2. */
export async function readFolders(database: DatabaseReader, tables: NodeTables): Promise<Folders> {
  const folders = new Map<string, Folder>();
  if (!database.has(tables.folders, tables.folderKey)) return folders;
  const sql = `SELECT n."id", n."title", n."parent_id" FROM "${tables.nodes}" n INNER JOIN "${tables.folders}" f ON f."${tables.folderKey}" = n."id"`;
  for await (const row of database.query(sql)) {
    const parent = textOrNull(row['parent_id']);
    folders.set(identifier(row['id']), {
      title: text(row, 'title'),
      parent: parent === null ? null : identifier(parent),
    });
  }
  return folders;
}

/** Titles from the top. A damaged tree may have a loop or lack a parent: what can be followed is given. */
export function folderPath(folders: Folders, parent: string | null): string[] {
  const titles: string[] = [];
  const seen = new Set<string>();
  for (let id = parent; id !== null && !seen.has(id);) {
    seen.add(id);
    const folder = folders.get(id);
    if (folder === undefined) break;
    titles.unshift(folder.title === '' ? `folder ${id}` : folder.title);
    id = folder.parent;
  }
  return titles;
}
