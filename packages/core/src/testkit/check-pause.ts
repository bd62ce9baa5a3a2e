// Checks of `quiesce`: what it takes it gives back, it listens to the signal, and it leaves nothing behind.

import assert from 'node:assert/strict';
import type { Adapter, Instance } from '../adapter.ts';
import { isDmsBackupError } from '../errors.ts';
import { deepFreeze } from './shape.ts';
import type { OpenedSample } from './sample.ts';
import { treeLines } from './tree-digest.ts';

/** For a pause of an installation that nobody uses. */
const waitMs = 5_000;

export async function checkPause(adapter: Adapter, sample: OpenedSample): Promise<void> {
  if (adapter.quiesce === undefined) return;
  const instance = deepFreeze(
    await adapter.configure(
      deepFreeze({ given: sample.given, environment: {}, workingDirectory: sample.directory }),
    ),
  );
  const before = treeLines(sample.directory);
  const release = await take(adapter, instance);
  // where the means are missing (a program, a lock file), saying so is all that can be asked for
  if (release !== undefined) {
    await release();
    const again = await take(adapter, instance);
    assert.ok(
      again !== undefined,
      '`quiesce` cannot be had a second time: the release must give back all that was taken',
    );
    await again();
  }
  await checkAbort(adapter, instance);
  assert.deepEqual(
    treeLines(sample.directory),
    before,
    '`quiesce` changed files of the installation, or left some behind (left-hand side: after, right-hand side: before)',
  );
}

async function take(
  adapter: Adapter,
  instance: Instance,
): Promise<(() => Promise<void>) | undefined> {
  let release: unknown;
  try {
    release = await adapter.quiesce!(instance, { waitMs });
  } catch (error) {
    assert.ok(
      isDmsBackupError(error),
      `\`quiesce\` throws something else than a DmsBackupError, whose message is shown to the user: ${String(error)}`,
    );
    return undefined;
  }
  assert.equal(typeof release, 'function', '`quiesce` must return the release, a function');
  return release as () => Promise<void>;
}

async function checkAbort(adapter: Adapter, instance: Instance): Promise<void> {
  let release: () => Promise<void>;
  try {
    release = await adapter.quiesce!(instance, { waitMs, signal: AbortSignal.abort() });
  } catch {
    return;
  }
  await release();
  assert.fail('`quiesce` takes a pause although the signal is aborted: nobody would release it');
}
