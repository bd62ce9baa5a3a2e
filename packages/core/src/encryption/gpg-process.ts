// The user's own program gpg, with his keyring, his trust and his configuration. It is judged by its status lines
// (--status-fd, documented in doc/DETAILS of GnuPG 2.2), never by its messages, which are only kept as a cause.

import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { DmsBackupError, systemErrorCode } from '../errors.ts';

/** The end of what gpg says, for --verbose. */
const keptMessageCharacters = 4000;

const standardWords = [
  '--batch',
  '--no-tty',
  // nothing is looked up on the network, and no passphrase stays in the agent
  '--no-auto-key-locate',
  '--no-symkey-cache',
  // asks us, where it would open a window or wait at a terminal
  '--pinentry-mode',
  'loopback',
  '--status-fd',
  '3',
];

export interface GpgEnd {
  readonly exitCode: number | null;
  /** Status lines without their prefix: `BEGIN_ENCRYPTION 2 9`. */
  readonly status: readonly string[];
  /** What it said, as a cause for an error. */
  readonly cause: Error;
}

export interface GpgProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** When it has ended and all its pipes are read. Rejects with `encryption-failed` when there is no such program. */
  readonly ended: Promise<GpgEnd>;
  /** The pipe for passphrases: descriptor 4 of the program. */
  readonly secrets: Writable;
  kill(): void;
}

/** Starts gpg; `onStatus` gets each status line when it comes. An aborted signal kills it. */
export function startGpg(
  words: readonly string[],
  options: { onStatus?: (line: string) => void; signal?: AbortSignal } = {},
): GpgProcess {
  const child = spawn('gpg', [...standardWords, ...words], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C at the terminal is for us, and we end it in order
    detached: true,
  });
  const kill = () => void child.kill('SIGKILL');
  if (options.signal?.aborted) kill();
  options.signal?.addEventListener('abort', kill);
  const [, , , statusPipe, secrets] = child.stdio as unknown as [
    Writable,
    Readable,
    Readable,
    Readable,
    Writable,
  ];
  // a program that ends does not read on: its exit code says why
  for (const pipe of child.stdio) pipe?.on('error', () => undefined);

  const status: string[] = [];
  let rest = '';
  statusPipe.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const word = line.replace(/^\[GNUPG:\] /, '');
      status.push(word);
      options.onStatus?.(word);
    }
  });
  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages = (messages + text).slice(-keptMessageCharacters);
  });
  const ended = new Promise<GpgEnd>((resolve, reject) => {
    child.once('error', (cause) => reject(cannotStart(cause)));
    child.once('close', (exitCode) => {
      resolve({ exitCode, status, cause: new Error(`gpg: ${messages.trim()}`) });
    });
  }).finally(() => options.signal?.removeEventListener('abort', kill));
  // it is awaited later, or not at all when something else went wrong before
  ended.catch(() => undefined);
  return { stdin: child.stdin, stdout: child.stdout, ended, secrets, kill };
}

/** True when a status line with this keyword came. */
export function hasStatus({ status }: GpgEnd, ...keywords: readonly string[]): boolean {
  return status.some((line) => keywords.includes(line.split(' ')[0] ?? ''));
}

/** Resolves when the pipe has taken the bytes, or when it is closed. */
export function feed(pipe: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (pipe.destroyed) return resolve();
    const done = () => {
      pipe.off('close', done);
      resolve();
    };
    pipe.once('close', done);
    pipe.write(bytes, done);
  });
}

/** gpg takes one line as a passphrase. Throws `usage`. */
export function assertLine(passphrase: string): void {
  if (/[\n\r\0]/.test(passphrase))
    throw new DmsBackupError('usage', 'the passphrase for gpg has more than one line');
}

function cannotStart(cause: Error): DmsBackupError {
  const code = systemErrorCode(cause);
  return new DmsBackupError(
    'encryption-failed',
    code === 'ENOENT' ? 'there is no program gpg on this machine' : `cannot start gpg (${code})`,
    { hint: 'Install GnuPG (Debian: apt install gnupg), and look that it is on the PATH.', cause },
  );
}
