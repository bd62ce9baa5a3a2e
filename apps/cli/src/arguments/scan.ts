// A first look at the words, before commander: which one is the verb, wherever it stands (`--app paperless verify x` is
// as good as `verify x`), and which flags there are not.

import { nearest } from '../nearest.ts';
import { UsageError } from '../usage-error.ts';
import { flags, longName, takesValue, type Flag } from './flags.ts';

export interface Scan {
  /** Words that are neither flags nor their values, in order. `-` is one. */
  readonly operands: readonly { readonly word: string; readonly index: number }[];
  /** Long names as written, without `=value`. */
  readonly flags: ReadonlySet<string>;
}

const known = Object.values(flags);
/** A flag as it is written. */
type Spelt = Pick<Flag, 'spelling'>;

const knownNames = new Set([...known.map(longName), '--help', '-h', '--version', '-V']);

/** Splits the words into operands and flags; nothing is refused here. `more`: flags of the adapter. */
export function scanWords(argv: readonly string[], more: readonly Spelt[] = []): Scan {
  const withValue = new Set([...known, ...more].filter(takesValue).map(longName));
  const operands: { word: string; index: number }[] = [];
  const seen = new Set<string>();
  let onlyOperands = false;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (onlyOperands || word === '-' || !word.startsWith('-')) {
      operands.push({ word, index });
    } else if (word === '--') {
      onlyOperands = true;
    } else {
      const equals = word.indexOf('=');
      const name = equals === -1 ? word : word.slice(0, equals);
      seen.add(name);
      if (equals === -1 && withValue.has(name)) index++;
    }
  }
  return { operands, flags: seen };
}

/** True when a flag is not known: an adapter may know it. */
export function hasStrangers(scan: Scan): boolean {
  return [...scan.flags].some((name) => !knownNames.has(name));
}

/** Refuses flags that do not exist. */
export function assertKnownFlags(scan: Scan, more: readonly Spelt[] = []): void {
  const ofAdapter = new Set(more.map(longName));
  for (const name of scan.flags) {
    if (knownNames.has(name) || ofAdapter.has(name)) continue;
    const similar = nearest(
      name,
      [...knownNames, ...ofAdapter].filter((other) => other.startsWith('--')),
    );
    throw new UsageError(
      `unknown flag '${name}'`,
      similar === undefined ? undefined : `Did you mean ${similar}?`,
    );
  }
}
