// A verb in a process of its own that is killed at one step.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Outcome, VerbOrder } from './run-verb.ts';
import type { Watch } from './strike.ts';

/** `killed`, or what came of a run that did not take the step. */
export async function killedRun(order: VerbOrder, watch: Watch): Promise<Outcome | 'killed'> {
  const here = import.meta.dirname;
  const words = [
    '--import',
    join(here, 'strike.ts'),
    join(here, 'run-verb.ts'),
    JSON.stringify(order),
  ];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, DMS_TEST_WATCH: JSON.stringify(watch) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...end) => resolve(end));
    },
  );
  if (signal === 'SIGKILL') return 'killed';
  if (code !== 0) throw new Error(`the run ended with ${code ?? signal}: ${text}`);
  return JSON.parse(text) as Outcome;
}
