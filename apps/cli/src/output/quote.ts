// Commands that are shown to be copied: words are quoted for a POSIX shell.

import { printable } from './printable.ts';

/** The word as a shell takes it; characters that cannot be printed are shown escaped, in `$'...'`. */
export function quoteWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const shown = printable(word);
  if (shown === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${printable(word.replaceAll('\\', '\\\\').replaceAll("'", `\\'`))}'`;
}

/** A command line of dms-backup, ready to be copied. */
export function commandLine(...words: readonly string[]): string {
  return ['dms-backup', ...words.map(quoteWord)].join(' ');
}
