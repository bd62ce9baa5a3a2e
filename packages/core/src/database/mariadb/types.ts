// Types of columns: the engine-neutral meaning, the limits, and how a value gets into COPY text and back.

import type { Column } from '../engine.ts';

/**
 * How values travel. `text`: what the server prints. `bytes`: `\x` and hex digits. `float`: printed as double, because a
 * FLOAT is printed rounded. `number`: printed without padding zeros. `instant`: TIMESTAMP, printed in UTC with `+00` behind.
 */
export type ValueForm = 'text' | 'bytes' | 'float' | 'number' | 'instant';

const logicalTypes: Readonly<Record<string, Column['logicalType']>> = {
  tinyint: 'integer',
  smallint: 'integer',
  mediumint: 'integer',
  int: 'integer',
  bigint: 'integer',
  year: 'integer',
  float: 'float',
  double: 'float',
  decimal: 'decimal',
  date: 'date',
  time: 'time',
  datetime: 'timestamp',
  timestamp: 'timestamptz',
  binary: 'bytes',
  varbinary: 'bytes',
  tinyblob: 'bytes',
  blob: 'bytes',
  mediumblob: 'bytes',
  longblob: 'bytes',
  bit: 'bytes',
  vector: 'bytes',
  geometry: 'bytes',
  point: 'bytes',
  linestring: 'bytes',
  polygon: 'bytes',
  multipoint: 'bytes',
  multilinestring: 'bytes',
  multipolygon: 'bytes',
  geometrycollection: 'bytes',
  geomcollection: 'bytes',
  json: 'json',
  uuid: 'uuid',
};

/** `declaredType` as COLUMN_TYPE of information_schema. */
export function logicalTypeOf(declaredType: string): Column['logicalType'] {
  if (/^tinyint\(1\)(?! unsigned)/i.test(declaredType)) return 'boolean';
  return logicalTypes[baseType(declaredType)] ?? 'text';
}

function baseType(declaredType: string): string {
  return /^\w*/.exec(declaredType.toLowerCase())?.[0] ?? '';
}

export function valueForm(declaredType: string): ValueForm {
  const type = baseType(declaredType);
  if (type === 'timestamp') return 'instant';
  if (type === 'float' || type === 'double') return 'float';
  if (logicalTypes[type] === 'bytes') return 'bytes';
  return logicalTypes[type] === 'integer' && /zerofill/i.test(declaredType) ? 'number' : 'text';
}

const integerBits: Readonly<Record<string, bigint>> = {
  tinyint: 8n,
  smallint: 16n,
  mediumint: 24n,
  int: 32n,
  bigint: 64n,
};

/** Facts of information_schema.columns. */
export interface ColumnFacts {
  readonly declaredType: string;
  readonly characters: string | null;
  readonly octets: string | null;
  readonly precision: string | null;
  readonly scale: string | null;
}

export function limitsOf(facts: ColumnFacts): Column['limits'] {
  const type = baseType(facts.declaredType);
  const bits = integerBits[type];
  if (bits !== undefined) {
    const isUnsigned = /unsigned|zerofill/i.test(facts.declaredType);
    return isUnsigned
      ? { minimum: '0', maximum: String(2n ** bits - 1n) }
      : { minimum: String(-(2n ** (bits - 1n))), maximum: String(2n ** (bits - 1n) - 1n) };
  }
  switch (type) {
    case 'year':
      return { minimum: '0', maximum: '2155' };
    case 'decimal':
      return { precision: Number(facts.precision), scale: Number(facts.scale) };
    case 'char':
    case 'varchar':
      return { characters: Number(facts.characters) };
    // Limits of these are bytes, whatever the characters.
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return { bytes: Number(facts.octets) };
    case 'bit':
      return { bytes: Math.ceil(Number(facts.precision) / 8) };
    default:
      return undefined;
  }
}
