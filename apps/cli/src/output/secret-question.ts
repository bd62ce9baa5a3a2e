// A question whose answer must not be seen: nothing is echoed, and nothing is kept for the arrow keys.

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Surroundings } from '../surroundings.ts';

/**
 * Asks on stderr and reads a line from the terminal on stdin. Undefined at the end of input. Ctrl-C throws `interrupted`: while the
 * terminal gives every key to us, it sends no signal.
 */
export async function askSecret(
  question: string,
  { stdin, stderr, signal }: Surroundings,
): Promise<string | undefined> {
  const { DmsBackupError } = await import('@dms-backup/core');
  const silent = new Writable({ write: (_bytes, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: true, historySize: 0 });
  // only now: a quick answer would be echoed
  stderr.write(question);
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      const stop = (): void => reject(new DmsBackupError('interrupted', 'interrupted by the user'));
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
      lines.once('SIGINT', stop);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
    });
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
