// The archives in test-fixtures/archives: one per product, made by the release that first wrote its format version, and kept
// for ever. Beside each lies what its restored state must be.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RestoredState } from './restored-state.ts';

export const goldenDirectory = join(import.meta.dirname, '../../../../test-fixtures/archives');

export interface Golden {
  /** File name without its suffix. */
  readonly name: string;
  readonly app: string;
  readonly engine: 'sqlite' | 'postgres';
  /** Roots besides the media root. */
  readonly roots: readonly string[];
}

export const goldens: readonly Golden[] = [
  { name: 'format-1-paperless-3.0.5', app: 'paperless', engine: 'sqlite', roots: ['data'] },
  { name: 'format-1-papermerge-3.4.1', app: 'papermerge', engine: 'sqlite', roots: [] },
  { name: 'format-1-nextgisweb-5.5.0', app: 'nextgisweb', engine: 'postgres', roots: [] },
  { name: 'format-1-django', app: 'django', engine: 'sqlite', roots: [] },
];

export function pathOf({ name }: Pick<Golden, 'name'>): string {
  return join(goldenDirectory, `${name}.tar.zst`);
}

export interface Expected {
  readonly documents: number;
  readonly documentsComplete: number;
  readonly state: RestoredState;
}

export function expectedOf({ name }: Golden): Expected {
  return JSON.parse(readFileSync(join(goldenDirectory, `${name}.json`), 'utf8')) as Expected;
}
