// The program age of the system, for tests in both directions. It asks for passphrases on a terminal only, so that it gets one.

import { execFileSync, spawnSync } from 'node:child_process';

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

const atTerminal = `
import os, pty, sys
passphrase, words = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(words[0], words)
said = b''
try:
    while True:
        piece = os.read(terminal, 1000)
        if not piece: break
        said += piece
        if said.rstrip().endswith(b':'):
            os.write(terminal, passphrase.encode() + b'\\n')
            said = b''
except OSError:
    pass
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stderr.buffer.write(said)
sys.exit(code)
`;

/** Runs a program at a terminal of its own and answers each of its questions with the passphrase. */
export function answerAtTerminal(passphrase: string, words: readonly string[]): string {
  const { status, stderr } = spawnSync('python3', ['-c', atTerminal, passphrase, ...words], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${words.join(' ')}: exit ${status}: ${stderr}`);
  return stderr;
}
