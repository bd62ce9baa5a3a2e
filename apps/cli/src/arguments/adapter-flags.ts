// Flags that only one adapter understands, such as `--file-column` of Django. They are known when the adapter is loaded, so the
// command line is read once without them, and again when it has words that only they can explain.

import type { Adapter } from '@dms-backup/core';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../usage-error.ts';
import { flags, longName, texts, type Flag } from './flags.ts';

export interface AdapterFlag extends Flag {
  readonly name: string;
}

function once(word: string, before: unknown): string[] {
  if (before !== undefined) throw new InvalidArgumentError('It is given twice.');
  return texts(word, before);
}

/** Names that the tool itself uses. */
const taken: ReadonlySet<string> = new Set(
  Object.values<Flag>(flags).map(longName).concat('--help', '--version'),
);

/** Throws {@link UsageError} for an adapter that claims a flag of the tool. */
export function adapterFlags({ name: adapter, options = [] }: Adapter): AdapterFlag[] {
  return options.map(({ name, value, repeatable = false, help }) => {
    if (taken.has(`--${name}`)) {
      throw new UsageError(
        `the adapter '${adapter}' has a flag --${name}, which is a flag of dms-backup itself`,
        'Tell the author of the adapter.',
      );
    }
    const spelling = value === undefined ? `--${name}` : `--${name} <${value}>`;
    const text = repeatable ? `${help} (repeatable)` : help;
    const read = repeatable ? texts : once;
    return { name, spelling, text, group: 'adapter', ...(value !== undefined && { read }) };
  });
}

/** The word after --app, before anything is parsed. */
export function appWord(argv: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    if (word === '--') return undefined;
    if (word.startsWith('--app=')) return word.slice('--app='.length);
    if (word === '--app') return argv[index + 1];
  }
  return undefined;
}
