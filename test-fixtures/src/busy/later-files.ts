// Files as Papermerge and NextGIS Web treat them: written before their row is committed, removed some time after the row is gone
// (shared/products: papermerge.md section 5.5, nextgisweb.md on the file storage).

import { mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { createRandom } from '../random.ts';
import { contentOf } from './application.ts';

/** Milliseconds between the end of a row and that of its file, at most. */
const longestDelayMs = 500;

export class LaterFiles {
  readonly #directory: string;
  readonly #random = createRandom('delays');
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes the file of that name; returns its size. */
  write(path: string, name: string): number {
    const file = join(this.#directory, path);
    mkdirSync(dirname(file), { recursive: true });
    const content = contentOf(name);
    writeFileSync(file, content);
    return content.length;
  }

  /** Its row is gone. `emptied`: so many directories above it go, too, where they are empty. */
  removeLater(path: string, emptied: number): void {
    const delayMs = this.#random.integer(0, longestDelayMs);
    this.#waiting.set(
      path,
      setTimeout(() => this.#remove(path, emptied), delayMs),
    );
  }

  /** Removes at once what still waits. */
  flush(): void {
    for (const [path, timer] of this.#waiting) {
      clearTimeout(timer);
      this.#remove(path, 0);
    }
  }

  #remove(path: string, emptied: number): void {
    this.#waiting.delete(path);
    let place = join(this.#directory, path);
    rmSync(place);
    try {
      for (let count = 0; count < emptied; count++) {
        place = dirname(place);
        rmdirSync(place);
      }
    } catch {
      // not empty: something else lies there
    }
  }
}
