// However a run ends, no server and no directory of it stays.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { isAlive } from './leftovers.ts';
import { startKeeper } from './start-keeper.ts';

interface Run {
  readonly directory: string;
  /** Of the postmaster. */
  readonly server: number;
  /** Of the keeper. */
  readonly keeper: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const PROGRAM = `
  const { startKeeper } = await import(process.argv[1]);
  const { askKeeper } = await import(process.argv[2]);
  const { directory } = await startKeeper();
  const answer = await askKeeper(directory, { ask: 'postgres', major: 18, own: false, settings: {} });
  console.log(JSON.stringify({ directory, server: answer.server.pid }));
  setInterval(() => undefined, 1000);
`;

/** Another process that starts a keeper and a server, as a test run does. */
async function startRun(): Promise<Run> {
  const program = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      PROGRAM,
      join(import.meta.dirname, 'start-keeper.ts'),
      join(import.meta.dirname, 'ask-keeper.ts'),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(createInterface({ input: program.stdout }), 'line');
  const run = JSON.parse(String(line)) as { directory: string; server: number };
  return {
    ...run,
    keeper: Number(readFileSync(join(run.directory, 'keeper'), 'utf8')),
    async kill(signal) {
      const ended = once(program, 'exit');
      program.kill(signal);
      await ended;
    },
  };
}

async function eventually(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await wait(50);
  return condition();
}

test.each(['SIGKILL', 'SIGINT'] as const)(
  'a run that ends by %s leaves nothing',
  async (signal) => {
    const run = await startRun();
    expect(isAlive(run.server)).toBe(true);
    await run.kill(signal);
    expect(await eventually(() => !isAlive(run.server) && !existsSync(run.directory))).toBe(true);
  },
);

test('what a killed keeper leaves is removed by the next one', async () => {
  const run = await startRun();
  process.kill(run.keeper, 'SIGKILL');
  await eventually(() => !isAlive(run.keeper));
  await run.kill('SIGKILL');
  expect(isAlive(run.server)).toBe(true);
  const next = await startKeeper();
  expect(await eventually(() => !isAlive(run.server) && !existsSync(run.directory))).toBe(true);
  expect(existsSync(next.directory)).toBe(true);
  await next.stop();
  expect(existsSync(next.directory)).toBe(false);
});
