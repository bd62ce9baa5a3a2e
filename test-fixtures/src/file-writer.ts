// Writes files below one directory with times and modes of their own, so that a tool that loses them is caught. Both follow
// from the path alone: every run and every machine gives the same.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILE_MODES = [0o644, 0o644, 0o640, 0o600, 0o664, 0o444] as const;
const DIRECTORY_MODES = [0o755, 0o755, 0o750, 0o775] as const;

export interface FileWriter {
  /** `path` is relative; directories are made as needed. `mode` only where it matters, as for scripts. */
  write(path: string, content: Buffer | string, mode?: number): void;
  directory(path: string): void;
  /** Gives a file that someone else wrote its time and mode. */
  age(path: string, mode?: number): void;
  /** Gives the directories, the root too, their times and modes; nothing may be written afterwards. */
  finish(): void;
}

export function createFileWriter(root: string): FileWriter {
  const directories = new Set<string>();

  function makeDirectory(path: string): void {
    if (path === '.' || directories.has(path)) return;
    makeDirectory(dirname(path));
    mkdirSync(join(root, path), { recursive: true });
    directories.add(path);
  }

  function age(path: string, mode?: number): void {
    const number = pathNumber(path);
    chmodSync(join(root, path), mode ?? FILE_MODES[number % FILE_MODES.length] ?? 0o644);
    setTime(join(root, path), number);
  }

  mkdirSync(root, { recursive: true });
  return {
    directory: makeDirectory,
    age,
    write(path, content, mode) {
      makeDirectory(dirname(path));
      writeFileSync(join(root, path), content);
      age(path, mode);
    },
    finish() {
      // Children first: a change inside touches the parent.
      for (const path of ['.', ...directories].toSorted().toReversed()) {
        const number = pathNumber(path);
        chmodSync(join(root, path), DIRECTORY_MODES[number % DIRECTORY_MODES.length] ?? 0o755);
        setTime(join(root, path), number);
      }
    },
  };
}

function pathNumber(path: string): number {
  return createHash('sha256').update(path).digest().readUInt32BE(0);
}

/** 1996 to 2021, with a fraction of a second. */
function setTime(path: string, number: number): void {
  const seconds = 820_000_000 + (number % 800_000_000) + (number % 999_983) / 1_000_000;
  utimesSync(path, seconds, seconds);
}
