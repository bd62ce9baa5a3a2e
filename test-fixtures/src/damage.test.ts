// Each helper does one damage and no other.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import { append, flipBit, truncate } from './damage.ts';
import { createScratchDirectories } from './scratch-directory.ts';

const scratch = createScratchDirectories();
let file = '';

beforeEach(() => {
  file = join(scratch(), 'file');
  writeFileSync(file, 'abcdef');
});

test('truncate cuts from the start or from the end', () => {
  truncate(file, 4);
  expect(readFileSync(file, 'utf8')).toBe('abcd');
  truncate(file, -1);
  expect(readFileSync(file, 'utf8')).toBe('abc');
});

test('flipBit changes one bit, and back', () => {
  flipBit(file, 1);
  expect(readFileSync(file, 'utf8')).toBe('accdef');
  flipBit(file, 1);
  flipBit(file, -1, 5);
  expect(readFileSync(file, 'utf8')).toBe('abcdeF');
  expect(() => flipBit(file, 6)).toThrow(RangeError);
});

test('append adds bytes', () => {
  append(file, Buffer.from([0x67]));
  append(file, 'h');
  expect(readFileSync(file, 'utf8')).toBe('abcdefgh');
});
