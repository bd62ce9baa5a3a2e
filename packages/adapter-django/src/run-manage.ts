// Runs our program with the Python of a project, through its own manage.py. Only when the user says so by --manage: it runs the
// project's code with the rights of this user. Nothing of what it prints is shown, because tracebacks may hold secrets.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { DmsBackupError } from '@dms-backup/core';
import { manageProgram, programVariables } from './manage-program.ts';

/** A large project with slow imports takes seconds. */
const timeoutMs = 60_000;
/** A thousand models answer with less than a megabyte. */
const answerLimitBytes = 16 * 1024 * 1024;

export interface ManageQuestion {
  /** Absolute path of manage.py. */
  readonly manage: string;
  readonly alias: string;
  readonly wish: 'facts' | 'password';
  /** For the project: where its settings look. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The JSON value that the program printed: foreign data. Throws `configuration-invalid` when manage.py is not there, does not
 * end well, or says something else.
 */
export async function askManage(
  question: ManageQuestion,
  limits: { readonly timeoutMs: number } = { timeoutMs },
): Promise<unknown> {
  const { manage } = question;
  if (!existsSync(manage)) throw failed(manage, 'there is no such file');
  const mark = `dms-backup-${randomBytes(16).toString('hex')} `;
  const python = findPython(manage, question.environment);
  const { output, ending } = await run(python, question, mark, limits.timeoutMs);
  const line = output.split('\n').find((each) => each.startsWith(mark));
  if (line === undefined) throw failed(manage, ending);
  try {
    return JSON.parse(line.slice(mark.length)) as unknown;
  } catch (cause) {
    throw failed(manage, 'its answer is no JSON', cause);
  }
}

/**
 * The activated virtual environment, the interpreter that manage.py itself names, a virtual environment beside it or one
 * folder above, then the system's.
 */
export function findPython(
  manage: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const directory = dirname(manage);
  const named = /^#!\s*(\S+)/.exec(firstBytes(manage))?.[1] ?? '';
  const folders = [directory, dirname(directory)].flatMap((each) =>
    ['.venv', 'venv', 'env'].map((name) => join(each, name)),
  );
  const candidates = [
    ...(environment['VIRTUAL_ENV'] ? [join(environment['VIRTUAL_ENV'], 'bin/python')] : []),
    ...(isAbsolute(named) && /\/python[\d.]*$/.test(named) ? [named] : []),
    ...folders.map((folder) => join(folder, 'bin/python')),
  ];
  return candidates.find((path) => existsSync(path)) ?? 'python3';
}

function firstBytes(path: string): string {
  const bytes = Buffer.alloc(256);
  const file = openSync(path, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

interface Run {
  readonly output: string;
  /** How it ended, for the message when there is no answer in the output. */
  readonly ending: string;
}

function run(
  python: string,
  { manage, alias, wish, environment }: ManageQuestion,
  mark: string,
  limitMs: number,
): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(python, [manage, 'shell'], {
      cwd: dirname(manage),
      env: {
        ...environment,
        [programVariables.mark]: mark,
        [programVariables.alias]: alias,
        [programVariables.wish]: wish,
        // The adapter changes nothing of the instance, compiled modules included.
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONIOENCODING: 'utf-8',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    let settled = false;
    const end = (ending: string): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      // A process that the project started may hold the pipes open for ever.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ output, ending });
    };
    const stop = (reason: string): void => {
      child.kill('SIGKILL');
      output = '';
      end(reason);
    };
    const timer = setTimeout(() => stop(`it took more than ${limitMs / 1000} seconds`), limitMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > answerLimitBytes) stop('it prints too much');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-10_000);
    });
    child.on('error', () => end(`'${python}' cannot be run`));
    child.on('exit', (code, signal) => {
      // What is still in the pipes comes first, if it comes at all.
      const last = (): void => end(endingOf(code, signal, errors));
      child.on('close', last);
      setTimeout(last, 1000).unref();
    });
    // A project that ends before it reads breaks the pipe; its exit tells more.
    child.stdin.on('error', () => {});
    child.stdin.end(manageProgram);
  });
}

/** The kind of a Python error is no secret, its text may be; a module that is missing is named. */
function endingOf(code: number | null, signal: NodeJS.Signals | null, errors: string): string {
  if (signal !== null) return `it was ended by ${signal}`;
  const last = errors.trimEnd().split('\n').at(-1) ?? '';
  const missing = /^ModuleNotFoundError: (No module named '[\w.]{1,100}')$/.exec(last)?.[1];
  if (missing !== undefined) return missing;
  const kind = /^(?:[\w.]{1,100}\.)?(\w{0,60}(?:Error|Exception|Configured))(?::|$)/.exec(
    last,
  )?.[1];
  return code === 0 || kind === undefined
    ? `it ended with code ${code} and without an answer`
    : `it ended with ${kind}`;
}

function failed(manage: string, reason: string, cause?: unknown): DmsBackupError {
  return new DmsBackupError(
    'configuration-invalid',
    `cannot ask the project through '${manage}': ${reason}`,
    {
      hint: `Try 'python ${manage} check' as the user of the application, with its virtual environment and variables; or leave out --manage and state --database and --media.`,
      context: { file: manage },
      cause,
    },
  );
}
