// Runs a program at a terminal of its own, for those that ask there and nowhere else (passphrases of age, questions of ours).

import { spawnSync } from 'node:child_process';

/** Answers each question (what ends with a colon) with the next word; the last answer is for all that follow. */
const answering = `
import os, pty, sys
count = int(sys.argv[1])
answers, words = sys.argv[2:2 + count], sys.argv[2 + count:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(words[0], words)
screen = fresh = b''
try:
    while True:
        piece = os.read(terminal, 1000)
        if not piece: break
        screen += piece
        fresh += piece
        if fresh.rstrip().endswith(b':'):
            os.write(terminal, answers[0].encode() + b'\\r')
            answers = answers[1:] or answers
            fresh = b''
except OSError:
    pass
sys.stdout.buffer.write(screen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
`;

export interface TerminalRun {
  readonly code: number | null;
  /** All that was to be seen. */
  readonly screen: string;
}

export function answerAtTerminal(
  words: readonly string[],
  answers: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): TerminalRun {
  const python = ['-c', answering, String(answers.length), ...answers, ...words];
  const { status, stdout, error } = spawnSync('python3', python, {
    encoding: 'utf8',
    timeout: 120_000,
    ...options,
  });
  if (error !== undefined) throw error;
  return { code: status, screen: stdout };
}
