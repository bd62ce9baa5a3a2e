import { expect, test } from 'vitest';
import { interpolate, interpolateBraces } from './interpolation.ts';

const values: Readonly<Record<string, string>> = { A: 'one', EMPTY: '', TAG: '3.0.5' };
const lookup = (name: string) => values[name];

test.each([
  ['${A}/x', 'one/x'],
  ['$A/x', 'one/x'],
  ['$$A', '$A'],
  ['${NONE:-two}', 'two'],
  ['${EMPTY:-two}', 'two'],
  ['${EMPTY-two}', ''],
  ['${NONE-two}', 'two'],
  ['${NONE:-${A}}', 'one'],
  ['${NONE:-${OTHER:-deep}}', 'deep'],
  ['${A:+set}', 'set'],
  ['${EMPTY:+set}', ''],
  ['${EMPTY+set}', 'set'],
  ['${A:?must be set}', 'one'],
  ['paperless-ngx:${TAG:-latest}', 'paperless-ngx:3.0.5'],
  ['5 $ and ${unclosed', '5 $ and ${unclosed'],
  ['', ''],
])('Compose: %s', (text, result) => expect(interpolate(text, lookup).text).toBe(result));

test('Compose: tells which names had no value', () => {
  expect(interpolate('${A}${NONE}$OTHER${WANTED:?why}', lookup)).toEqual({
    text: 'one',
    missing: ['NONE', 'OTHER', 'WANTED'],
  });
});

test('python-dotenv: braces only', () => {
  expect(interpolateBraces('$A ${A} ${NONE:-two} ${NONE} ${EMPTY:-two}', lookup)).toBe(
    '$A one two  ',
  );
});
