// Collects the rows and files of a sample instance of Papermerge: ids, nodes, folders and paths as each generation has them.

import { createHash } from 'node:crypto';

import type { Row } from './rows.ts';
import type { PapermergeRelease } from './schema.ts';

export interface PapermergeVersion {
  readonly id: string;
  readonly number: number;
  /** Below the media root; null for one that never had a file. */
  readonly path: string | null;
}

export interface PapermergeDocument {
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  readonly folder: readonly string[];
  readonly tags: readonly string[];
  readonly versions: readonly PapermergeVersion[];
}

export type PapermergeGeneration = '1.x-2.0' | '2.1' | '3.0-3.2' | '3.3+';

export function generationOf(release: PapermergeRelease): PapermergeGeneration {
  if (release === '1.5.5' || release === '2.0.1') return '1.x-2.0';
  if (release === '2.1.9') return '2.1';
  return release === '3.2.0' ? '3.0-3.2' : '3.3+';
}

/** A UUID that follows from the text alone. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}

export interface Owner {
  readonly id: string;
  readonly name: string;
  readonly isGroup: boolean;
}

/** Collects rows and files; ids are numbers until 2.0 and UUIDs afterwards. */
export class Builder {
  readonly release: PapermergeRelease;
  readonly generation: PapermergeGeneration;
  readonly rows = new Map<string, Row[]>();
  readonly files = new Map<string, Buffer>();
  readonly documents: PapermergeDocument[] = [];
  readonly orphans: string[] = [];
  readonly secrets: string[] = [];
  readonly #folders = new Map<string, string>();
  #last = 100;

  constructor(release: PapermergeRelease) {
    this.release = release;
    this.generation = generationOf(release);
  }

  get isAlembic(): boolean {
    return this.generation === '3.3+';
  }

  id(text: string): string {
    if (this.generation !== '1.x-2.0') return uuidOf(`${this.release} ${text}`);
    this.#last += 1;
    return String(this.#last);
  }

  add(table: string, row: Row): void {
    const rows = this.rows.get(table) ?? [];
    rows.push(row);
    this.rows.set(table, rows);
  }

  secret(text: string): string {
    const value = `sample-${text}-${createHash('sha256').update(`${this.release}${text}`).digest('hex').slice(0, 16)}`;
    this.secrets.push(value);
    return value;
  }

  node(
    id: string,
    title: string,
    kind: 'folder' | 'document',
    owner: Owner,
    parent: string | null,
  ): void {
    const place = { lft: 1, rght: 2, tree_id: Number(id) || 0, level: parent === null ? 0 : 1 };
    this.add(this.isAlembic ? 'nodes' : 'core_basetreenode', {
      id,
      title,
      ctype: kind,
      lang: 'deu',
      user_id: owner.isGroup ? null : owner.id,
      group_id: owner.isGroup ? owner.id : null,
      parent_id: parent,
      polymorphic_ctype_id: kind === 'folder' ? 8 : 9,
      ...place,
    });
    if (kind === 'folder') {
      this.add(
        this.isAlembic ? 'folders' : 'core_folder',
        this.isAlembic ? { node_id: id } : { basetreenode_ptr_id: id },
      );
    }
    this.add('ownerships', {
      id: this.rows.get('ownerships')?.length ?? 0,
      owner_type: owner.isGroup ? 'group' : 'user',
      owner_id: owner.id,
      resource_type: 'node',
      resource_id: id,
    });
  }

  /** The folder at a path, made with its parents. */
  folder(owner: Owner, path: readonly string[]): string | null {
    if (path.length === 0) return null;
    const key = [owner.id, ...path].join('\n');
    const known = this.#folders.get(key);
    if (known !== undefined) return known;
    const parent = this.folder(owner, path.slice(0, -1));
    const id = this.id(`folder ${key}`);
    this.node(id, path.at(-1) ?? '', 'folder', owner, parent);
    this.#folders.set(key, id);
    return id;
  }

  pathOf(owner: Owner, document: string, version: string, number: number, name: string): string {
    if (this.generation === '1.x-2.0') {
      return `docs/user_${owner.id}/document_${document}/${number === 0 ? '' : `v${number}/`}${name}`;
    }
    if (this.generation === '2.1')
      return `docs/user_${owner.id}/document_${document}/v${number}/${name}`;
    return `docvers/${version.slice(0, 2)}/${version.slice(2, 4)}/${version}/${name}`;
  }
}

/** Top folders: `.inbox` alone until 2.0, then home and inbox, until 3.2 with a dot. */
export function topFolders({ generation }: Builder): string[] {
  if (generation === '1.x-2.0') return ['.inbox'];
  return generation === '3.3+' ? ['home', 'inbox'] : ['.home', '.inbox'];
}
