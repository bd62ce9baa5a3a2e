// The program age of the system, for tests in both directions. It asks for passphrases on a terminal only, so that it gets one.

import { execFileSync, spawnSync } from 'node:child_process';
import { answerAtTerminal } from '../at-terminal.ts';

export interface AgeKey {
  /** Text of an identity file. */
  readonly identity: string;
  readonly recipient: string;
}

export function makeAgeKey(): AgeKey {
  const identity = execFileSync('age-keygen', {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { identity, recipient: /age1[a-z0-9]+/.exec(identity)?.[0] ?? '' };
}

/** Runs age and returns what it writes; throws with its message when it fails. */
export function runAge(words: readonly string[], input: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync('age', words, { input, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`age: ${stderr.toString()}`);
  return stdout;
}

/** Runs age where it can ask for a passphrase; throws with what it says when it fails. */
export function runAgeWithPassphrase(passphrase: string, words: readonly string[]): void {
  const { code, screen } = answerAtTerminal(['age', ...words], [passphrase]);
  if (code !== 0) throw new Error(`age: exit ${code}: ${screen}`);
}
