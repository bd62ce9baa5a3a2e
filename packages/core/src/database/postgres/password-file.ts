// Password files of libpq (PostgreSQL documentation, 34.16 "The Password File"): lines of host:port:database:user:password,
// `*` for any, backslash before a colon or backslash. A file that others can read is not used, as libpq does not use it; the
// reason is told when the server asks for a password.

import { open } from 'node:fs/promises';
import { systemErrorCode } from '../../errors.ts';

export interface PasswordQuestion {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** libpq looks for the default socket directories under this name. */
const socketDirectories = new Set(['/var/run/postgresql', '/run/postgresql', '/tmp']);

export interface PasswordAnswer {
  /** Of the first line that fits. */
  readonly password?: string;
  /** Why the file was not used. */
  readonly problem?: string;
}

/** A file that is not there, or has no line that fits, is no problem. */
export async function readPassword(
  path: string,
  question: PasswordQuestion,
): Promise<PasswordAnswer> {
  const text = await readPrivate(path);
  if (typeof text !== 'string') return text;
  const host = socketDirectories.has(question.host) ? 'localhost' : question.host;
  const wanted = [
    [question.host, host],
    [String(question.port)],
    [question.database],
    [question.user],
  ];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = splitLine(line);
    const password = fields[4];
    if (password === undefined) continue;
    const fits = wanted.every((values, index) => {
      const field = fields[index] ?? '';
      // A star is a star only when it is not escaped.
      return field === '*' || values.includes(unescape(field));
    });
    if (fits) return { password: unescape(password) };
  }
  return {};
}

function splitLine(line: string): string[] {
  return line.match(/(?:^|:)((?:\\.|[^:\\]|\\$)*)/g)?.map((field) => field.replace(/^:/, '')) ?? [];
}

function unescape(field: string): string {
  return field.replaceAll(/\\(.)/g, '$1');
}

async function readPrivate(path: string): Promise<string | PasswordAnswer> {
  try {
    await using file = await open(path, 'r');
    const status = await file.stat();
    if (!status.isFile()) return '';
    if ((status.mode & 0o077) !== 0) {
      return { problem: `'${path}' is not used since others can read or write it (chmod 600)` };
    }
    return await file.readFile('utf8');
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unknown error';
    return ['ENOENT', 'ENOTDIR'].includes(code)
      ? ''
      : { problem: `'${path}' cannot be read (${code})` };
  }
}
