// Proof of a move: a digest over rows whatever their order, because each engine stores and sorts them its own way. Count, and
// the sum of the SHA-256 of each row modulo 2^256: equal for equal multisets of rows.

import { createHash, hash } from 'node:crypto';
import type { Value } from './read-value.ts';

const lanes = 8;
const laneSize = 2 ** 32;
/** Sums of so many lanes are still exact in a double. */
const carryEvery = 2 ** 20;

export class RowDigest {
  readonly #sums = new Float64Array(lanes);
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  /** One row: what its values mean, in the order of the move's columns; null for null. */
  add(row: readonly (Value | null)[]): void {
    const digest = digestOf(row);
    for (let lane = 0; lane < lanes; lane++) {
      this.#sums[lane] = (this.#sums[lane] ?? 0) + digest.readUInt32BE(lane * 4);
    }
    if (++this.#rows % carryEvery === 0) this.#carry();
  }

  /** The sum as 64 hexadecimal digits. */
  get sum(): string {
    this.#carry();
    return Array.from(this.#sums, (lane) => lane.toString(16).padStart(8, '0')).join('');
  }

  equals(other: RowDigest): boolean {
    return this.#rows === other.#rows && this.sum === other.sum;
  }

  #carry(): void {
    let carry = 0;
    for (let lane = lanes - 1; lane >= 0; lane--) {
      const sum = (this.#sums[lane] ?? 0) + carry;
      carry = Math.floor(sum / laneSize);
      this.#sums[lane] = sum % laneSize;
    }
  }
}

/** Each value with its length in front, so that no two rows give the same text. */
function digestOf(row: readonly (Value | null)[]): Buffer {
  let text = '';
  for (const value of row) {
    if (value === null) text += '-';
    else if (typeof value === 'string') text += `${Buffer.byteLength(value)}:${value}`;
    else return digestOfBytes(row);
  }
  return hash('sha256', text, 'buffer');
}

/** The same digest for rows with texts that no string holds. */
function digestOfBytes(row: readonly (Value | null)[]): Buffer {
  const digest = createHash('sha256');
  for (const value of row) {
    if (value === null) digest.update('-');
    else {
      digest.update(`${typeof value === 'string' ? Buffer.byteLength(value) : value.length}:`);
      digest.update(value);
    }
  }
  return digest.digest();
}
