// Repairs that the user may ask for by name. Each value that is repaired is counted; nothing is repaired unasked.

import { DmsBackupError } from '../../errors.ts';
import { replaceLoneSurrogates, stripJsonNul } from './json-text.ts';
import type { Kind, Side } from './kind.ts';
import { roundDecimal } from './numbers.ts';
import type { ProblemKind } from './problem.ts';
import { textOf, type Value } from './read-value.ts';
import { limitsOf } from './write-value.ts';

/** Which problem is met how, as the user writes it: `nul=strip`. */
export const repairWords = {
  nul: 'strip',
  length: 'truncate',
  'zero-date': 'null',
  'invalid-utf8': 'replace',
  precision: 'round',
} as const satisfies Partial<Record<ProblemKind, string>>;

export type RepairableKind = keyof typeof repairWords;
export type Repairs = ReadonlySet<RepairableKind>;

/** Parses the words behind `--repair`. Throws `usage`. */
export function parseRepairs(words: readonly string[]): Repairs {
  const repairs = new Set<RepairableKind>();
  for (const word of words) {
    const kind = word.split('=')[0] as RepairableKind;
    if (!Object.hasOwn(repairWords, kind) || word !== `${kind}=${repairWords[kind]}`) {
      throw new DmsBackupError('usage', `unknown repair '${word}'`, {
        hint: `Repairs are ${Object.entries(repairWords)
          .map(([name, way]) => `${name}=${way}`)
          .join(', ')}.`,
      });
    }
    repairs.add(kind);
  }
  return repairs;
}

export function isRepairable(kind: ProblemKind): kind is RepairableKind {
  return Object.hasOwn(repairWords, kind);
}

/** The repaired field, null for a null, undefined when this cannot be repaired. */
export function repair(
  kind: RepairableKind,
  field: Value,
  place: { kind: Kind; target: Side },
): Value | null | undefined {
  const { target } = place;
  switch (kind) {
    case 'nul':
      if (place.kind === 'json') return stripJsonNul(textOf(field));
      return typeof field === 'string'
        ? field.replaceAll('\0', '')
        : field.filter((byte) => byte !== 0);
    case 'invalid-utf8':
      if (typeof field !== 'string')
        return new TextDecoder('utf-8', { ignoreBOM: true }).decode(field);
      return place.kind === 'json' ? replaceLoneSurrogates(field) : undefined;
    case 'zero-date':
      return target.column.nullable ? null : undefined;
    case 'length':
      return place.kind === 'text' ? truncate(textOf(field), target) : undefined;
    case 'precision': {
      const scale = limitsOf(target.engine, target.column).scale;
      return place.kind === 'decimal' && scale !== undefined
        ? roundDecimal(textOf(field), scale)
        : undefined;
    }
  }
}

/** Whole characters only. */
function truncate(text: string, { engine, column }: Side): string {
  const { characters, bytes } = limitsOf(engine, column);
  let length = 0;
  let end = 0;
  let size = 0;
  for (const character of text) {
    length++;
    size += Buffer.byteLength(character);
    if (length > (characters ?? Infinity) || size > (bytes ?? Infinity)) break;
    end += character.length;
  }
  return text.slice(0, end);
}
