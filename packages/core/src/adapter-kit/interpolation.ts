// Variables inside values: `${NAME}` with its variants as Docker Compose knows them, and the small set of python-dotenv.

export type Lookup = (name: string) => string | undefined;

/** python-dotenv, src/dotenv/variables.py: only `${NAME}` and `${NAME:-default}`; an unknown name becomes empty. */
export function interpolateBraces(text: string, lookup: Lookup): string {
  return text.replaceAll(
    /\$\{([^}:]*)(?::-([^}]*))?\}/g,
    (_, name: string, fallback: string | undefined) => lookup(name) ?? fallback ?? '',
  );
}

const plainName = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Docker Compose (compose-spec, interpolation): `$NAME`, `${NAME}`, `:-` `-` default, `:?` `?` required, `:+` `+` other
 * value, nested, `$$` for a dollar. `missing` are names that had neither value nor default.
 */
export function interpolate(text: string, lookup: Lookup): { text: string; missing: string[] } {
  const missing: string[] = [];
  let result = '';
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf('$', position);
    if (dollar < 0) break;
    result += text.slice(position, dollar);
    position = dollar + 1;
    const next = text[position];
    if (next === '$') {
      result += '$';
      position += 1;
    } else if (next === '{') {
      const end = closingBrace(text, position);
      if (end < 0) {
        result += '$';
        continue;
      }
      result += expression(text.slice(position + 1, end), lookup, missing);
      position = end + 1;
    } else {
      plainName.lastIndex = position;
      const name = plainName.exec(text)?.[0];
      if (name === undefined) {
        result += '$';
        continue;
      }
      result += known(name, lookup, missing);
      position += name.length;
    }
  }
  return { text: result + text.slice(position), missing };
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return -1;
}

function known(name: string, lookup: Lookup, missing: string[]): string {
  const value = lookup(name);
  if (value === undefined) missing.push(name);
  return value ?? '';
}

function expression(body: string, lookup: Lookup, missing: string[]): string {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(:?[-?+])?([\s\S]*)$/.exec(body);
  if (match === null) return '';
  const [, name = '', operator, rest = ''] = match;
  if (operator === undefined) return known(name, lookup, missing);
  const value = lookup(name);
  const isSet = operator.startsWith(':')
    ? value !== undefined && value !== ''
    : value !== undefined;
  const other = (): string => {
    const inner = interpolate(rest, lookup);
    missing.push(...inner.missing);
    return inner.text;
  };
  if (operator.endsWith('+')) return isSet ? other() : '';
  if (isSet) return value ?? '';
  if (operator.endsWith('-')) return other();
  missing.push(name);
  return '';
}
