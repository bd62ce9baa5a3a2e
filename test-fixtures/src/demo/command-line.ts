// Runs the built command line tool as a user would, shows the line that a user would type, and keeps what it printed.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface CommandLine {
  /** Shows the line and the output. @throws DemoFailure when the exit code is none of `allowed`. */
  run(allowed: readonly number[], ...words: string[]): Outcome;
  /** The same without showing anything, for output that a machine reads. */
  runQuietly(allowed: readonly number[], ...words: string[]): Outcome;
}

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A reason to end the demo with exit code 1 and a message instead of a stack. */
export class DemoFailure extends Error {
  override name = 'DemoFailure';
}

const TIMEOUT_MS = 600_000;
const OUTPUT_BYTES = 64 * 2 ** 20;
/** The reader's own settings must not change what is shown. */
const FOREIGN = /^(PAPERLESS_|DMS_BACKUP_|XDG_|NODE_OPTIONS$)/;

/** `main`: the built CLI. Commands run in `folder`; what the tool keeps for its user lies below `folder`, too. */
export function createCommandLine(
  main: string,
  folder: string,
  print: (line: string) => void,
): CommandLine {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const environment = { ...Object.fromEntries(inherited), HOME: home, NO_COLOR: '1' };

  function start(words: readonly string[]): Outcome {
    const result = spawnSync(process.execPath, [main, ...words], {
      cwd: folder,
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES,
    });
    if (result.error)
      throw new DemoFailure(`cannot run ${showLine(words)}: ${result.error.message}`);
    if (result.status === null)
      throw new DemoFailure(`${showLine(words)}: killed by ${result.signal}`);
    return { exitCode: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  function judge(
    allowed: readonly number[],
    words: readonly string[],
    outcome: Outcome,
    shown: boolean,
  ): Outcome {
    if (allowed.includes(outcome.exitCode)) return outcome;
    const output = shown ? '' : `\n${outcome.stderr || outcome.stdout}`;
    throw new DemoFailure(`${showLine(words)}: exit code ${outcome.exitCode}${output}`);
  }

  return {
    run(allowed, ...words) {
      print(`$ ${showLine(words)}`);
      const outcome = start(words);
      for (const text of [outcome.stderr, outcome.stdout]) {
        if (text.trim()) print(text.trimEnd());
      }
      print('');
      return judge(allowed, words, outcome, true);
    },
    runQuietly: (allowed, ...words) => judge(allowed, words, start(words), false),
  };
}

function showLine(words: readonly string[]): string {
  const quoted = words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  return ['dms-backup', ...quoted].join(' ');
}
