// The words of one benchmark run.

import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Names of the workloads to run, lower case; empty: all. */
  readonly only: readonly string[];
  readonly pairs: number;
  /** Share of the full sizes: numbers of files and rows are multiplied with it. */
  readonly scale: number;
  /** Data sets and restored instances lie below it. */
  readonly directory: string;
  /** Archives lie below it; undefined: in memory where there is room, else beside the data. */
  readonly archives: string | undefined;
  /** Program to measure. */
  readonly program: string;
  /** Write `results.md`, which is committed. */
  readonly record: boolean;
  readonly help: boolean;
}

/** Large enough that start-up does not decide, small enough for a look between two edits. */
const quickScale = 0.02;

export const usageText = `usage: pnpm bench [--quick] [--only a,b,c,m1,m2,p,start] [--pairs N] [--scale F]
                  [--directory DIR] [--archives DIR] [--program FILE] [--record]

  --quick      the same as --scale ${quickScale}: one or two minutes; memory bounds say little then
  --only       workloads to run (default: all)
  --pairs      how often program and references are run in turn (default: 3)
  --scale      share of the full number of files and rows (default: 1)
  --directory  where data sets are made and restored: up to 12 GB (default: the temporary directory)
  --archives   where archives are written: up to 5 GB (default: /dev/shm, so that no disk is measured)
  --program    main module of the program (default: apps/cli/dist/main.js)
  --record     also write benchmarks/results.md
`;

/** Throws for unknown words and values. */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    // `pnpm bench -- --quick` hands the separator on
    args: words.filter((word) => word !== '--'),
    options: {
      only: { type: 'string' },
      pairs: { type: 'string', default: '3' },
      scale: { type: 'string' },
      quick: { type: 'boolean', default: false },
      directory: { type: 'string', default: tmpdir() },
      archives: { type: 'string' },
      program: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const scale = positive(values.scale ?? (values.quick ? String(quickScale) : '1'), '--scale');
  const pairs = positive(values.pairs, '--pairs');
  if (!Number.isInteger(pairs)) throw new Error('--pairs must be a whole number');
  return {
    only: (values.only ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ''),
    pairs,
    scale,
    directory: resolve(values.directory),
    archives: values.archives === undefined ? undefined : resolve(values.archives),
    program: resolve(
      values.program ?? new URL('../../apps/cli/dist/main.js', import.meta.url).pathname,
    ),
    record: values.record,
    help: values.help,
  };
}

function positive(word: string, name: string): number {
  const value = Number(word);
  if (!(value > 0)) throw new Error(`${name} must be a positive number, not '${word}'`);
  return value;
}
