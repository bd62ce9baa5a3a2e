import { expect, test } from 'vitest';
import { limitsOf, logicalTypeOf } from './types.ts';

const type = (name: string, modifier = -1, isBuiltIn = true) => ({ name, modifier, isBuiltIn });

test('types of users are text, also when they bear a known name', () => {
  expect(logicalTypeOf(type('uuid'))).toBe('uuid');
  expect(logicalTypeOf(type('uuid', -1, false))).toBe('text');
  expect(logicalTypeOf(type('constructor'))).toBe('text');
  expect(limitsOf(type('int4', -1, false))).toBeUndefined();
  expect(limitsOf(type('constructor'))).toBeUndefined();
});

// Modifiers as PostgreSQL 15 keeps them in pg_attribute.atttypmod.
test.each([
  ['varchar', 24, { characters: 20 }],
  ['bpchar', 5, { characters: 1 }],
  ['numeric', 655_366, { precision: 10, scale: 2 }],
  ['numeric', 198_658, { precision: 3, scale: -2 }],
  ['numeric', 131_081, { precision: 2, scale: 5 }],
  ['varchar', -1, undefined],
  ['numeric', -1, undefined],
  ['timestamptz', 3, undefined],
  ['varbit', 9, undefined],
])('limits of %s with modifier %i', (name, modifier, expected) => {
  expect(limitsOf(type(name, modifier))).toEqual(expected);
});
