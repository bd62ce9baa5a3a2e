// Every step of a backup that fails or is killed: no half archive under a final name, nothing left by a run that could clean up,
// the source as it was, and the next backup works. The steps are those that a run was seen to take.

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verify } from '../../src/verify.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { fillBox, lookAt } from './box.ts';
import type { Box } from './box.ts';
import { killedRun } from './killed-run.ts';
import { runVerb } from './run-verb.ts';
import type { VerbOrder } from './run-verb.ts';
import { backupSteps } from './step-tables.ts';
import { unwatch, watch } from './strike.ts';
import type { Strike } from './strike.ts';

async function place(): Promise<{ box: Box; out: string; order: VerbOrder }> {
  const scratch = scratchDirectory();
  const [base, out] = [join(scratch, 'box'), join(scratch, 'out')];
  mkdirSync(base);
  await fillBox({ base }, 'source');
  return {
    box: { base },
    out,
    order: { verb: 'backup', box: { base }, archive: join(out, 'a.tar.zst') },
  };
}

const lockName = '.dms-backup.lock';

const isWhole = async (archive: string): Promise<boolean> =>
  (await verify({ archive, workingDirectory: '/', quick: false })).exitCode === 0;

test('takes the steps of the table', async () => {
  const { out, order } = await place();
  watch({ base: out });
  expect(await runVerb(order)).toBeNull();
  expect(unwatch()).toEqual(backupSteps);
});

const strikes = [
  { when: 'before', how: 'fail' },
  { when: 'after', how: 'fail' },
  { when: 'before', how: 'kill' },
] as const;

test.each(strikes)('each step, $how $when it', { timeout: 600_000 }, async ({ when, how }) => {
  const { box, out, order } = await place();
  const before = await lookAt(box);
  for (const [at, step] of backupSteps.entries()) {
    rmSync(out, { recursive: true, force: true });
    const said = await struck(order, out, { at, when, how });
    // an empty file without a lock on it stops nobody: it may stay where its removal was struck, or the whole run
    const mayLock = how === 'kill' || step.includes(lockName);
    const left = (existsSync(out) ? readdirSync(out) : []).filter(
      (name) => !mayLock || !name.startsWith(lockName),
    );
    if (left.includes('a.tar.zst')) expect(await isWhole(order.archive), step).toBe(true);
    // where no links can be made there is another way
    if (said === 'done') expect(left, step).toEqual(['a.tar.zst']);
    else if (said === 'killed')
      expect(
        left.filter((name) => !/^a\.tar\.zst(\.partial)?$/u.test(name)),
        step,
      ).toEqual([]);
    else {
      // a file that could not be opened may be another run's
      const foreign = step.startsWith('open ') && when === 'after' ? ['a.tar.zst.partial'] : [];
      expect([said, left], step).toEqual(['destination-unwritable', foreign]);
    }
    expect(await lookAt(box), step).toEqual(before);
    expect(await runVerb({ ...order, archive: join(out, 'next.tar.zst') }), step).toBeNull();
  }
  expect(await isWhole(join(out, 'next.tar.zst'))).toBe(true);
});

/** `done`, `killed` or the code of the error. */
async function struck(order: VerbOrder, base: string, strike: Strike): Promise<string> {
  if (strike.how === 'kill') {
    const outcome = await killedRun(order, { base, strike });
    return outcome === 'killed' ? outcome : 'it was not killed';
  }
  watch({ base, strike });
  const outcome = await runVerb(order);
  unwatch();
  return outcome === null ? 'done' : outcome.code;
}
