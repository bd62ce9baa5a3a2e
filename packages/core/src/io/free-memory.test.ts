// Memory that is given back is gone at once; memory that others share stays.

import { expect, test } from 'vitest';
import { freeMemory } from './free-memory.ts';

test('a large buffer is gone', () => {
  const bytes = Buffer.alloc(1 << 20, 1);
  const view = bytes.subarray(10, 20);
  freeMemory(view);
  expect([bytes.length, view.length]).toEqual([0, 0]);
  // a second time does no harm
  expect(() => freeMemory(bytes)).not.toThrow();
});

test('a small buffer with memory of its own is gone', () => {
  const bytes = Buffer.allocUnsafeSlow(100);
  freeMemory(bytes);
  expect(bytes.length).toBe(0);
});

test('buffers of the shared pool stay', () => {
  const one = Buffer.from('one');
  const other = Buffer.from('other');
  freeMemory(one);
  expect([one.toString(), other.toString()]).toEqual(['one', 'other']);
});

test('memory shared between threads stays', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(1 << 20));
  freeMemory(bytes);
  expect(bytes.length).toBe(1 << 20);
});
