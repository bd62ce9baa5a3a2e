// A fingerprint of a directory: names, kinds, modes, sizes, times and contents. Equal before and after means untouched.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Buffer } from 'node:buffer';

/** One line per entry below the directory, by path; bytes that are no UTF-8 stay distinguishable. */
export function treeLines(directory: string): string[] {
  const lines: string[] = [];
  visit(Buffer.from(directory), Buffer.alloc(0), lines);
  return lines.toSorted();
}

function visit(directory: Buffer, relative: Buffer, lines: string[]): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    const below =
      relative.length === 0 ? entry.name : Buffer.concat([relative, Buffer.from('/'), entry.name]);
    const facts = lstatSync(path, { bigint: true });
    // A directory's own time says which names changed, and those are in the list.
    const time = facts.isDirectory() ? '' : String(facts.mtimeNs);
    lines.push(
      `${below.toString('latin1')} ${facts.mode} ${facts.isDirectory() ? 0 : facts.size} ${time} ${contentOf(path, entry)}`,
    );
    if (entry.isDirectory()) visit(path, below, lines);
  }
}

function contentOf(path: Buffer, entry: { isFile(): boolean; isSymbolicLink(): boolean }): string {
  if (entry.isSymbolicLink()) return readlinkSync(path, 'latin1');
  return entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
}

/** Paths below a directory as core shows them to `classify`: `/` between parts, directories with `/` at the end. */
export function pathsBelow(directory: string): string[] {
  const paths: string[] = [];
  const walk = (folder: Buffer, prefix: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const path = `${prefix}${entry.name.toString('utf8')}${entry.isDirectory() ? '/' : ''}`;
      paths.push(path);
      if (entry.isDirectory()) walk(Buffer.concat([folder, Buffer.from('/'), entry.name]), path);
    }
  };
  walk(Buffer.from(directory), '');
  return paths.toSorted();
}
