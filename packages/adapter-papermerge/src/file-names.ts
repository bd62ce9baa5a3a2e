// Paths of document files as the product computes them from a row, and what to do with rows that no healthy instance has.

import { textOrNull } from '@dms-backup/core/adapter-kit';
import type { SqlValue } from '@dms-backup/core';

/** SQLite and MariaDB hold a UUID as 32 hex digits; paths and our catalogue always have the dashed lower-case form. */
export function identifier(value: SqlValue | undefined): string {
  const text = textOrNull(value) ?? '';
  const match =
    /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i.exec(text);
  return match === null ? text : match.slice(1).join('-').toLowerCase();
}

export interface PlacedFile {
  /** Relative to the media root, safe to join. */
  readonly path: string;
  /** False when the row cannot mean a file in the media root. */
  readonly inside: boolean;
}

/** No file of the product has such a part, so a path with it does not exist. */
const nowhere = '(unsafe name)';

/**
 * The path of these parts, each of them a value of a row. The product checks neither ids nor names: a part with a separator,
 * `.`, `..`, NUL, or without any text stays visible in a path that cannot exist.
 */
export function place(directory: string, parts: readonly string[]): PlacedFile {
  if (parts.every(isName)) return { path: [directory, ...parts].join('/'), inside: true };
  const visible = parts.map((part) =>
    isName(part) ? part : `(${part.replaceAll(/[/\0]/g, '\u{FFFD}')})`,
  );
  return { path: [directory, nowhere, ...visible].join('/'), inside: false };
}

function isName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/[/\0]/.test(part);
}

/** 1.x, 2.0: mglib/path.py, DocumentPath. Version 0, the upload, lies in the directory of the document itself. */
export function integerPath(
  user: string,
  document: string,
  version: number,
  name: string,
): PlacedFile {
  const number = version === 0 ? [] : [`v${version}`];
  return place('docs', [`user_${user}`, `document_${document}`, ...number, name]);
}

export function integerDirectory(user: string, document: string): PlacedFile {
  return place('docs', [`user_${user}`, `document_${document}`]);
}

/** 2.1: papermerge/core/lib/path.py, DocumentPath. */
export function numberedPath(
  user: string,
  document: string,
  number: string,
  name: string,
): PlacedFile {
  return place('docs', [`user_${user}`, `document_${document}`, `v${number}`, name]);
}

/** 3.0 and later: papermerge/core/pathlib.py, docver_path. */
export function versionPath(version: string, name: string): PlacedFile {
  return place('docvers', [version.slice(0, 2), version.slice(2, 4), version, name]);
}
