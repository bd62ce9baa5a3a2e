// Legal but difficult files: names that are no UTF-8 or hold line breaks, the longest name, deep directories, links of all
// kinds, a hard link, a sparse file, an empty directory, times at the borders.

import {
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

export const HOSTILE_DIRECTORY = 'zz hostile';

const LONGEST_NAME_BYTES = 255;
const DEEP_LEVELS = 60;
const SPARSE_BYTES = 9 * 2 ** 20;

const NAMES: readonly (string | Buffer)[] = [
  'new\nline',
  'tab\t and \u0001',
  'back\\slash',
  '-dash',
  ' blank at both ends ',
  Buffer.from('latin-1 \xe4\xf6\xfc', 'latin1'),
  Buffer.from('61fffe80', 'hex'),
  'form-ä'.normalize('NFC'),
  'form-ä'.normalize('NFD'),
  'quote\'"`$(id);&|<>*?',
  '%41%2f..%2f',
  'x'.repeat(LONGEST_NAME_BYTES),
  '😀 \u202e right to left',
  'con',
  'a:b',
  '...',
  'name.partial',
];

/** Plants everything in a new directory below `root`; returns the relative paths of files and links, byte for byte. */
export function plantHostileFiles(root: string): Buffer[] {
  const base = Buffer.from(`${root}/${HOSTILE_DIRECTORY}/`);
  const paths: Buffer[] = [];
  const place = (name: string | Buffer): Buffer => {
    const bytes = Buffer.from(name as string);
    paths.push(Buffer.concat([Buffer.from(`${HOSTILE_DIRECTORY}/`), bytes]));
    return Buffer.concat([base, bytes]);
  };
  mkdirSync(Buffer.concat([base, Buffer.from('empty directory')]), { recursive: true });
  for (const [number, name] of NAMES.entries()) {
    const path = place(name);
    writeFileSync(path, `content ${number}\n`);
    // The first one is the start of the epoch, the last one is past 2038.
    const seconds =
      number === NAMES.length - 1 ? 2 ** 32 + 0.25 : number * 1_000_003 + number / 1_000;
    utimesSync(path, seconds, seconds);
  }
  const deep = Array.from({ length: DEEP_LEVELS }, (_, level) => `deep ${level}`).join('/');
  mkdirSync(Buffer.concat([base, Buffer.from(deep)]), { recursive: true });
  writeFileSync(place(`${deep}/end`), 'deep down\n');
  writeSparse(place('sparse'));
  writeFileSync(place('linked'), 'two names\n');
  linkSync(Buffer.concat([base, Buffer.from('linked')]), place('hard link'));
  const links: [string, string][] = [
    ['link relative', 'new\nline'],
    ['link up', '../media.lock'],
    ['link to directory', 'deep 0'],
    ['link dangling', '/nonexistent/target'],
    ['link to itself', 'link to itself'],
  ];
  for (const [name, target] of links) {
    const path = place(name);
    symlinkSync(target, path);
    lutimesSync(path, 1_000_000_000.5, 1_000_000_000.5);
  }
  for (const name of [`${deep}/end`, 'sparse', 'linked']) {
    utimesSync(Buffer.concat([base, Buffer.from(name)]), 1_234_567_890.75, 1_234_567_890.75);
  }
  return paths;
}

/** A hole, four bytes in the middle of nowhere, and another hole. */
function writeSparse(path: Buffer): void {
  const descriptor = openSync(path, 'w');
  try {
    ftruncateSync(descriptor, SPARSE_BYTES);
    writeSync(descriptor, 'data', SPARSE_BYTES / 2);
  } finally {
    closeSync(descriptor);
  }
}
