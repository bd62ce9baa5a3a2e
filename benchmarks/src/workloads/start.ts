// How long the program takes to begin: what a user waits for who types a wrong flag.

import { spawnSync } from 'node:child_process';
import { spread } from '../contest.ts';
import type { ContenderResult, ReferenceResult } from '../contest.ts';
import type { Bench, Workload } from './workload.ts';

/** Runs of a tenth of a second: many pairs cost little and their median is steady. */
const startPairs = 15;

export const start: Workload = {
  name: 'start',
  title: 'Start-up',
  run: (bench) => {
    const commands = [
      ['dms-backup --version', [bench.options.program, '--version']],
      ['dms-backup restore --help', [bench.options.program, 'restore', '--help']],
      ['node -e 0', ['-e', '0']],
    ] as const;
    const times = commands.map((): number[] => []);
    // the first round fills caches
    for (let pair = -1; pair < startPairs; pair++) {
      for (const [index, [, words]] of commands.entries()) {
        const wallMs = timeOf(words, bench);
        if (pair >= 0) times[index]?.push(wallMs);
      }
    }
    const [version, help, node] = times as [number[], number[], number[]];
    const against = (step: string, own: number[], name: string) => ({
      workload: 'start',
      step,
      program: contender(name, own),
      references: [
        {
          ...contender(commands[2][0], node),
          wallRatio: spread(own.map((wallMs, pair) => wallMs / (node[pair] ?? 0))),
          cpuRatio: spread([]),
        } satisfies ReferenceResult,
      ],
    });
    const contests = [
      against('--version', version, commands[0][0]),
      against('--help', help, commands[1][0]),
    ];
    return Promise.resolve({ contests, bounds: [] });
  },
};

function timeOf(words: readonly string[], { place }: Bench): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, words, { env: place.environment });
  if (status !== 0) throw new Error(`exit code ${status}: ${words.join(' ')}\n${String(stderr)}`);
  return performance.now() - begin;
}

function contender(name: string, wallMs: readonly number[]): ContenderResult {
  const unknown = spread([]);
  return {
    name,
    runs: [],
    wallMs: spread(wallMs),
    cpuMs: unknown,
    peakBytes: unknown,
    outputBytes: null,
  };
}
