// The class of every path below the roots. Everything is kept: what can be made again is small, and OCR results would take
// another run over all documents.

import type { PathRule } from '@dms-backup/core';

const essential: PathRule = { class: 'essential', keep: true };
const unknown: PathRule = { class: 'unknown', keep: true };
/** No row names these; healthy instances have some of them for some of the documents. */
const derived: PathRule = { class: 'derived', keep: true, standalone: true };
/** Files that no row names, and that nobody misses in the database. */
const bystander: PathRule = { class: 'unknown', keep: true, standalone: true };

/** Left by file managers, NAS and sync programs. */
const junkNames = new Set(['.DS_Store', '.DS_STORE', 'desktop.ini', 'Thumbs.db']);
const junkFolders = /^(?:@eaDir|\.stfolder|\.stversions|#recycle|lost\+found)$/;

/** The trees of all generations; an old one may lie beside the new one after a move of the documents. */
const trees: Readonly<Record<string, PathRule>> = {
  // 1.x - 2.1: uploads and versions
  docs: essential,
  // 3.0 and later
  docvers: essential,
  // OCR: text and images of the pages in 1.x - 2.0, 2.1, 3.0 and later
  results: derived,
  sidecars: derived,
  ocr: derived,
  // 3.0 and later; made on demand
  thumbnails: derived,
  previews: derived,
};

/** Member `classify` of the adapter. */
export function classify(root: string, path: string): PathRule {
  if (isJunk(path)) return bystander;
  if (root === 'data') return bystander;
  if (root !== 'media') return unknown;
  const slash = path.indexOf('/');
  const top = slash < 0 ? path : path.slice(0, slash);
  const known = slash < 0 || !Object.hasOwn(trees, top) ? undefined : trees[top];
  return known ?? unknown;
}

function isJunk(path: string): boolean {
  return path
    .split('/')
    .some((part) => junkNames.has(part) || part.startsWith('._') || junkFolders.test(part));
}
