// Types of PostgreSQL columns in engine-neutral words, and the limits that they put on values. COPY text carries every type,
// so what has no word of its own is text.

import type { Column } from '../engine.ts';

/** A type as pg_type and pg_attribute know it; of a domain, the type that it stands on. */
export interface TypeFacts {
  /** typname. */
  readonly name: string;
  /** True for types of the schema pg_catalog. */
  readonly isBuiltIn: boolean;
  /** atttypmod or typtypmod; -1 for none. */
  readonly modifier: number;
}

const logicalTypes = new Map<string, Column['logicalType']>(
  Object.entries({
    bool: 'boolean',
    int2: 'integer',
    int4: 'integer',
    int8: 'integer',
    numeric: 'decimal',
    float4: 'float',
    float8: 'float',
    bytea: 'bytes',
    date: 'date',
    time: 'time',
    timetz: 'time',
    timestamp: 'timestamp',
    timestamptz: 'timestamptz',
    interval: 'interval',
    uuid: 'uuid',
    json: 'json',
    jsonb: 'json',
  } as const),
);

export function logicalTypeOf({ name, isBuiltIn }: TypeFacts): Column['logicalType'] {
  return (isBuiltIn ? logicalTypes.get(name) : undefined) ?? 'text';
}

const integers = new Map([
  ['int2', { minimum: '-32768', maximum: '32767' }],
  ['int4', { minimum: '-2147483648', maximum: '2147483647' }],
  ['int8', { minimum: '-9223372036854775808', maximum: '9223372036854775807' }],
]);

/** Bytes of the length word that type modifiers of varchar, char and numeric count (VARHDRSZ in PostgreSQL's c.h). */
const header = 4;

/** Undefined when values of the type have no limit that another engine could lack. */
export function limitsOf({ name, isBuiltIn, modifier }: TypeFacts): Column['limits'] {
  if (!isBuiltIn) return undefined;
  const range = integers.get(name);
  if (range) return range;
  if (modifier < header) return undefined;
  if (name === 'varchar' || name === 'bpchar') return { characters: modifier - header };
  if (name !== 'numeric') return undefined;
  // src/backend/utils/adt/numeric.c, make_numeric_typmod: 16 bits of precision, 11 bits of scale, which is signed since 15.
  const bits = modifier - header;
  return { precision: (bits >> 16) & 0xffff, scale: ((bits & 0x7ff) ^ 1024) - 1024 };
}
