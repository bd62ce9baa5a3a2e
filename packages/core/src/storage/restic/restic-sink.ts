// An archive on its way into a restic repository. The snapshot is what makes it an archive, and restic makes it when stdin
// ends: until everything is there, stdin never ends while restic lives.

import { z } from 'zod';
import { DmsBackupError } from '../../errors.ts';
import type { Sink } from '../../io/sink.ts';
import { createProgramInput } from '../program-input.ts';
import { endProgram } from '../program.ts';
import type { Restic } from './restic-program.ts';
import { guardStdin } from './unless-finished.ts';

/** restic gets this long to remove its lock from the repository. */
const graceMs = 10_000;

const keptOutput = 64 * 1024;

const SummarySchema = z.object({
  message_type: z.literal('summary'),
  total_bytes_processed: z.number(),
  snapshot_id: z.string().regex(/^[0-9a-f]{8,64}$/),
});

/** Throws `destination-exists`, `destination-unwritable`, `storage-denied`, `server-unreachable`, `locked`. */
export async function createResticSink(
  restic: Restic,
  shown: string,
  name: string,
  signal?: AbortSignal,
): Promise<Sink> {
  const tried = `cannot write '${shown}'`;
  await assertFree();
  const program = restic.startBackup(name);
  const { child } = program;
  if (child.pid === undefined) await program.ended;
  const guard = guardStdin(child);
  const input = createProgramInput(
    program,
    (end) => restic.failure(tried, end, 'destination-unwritable'),
    signal,
  );
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-keptOutput);
  });
  let written = 0;
  let isEnded = false;
  /** A snapshot that must not stay. */
  let unwanted: string | undefined;

  async function assertFree(): Promise<void> {
    const snapshots = await restic.snapshots(signal).catch((error: unknown) => {
      // for who writes, a missing repository is a destination that cannot be written
      if (error instanceof DmsBackupError && error.code === 'archive-not-found')
        throw new DmsBackupError('destination-unwritable', error.message, {
          hint: error.hint,
          cause: error,
        });
      throw error;
    });
    if (snapshots.some((snapshot) => snapshot.name === name))
      throw new DmsBackupError('destination-exists', `there is already a snapshot with '${shown}'`);
  }

  function readSummary(): z.infer<typeof SummarySchema> {
    for (const line of output.split('\n').toReversed()) {
      if (line.includes('"summary"')) return SummarySchema.parse(JSON.parse(line));
    }
    throw new DmsBackupError(
      'destination-unwritable',
      `${tried}: restic does not say that it made a snapshot`,
    );
  }

  return {
    async write(bytes) {
      await input.write(bytes);
      written += bytes.length;
    },
    async commit() {
      await assertFree();
      await guard.release();
      // from here on everything is in the pipe: a snapshot that is made now is whole
      try {
        await input.finish();
      } finally {
        if (output.includes('"snapshot_id"')) unwanted = readSummary().snapshot_id;
      }
      const summary = readSummary();
      if (summary.total_bytes_processed !== written)
        throw new DmsBackupError(
          'destination-unwritable',
          `${tried}: restic did not keep what was sent`,
        );
      isEnded = true;
    },
    async discard() {
      if (isEnded) return;
      isEnded = true;
      await endProgram(program, graceMs);
      child.stdin!.destroy();
      await guard.release();
      if (unwanted !== undefined) await restic.forget(unwanted).catch(() => undefined);
    },
  };
}
