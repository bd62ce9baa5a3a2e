// Starts the keeper (`keeper.ts`) as a process of its own, bound to this one by a pipe: however this process ends, the
// keeper notices, and takes the servers with it. Ctrl-C does not reach it, so nothing is stopped under running tests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { askKeeper } from './ask-keeper.ts';
import { KEEPER_DIRECTORY } from './leftovers.ts';

export interface Keeper {
  readonly directory: string;
  /** Ends all servers, and returns what tests had to say to the user. */
  stop(): Promise<readonly string[]>;
}

/** Starts no server yet. */
export async function startKeeper(): Promise<Keeper> {
  const directory = mkdtempSync(KEEPER_DIRECTORY);
  const program = join(import.meta.dirname, 'keeper.ts');
  const keeper = spawn(process.execPath, [program, directory], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(keeper, 'exit');
  const said = await Promise.race([once(createInterface({ input: keeper.stdout }), 'line'), ended]);
  if (said[0] !== 'ready') throw new Error('the keeper of the test servers did not start');
  return {
    directory,
    async stop() {
      const answer = await askKeeper(directory, { ask: 'notes' });
      keeper.stdin.end();
      await ended;
      return 'notes' in answer ? answer.notes : [];
    },
  };
}
