// Declared types of SQLite columns: affinity by SQLite's own rules (https://www.sqlite.org/datatype3.html, 3.1), the
// engine-neutral meaning by the names that Django and SQLAlchemy write, and the storage class that rows usually have.

import type { Column } from '../engine.ts';

export type Affinity = 'integer' | 'real' | 'text' | 'blob' | 'numeric';
export type Storage = NonNullable<Column['storage']>;

export function affinityOf(declaredType: string): Affinity {
  const type = declaredType.toUpperCase();
  if (type.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text';
  if (type.includes('BLOB') || type === '') return 'blob';
  return /REAL|FLOA|DOUB/.test(type) ? 'real' : 'numeric';
}

/** First match wins; names are compared without length, precision and case. */
const names: readonly (readonly [RegExp, Column['logicalType']])[] = [
  [/^bool(ean)?$/, 'boolean'],
  [/^(uuid|uniqueidentifier)$/, 'uuid'],
  [/^jsonb?$/, 'json'],
  [/^date$/, 'date'],
  [/^time( without time zone)?$/, 'time'],
  [/^(timestamptz|timestamp with time zone)$/, 'timestamptz'],
  [/^(datetime|timestamp)( without time zone)?$/, 'timestamp'],
  [/^interval$/, 'interval'],
  [/^(decimal|numeric)$/, 'decimal'],
  [/^(bytea|.*binary)$/, 'bytes'],
];

const byAffinity = {
  integer: 'integer',
  real: 'float',
  text: 'text',
  blob: 'bytes',
  numeric: 'any',
} as const satisfies Record<Affinity, Column['logicalType']>;

export function logicalTypeOf(declaredType: string): Column['logicalType'] {
  const name = declaredType
    .replace(/\(.*\)/s, '')
    .trim()
    .toLowerCase();
  if (name === '' || name === 'any') return 'any';
  return names.find(([pattern]) => pattern.test(name))?.[1] ?? byAffinity[affinityOf(declaredType)];
}

/**
 * What COPY text of such a column stands for unless a storage line says otherwise. Decimals: SQLite keeps `12.50` as a real
 * and `12.00` as an integer; the fraction is the usual case.
 */
export function usualStorage(logicalType: Column['logicalType'], declaredType: string): Storage {
  switch (logicalType) {
    case 'boolean':
    case 'integer':
      return 'integer';
    case 'float':
    case 'decimal':
      return 'real';
    case 'bytes':
      return 'blob';
    case 'interval':
      // Django stores microseconds, SQLAlchemy a date and time.
      return affinityOf(declaredType) === 'integer' ? 'integer' : 'text';
    case 'text':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'uuid':
    case 'json':
    case 'any':
      return 'text';
  }
}
