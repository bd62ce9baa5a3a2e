// Small files with secrets or recipients. What is in them is never shown; a file that others can read is used, with a warning.

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Call } from './commands/command.ts';
import { systemErrorCode } from './system-error.ts';
import { UsageError } from './usage-error.ts';

/** Nobody has larger keys, and who names an archive by mistake learns it at once. */
const limitBytes = 256 * 1024;

interface FileKind {
  /** `passphrase file`, for messages. */
  readonly what: string;
  readonly isSecret: boolean;
}

/** The text of a file. Throws `UsageError` when it cannot be read, is too large or is not UTF-8. */
export function readSmallFile(path: string, { what, isSecret }: FileKind, call: Call): string {
  const { surroundings, output } = call;
  let bytes: Buffer;
  let fd: number | undefined;
  try {
    fd = openSync(resolve(surroundings.workingDirectory, path), 'r');
    const facts = fstatSync(fd);
    if (facts.size > limitBytes) throw new UsageError(`'${path}' is too large for a ${what}`);
    if (isSecret && facts.isFile() && (facts.mode & 0o077) !== 0)
      output.warn(`others can read the ${what} '${path}': allow it to one user (chmod 600)`);
    bytes = readFileSync(fd);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `cannot read the ${what} '${path}' (${systemErrorCode(error) ?? 'unknown error'})`,
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`the ${what} '${path}' is not UTF-8 text`);
  }
}

/** Lines of a file without comments and empty ones. */
export function usefulLines(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}
