// What rclone and restic say when a server behind them fails. Their exit codes do not tell a wrong key from a full disk, so
// the words of the many services are searched; what is not known keeps the code that fits what was tried.

import { DmsBackupError, type ErrorCode } from '../errors.ts';
import { lastWords, type ProgramCall, type ProgramEnd } from './program.ts';

const full = /no space left|quota|insufficient ?storage|storage ?full|disk full|storage limit/i;
const denied =
  /access ?denied|permission denied|unauthori[sz]ed|forbidden|invalidaccesskeyid|signaturedoesnotmatch|invalid_grant|unable to authenticate|couldn't log ?in|expired ?token|token expired|empty token|status 40[13]|\b40[13] [A-Z]/i;
const clock = /requesttimetooskewed|clock skew/i;
const network =
  /connection|timeout|timed out|unexpected eof|broken pipe|no such host|temporary failure|unreachable|slow ?down|too many requests|rate limit|bad gateway|service unavailable|internal ?(?:server ?)?error|status 50\d|\b50[0234] [A-Z]/i;

/** The error for a program that failed at what was tried, e.g. `cannot write 'rclone:remote:path/a.tar'`. */
export function programError(
  tried: string,
  call: ProgramCall,
  { said, exitCode }: ProgramEnd,
  otherwise: ErrorCode,
): DmsBackupError {
  const words = lastWords(said, call.environment);
  const because = (code: ErrorCode, hint?: string): DmsBackupError =>
    new DmsBackupError(code, `${tried}: ${call.command} says: ${words}`, {
      ...(hint !== undefined && { hint }),
      context: { exitCode },
    });
  if (clock.test(said)) return because('storage-denied', 'Set the clock of this machine.');
  if (full.test(said))
    return because('no-space', 'Free some space on the server or ask for a larger quota.');
  if (denied.test(said)) return because('storage-denied');
  if (network.test(said))
    return because('server-unreachable', 'Check the network and the server, then try again.');
  return because(otherwise);
}

/** True for errors that another attempt may cure. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof DmsBackupError && error.code === 'server-unreachable';
}
