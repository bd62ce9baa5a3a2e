// Definitions as text: what is in quotes or comments is told apart from the rest, and nothing else is understood.

/** Texts, names, comments, words, and single other characters. */
const anyToken =
  /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`(?:[^`]|``)*`|\/\*[^]*?\*\/|--(?=\s)[^\n]*|#[^\n]*|[\p{L}\p{N}_$\u0080-\uffff]+|\s+|[^]/gu;

export interface Token {
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
}

/** The tokens of a text without white space and comments. */
export function* tokensOf(sql: string): Generator<Token> {
  for (const match of sql.matchAll(anyToken)) {
    const [text] = match;
    if (/^(?:\s|\/\*(?!!|M!)|--\s|#)/.test(text)) continue;
    yield { text, at: match.index };
  }
}

/** The name that a token spells: without its quotes. */
export function nameOf(token: string): string {
  if (token.startsWith('`')) return token.slice(1, -1).replaceAll('``', '`');
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"');
  return token;
}

/**
 * Removes `` `database`. `` in front of names, so that the text can be used in a database of any name. The server writes the
 * prefix exactly so; texts in quotes and comments stay. A column of a table that is called like the database
 * (`` `x`.`id` ``) is kept: with `tables` known, a prefix goes only in front of one of `objects`.
 */
export function withoutDatabase(
  sql: string,
  database: string,
  objects: ReadonlySet<string>,
): string {
  const prefix = `\`${database.replaceAll('`', '``')}\``;
  const tokens = [...tokensOf(sql)];
  let result = '';
  let from = 0;
  for (const [index, { text, at }] of tokens.entries()) {
    const [before, dot, next] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]];
    if (text !== prefix || dot?.text !== '.' || next === undefined || before?.text === '.')
      continue;
    if (!objects.has(nameOf(next.text))) continue;
    result += sql.slice(from, at);
    from = next.at;
  }
  return result + sql.slice(from);
}

/** True when the text names an object with this database in front. */
export function namesDatabase(sql: string, database: string): boolean {
  const prefix = `\`${database.replaceAll('`', '``')}\``;
  const tokens = [...tokensOf(sql)];
  return tokens.some(
    ({ text }, index) =>
      text === prefix && tokens[index + 1]?.text === '.' && tokens[index - 1]?.text !== '.',
  );
}

/** The text from behind the first such row of words (not in quotes), or undefined. */
export function textBehind(sql: string, ...words: readonly string[]): string | undefined {
  const tokens = [...tokensOf(sql)];
  for (let index = 0; index + words.length <= tokens.length; index++) {
    const isThere = words.every(
      (word, offset) => tokens[index + offset]?.text.toUpperCase() === word,
    );
    const last = tokens[index + words.length - 1];
    if (isThere && last) return sql.slice(last.at + last.text.length);
  }
  return undefined;
}
