// Bytes into the stdin of a program, at the pace of the program. When it ends early, what it said is the error.

import { assertNotAborted, type DmsBackupError } from '../errors.ts';
import type { ProgramEnd, RunningProgram } from './program.ts';
import { orInterrupted } from './retry.ts';

export interface ProgramInput {
  /** Resolves when the program's end of the pipe has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes stdin and waits for the program; throws `failed(end)` unless its exit code is 0. */
  finish(): Promise<void>;
}

export function createProgramInput(
  program: RunningProgram,
  failed: (end: ProgramEnd) => DmsBackupError,
  signal?: AbortSignal,
): ProgramInput {
  const stdin = program.child.stdin!;
  /** Rejects when the program ends; programs that take our bytes must not end before we say so. */
  const endedEarly = program.ended.then((end) => {
    throw failed(end);
  });
  endedEarly.catch(() => undefined);
  return {
    async write(bytes) {
      assertNotAborted(signal);
      const taken = new Promise<void>((resolve, reject) => {
        stdin.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      // the pipe breaks a moment before the program is known to have ended: its words are the better error
      await orInterrupted(Promise.race([taken.catch(() => endedEarly), endedEarly]), signal);
    },
    async finish() {
      assertNotAborted(signal);
      stdin.end();
      const end = await orInterrupted(program.ended, signal);
      if (end.exitCode !== 0) throw failed(end);
    },
  };
}
