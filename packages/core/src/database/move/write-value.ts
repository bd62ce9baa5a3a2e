// From a value to the text that the target's own copyOut would write for it, or to the reason why the target cannot hold it.

import { isUtf8 } from 'node:buffer';
import type { Column, EngineName } from '../engine.ts';
import { jsonEscapes } from './json-text.ts';
import type { Kind, Side } from './kind.ts';
import { isCommonYear, microsToInterval, withFraction } from './moments.ts';
import {
  canonicalDecimal,
  canonicalFloat,
  fitsSingle,
  parseDecimal,
  plainDecimal,
  sizeOf,
} from './numbers.ts';
import { problem, type Problem } from './problem.ts';
import { isNoNumber, isPadded, textOf, type StorageClass, type Value } from './read-value.ts';

/** Gives the text of the field, not yet escaped. */
export type ValueWriter = (value: Value) => Value | Problem;

export function createWriter(kind: Kind, target: Side): ValueWriter {
  const { engine, column } = target;
  switch (kind) {
    case 'same':
      return (value) => value;
    case 'text':
      return textWriter(target);
    case 'bytes':
      return bytesWriter(column);
    case 'boolean':
    case 'integer':
      return integerWriter(target);
    case 'decimal':
      return decimalWriter(target);
    case 'float':
      return floatWriter(target);
    case 'date':
      return (value) =>
        engine === 'postgres' || isCommonYear(textOf(value)) ? value : problem('range');
    case 'time':
      return momentWriter(target);
    case 'timestamp':
      return timestampWriter(target);
    case 'interval':
      return intervalWriter(target);
    case 'uuid':
      return uuidWriter(target);
    case 'inet':
      return textWriter(target);
    case 'json':
      return jsonWriter(target);
  }
}

/** The class in which the target, when it is SQLite, keeps a written field of a kind; undefined for its usual one. */
export function storageOf(kind: Kind, field: Value): StorageClass {
  switch (kind) {
    case 'boolean':
    case 'integer':
    case 'interval':
      return 'integer';
    case 'decimal':
      // SQLite's own numeric affinity makes integers of whole numbers that fit.
      return typeof field === 'string' && /^-?\d{1,19}$/.test(field) ? 'integer' : 'real';
    case 'float':
      return 'real';
    case 'bytes':
      return 'blob';
    case 'same':
      return undefined;
    case 'text':
    case 'json':
    case 'uuid':
    case 'inet':
    case 'date':
    case 'time':
    case 'timestamp':
      return 'text';
  }
}

/** Limits that the engine gives, or that follow from the name of the type. SQLite enforces none. */
export function limitsOf(engine: EngineName, column: Column): NonNullable<Column['limits']> {
  return engine === 'sqlite' ? {} : (column.limits ?? {});
}

function textWriter(target: Side): ValueWriter {
  const { engine, column } = target;
  const { characters, bytes } = limitsOf(engine, column);
  // MariaDB cuts the blanks at the end of a CHAR when it is read.
  const cutsBlanks =
    isPadded(target) || (engine === 'mariadb' && /^char\b/i.test(column.declaredType));
  return (value) => {
    if (engine !== 'sqlite' && typeof value !== 'string' && !isUtf8(value)) {
      return problem('invalid-utf8');
    }
    if (engine === 'postgres' && hasNul(value)) return problem('nul');
    if (characters !== undefined && value.length > characters && lengthOf(value) > characters) {
      return problem('length');
    }
    if (bytes !== undefined && value.length * 3 > bytes && Buffer.byteLength(value) > bytes) {
      return problem('length');
    }
    return cutsBlanks && endsWithBlank(value) ? problem('padding') : value;
  };
}

function hasNul(value: Value): boolean {
  return typeof value === 'string' ? value.includes('\0') : value.includes(0);
}

/** Characters are code points for both servers. */
function lengthOf(value: Value): number {
  if (typeof value !== 'string') {
    let count = 0;
    for (const byte of value) if ((byte & 0xc0) !== 0x80) count++;
    return count;
  }
  let count = value.length;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) count--;
  }
  return count;
}

function endsWithBlank(value: Value): boolean {
  return typeof value === 'string' ? value.endsWith(' ') : value.at(-1) === 0x20;
}

function bytesWriter(column: Column): ValueWriter {
  const limit = column.limits?.bytes;
  return (value) =>
    limit !== undefined && value.length / 2 - 1 > limit ? problem('length') : value;
}

const largest = 2n ** 63n - 1n;

function integerWriter({ engine, column }: Side): ValueWriter {
  const isBoolean = column.logicalType === 'boolean' && engine === 'postgres';
  const { minimum, maximum } = limitsOf(engine, column);
  const [least, most] = [BigInt(minimum ?? -largest - 1n), BigInt(maximum ?? largest)];
  const isSmall = (text: string): boolean => {
    const number = BigInt(text);
    return number >= least && number <= most;
  };
  const hasUsual = least <= -32_768n && most >= 32_767n;
  return (value) => {
    const text = textOf(value);
    if (isBoolean) return text === '1' ? 't' : text === '0' ? 'f' : problem('range');
    if (hasUsual && text.length < 5) return text;
    return isSmall(text) ? text : problem('range');
  };
}

function decimalWriter({ engine, column }: Side): ValueWriter {
  const { precision, scale = 0 } = limitsOf(engine, column);
  return (value) => {
    const text = textOf(value);
    const number = parseDecimal(text);
    if (!number) {
      // `numeric(12,2)` takes NaN, but no infinity.
      return engine === 'postgres' && (text === 'NaN' || precision === undefined)
        ? text
        : problem('range');
    }
    const { whole, fraction } = sizeOf(number);
    // What any engine could hold; it also keeps hostile exponents from becoming text.
    if (whole > 131_072 || fraction > 16_383) return problem('range');
    if (engine === 'sqlite') return sqliteNumber(text);
    if (column.logicalType === 'integer') {
      return fraction > 0
        ? problem('precision')
        : integerWriter({ engine, column })(plainDecimal(number));
    }
    if (column.logicalType === 'float') return doubleOrProblem(text);
    if (precision !== undefined) {
      if (fraction > Math.max(scale, 0)) return problem('precision');
      if (whole > precision - scale) return problem('range');
    }
    return plainDecimal(number);
  };
}

function doubleOrProblem(text: string): string | Problem {
  const double = String(Number(text));
  return canonicalDecimal(double) === text ? double : problem('precision');
}

/** SQLite keeps decimals as integers of 64 bits or as doubles. */
function sqliteNumber(text: string): string | Problem {
  const number = parseDecimal(text);
  if (number && number.exponent >= 0 && number.digits.length + number.exponent <= 19) {
    const whole = plainDecimal(number);
    if (BigInt.asIntN(64, BigInt(whole)) === BigInt(whole)) return whole;
  }
  const double = doubleOrProblem(text);
  // A double without fraction below 2^63 would become an integer; above, it is written with an exponent or not at all.
  return typeof double === 'string' && /^-?\d{1,19}$/.test(double) ? problem('range') : double;
}

function floatWriter({ engine, column }: Side): ValueWriter {
  const isSingle = engine !== 'sqlite' && /^(?:real|float4|float\b)/i.test(column.declaredType);
  return (value) => {
    const text = textOf(value);
    if (isNoNumber(text)) {
      const holds = engine === 'postgres' || (engine === 'sqlite' && text !== 'NaN');
      return holds ? text : problem('range');
    }
    if (column.logicalType === 'integer' || column.logicalType === 'boolean') {
      return /^-?\d{1,15}$/.test(text) ? text : problem('precision');
    }
    return isSingle && !fitsSingle(Number(text))
      ? problem('precision')
      : (canonicalFloat(text) ?? text);
  };
}

/** Digits behind the point: PostgreSQL has six unless the type says fewer, MariaDB none unless it says more. */
function fractionDigits({ engine, column }: Side): number {
  const stated = /^\w+ ?\((\d)\)/.exec(column.declaredType)?.[1];
  return stated === undefined ? (engine === 'mariadb' ? 0 : 6) : Number(stated);
}

function momentWriter(target: Side): ValueWriter {
  const { engine } = target;
  const digits = fractionDigits(target);
  return (value) => {
    const text = textOf(value);
    if (engine === 'sqlite') return text;
    const cut = withFraction(text, digits);
    if (cut === undefined) return problem('precision');
    return engine === 'postgres' ? trimmed(cut) : cut;
  };
}

/** PostgreSQL prints no zeros at the end of a fraction. */
function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function timestampWriter(target: Side): ValueWriter {
  const { engine, column } = target;
  const withMoment = momentWriter(target);
  const isInstant = engine === 'mariadb' && /^timestamp\b/i.test(column.declaredType);
  const zone = column.logicalType === 'timestamptz' && engine !== 'sqlite' ? '+00' : '';
  return (value) => {
    const text = textOf(value);
    if (!isCommonYear(text)) {
      if (engine !== 'postgres') return problem('range');
      if (text.endsWith('infinity')) return text;
      const isBc = text.endsWith(' BC');
      const written = withMoment(isBc ? text.slice(0, -3) : text);
      return typeof written === 'string' ? `${written}${zone}${isBc ? ' BC' : ''}` : written;
    }
    // TIMESTAMP of MariaDB 10 and MySQL is seconds of 32 bits since 1970.
    if (isInstant && (text < '1970-01-01 00:00:01' || text > '2038-01-19 03:14:07')) {
      return problem('range');
    }
    const written = withMoment(text);
    return typeof written === 'string' ? written + zone : written;
  };
}

function intervalWriter({ engine, column }: Side): ValueWriter {
  if (engine === 'postgres' && column.logicalType === 'interval') {
    return (value) => microsToInterval(BigInt(textOf(value)));
  }
  return column.logicalType === 'text' ? () => problem('type') : integerWriter({ engine, column });
}

/** Django writes 32 digits to char(32); everybody else takes the form with dashes. */
function uuidWriter({ engine, column }: Side): ValueWriter {
  const stated = /^(?:var)?char\w* *(?:varying *)?\((\d+)\)/i.exec(column.declaredType)?.[1];
  const isShort = column.logicalType !== 'uuid' && stated !== undefined && Number(stated) < 36;
  const isBytes = column.logicalType === 'bytes' && engine !== 'sqlite';
  return (value) => {
    const text = textOf(value);
    if (isBytes) return `\\x${text}`;
    if (isShort) return text;
    return [
      [0, 8],
      [8, 12],
      [12, 16],
      [16, 20],
      [20, 32],
    ]
      .map(([from, to]) => text.slice(from, to))
      .join('-');
  };
}

function jsonWriter(target: Side): ValueWriter {
  const { engine, column } = target;
  const asText = textWriter(target);
  const isParsed = engine === 'postgres' && /^jsonb\b/i.test(column.declaredType);
  return (value) => {
    if (isParsed) {
      const { hasNul: hasEscapedNul, hasLoneSurrogate } = jsonEscapes(textOf(value));
      if (hasEscapedNul) return problem('nul');
      if (hasLoneSurrogate) return problem('invalid-utf8');
    }
    return asText(value);
  };
}
