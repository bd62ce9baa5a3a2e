// Names from databases and archives are foreign input: a document title may hold escape sequences that rewrite the
// terminal, or direction marks that make a name look like another. Nothing foreign is printed without passing here.

/**
 * Control characters (C0, DEL, C1), line separators, direction marks, invisible fillers, tags and halves of surrogate pairs.
 * Joiners (U+200C, U+200D) stay: several scripts and emoji need them.
 */
const unsafe =
  // eslint-disable-next-line no-control-regex -- these are the characters it is about
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escape(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The text as one line that is safe on a terminal: unsafe characters become `\x1b`, `\u202e`, `\n`, ... */
export function printable(text: string): string {
  return text.replace(unsafe, escape);
}

/** A deep copy of plain data in which every string is {@link printable}, so that no page can forget to call it. */
export function makePrintable<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [printable(key), copy(item)]),
  );
}

/** One line of JSON that is safe on a terminal, too: unsafe characters are written as JSON escapes. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? item.toString() : item,
  );
  return text.replace(unsafe, (character) =>
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Shortens long foreign text in the middle of a line. */
export function cut(text: string, length = 160): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
