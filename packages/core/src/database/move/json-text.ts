// JSON compared by meaning: PostgreSQL's jsonb orders keys, drops blanks and repeated keys, and keeps numbers exactly; the other
// engines keep the text as it was. Numbers are never made doubles here.

import { canonicalDecimal } from './numbers.ts';

/** What TypeScript 7's library does not yet say: the text that a primitive was parsed from (ES2026 `JSON.parse`). */
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const reviver: Reviver = (_, value, context) =>
  typeof value === 'number' ? new ExactNumber(context?.source ?? String(value)) : value;

/** Without these, every number is a whole one that a double holds. Strings may match, too: that costs only time. */
const needsExactNumbers = /\d[.eE]|\d{16}/;

/** The value of a JSON text, for {@link canonicalJson}; undefined when it is no JSON. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return {
      value: needsExactNumbers.test(text)
        ? (JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]) as unknown)
        : (JSON.parse(text) as unknown),
    };
  } catch (error) {
    if (isHopeless(error)) return undefined;
    throw error;
  }
}

/** One text for values of equal meaning; undefined for what is nested too deeply, for PostgreSQL as well (max_stack_depth). */
export function canonicalJson(value: unknown): string | undefined {
  try {
    return write(value);
  } catch (error) {
    if (isHopeless(error)) return undefined;
    throw error;
  }
}

function isHopeless(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof RangeError;
}

function write(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return canonicalDecimal(String(value)) ?? String(value);
  if (value instanceof ExactNumber) return canonicalDecimal(value.text) ?? value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  let text = '';
  for (const key of Object.keys(value).toSorted()) {
    const comma = text === '' ? '' : ',';
    text += `${comma}${JSON.stringify(key)}:${write((value as Record<string, unknown>)[key])}`;
  }
  return `{${text}}`;
}

/** Escapes stand only in strings, so a JSON text can be searched for them without parsing it. */
const escape =
  /\\(?:u0000|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|[^])/g;

/** What jsonb refuses: NUL, and halves of surrogate pairs. Raw ones cannot be here: the text is valid UTF-8 and JSON. */
export function jsonEscapes(text: string): { hasNul: boolean; hasLoneSurrogate: boolean } {
  const found = { hasNul: false, hasLoneSurrogate: false };
  if (!text.includes(String.raw`\u`)) return found;
  for (const [match] of text.matchAll(escape)) {
    if (match === nul) found.hasNul = true;
    else if (isLoneSurrogate(match)) found.hasLoneSurrogate = true;
  }
  return found;
}

export function stripJsonNul(text: string): string {
  return text.replace(escape, (match) => (match === nul ? '' : match));
}

export function replaceLoneSurrogates(text: string): string {
  return text.replace(escape, (match) => (isLoneSurrogate(match) ? String.raw`\ufffd` : match));
}

const nul = String.raw`\u0000`;

function isLoneSurrogate(match: string): boolean {
  return match.length === 6 && match !== nul;
}
