// What a pair of columns means: the kind of their values, from the types of both sides. SQLite says char(32) for what
// PostgreSQL calls uuid, and text for its json, so the side that knows better decides.

import type { Column, EngineName } from '../engine.ts';

/** `same`: both columns are of one type of one engine, whose values pass as they are. */
export type Kind =
  | 'same'
  | 'json'
  | 'uuid'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'time'
  | 'decimal'
  | 'float'
  | 'inet'
  | 'interval'
  | 'bytes'
  | 'integer'
  | 'text';

/** A column, and the database that it is in. */
export interface Side {
  readonly engine: EngineName;
  readonly column: Column;
}

/** `foreign`: a type of PostgreSQL whose text no other engine understands. */
type Family = Exclude<Kind, 'same'> | 'any' | 'foreign';

/** The kind that knows more comes first, with what it may meet on the other side. */
const partners: readonly (readonly [Family, readonly Family[]])[] = [
  ['json', ['text', 'any']],
  ['uuid', ['text', 'bytes', 'any']],
  ['timestamp', ['text', 'any']],
  ['date', ['text', 'any']],
  ['time', ['text', 'any']],
  ['interval', ['integer', 'text', 'any']],
  ['decimal', ['integer', 'float', 'any']],
  ['float', ['integer', 'any']],
  ['boolean', ['integer', 'any']],
  ['inet', ['text', 'any']],
  ['bytes', ['any']],
  ['integer', ['any']],
  ['text', ['any']],
];

const foreignTypes =
  /\[\]$|range$|^(?:tsvector|tsquery|point|line|lseg|box|path|polygon|circle|bit|money|geometry|geography|(?:\w+\.)?hstore)\b/;

function familyOf({ engine, column }: Side): Family {
  const { logicalType, declaredType } = column;
  if (logicalType === 'timestamptz') return 'timestamp';
  if (engine === 'postgres' && logicalType === 'text' && foreignTypes.test(declaredType)) {
    return 'foreign';
  }
  if (engine !== 'sqlite' && /^(?:inet|cidr|inet4|inet6)\b/i.test(declaredType)) return 'inet';
  // Only SQLite has values without a type.
  if (logicalType === 'any' && engine !== 'sqlite') return 'text';
  return logicalType;
}

/** Undefined when no value of one column could be one of the other. */
export function kindOf(source: Side, target: Side): Kind | undefined {
  if (
    source.engine === target.engine &&
    source.column.logicalType === target.column.logicalType &&
    source.column.declaredType.toLowerCase() === target.column.declaredType.toLowerCase()
  ) {
    return 'same';
  }
  const [left, right] = [familyOf(source), familyOf(target)];
  if (left === 'foreign' || right === 'foreign') return undefined;
  if (left === right) return left === 'any' ? 'text' : left;
  for (const [family, others] of partners) {
    if (family === 'any' || family === 'foreign') continue;
    if (family === left) return others.includes(right) ? family : undefined;
    if (family === right) return others.includes(left) ? family : undefined;
  }
  return undefined;
}
