// The one question that verbs ask: yes or no. Asked only when both ends are terminals; anything but a yes is a no.

import { createInterface } from 'node:readline/promises';
import type { Surroundings } from '../surroundings.ts';

/** True when somebody is there to answer. */
export function canAsk(surroundings: Surroundings): boolean {
  return surroundings.stdin.isTTY === true && surroundings.stderr.isTTY === true;
}

/** Asks on stderr. End of input counts as no; Ctrl-C throws the AbortError, which ends the run as interrupted. */
export async function askYesNo(question: string, surroundings: Surroundings): Promise<boolean> {
  const { stdin, stderr, signal } = surroundings;
  // Not `terminal: true`: in raw mode Ctrl-C would not reach the program as a signal.
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}
