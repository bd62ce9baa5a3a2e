// Reads `papermerge.conf.py` as data: assignments of plain values at the left margin, as the shipped file has them. Nothing is
// executed. What is computed, conditional or imported is named, so that a warning can say what was not understood.

export type PythonValue = string | number | boolean | null;

export interface PythonAssignments {
  /** The last assignment of a name counts. Collections are not read: none of the settings that matter is one. */
  readonly values: ReadonlyMap<string, PythonValue>;
  /** Names that are also assigned a computed value, or under a condition: their value is not known. */
  readonly unclear: ReadonlySet<string>;
}

const assignment = /^([ \t]*)([A-Za-z_]\w*)[ \t]*(?::[^=\n]*)?([-+*/|&%@^]|\*\*|\/\/)?=(?!=)[ \t]*/;

/** Never throws: a line that is no assignment is passed over. */
export function readAssignments(text: string): PythonAssignments {
  const values = new Map<string, PythonValue>();
  const unclear = new Set<string>();
  for (const statement of statementsOf(text.replace(/^\uFEFF/, ''))) {
    const match = assignment.exec(statement);
    if (match === null) continue;
    const [whole, indentation = '', name = '', operator] = match;
    const value = literalOf(statement.slice(whole.length).trim());
    if (indentation !== '' || operator !== undefined || value === undefined) {
      unclear.add(name);
      values.delete(name);
    } else {
      values.set(name, value);
      unclear.delete(name);
    }
  }
  return { values, unclear };
}

const opening = /(?:[rRbBuUfF]{0,2})("""|'''|"|')/y;

/** Logical lines without comments: brackets, triple quotes and a backslash at the end join lines. */
function statementsOf(text: string): string[] {
  const statements: string[] = [];
  let current = '';
  let depth = 0;
  for (let position = 0; position < text.length;) {
    opening.lastIndex = position;
    const isNameBefore = /\w/.test(current.at(-1) ?? '');
    const quote = isNameBefore ? null : opening.exec(text);
    if (quote !== null) {
      const end = endOfString(text, position + quote[0].length, quote[1] ?? '');
      current += text.slice(position, end);
      position = end;
      continue;
    }
    const character = text.charAt(position);
    position += 1;
    if (character === '#') {
      while (position < text.length && text[position] !== '\n') position += 1;
    } else if (character === '\\' && /^\r?\n/.test(text.slice(position, position + 2))) {
      position = text.indexOf('\n', position) + 1;
    } else if (depth === 0 && (character === '\n' || isEndOfAssignment(character, current))) {
      statements.push(current);
      current = '';
      if (character === ';') while (text[position] === ' ') position += 1;
    } else {
      if ('([{'.includes(character)) depth += 1;
      if (')]}'.includes(character)) depth = Math.max(0, depth - 1);
      current += character === '\r' ? '' : character;
    }
  }
  return [...statements, current];
}

/** `A = 1; B = 2`. Behind anything else, such as `if x: A = 1`, a semicolon goes on with the same condition. */
function isEndOfAssignment(character: string, current: string): boolean {
  return character === ';' && assignment.exec(current)?.[1] === '';
}

/** Position behind the closing quote; a plain string also ends with its line. */
function endOfString(text: string, start: number, quote: string): number {
  for (let position = start; position < text.length; position += 1) {
    if (text[position] === '\\') position += 1;
    else if (text.startsWith(quote, position)) return position + quote.length;
    else if (text[position] === '\n' && quote.length === 1) return position;
  }
  return text.length;
}

const words: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };
const stringLiteral =
  /([rRbBuUfF]{0,2})(?:"""([\s\S]*?)"""|'''([\s\S]*?)'''|"((?:\\[\s\S]|[^"\\\n])*)"|'((?:\\[\s\S]|[^'\\\n])*)')/y;

/** Undefined for anything but a plain value. Parentheses around one are allowed, and strings side by side are joined. */
function literalOf(text: string): PythonValue | undefined {
  const inner = /^\(([^,]*)\)$/s.exec(text)?.[1]?.trim() ?? text;
  if (Object.hasOwn(words, inner)) return words[inner];
  if (/^[-+]?\d[\d_]*(?:\.\d*)?$/.test(inner)) return Number(inner.replaceAll('_', ''));
  let joined = '';
  let position = 0;
  while (position < inner.length) {
    stringLiteral.lastIndex = position;
    const match = stringLiteral.exec(inner);
    if (match === null) return undefined;
    const prefix = (match[1] ?? '').toLowerCase();
    // `b''` is no text, `f''` is computed.
    if (/[bf]/.test(prefix)) return undefined;
    const body = match[2] ?? match[3] ?? match[4] ?? match[5] ?? '';
    joined += prefix.includes('r') ? body : unescape(body);
    position = stringLiteral.lastIndex;
    position += /^[\s]*/.exec(inner.slice(position))?.[0].length ?? 0;
  }
  return inner === '' ? undefined : joined;
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

function unescape(body: string): string {
  return body.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, two?: string, four?: string, eight?: string, octal?: string, other?: string) => {
      const code = two ?? four ?? eight;
      if (code !== undefined) return characterOf(Number.parseInt(code, 16), whole);
      if (octal !== undefined) return characterOf(Number.parseInt(octal, 8), whole);
      return escapes[other ?? ''] ?? whole;
    },
  );
}

function characterOf(code: number, otherwise: string): string {
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : otherwise;
}
