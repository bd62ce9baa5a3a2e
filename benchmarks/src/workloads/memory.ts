// Workloads M1 and M2: memory must not grow with the number of files or the size of a table.

import { join } from 'node:path';
import { nothing } from '../filling.ts';
import {
  backupWords,
  discard,
  emptyTarget,
  filledInstance,
  programCommand,
  restoreWords,
  sampleInstance,
} from '../instance.ts';
import type { Instance } from '../instance.ts';
import { measure } from '../measure.ts';
import type { Bench, BoundResult, Workload } from './workload.ts';
import { scaled } from './workload.ts';

/** "Memory flat: 100,000 files and a 2 GB table stay under 250 MB." */
const boundBytes = 250_000_000;

type Step = 'backup' | 'verify' | 'restore';

export const manyFiles: Workload = {
  name: 'm1',
  title: 'M1: 40,000 documents, 105,000 small files',
  run: async (bench) => {
    bench.tell('M1: making the data set');
    const documents = Math.max(5, scaled(40_000, bench.options));
    const instance = await sampleInstance(bench.place, 'M1', documents);
    return { contests: [], bounds: await bound(bench, 'M1', instance) };
  },
};

export const longTable: Workload = {
  name: 'm2',
  title: 'M2: a table of 500,000 rows with 4 KB of text each',
  run: async (bench) => {
    bench.tell('M2: making the data set');
    const textRows = scaled(500_000, bench.options);
    const filling = { ...nothing, textBytes: 4096, textRows };
    const instance = await filledInstance(bench.place, 'M2', filling);
    return { contests: [], bounds: await bound(bench, 'M2', instance) };
  },
};

/** Measures each verb once: memory does not depend on what else the machine does. */
async function bound(bench: Bench, workload: string, instance: Instance): Promise<BoundResult[]> {
  const { options, place, tell } = bench;
  const archive = join(place.archives, 'archive.tar.zst');
  const target = join(place.data, 'target');
  await emptyTarget(target);
  const steps: Record<Step, string[]> = {
    backup: backupWords(instance, archive),
    verify: ['verify', archive],
    restore: restoreWords(archive, target),
  };
  const results: BoundResult[] = [];
  for (const [step, words] of Object.entries(steps)) {
    const { wallMs, peakBytes } = await measure(programCommand(options.program, ...words), place);
    results.push({ kind: 'memory', workload, step, wallMs, peakBytes, boundBytes });
    tell(
      `${workload} ${step}: ${Math.round(peakBytes / 1e6)} MB in ${Math.round(wallMs / 1000)} s`,
    );
  }
  await discard(archive, target, instance.directory);
  return results;
}
