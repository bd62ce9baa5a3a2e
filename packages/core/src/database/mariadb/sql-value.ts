// Values of query results as adapters see them, by the types of the protocol
// (https://mariadb.com/kb/en/result-set-packets/, "Field types").

import type { SqlValue } from '../engine.ts';
import type { ResultColumn } from './connect.ts';

/** TINY, SHORT, LONG, LONGLONG, INT24, YEAR. */
const integerTypes: ReadonlySet<number> = new Set([1, 2, 3, 8, 9, 13]);
/** FLOAT, DOUBLE. */
const floatTypes: ReadonlySet<number> = new Set([4, 5]);
/** Strings and blobs, which are text unless their character set is `binary`: VARCHAR, BLOBs, VAR_STRING, STRING. */
const stringTypes: ReadonlySet<number> = new Set([15, 249, 250, 251, 252, 253, 254]);
/** BIT, GEOMETRY, VECTOR. */
const binaryTypes: ReadonlySet<number> = new Set([16, 242, 255]);
const binaryCharacterSet = 63;

export function sqlValue(value: Buffer | null, column: ResultColumn): SqlValue {
  if (value === null) return null;
  const { type, characterSet } = column;
  if (integerTypes.has(type)) {
    const number = Number(value.toString('latin1'));
    return Number.isSafeInteger(number) ? number : BigInt(value.toString('latin1'));
  }
  if (floatTypes.has(type)) return Number(value.toString('latin1'));
  const isBinary =
    binaryTypes.has(type) || (stringTypes.has(type) && characterSet === binaryCharacterSet);
  // A copy: the driver's buffer holds a whole packet.
  return isBinary ? new Uint8Array(value) : value.toString();
}
