// Runs the user's own programs (ssh, rclone, restic). Secrets reach them only through the environment; what they say on
// stderr is kept short and made safe before it may be shown. They run in a group of their own: Ctrl-C in a terminal
// reaches dms-backup, which then ends them in the right order.

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { DmsBackupError, systemErrorCode } from '../errors.ts';

export interface ProgramCall {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

export interface ProgramEnd {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  /** The end of what it wrote to stderr. */
  readonly said: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /** Settles when the program has ended and its output is read. Throws `program-missing`. */
  readonly ended: Promise<ProgramEnd>;
}

const keptStderr = 16 * 1024;

/** How long a program gets for an answer that is not data, such as a list. */
const answerTimeoutMs = 10 * 60_000;

/** Starts a program; the caller deals with its stdin and stdout. */
export function startProgram(call: ProgramCall, stdio: StdioOptions): RunningProgram {
  const child = spawn(call.command, call.arguments, {
    cwd: call.workingDirectory,
    env: call.environment,
    stdio,
    detached: true,
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptStderr);
  });
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.on('error', (cause) => reject(startError(call.command, cause)));
    child.on('close', (exitCode) => resolve({ exitCode, said }));
  });
  // a caller that looks later must not find the process gone because of an unhandled rejection
  ended.catch(() => undefined);
  // a program that has ended takes no input; its exit code says more than EPIPE
  child.stdin?.on('error', () => undefined);
  return { child, ended };
}

/**
 * Runs a program to its end and returns what it wrote to stdout. Throws `program-missing`, `interrupted`, and
 * `server-unreachable` for a program that writes more than `longestBytes` or does not end.
 */
export async function askProgram(
  call: ProgramCall,
  longestBytes: number,
  signal?: AbortSignal,
): Promise<ProgramEnd & { stdout: Buffer }> {
  const { child, ended } = startProgram(call, ['ignore', 'pipe', 'pipe']);
  const pieces: Buffer[] = [];
  let length = 0;
  let failure: DmsBackupError | undefined;
  const stop = (error: DmsBackupError): void => {
    failure ??= error;
    killProgram(child);
  };
  child.stdout?.on('data', (piece: Buffer) => {
    length += piece.length;
    if (length <= longestBytes) pieces.push(piece);
    else stop(new DmsBackupError('server-unreachable', `${call.command} answers without end`));
  });
  const interrupt = (): void => stop(new DmsBackupError('interrupted', 'interrupted by the user'));
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted) interrupt();
  const timer = setTimeout(
    () => stop(new DmsBackupError('server-unreachable', `${call.command} gives no answer`)),
    answerTimeoutMs,
  );
  try {
    const end = await ended;
    if (failure) throw failure;
    return { ...end, stdout: Buffer.concat(pieces) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', interrupt);
  }
}

/** Ends a program and what it has started itself, at once. Does nothing when it has ended. */
export function killProgram(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // gone in this moment
  }
}

/** Asks a program to end, and ends it after `graceMs`. Resolves when it is gone. */
export async function endProgram(program: RunningProgram, graceMs: number): Promise<void> {
  const { child, ended } = program;
  if (graceMs > 0) child.kill('SIGINT');
  const timer = setTimeout(() => killProgram(child), graceMs);
  await ended.catch(() => undefined);
  clearTimeout(timer);
}

/**
 * What a program said last, as one line that may be shown: without control characters, without logins of URLs, and
 * without the value of any variable whose name looks like a secret.
 */
export function lastWords(said: string, environment: ProgramCall['environment']): string {
  let text = said;
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.length >= 4 && /pass|secret|key|token|credential/i.test(name))
      text = text.replaceAll(value, '***');
  }
  const lines = text
    .replaceAll(/\/\/[^/\s@]*@/g, '//***@')
    .split('\n')
    // oxlint-disable-next-line no-control-regex -- these are what is removed
    .map((line) => line.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim())
    // rclone begins its lines with the time
    .map((line) => line.replace(/^\d{4}\/\d\d\/\d\d [\d:]{8} /, ''))
    .filter((line) => line !== '');
  return (lines.at(-1) ?? 'it said nothing').slice(0, 300);
}

function startError(command: string, cause: unknown): DmsBackupError {
  if (systemErrorCode(cause) === 'ENOENT')
    return new DmsBackupError('program-missing', `cannot find the program '${command}'`, {
      hint: `Install ${command}, or add its directory to PATH.`,
      cause,
    });
  return new DmsBackupError(
    'program-missing',
    `cannot start '${command}' (${systemErrorCode(cause) ?? 'unknown error'})`,
    { cause },
  );
}
