// Names of files in a storage. What a server lists is hostile input: a name is used as a part of paths and is printed.

import { DmsBackupError } from '../errors.ts';

/** Longest name that all common file systems can hold, less `.partial`. */
const longestNameBytes = 247;

/** True for what can be the name of one file: no separators, no control characters, not a way up. */
export function isStoredName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    Buffer.byteLength(name) <= longestNameBytes &&
    name.isWellFormed() &&
    // oxlint-disable-next-line no-control-regex -- these are what is refused
    !/[/\\\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffd]/.test(name)
  );
}

/** Throws `usage` for a name that no file can have. */
export function assertStoredName(name: string): void {
  if (!isStoredName(name))
    throw new DmsBackupError('usage', `${JSON.stringify(name)} cannot be the name of an archive`);
}

/** The name under which an archive is written until it is whole. */
export function partialName(name: string): string {
  return `${name}.partial`;
}
