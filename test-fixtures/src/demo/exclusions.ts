// Reads from `inspect --json` what an archive declares as left out. Form: one object per thing under `excluded`, kind
// `table` with a name or kind `file` with root and path; names and paths may be globs, a directory ends with a slash.

import { DemoFailure } from './command-line.ts';

export interface Exclusions {
  table: (name: string) => boolean;
  /** `root`: `data` or `media`. */
  file: (root: string, path: string) => boolean;
}

interface Declaration {
  kind?: unknown;
  name?: unknown;
  root?: unknown;
  path?: unknown;
}

/** The object of the last line; everything before it is progress. @throws DemoFailure when it is no result. */
export function readResult(stdout: string): Record<string, unknown> {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'result') {
      return { ...value };
    }
  } catch {
    // Said below, together with a line that is JSON but no result.
  }
  throw new DemoFailure(`the last line of --json output is no result: '${line.slice(0, 200)}'`);
}

/** @throws DemoFailure when the result has no list `excluded`. */
export function readExclusions(result: Record<string, unknown>): Exclusions {
  if (!Array.isArray(result.excluded))
    throw new DemoFailure("inspect --json has no list 'excluded'");
  const declarations = result.excluded as Declaration[];
  const tables = declarations
    .filter(({ kind, name }) => kind === 'table' && typeof name === 'string')
    .map(({ name }) => globPattern(String(name).replace(/^(public|main)\./, '')));
  const files = declarations
    .filter(({ kind, path }) => kind === 'file' && typeof path === 'string')
    .map(({ root, path }) => ({ root, pattern: globPattern(String(path)) }));
  return {
    table: (name) => tables.some((pattern) => pattern.test(name)),
    file: (root, path) => files.some((file) => file.root === root && file.pattern.test(path)),
  };
}

/** `*` and `**` stand for anything, slashes included; a trailing slash or `/**` means the directory and all below. */
function globPattern(glob: string): RegExp {
  const directory = /(\/|\/\*\*?)$/;
  const body = glob
    .replace(directory, '')
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+\/?/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${body}${directory.test(glob) ? '(/.*)?' : ''}$`, 'su');
}
