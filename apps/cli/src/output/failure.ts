// What is shown when a run ends with an error. Ours: message, hint, exit code. Anything else is a bug of dms-backup or of
// an adapter: exit 1, the stack, and a request to report it. Neither shows a password.

import { systemErrorCode } from '../system-error.ts';
import { UsageError } from '../usage-error.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { redactForeign, redactUrls } from './redact.ts';

export interface Failure {
  /** Code of core's error table, or `bug`. */
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string;
  readonly context: Readonly<Record<string, unknown>>;
  /** Messages of the chain of causes, nearest first. */
  readonly causes: readonly string[];
  readonly stack: string | null;
  readonly bug: boolean;
}

export interface FailureContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** True after Ctrl-C or SIGTERM: whatever broke then broke because of it. */
  readonly aborted: boolean;
  readonly verb: string | undefined;
  /** For bug reports: versions of dms-backup, Node and the system. */
  readonly about: string;
}

const bugHint = (about: string): string =>
  `Please report it, with the command and the lines above (look first whether they show something private); \`npm bugs dms-backup\` opens the page. ${about}.`;

/** Causes can point at each other; no chain that helps anyone is longer. */
const longestChain = 8;

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (
    next !== undefined &&
    next !== null &&
    chain.length < longestChain &&
    !chain.includes(next)
  ) {
    chain.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = systemErrorCode(cause);
  const text = cause.name === 'DmsBackupError' ? cause.message : `${cause.name}: ${cause.message}`;
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}

/** Only in the message: file names in stack frames may look like a weak password, and are needed. */
function redactStack(stack: string, redact: (text: string) => string): string {
  return stack
    .split('\n')
    .map((line) => (/^\s+at /.test(line) ? redactUrls(line) : redact(line)))
    .join('\n');
}

/** Turns anything that was thrown into plain data. Loads core only when the error is not the CLI's own. */
export async function describeFailure(error: unknown, context: FailureContext): Promise<Failure> {
  const redact = (text: string): string => redactForeign(text, context.environment);
  const causes = chainOf(error).map((cause) => redact(describeCause(cause)));
  const stack = error instanceof Error && error.stack ? redactStack(error.stack, redact) : null;
  const common = { context: {}, causes, stack, bug: false } as const;

  if (error instanceof UsageError) {
    const verb = context.verb === undefined ? '' : `${context.verb} `;
    return {
      ...common,
      code: 'usage',
      exitCode: 2,
      message: redactUrls(error.message),
      hint: error.hint ?? `Run \`dms-backup ${verb}--help\` to see what it takes.`,
    };
  }
  const { errorTable, isDmsBackupError } = await import('@dms-backup/core');
  if (isDmsBackupError(error)) {
    return {
      ...common,
      code: error.code,
      exitCode: error.exitCode,
      message: redactUrls(error.message),
      hint: redactUrls(error.hint),
      context: error.context,
    };
  }
  if (context.aborted) {
    const { exitCode, hint } = errorTable.interrupted;
    return { ...common, code: 'interrupted', exitCode, message: 'interrupted by the user', hint };
  }
  return {
    ...common,
    code: 'bug',
    exitCode: 1,
    message: redact(describeCause(error)),
    hint: bugHint(context.about),
    bug: true,
  };
}

/** The lines for stderr. */
export function renderFailure(failure: Failure, paint: Paint, verbose: boolean): string[] {
  const lines: string[] = [];
  if (failure.bug) {
    lines.push(`${paint.bad('dms-backup: this should not happen:')} ${printable(failure.message)}`);
  } else {
    const facts = paint.dim(`(${failure.code}, exit ${failure.exitCode})`);
    lines.push(`${paint.bad('dms-backup:')} ${printable(failure.message)} ${facts}`);
  }
  if (verbose || failure.bug) {
    for (const cause of failure.causes) lines.push(`  caused by: ${printable(cause)}`);
    // The first lines of the stack repeat the message.
    const frames = (failure.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    lines.push(...frames.map((line) => paint.dim(printable(line))));
  }
  lines.push(printable(failure.hint));
  return lines;
}
