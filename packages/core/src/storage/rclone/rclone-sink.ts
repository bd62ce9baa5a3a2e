// An archive on its way to a remote of rclone: `rclone rcat` writes `NAME.partial`, and when all is there it is moved to its
// name. Many remotes show a file while it is written, so the name must come last.

import { DmsBackupError } from '../../errors.ts';
import type { Sink } from '../../io/sink.ts';
import { isUnreachable } from '../program-error.ts';
import { createProgramInput } from '../program-input.ts';
import { endProgram } from '../program.ts';
import { atMost, withRetries } from '../retry.ts';
import type { Patience } from '../storage.ts';
import { partialName } from '../stored-name.ts';
import type { Rclone } from './rclone-program.ts';

/** rclone gets this long to end an unfinished upload on the server. */
const graceMs = 10_000;
const discardMs = 30_000;

/** Throws `destination-exists`, `destination-unwritable`, `storage-denied`, `server-unreachable`, `usage`. */
export async function createRcloneSink(
  rclone: Rclone,
  name: string,
  patience: Patience,
  signal?: AbortSignal,
): Promise<Sink> {
  const partial = partialName(name);
  const tried = `cannot write '${rclone.shown(name)}'`;
  await assertFree(name);
  await assertFree(partial);
  const upload = rclone.startUpload(partial);
  const input = createProgramInput(
    upload,
    (end) => rclone.failure(tried, end, 'destination-unwritable'),
    signal,
  );
  let written = 0;
  let state: 'writing' | 'moving' | 'ended' = 'writing';

  async function assertFree(wanted: string): Promise<void> {
    if (await rclone.find(wanted, signal))
      throw new DmsBackupError(
        'destination-exists',
        `there is already a file '${rclone.shown(wanted)}'`,
        {
          ...(wanted !== name && {
            hint: 'Another backup is writing it now, or one was killed. If none is running, remove the file.',
          }),
        },
      );
  }

  async function assertWhole(stored: string): Promise<void> {
    const found = await rclone.find(stored, signal);
    if (!found || (found.sizeBytes >= 0 && found.sizeBytes !== written))
      throw new DmsBackupError(
        'destination-unwritable',
        `${tried}: the remote did not keep what was sent`,
      );
  }

  /** rclone moves nothing onto another file, and says nothing about it: then the partial file is still there. */
  async function move(attempt: number): Promise<void> {
    if (attempt === 1) await assertFree(name);
    state = 'moving';
    await rclone.move(partial, name, signal);
    if (!(await rclone.find(partial, signal))) return;
    if (attempt === 1) {
      state = 'writing';
      throw new DmsBackupError(
        'destination-exists',
        `'${rclone.shown(name)}' appeared while the archive was written`,
      );
    }
    // an earlier attempt copied it and was cut off before it removed the partial file
    await assertWhole(name);
    await rclone.remove(partial);
  }

  async function takeBack(): Promise<void> {
    await endProgram(upload, graceMs);
    if (await rclone.find(partial)) await rclone.remove(partial);
    else if (state === 'moving' && (await rclone.find(name))) await rclone.remove(name);
  }

  return {
    async write(bytes) {
      await input.write(bytes);
      written += bytes.length;
    },
    async commit() {
      await input.finish();
      await withRetries(() => assertWhole(partial), isUnreachable, patience, signal);
      await withRetries(move, isUnreachable, patience, signal);
      await withRetries(() => assertWhole(name), isUnreachable, patience, signal);
      state = 'ended';
    },
    async discard() {
      if (state === 'ended') return;
      // a remote that cannot be reached any more keeps the partial file, which nobody takes for an archive
      await atMost(discardMs, takeBack()).catch(() => undefined);
      state = 'ended';
    },
  };
}
