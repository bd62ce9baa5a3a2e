// The catalogue (one JSON line per document) and the tree of links that shows the documents to people without any program.

import { extname, posix } from 'node:path';
import type { Adapter, CatalogueDocument, Instance } from '../adapter.ts';
import { checked } from '../adapter-check.ts';
import { CatalogueDocumentSchema } from '../adapter-schema.ts';
import { cataloguePath } from '../archive/read-catalogue.ts';
import { ExceptionSchema } from '../archive/schema.ts';
import type { Exception } from '../archive/schema.ts';
import type { ArchiveWriter, OnEntry } from '../archive/writer.ts';
import type { DatabaseReader } from '../database/engine.ts';
import { Spool } from '../io/spool.ts';
import type { BackupLedger } from './ledger.ts';
import { TreeNames } from './tree-names.ts';

export const exceptionsPath = 'catalogue/exceptions.jsonl';

/** Longest file name in the tree, in bytes: leaves room for the number that collisions get. */
const partLimitBytes = 200;
/** Folders of a document in the tree, all together; deeper ones are left out of its path (systems take 4,096 bytes). */
const folderLimitBytes = 2000;
/** Longest target of a link that systems take. */
const linkLimitBytes = 4095;

/** Writes catalogue and tree; returns how many documents there are. */
export async function archiveCatalogue(
  source: { adapter: Adapter; instance: Instance; database: DatabaseReader },
  ledger: BackupLedger,
  writer: ArchiveWriter,
  onEntry: OnEntry,
): Promise<number> {
  const spool = new Spool();
  const names = new TreeNames();
  let documents = 0;
  try {
    for await (const each of source.adapter.documents(source.database, source.instance)) {
      const document = checked(CatalogueDocumentSchema, each, source.adapter.name, 'documents');
      spool.append(`${JSON.stringify(document)}\n`);
      documents++;
      await addTreeLink(document, names, ledger, writer, onEntry);
    }
    await writer.addSpool(cataloguePath, spool, onEntry);
    await writer.drain();
  } finally {
    spool.close();
    names.close();
  }
  return documents;
}

/** Writes all exceptions as JSON lines; returns their number and the first `listed`. */
export async function archiveExceptions(
  ledger: BackupLedger,
  writer: ArchiveWriter,
  onEntry: OnEntry,
  listed: number,
): Promise<{ count: number; first: Exception[] }> {
  const spool = new Spool();
  const first: Exception[] = [];
  let count = 0;
  try {
    for (const exception of ledger.exceptions()) {
      if (count++ < listed) first.push(exception);
      spool.append(`${JSON.stringify(ExceptionSchema.parse(exception))}\n`);
    }
    await writer.addSpool(exceptionsPath, spool, onEntry);
    await writer.drain();
  } finally {
    spool.close();
  }
  return { count, first };
}

async function addTreeLink(
  document: CatalogueDocument,
  names: TreeNames,
  ledger: BackupLedger,
  writer: ArchiveWriter,
  onEntry: OnEntry,
): Promise<void> {
  const current = document.documentVersions.at(-1);
  const file = current?.files.find(({ root, path }) => ledger.isArchived(root, path));
  if (!file) return;
  const folder = names.folder(
    fitting(['tree', document.owner ?? 'no owner', ...document.folder].map(safeName)),
  );
  const { name, extension } = documentFileName(document, file.path);
  const path = names.document(folder, name, extension);
  const link = posix.relative(posix.dirname(path), `media/${file.root}/${file.path}`);
  if (Buffer.byteLength(link) > linkLimitBytes) return;
  await writer.addMade({ path: Buffer.from(path), type: 'link', link: Buffer.from(link) }, onEntry);
}

function fitting(parts: readonly string[]): string[] {
  let bytes = 0;
  return parts.filter((part) => (bytes += Buffer.byteLength(part) + 1) <= folderLimitBytes);
}

/** The title as a file name, in two parts, for a file of the document that lies at `path`. */
export function documentFileName(
  { id, title }: Pick<CatalogueDocument, 'id' | 'title'>,
  path: string,
): { name: string; extension: string } {
  const name = safeName(title === '' ? `document ${id}` : title);
  const extension = safeExtension(path);
  return { name: withoutExtension(name, extension), extension };
}

const unsafeCharacters =
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]/g;

/** A title as a file name that every system takes: no separators, no control characters, no dots at its ends. */
export function safeName(text: string): string {
  const name = text
    .toWellFormed()
    .replaceAll(unsafeCharacters, '_')
    .replaceAll(/^[. ]+|[. ]+$/g, '_');
  return cutName(name === '' ? '_' : name);
}

/** At most so many bytes of it, in whole characters. */
export function cutName(name: string, limitBytes = partLimitBytes): string {
  if (Buffer.byteLength(name) <= limitBytes) return name;
  let cut = '';
  let bytes = 0;
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > limitBytes) break;
    cut += character;
  }
  return cut;
}

/** Titles that are file names have it already. */
function withoutExtension(name: string, extension: string): string {
  const isThere = name.toLowerCase().endsWith(extension.toLowerCase());
  return isThere && name.length > extension.length
    ? name.slice(0, name.length - extension.length)
    : name;
}

function safeExtension(path: string): string {
  const extension = extname(path);
  return /^\.[A-Za-z0-9]{1,10}$/.test(extension) ? extension : '';
}
