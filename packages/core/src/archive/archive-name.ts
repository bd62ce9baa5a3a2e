// File names of archives: `{app}-{version}-{time}` by default, or the user's pattern with strftime letters, always in UTC.

import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Encryption } from '../encryption/keys.ts';
import { DmsBackupError } from '../errors.ts';
import type { Codec } from './frame-codec.ts';

export const archiveSuffix: Readonly<Record<Codec, string>> = {
  zstd: '.tar.zst',
  gzip: '.tar.gz',
  none: '.tar',
};
/** Behind that of the codec. */
export const encryptedSuffix: Readonly<Record<Encryption['method'], string>> = {
  age: '.age',
  gpg: '.gpg',
};
const anySuffix = /\.(?:tar|tar\.zst|tar\.gz|tgz|tzst)(?:\.age|\.gpg)?$/;

export interface NameFacts {
  readonly app: string;
  readonly appVersion: string;
  readonly createdAt: Date;
}

/** Expands a pattern. Throws `usage` for unknown placeholders, letters and for separators. */
export function expandPattern(pattern: string, facts: NameFacts): string {
  const time = `${facts.createdAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const braces = new Map([
    ['app', facts.app],
    ['version', facts.appVersion],
    ['time', time],
  ]);
  const name = pattern
    .replaceAll(/\{(\w*)\}/g, (whole, word: string) => {
      const value = braces.get(word);
      if (value === undefined)
        throw new DmsBackupError(
          'usage',
          `the file name pattern has an unknown placeholder ${whole}`,
        );
      return value.replaceAll('%', '%%');
    })
    .replaceAll(/%(.?)/g, (whole, letter: string) => {
      const value = strftime(letter, facts.createdAt);
      if (value === undefined)
        throw new DmsBackupError('usage', `the file name pattern has an unknown letter '${whole}'`);
      return value;
    });
  if (name === '' || name.includes('/') || name.includes('\0') || name.startsWith('.')) {
    throw new DmsBackupError('usage', `the file name pattern gives no usable name: '${name}'`);
  }
  return name;
}

function strftime(letter: string, at: Date): string | undefined {
  const two = (value: number) => String(value).padStart(2, '0');
  const dayOfYear = Math.floor(
    (Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) -
      Date.UTC(at.getUTCFullYear(), 0, 0)) /
      86_400_000,
  );
  const letters: Record<string, string> = {
    Y: String(at.getUTCFullYear()),
    y: two(at.getUTCFullYear() % 100),
    m: two(at.getUTCMonth() + 1),
    d: two(at.getUTCDate()),
    H: two(at.getUTCHours()),
    M: two(at.getUTCMinutes()),
    S: two(at.getUTCSeconds()),
    j: String(dayOfYear).padStart(3, '0'),
    s: String(Math.floor(at.getTime() / 1000)),
    F: at.toISOString().slice(0, 10),
    '%': '%',
  };
  return letters[letter];
}

/** How a file is called while it is written; see `io/sink.ts`. */
const partialSuffix = '.partial';

/** What the name of a file in a destination promises. */
export function nameKind(name: string): 'archive' | 'unfinished' | 'other' {
  if (name.endsWith(partialSuffix))
    return anySuffix.test(name.slice(0, -partialSuffix.length)) ? 'unfinished' : 'other';
  return anySuffix.test(name) ? 'archive' : 'other';
}

/** True for a name that our default pattern makes, `{app}-{version}-{time}`. */
export function isDefaultName(name: string): boolean {
  return /^[^-].*-.+-\d{8}T\d{6}Z\.tar(?:\.zst|\.gz)?$/.test(name);
}

/** True for a destination that names the archive itself, as far as its spelling tells. */
export function isFileName(destination: string): boolean {
  return anySuffix.test(destination);
}

/** What decides the suffix of an archive. */
export interface Packing {
  readonly codec: Codec;
  readonly encryption?: Encryption['method'];
}

/**
 * Absolute path of the archive to write. `destination` is a directory (existing, or without an archive's suffix: then it is
 * to be created) or a file name. Throws `usage`.
 */
export function archivePath(
  destination: string,
  pattern: string | undefined,
  facts: NameFacts,
  packing: Packing,
  workingDirectory: string,
): { directory: string; path: string } {
  const place = resolve(workingDirectory, destination);
  const isDirectory =
    destination.endsWith('/') || statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isDirectory || !anySuffix.test(place))
    return { directory: place, path: join(place, archiveFileName(pattern, facts, packing)) };
  assertGivenName(place, pattern, packing);
  return { directory: resolve(place, '..'), path: place };
}

/** The name of an archive, with its suffix. Throws `usage`. */
export function archiveFileName(
  pattern: string | undefined,
  facts: NameFacts,
  packing: Packing,
): string {
  const name = expandPattern(pattern ?? '{app}-{version}-{time}', facts);
  if (!anySuffix.test(name)) return `${name}${suffixOf(packing)}`;
  assertSuffix(name, packing);
  return name;
}

/** For a name that the user gave whole. Throws `usage`. */
export function assertGivenName(name: string, pattern: string | undefined, packing: Packing): void {
  if (pattern !== undefined)
    throw new DmsBackupError(
      'usage',
      'a file name as destination and --filename exclude each other',
    );
  assertSuffix(name, packing);
}

function suffixOf({ codec, encryption }: Packing): string {
  return `${archiveSuffix[codec]}${encryption === undefined ? '' : encryptedSuffix[encryption]}`;
}

function assertSuffix(name: string, packing: Packing): void {
  const suffix = suffixOf(packing);
  if (name.endsWith(suffix)) return;
  const { codec, encryption } = packing;
  const flags = encryption === undefined ? '' : ` --encrypt ${encryption}`;
  throw new DmsBackupError(
    'usage',
    `the file name '${name}' does not fit --compression ${codec}${flags} (${suffix})`,
  );
}
