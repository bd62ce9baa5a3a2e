import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalJson,
  jsonEscapes,
  parseJson,
  replaceLoneSurrogates,
  stripJsonNul,
} from './json-text.ts';

function canonical(text: string): string | undefined {
  const parsed = parseJson(text);
  return parsed && canonicalJson(parsed.value);
}

describe('JSON of equal meaning', () => {
  test.each([
    ['{"b": 1, "a": [ ]}', '{"a":[],"b":1}'],
    ['{"a": 1, "a": 2}', '{"a":2}'],
    ['1.0', '1'],
    ['100', '1e2'],
    ['-0', '0'],
    ['[100, 1.50]', '[1e2,15e-1]'],
    [String.raw`"\u00fc\/"`, '"ü/"'],
    ['1e400', '10e399'],
    ['12345678901234567890', '12345678901234567890.0'],
    ['{"__proto__": 1}', '{"__proto__": 1.0}'],
    ['{"2": 1, "10": 1.5}', '{"10": 1.5, "2": 1}'],
  ])('%s is %s', (left, right) => {
    expect(canonical(left)).toBeDefined();
    expect(canonical(left)).toBe(canonical(right));
  });

  test.each([
    ['12345678901234567890', '12345678901234567891'],
    ['0.1', '0.10000000000000000001'],
    ['"1"', '1'],
    ['null', '"null"'],
    ['[1, 2]', '[2, 1]'],
    ['{"__proto__": 1}', '{}'],
    ['[1.5]', '["15e-1"]'],
  ])('%s is not %s', (left, right) => {
    expect(canonical(left)).not.toBe(canonical(right));
  });

  test.each(['', '{a}', 'NaN', '01', '"\t"', '[1,]', "'a'", '1 2'])('%j is none', (text) => {
    expect(canonical(text)).toBeUndefined();
  });

  test('nested too deeply', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(canonical(deep)).toBeUndefined();
    expect(canonical(`1.5${deep}`)).toBeUndefined();
  });

  test('any JSON has the meaning of what JSON.stringify makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, blanks) => {
        expect(canonical(JSON.stringify(value, null, blanks))).toBe(
          canonical(JSON.stringify(value)),
        );
      }),
    );
  });
});

test.each([
  [String.raw`"\u0000"`, true, false, '""', String.raw`"\u0000"`],
  [String.raw`"\\u0000"`, false, false, String.raw`"\\u0000"`, String.raw`"\\u0000"`],
  [
    String.raw`"\ud83d\ude00"`,
    false,
    false,
    String.raw`"\ud83d\ude00"`,
    String.raw`"\ud83d\ude00"`,
  ],
  [String.raw`"\ud83d"`, false, true, String.raw`"\ud83d"`, String.raw`"\ufffd"`],
  [String.raw`"\uDE00\uD83D"`, false, true, String.raw`"\uDE00\uD83D"`, String.raw`"\ufffd\ufffd"`],
])('escapes in %s', (text, hasNul, hasLoneSurrogate, stripped, replaced) => {
  expect(jsonEscapes(text)).toEqual({ hasNul, hasLoneSurrogate });
  expect(stripJsonNul(text)).toBe(stripped);
  expect(replaceLoneSurrogates(text)).toBe(replaced);
});
