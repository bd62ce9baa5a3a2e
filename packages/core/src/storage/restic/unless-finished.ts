// `restic backup --stdin` makes a snapshot of whatever came when its stdin ends, also when we were killed. So a second process
// holds the same stdin open. If we go away without a word, it ends restic first and lets go of stdin after that.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * $1 is the process to end. Descriptors 3 to 5 are our ends of its stdin, stdout and stderr, and are only kept open: it
 * would die of its first word to a closed stderr, and leave its lock in the repository.
 */
const script = `
trap '' HUP INT TERM
read -r word
[ "$word" = finished ] && exit 0
kill -INT "$1"
for second in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 "$1" || exit 0
  sleep 1
done
kill -KILL -- "-$1"
sleep 1
`;

export interface Guard {
  /** The program may now see the end of its stdin, or has ended. Resolves when the guard is gone. */
  release(): Promise<void>;
}

/** Ends `child` before its stdin ends, should this process die before `release`. */
export function guardStdin(child: ChildProcess): Guard {
  const guard = spawn('sh', ['-c', script, 'guard', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore', child.stdin, child.stdout, child.stderr],
    detached: true,
  });
  // Node stops reading what it hands to another process; here both have it, and only we read
  child.stdout?.resume();
  child.stderr?.resume();
  const gone = once(guard, 'exit');
  gone.catch(() => undefined);
  guard.stdin!.on('error', () => undefined);
  return {
    async release() {
      guard.stdin!.end('finished\n');
      await gone;
    },
  };
}
