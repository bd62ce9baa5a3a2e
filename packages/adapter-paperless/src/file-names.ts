// Names of document files as the product computes them from a row, and what to do with names that no healthy row has.

import facts from './data/mime-types.json' with { type: 'json' };

/** settings.ORIGINALS_DIR and its neighbours, relative to the media root. */
export const directories = {
  originals: 'documents/originals',
  pdfaCopies: 'documents/archive',
  thumbnails: 'documents/thumbnails',
  shareLinkBundles: 'documents/share_link_bundles',
} as const;

const extensions: Readonly<Record<string, string>> = facts.extensions;

/** `pk:07` in the product: `0000012`. */
export function paddedId(id: string): string {
  return id.padStart(7, '0');
}

/** Document.source_path: an empty name counts like NULL; the default name comes from id and MIME type. */
export function originalName(row: {
  readonly id: string;
  readonly filename: string | null;
  readonly mimeType: string;
  readonly encrypted: boolean;
}): string {
  if (row.filename !== null && row.filename !== '') return row.filename;
  const extension = extensions[row.mimeType] ?? '';
  return `${paddedId(row.id)}${extension}${row.encrypted ? '.gpg' : ''}`;
}

export interface PlacedFile {
  /** Relative to the media root, safe to join: no empty, `.` or `..` parts. */
  readonly path: string;
  /** False when the stored name cannot mean a file in the media root. */
  readonly inside: boolean;
}

/**
 * Where a stored name leads from a directory of the media root. The product resolves the name with pathlib, so
 * `a/../b.pdf` is `b.pdf` and a name with enough `..` reaches other folders of the media root; those are followed. A
 * name that leaves the media root, is absolute, or means no file at all stays visible in a path that cannot exist (`..`
 * written as `(..)`), so that its document counts as incomplete and nothing outside is ever read.
 */
export function placeFile(directory: string, name: string): PlacedFile {
  const absolute = name.startsWith('/');
  const resolved: string[] = directory.split('/');
  let left = absolute || name.includes('\0');
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') resolved.push(part);
    else if (resolved.pop() === undefined) left = true;
  }
  const path = resolved.join('/');
  if (!left && path !== '' && !isFolder(path, directory)) return { path, inside: true };
  const visible = name
    .split('/')
    .filter((part) => part !== '')
    .map((part) =>
      part === '..' || part === '.' ? `(${part})` : part.replaceAll('\0', '\u{FFFD}'),
    );
  return {
    path: [directory, ...(visible.length === 0 ? ['(no name)'] : visible)].join('/'),
    inside: false,
  };
}

/** The directory itself or one above it: there can be no file of that name. */
function isFolder(path: string, directory: string): boolean {
  return path === directory || directory.startsWith(`${path}/`);
}
