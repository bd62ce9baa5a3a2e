// Translates a pattern of Python's `re` (str patterns, Python 3.11+) into a JavaScript RegExp that finds the same texts.
// Differences that matter: `\d \w \s \b` know all of Unicode in Python, `.` and `$` know only the line feed, inline flags, named
// groups, literal braces. What JavaScript cannot do (conditionals, atomic groups, possessive repeats) is refused.

import { DmsBackupError } from '../../errors.ts';

/** Python's str.isalnum() or underscore; str.isdecimal(); str.isspace(). Each as the inside of a character class. */
const unicodeClass: Readonly<Record<string, string>> = {
  w: String.raw`\p{L}\p{N}_`,
  d: String.raw`\p{Nd}`,
  s: String.raw`\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`,
};
const asciiClass: Readonly<Record<string, string>> = {
  w: 'a-zA-Z0-9_',
  d: '0-9',
  s: String.raw`\t-\r `,
};

const repeat = /^(?:[*+?]|\{\d+\}|\{\d*,\d*\})/;

const controls: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

interface Flags {
  readonly ascii: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
  readonly verbose: boolean;
}

/** Throws `database-unsupported` for a pattern that is wrong in Python too, or that cannot be translated. */
export function translatePythonPattern(pattern: string): RegExp {
  try {
    const global = /^\(\?([aiLmsux]+)\)/.exec(pattern);
    const letters = global?.[1] ?? '';
    const flags = {
      ascii: letters.includes('a'),
      dotAll: letters.includes('s'),
      multiline: letters.includes('m'),
      verbose: letters.includes('x'),
    };
    const reader = new PatternReader(Array.from(pattern.slice(global?.[0].length ?? 0)));
    const source = reader.alternatives(flags);
    if (!reader.atEnd()) throw new SyntaxError('unbalanced parenthesis');
    return new RegExp(source, letters.includes('i') ? 'vi' : 'v');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `cannot use the pattern ${JSON.stringify(pattern)} of a REGEXP: ${reason}`;
    throw new DmsBackupError('database-unsupported', message, { cause: error });
  }
}

class PatternReader {
  readonly #characters: readonly string[];
  #position = 0;

  constructor(characters: readonly string[]) {
    this.#characters = characters;
  }

  atEnd(): boolean {
    return this.#position >= this.#characters.length;
  }

  /** Everything up to the end or the closing parenthesis, which stays unread. */
  alternatives(flags: Flags): string {
    let source = '';
    while (!this.atEnd() && this.#peek() !== ')') {
      const character = this.#next();
      if (flags.verbose && /[ \t\n\r\f\v]/.test(character)) continue;
      if (flags.verbose && character === '#') this.#skipPast('\n');
      else if (character === '|') source += '|';
      else source += this.#repeated(this.#atom(character, flags), flags);
    }
    return source;
  }

  #atom(character: string, flags: Flags): string {
    switch (character) {
      case '(':
        return this.#group(flags);
      case '[':
        return this.#class(flags);
      case '\\':
        return this.#escape(flags);
      case '.':
        return flags.dotAll ? String.raw`[\s\S]` : String.raw`[^\n]`;
      case '^':
        return flags.multiline ? String.raw`(?<![^\n])` : String.raw`(?<![\s\S])`;
      case '$':
        return flags.multiline ? String.raw`(?![^\n])` : String.raw`(?=\n?(?![\s\S]))`;
      case '*':
      case '+':
      case '?':
        throw new SyntaxError('nothing to repeat');
      default:
        return literal(character);
    }
  }

  /** The atom with the quantifier that follows it, if any. A brace that is no quantifier is a literal in Python. */
  #repeated(atom: string, flags: Flags): string {
    if (flags.verbose) while (/^[ \t\n\r\f\v]$/.test(this.#peek())) this.#position++;
    const quantifier = this.#take(repeat);
    if (quantifier === '') return atom;
    const lazy = this.#take(/^[?]/);
    if (this.#peek() === '+') throw new SyntaxError('possessive repeats are not supported');
    if (this.#take(repeat) !== '') throw new SyntaxError('multiple repeat');
    const counted = quantifier.replace('{,', '{0,');
    // JavaScript allows no quantifier behind an assertion; once or never is all that repeating it can mean.
    const target = /^\(\?<?[=!]/.test(atom) ? `(?:${atom})` : atom;
    return `${target}${counted}${lazy}`;
  }

  #group(flags: Flags): string {
    if (this.#take(/^\?#/) !== '') {
      this.#skipPast(')');
      return '';
    }
    const reference = this.#take(/^\?P=\w+\)/u);
    if (reference !== '') return String.raw`\k<${reference.slice(3, -1)}>`;
    let head = '(';
    let inner = flags;
    const named = this.#take(/^\?P<\w+>/u);
    const plain = this.#take(/^\?(?::|<?[=!])/);
    const scoped = this.#take(/^\?[aimsux]*(?:-[imsx]+)?:/);
    if (named !== '') head = `(?${named.slice(2)}`;
    else if (plain !== '') head = `(${plain}`;
    else if (scoped !== '') [head, inner] = scopedFlags(scoped, flags);
    else if (this.#peek() === '?') throw new SyntaxError('this kind of group is not supported');
    const body = this.alternatives(inner);
    if (this.#next() !== ')') throw new SyntaxError('missing )');
    return `${head}${body})`;
  }

  #class(flags: Flags): string {
    let source = this.#take(/^\^/) === '' ? '[' : '[^';
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const start = this.#member(flags);
      const isRange = this.#peek() === '-' && this.#characters[this.#position + 1] !== ']';
      if (!isRange) {
        source += start;
        continue;
      }
      this.#position++;
      const end = this.#member(flags);
      if (start.startsWith('[') || end.startsWith('[')) throw new SyntaxError('bad range');
      source += `${start}-${end}`;
    }
    this.#position++;
    return `${source}]`;
  }

  #member(flags: Flags): string {
    const character = this.#next();
    if (character !== '\\') return codePoint(character);
    const letter = this.#peek();
    if (/^[wdsWDS]$/.test(letter)) {
      this.#position++;
      return shorthand(letter, flags);
    }
    return codePoint(this.#character(true));
  }

  #escape(flags: Flags): string {
    const letter = this.#peek();
    if (/^[wdsWDSAZbB1-9]$/.test(letter)) {
      const octal = this.#take(/^[1-3][0-7][0-7]/);
      if (octal !== '') return codePoint(String.fromCodePoint(Number.parseInt(octal, 8)));
      const reference = this.#take(/^[1-9]\d?/);
      if (reference !== '') return `(?:\\${reference})`;
      this.#position++;
      if (letter === 'A') return String.raw`(?<![\s\S])`;
      if (letter === 'Z') return String.raw`(?![\s\S])`;
      return letter === 'b' || letter === 'B' ? boundary(letter, flags) : shorthand(letter, flags);
    }
    return literal(this.#character(false));
  }

  /** The character that an escape stands for, the backslash being read. */
  #character(inClass: boolean): string {
    const code = this.#take(/^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/);
    if (code !== '') return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    const octal = this.#take(inClass ? /^[0-7]{1,3}/ : /^0[0-7]{0,2}/);
    if (octal !== '') return String.fromCodePoint(Number.parseInt(octal, 8));
    const letter = this.#next();
    const control = controls[letter];
    if (control !== undefined) return control;
    if (/^[a-zA-Z0-9]$/.test(letter)) throw new SyntaxError(`bad escape \\${letter}`);
    return letter;
  }

  #peek(): string {
    return this.#characters[this.#position] ?? '';
  }

  #next(): string {
    const character = this.#characters[this.#position++];
    if (character === undefined) throw new SyntaxError('unexpected end of pattern');
    return character;
  }

  /** Reads what the expression matches here (ASCII syntax of at most 64 characters), or nothing. */
  #take(expression: RegExp): string {
    const ahead = this.#characters.slice(this.#position, this.#position + 64).join('');
    const found = expression.exec(ahead)?.[0] ?? '';
    this.#position += Array.from(found).length;
    return found;
  }

  #skipPast(character: string): void {
    const found = this.#characters.indexOf(character, this.#position);
    if (found < 0 && character === ')') throw new SyntaxError('missing )');
    this.#position = found < 0 ? this.#characters.length : found + 1;
  }
}

function scopedFlags(group: string, flags: Flags): [head: string, inner: Flags] {
  const [on = '', off = ''] = group.slice(1, -1).split('-');
  const value = (letter: string, before: boolean): boolean =>
    on.includes(letter) || (before && !off.includes(letter));
  const inner = {
    ascii: on.includes('a') || (flags.ascii && !on.includes('u')),
    dotAll: value('s', flags.dotAll),
    multiline: value('m', flags.multiline),
    verbose: value('x', flags.verbose),
  };
  const ignoreCase = on.includes('i') ? 'i' : off.includes('i') ? '-i' : '';
  return [`(?${ignoreCase}:`, inner];
}

function shorthand(letter: string, flags: Flags): string {
  const name = letter.toLowerCase();
  const members = (flags.ascii ? asciiClass : unicodeClass)[name] ?? '';
  return letter === name ? `[${members}]` : `[^${members}]`;
}

function boundary(letter: string, flags: Flags): string {
  const word = shorthand('w', flags);
  return letter === 'b'
    ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
    : `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
}

function literal(character: string): string {
  return /^[\p{L}\p{N}]$/u.test(character) ? character : codePoint(character);
}

function codePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
