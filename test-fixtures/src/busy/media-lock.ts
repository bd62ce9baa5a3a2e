// `media.lock` of paperless-ngx, held with flock(2) around every change of a file. Node has no flock: a shell holds the file open
// and lets the program `flock` lock what it holds.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const loop =
  'exec 9>>"$0"; while read -r _; do flock 9 || exit 1; echo locked; read -r _; flock -u 9; echo free; done';

export interface MediaLock {
  /** Runs it while nobody else has the lock. */
  during(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export function openMediaLock(path: string): MediaLock {
  const shell = spawn('bash', ['-c', loop, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ask = async (): Promise<void> => {
    const answer = once(shell.stdout, 'data');
    shell.stdin.write('\n');
    await answer;
  };
  return {
    async during(work) {
      await ask();
      try {
        await work();
      } finally {
        await ask();
      }
    },
    async close() {
      const closed = once(shell, 'close');
      shell.stdin.end();
      await closed;
    },
  };
}
