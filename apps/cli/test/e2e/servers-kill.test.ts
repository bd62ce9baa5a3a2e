// Restores into a server, killed with SIGKILL: database and files are both old or both new, however the commit of the server
// and the renames of the files lie in time; and the next restore works.

import { setTimeout as sleep } from 'node:timers/promises';

import { beforeAll, describe, expect, test, vi } from 'vitest';

import {
  createBench,
  expectNoTrace,
  flagsOf,
  lastJson,
  makeArchive,
  phase,
  told,
} from './bench.ts';
import type { Run, ServerPlace } from './bench.ts';
import { lookAt, verdictOf } from './proof.ts';
import type { Declaration, Look } from './proof.ts';
import { createServerBench, databasesBeside, serverNames, stateOfServer } from './server-bench.ts';

vi.setConfig({ testTimeout: 300_000 });
const bench = createBench('servers-kill');
const servers = createServerBench(bench);

const rounds = 12;

/** The two states between which the target goes back and forth: each restore replaces the other one. */
interface Side {
  readonly archive: string;
  readonly look: Look;
}

describe.each(serverNames.filter((name) => name !== 'PostgreSQL 12'))('%s', (name) => {
  let target: ServerPlace;
  let excluded: Declaration[];
  const sides: Side[] = [];
  /** Of a whole restore: until the switch begins, and until the end. Milliseconds. */
  let switchAt = 0;
  let endAt = 0;

  const look = async (): Promise<Look> => lookAt(await stateOfServer(target), excluded);
  const restoreWords = ({ archive }: Pick<Side, 'archive'>): string[] => [
    'restore',
    archive,
    ...flagsOf(target),
    '--yes',
    '--json',
  ];

  beforeAll(async () => {
    target = await servers.emptyPlace(name);
    for (const seed of [1, 2]) {
      const source = await servers.build(name, { appVersion: '3.0.5', documents: 10, seed });
      const archive = await makeArchive(bench, source);
      const inspected = await bench.done(['inspect', archive, '--json']);
      ({ excluded } = lastJson<{ excluded: Declaration[] }>(inspected));
      const began = performance.now();
      const started = bench.start(restoreWords({ archive }));
      await phase(started, 'switch');
      switchAt = performance.now() - began;
      const run = await started.ended;
      endAt = performance.now() - began;
      expect(run.code, told(run)).toBe(0);
      sides.push({ archive, look: await look() });
    }
    expect(sides[0]?.look.database).not.toBe(sides[1]?.look.database);
    expect(sides[0]?.look.files).not.toBe(sides[1]?.look.files);
  });

  /** The first moments lie before the switch, the others in it and shortly after: it is what matters, and it is short. */
  async function killAt(round: number, words: readonly string[]): Promise<Run> {
    const started = bench.start(words);
    const early = Math.floor(rounds / 3);
    if (round < early) await sleep((switchAt * (round + 0.7)) / early);
    else {
      await phase(started, 'switch');
      // The last ones lie after the measured end: this run may be the slower one.
      const wait = (1.5 * (endAt - switchAt) * (round - early)) / (rounds - early);
      const until = performance.now() + wait;
      while (performance.now() < until) await sleep(0);
    }
    started.child.kill('SIGKILL');
    return await started.ended;
  }

  test(`at ${rounds} moments: both parts old or both new, and a whole restore works afterwards`, async () => {
    const seen: Record<string, number> = {};
    let [present, next] = [sides[1]!, sides[0]!];
    for (let round = 0; round < rounds; round++) {
      const killed = await killAt(round, restoreWords(next));
      const doctor = await bench.run(['doctor', ...flagsOf(target), '--json']);
      expectNoTrace(doctor);
      expect(doctor.code, told(doctor)).toBe(0);
      const { recovery } = lastJson<{ recovery: { state: string } | null }>(doctor);
      const state = verdictOf(await look(), present.look, next.look);
      expect(['old', 'new'], `round ${round}: ${told(killed)}\n${told(doctor)}`).toContain(state);
      if (recovery) expect(state, told(doctor)).toBe(recovery.state);
      if (killed.code === 0) expect(state).toBe('new');
      const beside = await databasesBeside(target.server);
      expect(beside.filter((each) => each !== '_dms_former')).toEqual([]);
      seen[state] = (seen[state] ?? 0) + 1;
      if (state === 'new') [present, next] = [next, present];
    }
    expect(seen['old']).toBeGreaterThan(0);
    expect(seen['new'], JSON.stringify(seen)).toBeGreaterThan(0);

    const whole = await bench.run(restoreWords(next));
    expect(whole.code, told(whole)).toBe(0);
    expect(verdictOf(await look(), present.look, next.look)).toBe('new');
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(verdictOf(await look(), present.look, next.look)).toBe('old');
  });

  test('without doctor: the next restore recovers first', async () => {
    const isFirst = verdictOf(await look(), sides[0]!.look, sides[1]!.look) === 'old';
    const other = isFirst ? sides[1]! : sides[0]!;
    await killAt(Math.floor(rounds / 2), restoreWords(other));
    const whole = await bench.run(restoreWords(other));
    expect(whole.code, told(whole)).toBe(0);
    expect(await look()).toEqual(other.look);
  });
});
