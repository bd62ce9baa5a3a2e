// Reads `KEY=value` files in the two dialects around Django applications: as python-dotenv reads them, and env files as Docker
// Compose reads them. Values are returned, never shown: an error names file and line only.

import { DmsBackupError } from '../errors.ts';
import { interpolate, interpolateBraces, type Lookup } from './interpolation.ts';

/**
 * `python`: `load_dotenv` of python-dotenv without override.
 * `compose`: `env_file` and `.env` of Docker Compose. Differences: single quotes stop interpolation, `$NAME` counts too,
 * a bare `KEY` takes its value from the surrounding environment, and `KEY: value` is allowed.
 */
export type Dialect = 'python' | 'compose';

const keyPattern = /(?:export[ \t]+)?(?:'([^']+)'|([^=#\s'"]+))[ \t]*/y;
const singleQuoted = /'((?:\\'|[^'])*)'/y;
const doubleQuoted = /"((?:\\[\s\S]|[^"\\])*)"/y;
const restOfLine = /[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)/y;
const unquoted = /[^\r\n]*/y;
const blank = /(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r))*[ \t]*(?:#[^\r\n]*)?/y;

/**
 * Variables of the text in order, the last definition of a name wins. `lookup` is the surrounding environment: it wins
 * over the file when a value refers to `${NAME}`. Throws `configuration-invalid`.
 */
export function parseDotenv(
  text: string,
  options: { readonly path: string; readonly dialect: Dialect; readonly lookup: Lookup },
): Map<string, string> {
  const { dialect, lookup } = options;
  const found = new Map<string, string>();
  const resolve: Lookup = (name) => lookup(name) ?? found.get(name);
  const source = text.replace(/^\uFEFF/, '');
  let position = 0;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(source);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  const fail = (at: number): never => {
    const line = source.slice(0, at).split(/\r\n|\n|\r/).length;
    throw new DmsBackupError(
      'configuration-invalid',
      `cannot understand line ${line} of '${options.path}'`,
      {
        hint: 'Write one KEY=value per line and close every quote, or state the values with flags.',
        context: { file: options.path, line },
      },
    );
  };

  for (;;) {
    take(blank);
    if (position >= source.length) return found;
    const start = position;
    const key = take(keyPattern) ?? fail(start);
    const written = key[1] ?? key[2] ?? '';
    const yamlLike = dialect === 'compose' && written.endsWith(':');
    const name = yamlLike ? written.slice(0, -1) : written;
    if (source[position] !== '=' && !yamlLike) {
      if (take(restOfLine) === null) fail(start);
      const inherited = dialect === 'compose' ? lookup(name) : undefined;
      if (inherited !== undefined) found.set(name, inherited);
      continue;
    }
    if (!yamlLike) position += 1;
    while (source[position] === ' ' || source[position] === '\t') position += 1;
    found.set(name, readValue());
  }

  function readValue(): string {
    const start = position;
    const quote = source[position];
    if (quote === "'") {
      const raw = (take(singleQuoted) ?? fail(start))[1] ?? '';
      if (take(restOfLine) === null) fail(start);
      return dialect === 'python'
        ? interpolateBraces(raw.replaceAll(/\\([\\'])/g, '$1'), resolve)
        : raw;
    }
    if (quote === '"') {
      const raw = (take(doubleQuoted) ?? fail(start))[1] ?? '';
      if (take(restOfLine) === null) fail(start);
      return expand(raw.replaceAll(/\\([\\'"abfnrtv])/g, (_, letter: string) => unescape(letter)));
    }
    const raw = (take(unquoted)?.[0] ?? '').replace(/[ \t]+#.*$/, '').trimEnd();
    return expand(raw);
  }

  function expand(raw: string): string {
    return dialect === 'python' ? interpolateBraces(raw, resolve) : interpolate(raw, resolve).text;
  }
}

function unescape(letter: string): string {
  const special: Readonly<Record<string, string>> = {
    a: '\u0007',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
  };
  return special[letter] ?? letter;
}
